"""A session without window and engine: commands are kept in a list, and the test says what the engine answers."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from window_runs import computed

from app.engine.messages import OpenData, Ready, RunFinished, RunStarted, StartRun
from app.session.playback import Playback
from app.session.player import Player
from app.session.state import AppState
from geomodel import runs


class StandIn(QObject):
    """Keeps what is submitted."""

    happened = Signal(object)
    dirty = Signal()

    def __init__(self, parent):
        super().__init__(parent)
        self.commands = []

    def submit(self, command):
        self.commands.append(command)

    def acknowledge(self):
        pass


class Session(QObject):
    """State, playback and player, with a stand-in for the engine that is ready."""

    def __init__(self):
        super().__init__()
        self.state = AppState(self)
        self.engine = StandIn(self)
        self.playback = Playback(self.state, self)
        self.player = Player(self.state, self.engine, self.playback, self)
        self.drafting = self.player.drafting
        self.player.receive(Ready("cpu", 1, 0.0))

    def newest(self, kind):
        """The newest command of a class."""
        return next(command for command in reversed(self.engine.commands) if isinstance(command, kind))

    def open(self, opened):
        """Choose data, and let the engine have opened them."""
        self.drafting.open_data(opened.name)
        self.answer_data(opened)

    def answer_data(self, opened):
        """The engine has opened what was asked for last."""
        asked = self.newest(OpenData)
        assert asked.name == opened.name
        self.player.receive(replace(opened, count=asked.count, seed=asked.seed))

    def start(self, levels=1):
        """The engine has started the newest run, of which so many levels are there."""
        command = self.newest(StartRun)
        run = computed(self.state.data, runs.resolved(command.settings, self.state.data.dataset))
        run.record.committed = levels
        self.player.receive(RunStarted(command.run_id, run.record, run.settings, run.asked, run.source))
        return Computing(self, command.run_id, run)

    def finish(self):
        """The engine computes the newest run to its end."""
        return self.start().finish()


class Computing:
    """A run that grows when the test says so."""

    def __init__(self, session, run_id, run):
        self._session, self._id, self._run = session, run_id, run

    def grow(self, levels):
        """So many levels are there."""
        self._run.record.committed = levels
        self._session.engine.dirty.emit()

    def finish(self):
        """All levels are there; the window's own run."""
        run = self._run
        run.record.committed = len(run.sigmas)
        self._session.player.receive(RunFinished(self._id, run.trajectory, 0.1, 0.05))
        return self._session.state.runs[self._id]
