"""Runs the engine on a QThread. Its events, and a coalesced signal that the record has grown, reach the window's
thread.
"""

from __future__ import annotations

import gc
import threading

from PySide6.QtCore import QObject, QThread, Signal

from app.engine.contract import Command, Event
from app.engine.messages import Shutdown
from app.engine.worker import Worker


class EngineThread(QThread):
    """`start` it once, `submit` commands, and call `shut_down` before it is destroyed."""

    happened = Signal(object)
    dirty = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("engine")
        self._worker = Worker(self._post, self._notify)
        self._noticed = threading.Event()

    def run(self) -> None:
        """Run the loop. Qt calls this on the new thread."""
        self._worker.loop()

    def submit(self, command: Command) -> None:
        """Queue a command; never waits."""
        self._worker.inbox.put(command)

    def acknowledge(self) -> None:
        """The window has read the record, so the next step may emit the signal again."""
        self._noticed.clear()

    def shut_down(self, milliseconds: int = 10_000) -> bool:
        """Cancel, leave the loop and join. Returns False if someone's denoiser still holds the thread."""
        if not self.isRunning():
            return True
        self.submit(Shutdown())
        ended = self.wait(milliseconds)
        gc.unfreeze()  # collects what was kept from the collector while the engine ran
        return ended

    def _post(self, event: Event) -> None:
        self.happened.emit(event)

    def _notify(self) -> None:
        # At most one signal is under way, because a queued signal for every step would be an unbounded queue.
        if not self._noticed.is_set():
            self._noticed.set()
            self.dirty.emit()
