"""How far a curve is from the straight line that is run through evenly, in a clock of one's choice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, plain
from geomodel.geometry.vectors import curve_of, flat, pieces, quiet, row_dots, row_lengths, some_flat


@quiet
def straightness(curve: ArrayLike, times: ArrayLike) -> Floats:
    """S = ∫₀¹ ‖da/du − (a_N − a_0)‖² du over the share u of the time from t_0 to t_N: 0 for a line at even speed.

    curve (levels, B, *shape) at times (levels,), which rise or fall strictly -> (B,), in squared units of the curve.
    Divided by the squared chord ‖a_N − a_0‖² it has no units. It is exact for the polygon, and the polygon's S rises to
    the curve's with the square of the steps. It depends on the clock: z = x/(1 + σ) over t = σ/(1 + σ) is the path of
    flow matching, whose S is large where x over σ is all but straight. ValueError where the shapes do not fit or the
    times turn. Source: Liu et al. 2023, "Flow Straight and Fast" (arXiv 2209.03003), eq. 3.
    """
    positions, shares = curve_of(curve), _shares(curve, times)
    whole = flat(positions[-1]) - flat(positions[0])
    found = np.zeros(len(whole))
    widths = np.diff(shares)[:, None]
    for part in pieces(len(widths), positions.shape[1:]):
        moved = np.diff(some_flat(positions[part.start : part.stop + 1]), axis=0)
        away = moved / widths[part, :, None] - whole
        found += (widths[part] * row_dots(away, away)).sum(axis=0)
    return found


@quiet
def off_straight(curve: ArrayLike, times: ArrayLike) -> Floats:
    """‖a_n − [a_0 + u_n (a_N − a_0)]‖, u_n = (t_n − t_0)/(t_N − t_0): the distance to the even straight line at t_n.

    curve (levels, B, *shape), times (levels,) as in `straightness` -> (levels, B), the first and the last row 0. It is
    at least the distance to the line itself, which is `deviation` and knows no clock.
    """
    positions, shares = curve_of(curve), _shares(curve, times)
    start = flat(positions[0])
    whole = flat(positions[-1]) - start
    distances = np.empty(positions.shape[:2])
    for part in pieces(len(positions), positions.shape[1:]):
        distances[part] = row_lengths(some_flat(positions[part]) - start - shares[part, None, None] * whole)
    distances[-1] *= 0.0  # a_0 + (a_N − a_0) may be a rounding away from a_N
    return distances


def _shares(curve: ArrayLike, times: ArrayLike) -> Floats:
    """u of each level."""
    given = np.asarray(plain(times), np.float64)
    if given.shape != (len(curve_of(curve)),) or len(given) < 2:
        raise ValueError(f"A curve of {len(curve_of(curve))} positions needs as many times; got shape {given.shape}.")
    shares = (given - given[0]) / (given[-1] - given[0]) if given[-1] != given[0] else np.zeros_like(given)
    if not (np.diff(shares) > 0).all():
        raise ValueError("The times of a curve must rise or fall strictly.")
    return np.asarray(shares)
