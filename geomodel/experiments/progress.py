"""How far an experiment has come, told from within."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomodel.formulas import Levels

REFERENCE = -1  # the lane index under which the reference tells its progress
Progress = Callable[[int, float], None]


class Watched:
    """A model that tells, before every evaluation, which part of the levels lies behind it.

    An exception from `progress` passes through the run: that is how an experiment is cancelled.
    """

    def __init__(self, model: Any, sigmas: Levels, lane: int, progress: Progress) -> None:
        self._model, self._sigmas, self._lane, self._progress = model, sigmas, lane, progress
        self._reached = 0.0

    def __call__(self, x: Any, sigma: Any, **labels: Any) -> Any:
        behind = np.searchsorted(-self._sigmas, -float(np.max(np.asarray(sigma))), side="right") - 1
        self._reached = max(self._reached, float(np.clip(behind, 0, None)) / (len(self._sigmas) - 1))
        self._progress(self._lane, self._reached)
        return self._model(x, sigma, **labels)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def watched(model: Any, sigmas: Levels, lane: int, progress: Progress | None) -> Any:
    """The model itself where nobody asks."""
    return model if progress is None else Watched(model, sigmas, lane, progress)
