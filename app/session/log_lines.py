"""Keeps the last lines of the log in memory for panels."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from itertools import islice

from PySide6.QtCore import QObject, Signal

MOST_LINES = 2000
MOST_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record of the log, with its traceback."""

    time: float  # seconds since the epoch
    level: int
    source: str
    text: str


class _Notice(QObject):
    grown = Signal()


class LogLines(logging.Handler):
    """Keeps the last lines. `grown` is emitted once, from any thread, until a reader has read the lines."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._notice = _Notice()
        self.grown = self._notice.grown
        self._lines: deque[LogLine] = deque(maxlen=MOST_LINES)
        self._count = 0
        self._knocked = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; logging holds the lock."""
        try:
            text = self.format(record)
        except (TypeError, ValueError, KeyError):  # its arguments do not fit its text
            text = str(record.msg)
        source = record.name.rpartition(".")[2]
        self._lines.append(LogLine(record.created, record.levelno, source, text[:MOST_CHARACTERS]))
        self._count += 1
        if not self._knocked:  # a queued signal for every line would be an unbounded queue
            self._knocked = True
            self.grown.emit()

    def after(self, count: int) -> tuple[int, list[LogLine]]:
        """The number of lines so far, and those after the first `count` that are still kept."""
        self.acquire()
        try:
            self._knocked = False
            wanted = min(self._count - count, len(self._lines))
            return self._count, list(islice(self._lines, len(self._lines) - wanted, None))
        finally:
            self.release()


def log_lines() -> LogLines:
    """The one such handler of the root logger. The first call installs it."""
    root = logging.getLogger()
    found = next((handler for handler in root.handlers if isinstance(handler, LogLines)), None)
    if found is None:
        found = LogLines()
        root.addHandler(found)
    return found
