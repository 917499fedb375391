"""Noise levels of several schedules on one axis, and the levels that result if one is moved or added."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.plotting.sigma_axis import GAP, positions
from app.rooms.schedule.pictures import ScheduleRow
from geomodel.arrays import Array

APART = 1e-3  # share of the space between its neighbours that a knob keeps from each


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """log σ over the levels of every row, with noise at the left. All rows share one slot for σ = 0 beyond a break."""

    sigmas: Array  # every level once, descending

    @classmethod
    def over(cls, rows: tuple[ScheduleRow, ...]) -> Axis:
        return cls(np.unique(np.concatenate([row.sigmas for row in rows]))[::-1] if rows else np.array([1.0]))

    @property
    def ends(self) -> tuple[float, float]:
        at = positions(self.sigmas)
        return float(at[0]), float(at[-1])

    @property
    def lowest(self) -> float:
        """The position of the last level above zero."""
        return float(-np.log10(self.sigmas[self.sigmas > 0].min()))

    @property
    def brink(self) -> float:
        """The break's position. For a level above zero the axis ends there."""
        return self.lowest + (GAP / 2 if self.sigmas[-1] == 0 else 0.0)

    def at(self, sigmas: Array) -> Array:
        """Positions of any levels."""
        sigmas = np.asarray(sigmas, np.float64)
        positive = sigmas > 0
        return np.where(positive, -np.log10(sigmas, where=positive, out=np.zeros_like(sigmas)), self.lowest + GAP)


def room(levels: Array, level: int, brink: float) -> tuple[float, float] | None:
    """The positions between which a level may stand, or `brink` if 0 follows; None for an end, which stays."""
    if not 0 < level < len(levels) - 1:
        return None
    low = -math.log10(levels[level - 1])
    high = -math.log10(levels[level + 1]) if levels[level + 1] > 0 else max(brink, -math.log10(levels[level]))
    return low, high


def moved(levels: Array, level: int, position: float, brink: float) -> Array:
    """The levels with one of them moved to a position between its neighbours; the same array if it may not move
    there.
    """
    within = room(levels, level, brink)
    if within is None:
        return levels
    apart = APART * (within[1] - within[0])
    sigma = 10.0 ** -min(max(position, within[0] + apart), within[1] - apart)
    if sigma == levels[level] or not levels[level - 1] > sigma > levels[level + 1]:
        return levels  # no change, or the neighbours are so near that no number lies between them
    result = levels.copy()
    result[level] = sigma
    return result


def added(levels: Array, position: float) -> tuple[Array, int]:
    """The levels with one more at a position, and its index; the index is 0 if the position is not between two
    levels.
    """
    sigma = 10.0**-position
    at = int(np.sum(levels > sigma))
    if not 0 < at < len(levels) or levels[at] == sigma:
        return levels, 0
    return np.insert(levels, at, sigma), at
