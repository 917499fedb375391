"""Reads and writes files on a thread of its own, so that the window never waits for a disk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Job = Callable[[], None]


class FileThread(QObject):
    """Does one job after the other. What comes of a job is told on the window's thread."""

    _ended = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def submit(
        self, work: Callable[[], Result], then: Callable[[Result], object], failed: Callable[[Exception], object]
    ) -> None:
        """Do `work` on the thread; then call `then` with what it returns, or `failed` with what it raises."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="files", daemon=True)
            self._thread.start()
        self._jobs.put(partial(self._do, work, then, failed))

    def finish(self, seconds: float) -> None:
        """Wait until every job is done, but no longer than this. Nobody is told of their results any more."""
        self._ended.disconnect(self._tell)
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(seconds)

    def _loop(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _do(
        self, work: Callable[[], Result], then: Callable[[Result], object], failed: Callable[[Exception], object]
    ) -> None:
        try:
            result = work()
        except Exception as error:
            if not isinstance(error, ValueError | OSError):
                log.exception("a file")
            self._end(partial(failed, error))
        else:
            self._end(partial(then, result))

    def _end(self, end: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the window has gone, and nobody waits for it
            self._ended.emit(end)

    def _tell(self, end: Callable[[], object]) -> None:
        end()
