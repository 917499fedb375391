"""Reports the progress of an experiment from inside the model that it evaluates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from geomodel.error_text import message
from geomodel.formulas import Levels

Failures = Literal["raise", "keep"]  # what happens to the error of one lane
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


class Counted:
    """Wraps a model and calls `tick` before every evaluation. An exception from it ends the run."""

    def __init__(self, model: Any, tick: Callable[[], None]) -> None:
        self._model, self._tick = model, tick

    def __call__(self, x: Any, sigma: Any, **labels: Any) -> Any:
        self._tick()
        return self._model(x, sigma, **labels)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def watched(model: Any, sigmas: Levels, lane: int, progress: Progress | None) -> Any:
    """The model wrapped in `Watched`, or the model itself where there is no `progress`."""
    return model if progress is None else Watched(model, sigmas, lane, progress)


class Stopping:
    """Calls `progress` and keeps what it raises, so that this is told from an error of a lane."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.stop: BaseException | None = None

    def __call__(self, lane: int, fraction: float) -> None:
        try:
            self._progress(lane, fraction)
        except BaseException as error:
            self.stop = error
            raise


def stopping(progress: Progress | None) -> Stopping | None:
    """The progress as a `Stopping`, where there is any."""
    return None if progress is None else Stopping(progress)


@contextmanager
def surviving(kept: dict[str, str], name: str, failures: Failures, progress: Stopping | None = None) -> Iterator[None]:
    """Keeps what an error of the lane says under its name, so that the others go on; with "raise" the error ends all.

    An exception from `progress` ends all in any case, because it is how an experiment is cancelled.
    """
    try:
        yield
    except Exception as error:
        if failures == "raise" or (progress is not None and error is progress.stop):
            raise
        kept[name] = message(error)
