"""Copies what a room has computed as code: as a Python script, or as a command line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType

from PySide6.QtGui import QGuiApplication

from app.rooms.contract import Handlers
from app.shell.file_dialogs import Say
from geomodel import scripts

CAUSE = "copying"  # of errors about code
Write = Callable[[ModuleType], str]  # with the functions that write: `geomodel.scripts` or `geomodel.scripts.commands`


def code_handlers(say: Say, id: str, what: str, write: Write) -> Handlers:
    """What the actions of `app.rooms.row.copied_as_code` do. ValueError of `write` says why there is no code."""
    return {
        f"copy_{id}": partial(_copy, say, partial(write, scripts), f"Copied as Python: {what}."),
        f"copy_{id}_command": partial(
            _copy,
            say,
            partial(write, scripts.commands),
            f"Copied as a command line, for the folder of the program: {what}.",
        ),
    }


def _copy(say: Say, write: Callable[[], str], copied: str) -> None:
    try:
        text = write()
    except ValueError as error:
        say(str(error), True, CAUSE)
        return
    QGuiApplication.clipboard().setText(text)
    say(copied, cause=CAUSE)
