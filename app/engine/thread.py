"""The engine as a QThread: events and a coalesced "the record has grown" arrive as signals on the window's thread."""

from __future__ import annotations

import gc
import threading

from PySide6.QtCore import QObject, QThread, Signal

from app.engine.contract import Command, Event
from app.engine.messages import Shutdown
from app.engine.worker import Worker


class EngineThread(QThread):
    """Start it once, `submit` commands, `shut_down` before it goes."""

    happened = Signal(object)
    dirty = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("engine")
        self._worker = Worker(self._post, self._notify)
        self._noticed = threading.Event()

    def run(self) -> None:
        """Qt calls this on the new thread."""
        self._worker.loop()

    def submit(self, command: Command) -> None:
        """Queue a command; never waits."""
        self._worker.inbox.put(command)

    def acknowledge(self) -> None:
        """The window has looked at the record: the next step may knock again."""
        self._noticed.clear()

    def shut_down(self, milliseconds: int = 10_000) -> bool:
        """Cancel, leave the loop and join; False where someone's denoiser still holds the thread."""
        if not self.isRunning():
            return True
        self.submit(Shutdown())
        ended = self.wait(milliseconds)
        gc.unfreeze()  # what was held back from the collector while the engine ran is garbage now
        return ended

    def _post(self, event: Event) -> None:
        self.happened.emit(event)

    def _notify(self) -> None:
        # One knock at a time: a queued signal per step would be an unbounded queue.
        if not self._noticed.is_set():
            self._noticed.set()
            self.dirty.emit()
