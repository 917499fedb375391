"""Follows how the draft differs from the selected run."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.session.changes import Change, changes, lines, sentence
from app.session.player import Player
from app.session.state import AppState


class Drafted(QObject):
    """Follows draft, runs and selection.

    It compares them after an event has had all its effects, so that a small point set, which runs again at every
    change, never counts as changed.
    """

    changed = Signal()

    def __init__(self, state: AppState, player: Player, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.changes: tuple[Change, ...] = ()
        self._state, self._player = state, player
        self._lines: tuple[str, ...] = ()
        self._timer = QTimer(self, interval=0, singleShot=True)
        self._timer.timeout.connect(self._look)
        for signal in (
            state.draft_changed,
            state.errors_changed,
            state.data_changed,
            state.selection_changed,
            player.progress_changed,
        ):
            signal.connect(self._timer.start)

    @property
    def lines(self) -> tuple[str, ...]:
        """The changes and what to do, as lines from the longest to the shortest; none if nothing has changed."""
        return self._lines

    @property
    def whole(self) -> str:
        """Every change; empty if there is none."""
        return sentence(self.changes, len(self.changes))

    def _look(self) -> None:
        found = self._found()
        ready = "" if self._state.errors else ", press F5"
        told = tuple(f"changed: {line}{ready}" for line in lines(found))
        if (found, told) != (self.changes, self._lines):
            self.changes, self._lines = found, told
            self.changed.emit()

    def _found(self) -> tuple[Change, ...]:
        run = self._player.next_shown
        if run is None:
            return ()
        return changes(run.settings, self._player.drafting.filled(), self._state.class_name)
