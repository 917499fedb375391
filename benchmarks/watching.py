"""What the window's benchmarks look at: paintings of a widget, and how long the event loop was away."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from app.main_window import MainWindow

TICK_MS = 5
PATIENCE = 120.0  # seconds until a wait is given up


class Paints(QObject):
    """Counts the paintings of a widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.count += 1
        return False

    def settle(self) -> None:
        """Handle events until the widget has been painted once more."""
        before = self.count
        while self.count == before:
            QApplication.processEvents()


class Changes(QObject):
    """Counts the paintings of a widget that show another value than the painting before."""

    def __init__(self, widget: QWidget, value: Callable[[], object]) -> None:
        super().__init__(widget)
        self.count = 0
        self._value, self._painted = value, value()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and (value := self._value()) != self._painted:
            self.count, self._painted = self.count + 1, value
        return False


class Stalls(QObject):
    """Gaps between the ticks of a 5 ms timer: a long one is a window that does not answer.

    With each gap goes the time that the window's own thread computed in it; the rest it waited, for the interpreter's
    lock or for a core, and on a shared machine that is mostly others' work.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gaps: list[tuple[float, float]] = []
        self._last = (0.0, 0.0)
        self._timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Count from now."""
        self._gaps, self._last = [], (time.perf_counter(), time.thread_time())
        self._timer.start()

    def stop(self) -> tuple[float, float]:
        """The longest gap since the start, and the longest that the thread computed in one gap, in milliseconds."""
        self._tick()
        self._timer.stop()
        return max(gap for gap, _ in self._gaps), max(own for _, own in self._gaps)

    def _tick(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        self._gaps.append(((now[0] - self._last[0]) * 1000, (now[1] - self._last[1]) * 1000))
        self._last = now


def wait_until(met: Callable[[], bool]) -> None:
    """Run the event loop until a condition is met. TimeoutError after two minutes."""
    loop = QEventLoop()
    ends = time.perf_counter() + PATIENCE

    def look() -> None:
        if met() or time.perf_counter() > ends:
            loop.quit()

    timer = QTimer(interval=TICK_MS)
    timer.timeout.connect(look)
    timer.start()
    loop.exec()
    timer.stop()
    if not met():
        raise TimeoutError(f"A condition was not met within {PATIENCE:g} seconds.")


def run_for(seconds: float) -> None:
    """Run the event loop for so long."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


@contextmanager
def real_window() -> Iterator[tuple[MainWindow, Path]]:
    """The real window, not yet shown, and its home. At last it is closed, which joins the engine."""
    from app.main_window import MainWindow

    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = folder
        QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
        qt = QApplication([])
        qt.setStyle("Fusion")
        window = MainWindow()
        window.resize(1440, 900)
        try:
            yield window, Path(folder)
        finally:
            window.close()
