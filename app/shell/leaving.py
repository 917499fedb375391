"""Leaves in good order when a signal or the end of the desktop's session asks for it."""

from __future__ import annotations

import signal
import socket
from types import FrameType
from typing import TYPE_CHECKING

from PySide6.QtCore import QSocketNotifier
from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:  # signals are noted while this is still being imported
    from app.main_window import MainWindow

CODES = {"SIGINT": 130, "SIGTERM": 0, "SIGHUP": 0}  # signal → exit code; not every system has each


class Leaving:
    """Notes signals from now on; once it watches a window, they close it.

    Python runs signal handlers only between its own instructions, and Qt's loop may wait for hours without one. So each
    signal also writes its number into a socket, and Qt wakes up when something can be read there.
    """

    def __init__(self) -> None:
        self.code = 0  # with which the program ends
        self._read, self._written = socket.socketpair()
        self._read.setblocking(False)
        self._written.setblocking(False)
        signal.set_wakeup_fd(self._written.fileno(), warn_on_full_buffer=False)
        self._codes = {getattr(signal, name): code for name, code in CODES.items() if hasattr(signal, name)}
        for number in self._codes:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and a shell's background jobs are left alone
                signal.signal(number, _noted)

    def watch(self, window: MainWindow) -> None:
        """Close the window at a signal; keep its layout when the session ends, after which the desktop ends us."""
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
            self._window.close()
            QGuiApplication.exit(self.code)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The socket says the rest; Python's own answer to Ctrl+C would be an exception in whatever runs."""
