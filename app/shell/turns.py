"""Spreads work over turns of the event loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from time import perf_counter
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer

Result = TypeVar("Result")

TURN = 0.010  # seconds that a turn works for, unless one thing takes longer


class Turns(QObject):
    """Does a few things a turn, so that keys and clicks are answered in between.

    Work that waits ends with its parent. Python would end it at any later time, when what it draws on has gone.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        acts = self._acts = deque[Callable[[], object]]()
        parent.destroyed.connect(lambda _: acts.clear())
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._next)

    def add(self, act: Callable[[], object]) -> None:
        """Do this after what has been added before. What waits already is not added again."""
        if act not in self._acts:
            self._acts.append(act)
        self._timer.start()

    def carry_out(
        self,
        work: Generator[None, None, Result],
        then: Callable[[Result], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Do work that pauses after each of its steps. Then call `then` with what comes of it, or `failed` with the
        ValueError or OSError that it raises.
        """
        self.add(partial(self._step, work, then, failed))

    def _step(
        self,
        work: Generator[None, None, Result],
        then: Callable[[Result], object],
        failed: Callable[[Exception], object],
    ) -> None:
        try:
            next(work)
        except StopIteration as end:
            then(end.value)
        except (OSError, ValueError) as error:
            failed(error)
        else:
            self.carry_out(work, then, failed)

    @property
    def resting(self) -> bool:
        """Whether everything has been done."""
        return not self._acts

    def release(self) -> None:
        """Do nothing more, because the window closes."""
        self._acts.clear()
        self._timer.stop()

    def _next(self) -> None:
        end = perf_counter() + TURN
        while self._acts:
            self._acts.popleft()()
            if perf_counter() > end:
                return
        self._timer.stop()
