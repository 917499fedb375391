"""Copies runs to the clipboard as code: Edit ▸ Copy as Python, and Copy as command line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from app.rooms.contract import Handlers
from app.session.code_of_runs import Form, code, why_not
from app.session.state import Run
from app.shell.actions import ACTIONS, offer, tooltip

if TYPE_CHECKING:
    from app.main_window import MainWindow

FORMS: dict[str, Form] = {"copy_python": "python", "copy_command": "command"}  # by action
COPIED: dict[Form, str] = {
    "python": "Copied as Python: a script of {lines} lines that computes this run again.",
    "command": "Copied as a command line, for the folder of the program: it writes this run again.",
}
CAUSE = "copying"


class Copying(QObject):
    """Offers the code of the selected run where it has any, and copies it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._state, self._status = window.state, window.panels.status
        self._actions = {name: window.actions_by_id[name] for name in FORMS}
        self._tips = {row.id: tooltip(row) for row in ACTIONS if row.id in FORMS}
        self._state.runs_changed.connect(self._offer)
        self._state.selection_changed.connect(self._offer)
        window.panels.runs.code_wanted.connect(self._copy_listed)
        self._offer()

    def handlers(self) -> Handlers:
        """What each action does."""
        return {name: partial(self._copy_selected, form) for name, form in FORMS.items()}

    def _offer(self) -> None:
        """A disabled action says why."""
        reason = why_not(self._state.run)
        for name, action in self._actions.items():
            offer(action, reason)
            action.setToolTip("\n".join(filter(None, (self._tips[name], reason))))

    def _copy_selected(self, form: Form) -> None:
        if self._state.run is not None:
            self._copy(self._state.run, form)

    def _copy_listed(self, run_id: int, form: Form) -> None:
        if run := self._state.runs.get(run_id):
            self._copy(run, form)

    def _copy(self, run: Run, form: Form) -> None:
        try:
            text = code(run, form)
        except ValueError as error:
            self._status.say(str(error), True, CAUSE)
            return
        QGuiApplication.clipboard().setText(text)
        self._status.say(COPIED[form].format(lines=len(text.splitlines())), cause=CAUSE)
