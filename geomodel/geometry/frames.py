"""Curvature and torsion as the papers compute them: from cubics fitted to a window of a curve in three dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats
from geomodel.geometry.curves import arc_length
from geomodel.geometry.vectors import curve_of, quiet


@dataclass(frozen=True, slots=True, eq=False)
class Frenet:
    """Arc length, curvature and torsion of B curves at L positions, (L, B) each, as `frenet` computes them."""

    arc: Floats
    curvature: Floats
    torsion: Floats


@quiet
def frenet(curves: ArrayLike, window: int = 101) -> Frenet:
    """Curvature and signed torsion from a cubic Taylor model, fitted by least squares to a window of positions.

        r(s_i + s) − r(s_i) ≈ r′ s + r″ s²/2 + r‴ s³/6,    κ = ‖r′ × r″‖/‖r′‖³,    τ = ⟨r′ × r″, r‴⟩/‖r′ × r″‖²

    curves (L, B, 3), such as the displacement and two components of `subspace`; s is arc length. window is an odd
    number of positions, half of them before and half after. κ and τ are NaN in the first and the last half window,
    where the window is not whole, and where positions coincide or are not finite; τ is NaN where a curve is straight.

    The published curves come from 1,000 uniform steps from σ = 80, whose half window is 4 units of σ. The fits end
    there, and the ends are padded, so a peak of torsion at σ = 4 is that end. `curvature` and `torsion` need no window.

    Raises ValueError for curves that are not in three dimensions, or a window that is not odd or below 5. Source: the
    notebooks of arXiv 2405.11326; arXiv 2506.10177, equations 14 and 15.
    """
    given = curve_of(curves).astype(np.float64)
    if given.ndim != 3 or given.shape[2] != 3:
        raise ValueError(f"frenet takes curves in three dimensions, (levels, samples, 3); got shape {given.shape}.")
    if window < 5 or window % 2 == 0:
        raise ValueError(f"The window is {window}; expected an odd number from 5 on.")
    arc, half = arc_length(given), window // 2
    bending, twist = np.full(arc.shape, np.nan), np.full(arc.shape, np.nan)
    for level in range(half, len(given) - half):
        part = slice(level - half, level + half + 1)
        derivatives = _derivatives(arc[part] - arc[level], given[part] - given[level])
        bending[level], twist[level] = _bending_and_twist(*derivatives)
    return Frenet(arc, bending, twist)


def _derivatives(s: Floats, offsets: Floats) -> tuple[Floats, Floats, Floats]:
    """r′, r″ and r‴ (B, 3) of the cubic through the origin that fits offsets (W, B, 3) at s (W, B) best."""
    reach = np.abs(s).max(axis=0)  # in units of the window's reach the three columns are of one size
    unit = s / reach
    columns = np.stack([unit, unit**2 / 2, unit**3 / 6], axis=-1)
    normal = np.einsum("wbi,wbj->bij", columns, columns)
    right = np.einsum("wbi,wbd->bid", columns, offsets)
    known = np.isfinite(normal).all(axis=(1, 2)) & np.isfinite(right).all(axis=(1, 2))
    fitted = np.full(right.shape, np.nan)
    fitted[known] = np.linalg.solve(normal[known], right[known])
    scale = reach[:, None]
    return fitted[:, 0] / scale, fitted[:, 1] / scale**2, fitted[:, 2] / scale**3


def _bending_and_twist(first: Floats, second: Floats, third: Floats) -> tuple[Floats, Floats]:
    normal = np.cross(first, second)
    size = np.linalg.norm(normal, axis=-1)
    return size / np.linalg.norm(first, axis=-1) ** 3, np.einsum("bd,bd->b", normal, third) / size**2
