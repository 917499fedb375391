"""Runs rooms without a window, with session and engine in one thread, so that figures of a saved run can be made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtGui import QAction

from app.engine.contract import Command
from app.engine.messages import Kind, OpenFailed
from app.engine.worker import Worker
from app.plotting.theme import PRINT
from app.rooms.contract import Room, Services, build_room
from app.rooms.row import RoomRow
from app.session.drafted import Drafted
from app.session.lanes import Lanes
from app.session.measured import Measured
from app.session.playback import Playback
from app.session.player import Player
from app.session.state import AppState, Run
from app.shell import actions
from app.shell.settings_store import SettingsStore


class SameThread(QObject):
    """Turns the engine's loop by hand."""

    happened = Signal(object)
    dirty = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._worker = Worker(self.happened.emit, self.dirty.emit)

    def submit(self, command: Command) -> None:
        """Queue a command."""
        self._worker.submit(command)

    def acknowledge(self) -> None:
        """Do nothing, because no other thread waits."""

    def settle(self) -> None:
        """Handle every command in the queue, and those that follow from the answers."""
        while self._worker.inbox.waiting:
            self._worker.handle(self._worker.inbox.take())


class Offstage:
    """What rooms are built from if no person is there. No dialog opens and no message is shown."""

    def __init__(self) -> None:
        self._engine = SameThread()
        self._parent = QObject()
        state = AppState(self._parent)
        playback = Playback(state, self._parent)
        player = Player(state, self._engine, playback, self._parent)
        self.services = Services(
            theme=PRINT,
            state=state,
            player=player,
            playback=playback,
            drafted=Drafted(state, player, self._parent),
            lanes=Lanes(state, self._parent),
            measured=Measured(state, self._parent),
            settings=SettingsStore(),
            actions={row.id: QAction(row.title, self._parent, checkable=True) for row in actions.ACTIONS},
            ask_open=_ask_nobody,
            ask_save=_ask_nobody,
            say=_say_nothing,
            settle=_say_nothing,
            bring_forward=_say_nothing,
        )
        self._failure = ""
        self.services.player.open_failed.connect(self._failed)

    def room(self, row: RoomRow) -> Room:
        """Build a room of the table."""
        return build_room(row, self.services)

    def open(self, path: Path, made_of: Mapping[Kind, str] | None = None) -> Run:
        """Open a saved run, whose data and network lie where a person has said. Raises ValueError with the engine's
        sentence if it cannot be opened.
        """
        self.services.player.saved_runs.open(str(path))
        self.settle()
        run = self.services.state.run
        if run is None:
            raise ValueError(self._failure)
        for kind, file in (made_of or {}).items():
            if run.wanted is not None and run.wanted.kind == kind:
                self.services.player.saved_runs.locate(run.id, file)
                self.settle()
        return run

    def go(self, level: int) -> None:
        """Put the playhead on a level."""
        self.services.playback.go(level)
        self.settle()

    def settle(self) -> None:
        """Let views be laid out and the engine answer until nothing is left to do."""
        for _ in range(3):  # a layout requests another density, and its answer may change the layout once more
            QCoreApplication.processEvents()
            self._engine.settle()

    def _failed(self, event: OpenFailed) -> None:
        self._failure = event.message


def _ask_nobody(*_: Any, **__: Any) -> None:
    raise RuntimeError("a figure is made without asking anybody")


def _say_nothing(*_: Any, **__: Any) -> None:
    pass
