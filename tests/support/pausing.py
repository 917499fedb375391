"""A pause in which the window goes on and so does the engine: QTest.qWait would keep Python's lock from its thread."""

from __future__ import annotations

from PySide6.QtCore import QEventLoop, QTimer


def pause(milliseconds):
    """Let events come for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
