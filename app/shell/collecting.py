"""Collects reference cycles on the window's thread, and on no other.

Python's collector runs on whichever thread allocates next. On the engine's thread it would destroy widgets, timers and
drawing items that hang in cycles, which Qt allows on the window's thread only: the process ends with a segmentation
fault, now or later.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 200
FIRST_MS = 3000  # by then all is imported and most rooms are built
GENERATIONS = (2, 1, 0)  # the oldest first, because collecting it collects the younger ones


class Collecting(QObject):
    """Takes the place of Python's automatic collector until it is released.

    The window's events are handled while the engine works, so cycles that the engine leaves do not pile up. Only a
    generation that Python counts as due is collected, so an idle window collects nothing. What the start has made stays
    for good, so it is left out: a full collection of it would keep the window for 0.1 to 0.2 s. The engine's end brings
    it back.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._automatic = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self, interval=FIRST_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        if self._timer.interval() == FIRST_MS:
            self._timer.setInterval(EVERY_MS)
            gc.freeze()
        else:
            self.collect()

    def collect(self) -> None:
        """Collect what is due."""
        for generation, count, most in zip(GENERATIONS, gc.get_count()[::-1], gc.get_threshold()[::-1], strict=True):
            if 0 < most < count:
                gc.collect(generation)
                return

    def release(self) -> None:
        """Give the work back to Python's own collector. No other thread may use Python any more."""
        self._timer.stop()
        if self._automatic:
            gc.enable()
