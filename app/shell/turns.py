"""Spreads work over turns of the event loop, and shows the window again when all of it is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget


class Turns(QObject):
    """Does one thing a turn, so that keys and clicks are answered in between. Meanwhile the window keeps its last
    picture: a person does not see the parts change one after the other, and nothing is painted twice.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._acts: deque[Callable[[], object]] = deque()
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._next)

    def add(self, act: Callable[[], object]) -> None:
        """Do this after what has been added before. What waits already is not added again."""
        if act not in self._acts:
            self._acts.append(act)
        self.hold()

    def hold(self) -> None:
        """Keep the window's picture until the next turn, or until all is done."""
        if not self._timer.isActive():
            self._window.setUpdatesEnabled(False)
            self._timer.start()

    def release(self) -> None:
        """Do nothing more, because the window closes."""
        self._acts.clear()
        self._end()

    def _next(self) -> None:
        if self._acts:
            self._acts.popleft()()
        if not self._acts:
            self._end()

    def _end(self) -> None:
        self._timer.stop()
        self._window.setUpdatesEnabled(True)
