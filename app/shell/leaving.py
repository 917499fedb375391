"""Closes the window in good order when a signal or the end of the desktop's session requires it."""

from __future__ import annotations

import signal
import socket
from types import FrameType
from typing import TYPE_CHECKING

from PySide6.QtCore import QSocketNotifier
from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:  # signals are noted while this module is still being imported
    from app.main_window import MainWindow

CODES = {"SIGINT": 130, "SIGTERM": 0, "SIGHUP": 0}  # signal → exit code; not every system has each


class Leaving:
    """Notes signals from now on. Once it watches a window, a signal closes it.

    Python runs signal handlers only between its own instructions, and Qt's loop may wait for hours without one. So each
    signal also writes its number into a socket, and Qt wakes up when it can read there.
    """

    def __init__(self) -> None:
        self.code = 0  # exit code of the program
        self._read, self._written = socket.socketpair()
        self._read.setblocking(False)
        self._written.setblocking(False)
        signal.set_wakeup_fd(self._written.fileno(), warn_on_full_buffer=False)
        self._codes = {getattr(signal, name): code for name, code in CODES.items() if hasattr(signal, name)}
        for number in self._codes:
            # nohup and a shell's background jobs ignore it, and so do we
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _noted)

    def watch(self, window: MainWindow) -> None:
        """Close the window at a signal. When the session ends, keep its layout, because the desktop then ends the
        process.
        """
        self._window = window
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._close)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.commitDataRequest.connect(window.keep_layout)

    def _close(self) -> None:
        asked = [self._codes[number] for number in self._read.recv(64) if number in self._codes]
        if asked:
            self.code = asked[0]
            self._window.unsaved.be_sure()
            self._window.close()
            QGuiApplication.exit(self.code)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Do nothing. The socket carries the signal, and Python's own reaction to Ctrl+C would be an exception anywhere."""
