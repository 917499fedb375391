"""Asks about runs that no file holds when the window closes, if a person has asked for that question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox

from app.engine.messages import Saved
from app.session.facts import data_title
from app.session.state import Run
from geomodel import solvers

if TYPE_CHECKING:
    from app.main_window import MainWindow

MOST_NAMED = 8


class Unsaved(QObject):
    """Knows which runs were saved, alone or in a session."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._state = window, window.state
        self._saved: set[int] = set()
        self._under_way: dict[str, tuple[int, ...]] = {}  # path → the runs that are being written there
        self._sure = False
        self._box: QMessageBox | None = None
        window.player.saved.connect(self._run_saved)
        window.sessions.saving.connect(self._session_under_way)
        window.sessions.saved.connect(self._session_saved)
        window.documents.saving_run.connect(self._run_under_way)

    def names(self) -> list[str]:
        """The finished runs that no file holds, as a person knows them."""
        runs = [run for run in self._state.runs.values() if run.trajectory is not None and run.status != "recorded"]
        return [_name(run) for run in runs if not (run.path or run.came_with or run.id in self._saved)]

    def may_close(self) -> bool:
        """Whether the window may close now. If not, the question is open, and its answer may close the window."""
        names = self.names()
        if self._sure or not self._window.store.settings.ask_at_closing or not names:
            return True
        if self._box is None:
            self._ask(names)
        return False

    def be_sure(self) -> None:
        """Close without the question, because a signal or the end of the desktop's session does not wait."""
        self._sure = True

    def _ask(self, names: list[str]) -> None:
        named = "\n".join(names[:MOST_NAMED] + (["…"] if len(names) > MOST_NAMED else []))
        kept = "They stay in the last session." if self._window.store.settings.autosave else "They are lost then."
        box = self._box = QMessageBox(QMessageBox.Icon.Question, "Close?", "", parent=self._window)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(f"No file holds these runs:\n{named}\nClose the window? {kept}")
        close = box.addButton("Close", QMessageBox.ButtonRole.AcceptRole)
        save = box.addButton("Save session…", QMessageBox.ButtonRole.ActionRole)
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        close.clicked.connect(self._close)
        save.clicked.connect(self._window.sessions.save)
        box.setEscapeButton(stay)
        box.setDefaultButton(save)
        box.setModal(False)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(self._answered)
        box.show()

    def _answered(self, _result: int) -> None:
        self._box = None

    def _close(self) -> None:
        self._sure = True
        self._window.close()

    # ------------------------------------------------------------ what is saved

    def _run_under_way(self, path: str) -> None:
        self._under_way[path] = (self._state.selection.run_id,)

    def _run_saved(self, event: Saved) -> None:
        runs = self._under_way.pop(event.path, ())
        self._saved |= set() if event.message else {*runs}

    def _session_under_way(self, path: str) -> None:
        self._under_way[path] = tuple(self._state.runs)

    def _session_saved(self, path: str) -> None:
        self._saved |= {*self._under_way.pop(path, ())}


def _name(run: Run) -> str:
    title = solvers.row(run.settings.solver).title
    return f"{title}, {run.settings.steps} steps, {data_title(run.settings.data)}"
