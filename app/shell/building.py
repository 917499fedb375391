"""Builds each room when it is first needed, and the rest while nobody waits.

The window opens with the rooms that it shows: all of them together would keep a person waiting for the first picture.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module

from PySide6.QtCore import QObject, QTimer

from app.plotting.theme import Theme
from app.rooms import ROOMS
from app.rooms.contract import Handlers, Room, Services, View, build_room
from app.rooms.row import RoomRow
from app.shell.by_name import ByName

Placed = Callable[[RoomRow, View], None]
REST_MS, BETWEEN_MS = 1000, 50
_ROWS = {row.name: row for row in ROOMS}


class Building(QObject):
    """The rooms by name. `placed` is called with the view of each room that has just been built."""

    def __init__(self, services: Services, placed: Placed, parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._placed = services, placed
        self._built: dict[str, Room] = {}
        self.rooms = ByName(tuple(_ROWS), self._room)
        self.views = ByName(tuple(_ROWS), self._view)

    @property
    def built(self) -> tuple[Room, ...]:
        """The rooms that are there already."""
        return tuple(self._built.values())

    @property
    def built_by_name(self) -> Mapping[str, Room]:
        """The same, by their names."""
        return self._built

    def _room(self, name: str) -> Room:
        room = self._built.get(name)
        if room is None:
            room = self._built[name] = build_room(_ROWS[name], self._services)
            room.view.set_theme(self._services.theme)
            self._placed(_ROWS[name], room.view)
        return room

    def _view(self, name: str) -> View:
        return self._room(name).view

    def handlers(self) -> Handlers:
        """What each action of the rooms does."""
        return {action.id: partial(self._act, row.name, action.id) for row in ROOMS for action in row.actions}

    def _act(self, name: str, action: str) -> object:
        return self._room(name).handlers()[action]()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme, in rooms that come later too."""
        self._services = replace(self._services, theme=theme)
        for room in self.built:
            room.view.wear(theme)

    def build_early(self) -> None:
        """Build the rooms that others rely on."""
        for name, row in _ROWS.items():
            if row.early:
                self._room(name)

    def build_rest(self, after: int = REST_MS) -> None:
        """Build the rooms that nobody has needed yet, one by one between other events."""
        QTimer.singleShot(after, self, self._build_next)

    def _build_next(self) -> None:
        """Import the modules of the next room, or build it if they are there: each takes some of a person's time."""
        missing = next((name for name in _ROWS if name not in self._built), None)
        if missing is None:
            return
        module = _ROWS[missing].room.rpartition(".")[0]
        if module in sys.modules:
            self._room(missing)
        else:
            import_module(module)
        self.build_rest(BETWEEN_MS)

    def release(self) -> None:
        """Let every room stop listening and asking, because the window closes."""
        for room in self.built:
            room.release()
