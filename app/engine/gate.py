"""How a run or an experiment is looked after while it computes: the gate at its denoiser, and how it ends."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from geomodel import memory
from geomodel.settings import RunSettings, limits

NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


class Cancelled(BaseException):
    """Raised inside a run to leave it; not an error, so no solver may catch it as one."""


class Gate:
    """A job's denoiser that looks up before every evaluation, and knows the seconds spent in it."""

    def __init__(self, model: Any, look_up: Callable[[], None]) -> None:
        self._model, self._look_up = model, look_up
        self.busy = 0.0

    def __call__(self, x: Any, sigma: Any, **labels: Any) -> Any:
        self._look_up()
        entered = time.perf_counter()
        denoised = self._model(x, sigma, **labels)
        self.busy += time.perf_counter() - entered
        return denoised

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def sentence(error: Exception, settings: RunSettings) -> str:
    """What went wrong. Out of memory, on the CPU or a GPU: how much is there and what to lower."""
    text = str(error)
    if not isinstance(error, MemoryError) and not any(word in text.lower() for word in NO_MEMORY):
        return text or type(error).__name__
    wanted = re.search(r"allocate ([\d.]+ ?\w+)", text)
    need = f" ({wanted[1]} at once)" if wanted else ""
    free = memory.text(memory.available())
    return (
        f"{settings.count:,} trajectories need more memory than is free{need}; the computer has {free} left. "
        f"Lower {limits('count').title.lower()}."
    )
