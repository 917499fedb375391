"""Reports the progress of an experiment from inside the model that it evaluates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomodel.formulas import Levels

REFERENCE = -1  # the lane index with which the reference reports its progress
Progress = Callable[[int, float], None]


class Watched:
    """Wraps a model and reports, before every evaluation, which share of the levels is done.

    An exception from `progress` ends the run, which is how an experiment is cancelled.
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
    """The model wrapped in `Watched`, or the model itself where there is no `progress`."""
    return model if progress is None else Watched(model, sigmas, lane, progress)
