"""How much of both axes the plot of the compare view shows: every lane, with room for its symbols."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.plotting.measure_plot import value_range
from app.rooms.compare.lanes import LaneCurve
from geomodel.arrays import Array

ASIDE, ASIDE_ALL = 0.015, 0.3  # of the plot's width between bars at one count, and for all of them
EDGE = 0.03  # of the plot's width beside the outermost symbols
ALONE = 0.3  # decades on either side of a lone count
DEPTH = 16.0  # decades below the largest error that bands are followed
SLOT, FOOT = 0.14, 0.07  # of the plot's height: from the least error to the place of 0, and under that


def beside(curves: tuple[LaneCurve | None, ...]) -> list[float]:
    """How far each is moved aside, in parts of the plot: bars at one count of evaluations would hide each other."""
    at = [float(curve.dots[0, 0]) if curve is not None and curve.bar else None for curve in curves]
    shifts = []
    for lane, x in enumerate(at):
        before, together = at[:lane].count(x), at.count(x)
        step = min(ASIDE, ASIDE_ALL / together)
        shifts.append(0.0 if x is None else step * (before - (together - 1) / 2))
    return shifts


def across(places: Array, shifts: Sequence[float]) -> tuple[float, float]:
    """Left and right of finite places, with room for what is moved aside."""
    low, high = (float(places.min()), float(places.max())) if len(places) else (0.0, 1.0)
    edge = EDGE + max(map(abs, shifts), default=0.0)
    margin = (high - low) * edge / (1 - 2 * edge) or ALONE
    return low - margin, high + margin


def up(curves: Sequence[LaneCurve]) -> tuple[float, float, float | None]:
    """Bottom, top, and where errors of exactly 0 stand; None where there are none."""
    heights = np.concatenate([np.concatenate((c.dots[:, 1], c.low, c.high)) for c in curves] or [np.empty(0)])
    heights = heights[np.isfinite(heights)]
    if not len(heights):
        heights = np.zeros(1)
    tops = [c.dots[np.isfinite(c.dots[:, 1]), 1] for c in curves]  # the best lane is seen beside one that ran away
    least = min([float(heights.max()) - DEPTH, *(float(top.max()) for top in tops if len(top))])
    bottom, top = value_range(heights[heights >= least], log=True)
    if not any(np.isneginf(c.dots[:, 1]).any() for c in curves):
        return bottom, top, None
    zero = bottom - SLOT * (top - bottom)
    return zero - FOOT * (top - bottom), top, zero
