"""What a room is, and what it is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.plotting.theme import Theme
from app.rooms.row import RoomRow
from app.session.drafted import Drafted
from app.session.lanes import Lanes
from app.session.measured import Measured
from app.session.playback import Playback
from app.session.player import Player
from app.session.state import AppState
from app.shell.settings_store import SettingsStore
from app.widgets.context_menu import Row

Handlers = Mapping[str, Callable[[], object]]


class View(QWidget):
    """A widget that shows a picture: one frozen value, from which a second view shows the very same.

    It is built as ``View(theme, print_mode=False)``; in print mode it is drawn on paper and takes no clicks.
    """

    _picture: Any  # of the room's own class

    @property
    def picture(self) -> Any:
        """The last picture that was displayed."""
        return self._picture

    def display(self, picture: Any) -> None:
        """Show a picture. What has not changed since the last one is not drawn again."""
        raise NotImplementedError

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        raise NotImplementedError

    def describe(self) -> str:
        """The picture in words and numbers."""
        raise NotImplementedError

    def menu_rows(self, at: QPoint) -> Sequence[Row]:
        """What its menu holds at a position, beside what every menu of a picture holds."""
        return ()

    def release(self) -> None:
        """Let go of everything that refers back to this view, so that it can die."""


class Room(Protocol):
    """A view with its feed: it follows the state, asks the engine and displays what is known."""

    @property
    def view(self) -> View:
        """The view, which stands in the window for as long as the room lives."""

    def refresh(self) -> None:
        """Display what is known and ask for what is missing, because the view has come into sight."""

    def picture(self) -> object:
        """The view's picture as it is now, also where the view is behind a tab."""

    def handlers(self) -> Handlers:
        """What each action of the room's row does."""

    def release(self) -> None:
        """Stop listening and asking, because the window closes."""


class AskOpen(Protocol):
    """Asks for a file to open, without blocking."""

    def __call__(self, title: str, filters: str, purpose: str, then: Callable[[str], None]) -> None:
        """Call `then` with the path; it is not called where the dialog is dismissed."""


class AskSave(Protocol):
    """Asks where to save, without blocking."""

    def __call__(
        self, title: str, filters: str, purpose: str, suffix: str, name: str, then: Callable[[str], None]
    ) -> None:
        """Propose a name, which gets `suffix` where it has none, and call `then` with the path."""


class Say(Protocol):
    """Says one sentence in the status bar."""

    def __call__(self, text: str, is_error: bool = False, cause: str = "") -> None:
        """An error holds until its cause is settled, or until the next message where none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What rooms are built from: everything that they share."""

    theme: Theme
    state: AppState
    player: Player
    playback: Playback
    drafted: Drafted
    lanes: Lanes
    measured: Measured
    settings: SettingsStore
    actions: Mapping[str, QAction]
    ask_open: AskOpen
    ask_save: AskSave
    say: Say
    settle: Callable[[str], None]  # errors of this cause are over
    bring_forward: Callable[[str], None]  # the room of this name comes into sight


def build_room(row: RoomRow, services: Services) -> Room:
    """The room that a row of the table names."""
    module, _, name = row.room.rpartition(".")
    room: Room = vars(import_module(module))[name](services)
    return room
