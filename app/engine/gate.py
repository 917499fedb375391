"""The gate wraps a denoiser, so that commands reach a run while it computes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geomodel.denoisers.base import Denoiser


class Cancelled(BaseException):
    """Leaves a run from the inside. It is not an error, so that no solver's `except Exception` catches it."""


class GaveWay(BaseException):
    """Leaves a task for a command that goes first. It is no error either."""


@contextmanager
def polling(models: Iterable[Denoiser], poll_commands: Callable[[], None]) -> Iterator[None]:
    """Lets denoisers poll the command queue between the pieces of a long evaluation."""
    polled = tuple(models)
    for model in polled:
        model.between_pieces = poll_commands
    try:
        yield
    finally:
        for model in polled:
            model.between_pieces = None


class Gate:
    """Wraps a job's denoiser. Before each evaluation it polls the command queue, which may raise `Cancelled`; it also
    adds up the seconds spent evaluating.
    """

    def __init__(self, model: Any, poll_commands: Callable[[], None]) -> None:
        self._model, self._poll_commands = model, poll_commands
        self.busy = 0.0

    def __call__(self, x: Any, sigma: Any, **labels: Any) -> Any:
        self._poll_commands()
        entered = time.perf_counter()
        denoised = self._model(x, sigma, **labels)
        self.busy += time.perf_counter() - entered
        return denoised

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)
