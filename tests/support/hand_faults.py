"""Hears of everything that must not happen while random hands work the window."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import traceback
from collections import deque

from PySide6.QtCore import QtMsgType, qInstallMessageHandler

SHOWN = 20  # of the last gestures
HARMLESS = ("This plugin does not support",)  # of the offscreen platform
BROKEN = re.compile(r"Traceback|\b\w+(Error|Exception)\b|object at 0x|\bNoneType\b|<class ")


class Faults:
    """Collects everything that must not happen."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self.found: list[str] = []
        self.last: deque[str] = deque(maxlen=SHOWN)

    def say(self, gesture: str) -> None:
        """Keep and print a gesture."""
        self.last.append(gesture)
        if not self._quiet:
            print(gesture, flush=True)

    def add(self, fault: str) -> None:
        """Keep a fault."""
        self.found.append(fault)

    def watch(self) -> None:
        """Hear of every exception, of Qt's warnings, and of errors in the log."""
        sys.excepthook = lambda *found: self.add("".join(traceback.format_exception(*found)))
        threading.excepthook = lambda hook: self.add("".join(traceback.format_exception(hook.exc_value)))
        sys.unraisablehook = lambda hook: self.add(
            f"unraisable in {hook.object!r}: {''.join(traceback.format_exception(hook.exc_value))}"
        )
        qInstallMessageHandler(self._qt)
        handler = _Log(self)
        logging.getLogger().addHandler(handler)
        logging.getLogger().setLevel(logging.INFO)

    def report(self, seed: int, error: BaseException | None) -> None:
        """Say what was found, and end the process. An error of a view may have come through a gesture: Python would end
        without a word, because the engine still runs.
        """
        if error is not None:
            self.add("".join(traceback.format_exception(error)))
        if self.found:
            print(f"\nseed {seed}: {len(self.found)} faults; the last {SHOWN} gestures were:", file=sys.stderr)
            print(*self.last, *self.found[:5], sep="\n", file=sys.stderr, flush=True)
            os._exit(1)

    def _qt(self, kind: QtMsgType, _context: object, text: str) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and not text.startswith(HARMLESS):
            self.add(f"Qt says: {text}\n{''.join(traceback.format_stack(limit=12))}")


class _Log(logging.Handler):
    """An error in the log is a fault unless a person's own code raised it, and so is a sentence that is none."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(logging.WARNING)
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if "own.py" in text:
            return
        if record.levelno >= logging.ERROR:
            self._faults.add(f"logged: {text}")
        elif record.name == "app.message" and BROKEN.search(text):
            self._faults.add(f"a person was told: {text}")
