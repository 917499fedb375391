"""How curves bend: turning angles and rates, curvature and torsion, without a fit and in all dimensions of the data."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, Integers, plain
from geomodel.geometry.curves import step_length
from geomodel.geometry.vectors import (
    chords,
    curve_of,
    flat,
    parts_along,
    pieces,
    quiet,
    row_angles,
    row_lengths,
    some_flat,
    without,
)


@quiet
def turning(curve: ArrayLike) -> Floats:
    """The angle by which the polygon turns at every inner position, ∠(c_{n−1}, c_n) with chords c_n = a_{n+1} − a_n.

    curve (levels, B, *shape) -> (levels, B), in radians from 0 to π. It is NaN in the first and the last row, which
    have only one chord, and where a chord has no length. The sum over the rows is the whole turning, which depends
    neither on units nor on how fast the curve is run through. Raises ValueError where `curve` has no level, batch and
    shape axes.
    """
    positions = curve_of(curve)
    found = np.full(positions.shape[:2], np.nan)
    for level, (before, after) in enumerate(pairwise(chords(positions)), start=1):
        found[level] = row_angles(before, after)
    return found


@quiet
def turning_rate(x: ArrayLike, denoised: ArrayLike, sigmas: ArrayLike) -> Floats:
    """How fast the slope of the sampling ODE turns, in radians for each e-fold of σ.

        dθ/d ln σ = ‖P⊥ dD/d ln σ‖ / ‖x − D‖,    P⊥ across x − D

    x (levels, B, *shape); denoised D(x_n; σ_n), at all levels or all but the last; sigmas (levels,), descending.
    Returns one row for each row of `denoised`. The derivative is that of the parabola in ln σ through three successive
    levels, so the first and the last row are NaN, and so is one beside a D that was never evaluated, beside σ = 0, or
    where x = D. Its error falls with the square of the distance of the levels in ln σ. On the curve of an ODE it is the
    polygon's `turning` over the e-folds of a step; noise that a solver adds turns the curve too. Raises ValueError
    where the shapes do not fit.

    Per unit of arc the same turning is κ = (dθ/d ln σ)/‖x − D‖, which grows like 1/σ whatever happens, because at small
    σ a unit of arc is many e-folds. Derived from dx/dσ = (x − D)/σ, whose derivative is −(dD/dσ)/σ (Chen et al. 2023,
    arXiv 2305.19947: dD/dσ = −σ d²x/dσ²).
    """
    positions, means = curve_of(x), curve_of(denoised)
    levels = np.asarray(plain(sigmas), np.float64)
    if levels.shape != (len(positions),) or len(positions) - len(means) not in (0, 1):
        found = f"{len(levels)} levels, {len(positions)} positions and {len(means)} of D"
        raise ValueError(f"{found} do not belong together; D is at every level, or at every one but the last.")
    if means.shape[1:] != positions.shape[1:]:
        raise ValueError(f"x has shape {positions.shape} and denoised {means.shape}; they need the same samples.")
    return turning_rates(positions, means, levels, np.arange(len(means)))


@quiet
def turning_rates(x: Array, denoised: Array, sigmas: Floats, levels: Integers) -> Floats:
    """`turning_rate` of the whole curve at some levels (n,), (n, B)."""
    rates = np.full((len(levels), x.shape[1]), np.nan)
    inner = np.flatnonzero((levels > 0) & (levels < len(denoised) - 1))
    for part in pieces(len(inner), x.shape[1:]):
        here = levels[inner[part]]
        window = [here - 1, here, here + 1]
        rates[inner[part]] = _rates(
            some_flat(x[here]), [some_flat(denoised[at]) for at in window], [sigmas[at] for at in window]
        )
    return rates


@quiet
def turning_rate_at(x: Array, denoised: Sequence[Array] | Array, sigmas: Sequence[float] | Floats) -> Floats:
    """`turning_rate` at the middle one of three levels, (B,): x (B, *shape) there, D (B, *shape) at each of them. It is
    NaN where two levels are the same or one is 0.
    """
    means = [flat(each)[None] for each in denoised]
    return np.asarray(_rates(flat(x)[None], means, [np.array([sigma]) for sigma in sigmas])[0])


def _rates(x: Floats, denoised: Sequence[Floats], sigmas: Sequence[Floats]) -> Floats:
    """The same at n levels at once: x (n, B, d), and D (n, B, d) at σ (n,) of the level before, of each, and after."""
    before, here, after = denoised
    three = np.stack(sigmas)
    known = (three > 0).all(axis=0) & (np.diff(three, axis=0) != 0).all(axis=0) & (three[0] != three[2])
    first, second = np.diff(np.log(np.where(known, three, [[4.0], [2.0], [1.0]])), axis=0)
    change = (after - here) + (here - before) * ((second / first) ** 2)[:, None, None]
    away = x - here
    across = parts_along(change, away)[1] * abs(first / (second * (first + second)))[:, None]
    return np.where(known[:, None], across / row_lengths(away), np.nan)


@quiet
def curvature(curve: ArrayLike) -> Floats:
    """Curvature of the polygon at every inner position: the angle between its chords over half their length.

        κ_n = 2 ∠(c_{n−1}, c_n) / (‖c_{n−1}‖ + ‖c_n‖),    c_n = a_{n+1} − a_n

    curve (levels, B, *shape) -> (levels, B), in 1/units of the data. It is NaN in the first and the last row, which
    have only one chord, and where a chord has no length. Its error falls with the square of the chords on an even
    curve. Raises ValueError where `curve` has no level, batch and shape axes. Source: Frenet frame, Chen et al. 2025
    (arXiv 2506.10177), eqs. 14 and 15; there from cubics fitted to 101 of 1000 positions in three dimensions.
    """
    angles, lengths = turning(curve), step_length(curve)
    angles[1:-1] *= 2 / (lengths[:-1] + lengths[1:])
    return angles


@quiet
def torsion(curve: ArrayLike) -> Floats:
    """Torsion |τ| of the polygon at every inner chord: how fast the plane of bending turns about it.

        |τ_n| = 3 φ_n / (‖c_{n−1}‖ + ‖c_n‖ + ‖c_{n+1}‖),    φ_n the angle between span(c_{n−1}, c_n), span(c_n, c_{n+1})

    with chords c_n as in `curvature`; in more than three dimensions it is the second curvature of the Frenet frame,
    which has no sign, and φ_n ≤ π/2 (a change of side is no turn of the plane).

    curve (levels, B, *shape) -> (levels − 1, B), in 1/units of the data; row n belongs to the step that leaves level
    n. It is NaN in the first and the last row, and where the curve bends by less than 10⁴ roundings of its positions,
    because its plane is then not known to 10⁻⁴. float32 positions rarely suffice. Errors and source as in `curvature`.
    """
    positions = curve_of(curve)
    unit = np.finfo(positions.dtype if positions.dtype.kind == "f" else np.float64).eps
    found = np.full((max(len(positions) - 1, 0), positions.shape[1]), np.nan)
    three: deque[Floats] = deque(maxlen=3)
    for level, chord in enumerate(chords(positions), start=-1):
        three.append(chord)
        if level < 1:
            continue
        before, here, after = three
        near, far = without(before, here), without(after, here)
        angle = row_angles(near, far)
        bend = np.minimum(row_lengths(near), row_lengths(far))
        known = bend > 1e4 * unit * row_lengths(flat(positions[level]))
        length = row_lengths(before) + row_lengths(here) + row_lengths(after)
        found[level] = np.where(known, 3 * np.minimum(angle, np.pi - angle) / length, np.nan)
    return found
