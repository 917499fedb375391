"""The curves of a run from which measures are computed, at all of its levels or at some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from geomodel.arrays import Array
from geomodel.record import known
from geomodel.run_format import LARGEST
from geomodel.trajectory import Trajectory

CENTER = "center"  # the entry of a run's settings with the mean of its data
MOST_LEVELS = 2000  # that a plot shows, which has fewer pixels
MOST_NUMBERS = 2**22  # of one curve of a plot, but for so many samples that this is less than …
LEAST_LEVELS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """The arrays that measures are computed from, of a finished run or of a record that still grows.

    x (levels, B, *shape); denoised, whose row i is D(x[i]; sigmas[i]), with as many rows or one less; sigmas (levels,);
    extras by name, whose first axis runs over the levels, all of them or all but the last. center (*shape), from which
    norms are measured; None is the origin. Where levels are left out, `whole` has all of them, and `levels` says which
    are here.
    """

    x: Array
    denoised: Array
    sigmas: Array
    extras: Mapping[str, Array] = field(default_factory=dict)
    center: Array | None = None
    whole: Curves | None = None
    levels: Array | None = None

    @classmethod
    def of(cls, trajectory: Trajectory) -> Curves:
        """The curves of a finished run. Its denoising curve includes D at the last level where that was evaluated."""
        final = trajectory.final_denoised
        denoised = trajectory.denoised if final is None else np.concatenate([trajectory.denoised, final[None]])
        return cls(trajectory.x, denoised, trajectory.sigmas, trajectory.extras, center_of(trajectory))

    def at(self, levels: Array) -> Curves:
        """The part at some levels, ascending, among them the `ends`. Every measure of it has the values that it has at
        these levels of the whole.
        """

        def rows(values: Array) -> Array:
            return np.asarray(values[levels[levels < len(values)]])

        extras = {name: rows(values) for name, values in self.extras.items()}
        return Curves(rows(self.x), rows(self.denoised), self.sigmas[levels], extras, self.center, self, levels)

    def first(self, levels: int) -> Curves:
        """The part with x at the first `levels` levels. D and most extras are known at all of these but the last."""
        extras = known(self.extras, levels, len(self.sigmas))
        denoised = self.denoised[: max(levels - 1, 0)]
        return Curves(self.x[:levels], denoised, self.sigmas[:levels], extras, self.center)


def center_of(trajectory: Trajectory) -> Array:
    """The center that the run's settings carry (see `runs.finish`), (*shape); the origin where none fits."""
    shape = trajectory.x.shape[2:]
    try:
        center = np.asarray(trajectory.settings.get(CENTER), np.float64)
    except (TypeError, ValueError):
        return np.zeros(shape)
    return center if center.shape == shape and (np.abs(center) <= LARGEST).all() else np.zeros(shape)


def some_levels(levels: int, batch: int) -> Array:
    """The levels at which a plot of a run of `batch` samples is measured: all of them, or as many as a plot can show
    and memory can hold, evenly spread, and the `ends`.
    """
    most = min(MOST_LEVELS, max(LEAST_LEVELS, MOST_NUMBERS // batch))
    if levels <= most:
        return np.arange(levels)
    return np.union1d(np.linspace(0, levels - 1, most - 2).astype(np.intp), ends(levels))


def ends(levels: int) -> Array:
    """The first level and the last three, at which measures begin and end."""
    return np.unique(np.maximum([0, levels - 3, levels - 2, levels - 1], 0))
