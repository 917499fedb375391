"""Defines what a room is, and what it is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QAction, QColor, QPalette, QShowEvent
from PySide6.QtWidgets import QWidget

from app.engine.contract import Answer, Request
from app.plotting.theme import Theme, palette
from app.rooms.row import RoomRow
from app.session.drafted import Drafted
from app.session.lanes import Lanes
from app.session.measured import Measured
from app.session.playback import Playback
from app.session.player import Player
from app.session.state import AppState
from app.shell.file_dialogs import Say
from app.shell.palette_search import PaletteEntry
from app.shell.settings_store import SettingsStore
from app.widgets.context_menu import Row
from app.widgets.overrides import guard

Handlers = Mapping[str, Callable[[], object]]


class View(QWidget):
    """A widget that shows a picture, which is one frozen value. A second view can show the same picture.

    It is built as ``View(theme, print_mode=False)``; in print mode it is drawn on paper and takes no clicks.
    """

    _picture: Any  # of the room's own class
    _waiting: Theme | None = None  # a theme that it takes when it comes into sight

    @property
    def picture(self) -> Any:
        """The last picture that was displayed."""
        return self._picture

    def display(self, picture: Any) -> None:
        """Show a picture. Parts that have not changed since the last one are not drawn again."""
        raise NotImplementedError

    def for_print(self, picture: Any, size: QSize) -> Any:
        """What a copy of this view, which cannot scroll, shows of a picture on so many pixels."""
        return picture

    def hold(self) -> None:
        """Keep the places that everything has, so that the next picture of a film moves no axis."""

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        raise NotImplementedError

    def wear(self, theme: Theme) -> None:
        """Take the colours of a theme now, or before a person next sees the view: dozens of hidden plots would keep a
        person waiting.
        """
        self._waiting = theme
        if self.isVisible():
            self._put_on()

    def _put_on(self) -> None:
        if self._waiting is not None:
            theme, self._waiting = self._waiting, None
            self.set_theme(theme)

    def showEvent(self, event: QShowEvent) -> None:
        self._put_on()
        super().showEvent(event)

    def set_background(self, theme: Theme) -> None:
        """Take the palette of a theme, and fill the view with the background of plots."""
        colors = palette(theme)
        colors.setColor(QPalette.ColorRole.Window, QColor(theme.base))
        self.setPalette(colors)
        self.setAutoFillBackground(True)

    def describe(self) -> str:
        """The picture in words and numbers."""
        raise NotImplementedError

    def menu_rows(self, at: QPoint) -> Sequence[Row]:
        """What its menu holds at a position, beside what every menu of a picture holds."""
        return ()

    def release(self) -> None:
        """Drop everything that refers back to this view, so that it can be deleted."""


class Room(Protocol):
    """A view with its feed, which follows the state, sends requests to the engine and displays the answers."""

    @property
    def view(self) -> View:
        """The view, which stands in the window for as long as the room lives."""

    def refresh(self) -> None:
        """Show the present state and request what is missing, because a person can see the view now."""

    def picture(self) -> object:
        """The view's present picture, also if the view is behind a tab."""

    def handlers(self) -> Handlers:
        """What each action of the room's row does."""

    def release(self) -> None:
        """Stop listening and asking, because the window closes."""


@runtime_checkable
class Offers(Protocol):
    """A room with more to choose than its actions, such as each measure or each claim."""

    def offers(self) -> Sequence[PaletteEntry]:
        """What the command palette lists of the room, as it stands now."""


class Reel(Protocol):
    """The pictures of a room at the levels of one run, whatever a person selects meanwhile."""

    def needs(self, level: int, view: Any, answers: Sequence[Answer]) -> Sequence[Request]:
        """What the picture of a level still needs of the engine, when it is known what was answered so far. `view` is
        the one that will show it, and shows it without the answers now.
        """

    def picture(self, level: int, answers: Sequence[Answer]) -> object:
        """The picture of a level, with what was answered."""


@runtime_checkable
class Filmed(Protocol):
    """A room whose pictures at other levels need answers of the engine."""

    def reel(self) -> Reel | None:
        """The pictures of the selected run; None where the room has nothing to show of it."""


@runtime_checkable
class Keeps(Protocol):
    """A room with something of its own that a session keeps."""

    def keep(self) -> bytes:
        """What is to be kept, as JSON."""

    def understand(self, kept: bytes) -> Callable[[], None]:
        """What brings it back. ValueError with a clause where the room could not have kept it."""


class AskOpen(Protocol):
    """Asks for a file to open, without blocking."""

    def __call__(self, title: str, filters: str, purpose: str, then: Callable[[str], None]) -> None:
        """Call `then` with the path. It is not called if the dialog is dismissed."""


class AskSave(Protocol):
    """Asks for a place to save, without blocking."""

    def __call__(self, format: str, name: str, then: Callable[[str], None]) -> None:
        """Propose a name and call `then` with the path, which has the suffix of the format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that rooms share, which they are built from."""

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
    settle: Callable[[str], None]  # errors of this cause have ended
    bring_forward: Callable[[str], None]  # shows the room of this name to the person


def build_room(row: RoomRow, services: Services) -> Room:
    """Build the room of a row of the table."""
    module, _, name = row.room.rpartition(".")
    kind = vars(import_module(module))[name]
    guard()
    room: Room = kind(services)
    return room
