"""Copies what a room has computed as code."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication

from app.shell.file_dialogs import Say

CAUSE = "copying"  # of errors about code


def copy_code(say: Say, write: Callable[[], str], copied: str) -> None:
    """Put a script on the clipboard and say what it is. ValueError of `write` says why there is none."""
    try:
        text = write()
    except ValueError as error:
        say(str(error), True, CAUSE)
        return
    QGuiApplication.clipboard().setText(text)
    say(copied, cause=CAUSE)
