"""Requests the ghosts of the selected sample, and keeps them until another run or sample is selected."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.engine.contract import TaskEnded
from app.rooms.plane.messages import GhostTask
from app.session.one_task import OneTask
from app.session.player import Player
from app.session.state import AppState, Run
from geomodel.arrays import Array
from geomodel.experiments.ghosts import Ghost

UNFINISHED = "begins when the run has ended"
UNLINKED = "needs the model of this run, which is not open"
CANCELLED = "was cancelled"
PENDING = "computing …"


class GhostsFeed(QObject):
    """Asks for one ghost after the other. One that is hidden is kept, so that it comes back at once."""

    changed = Signal()

    def __init__(self, state: AppState, player: Player, parent: QObject) -> None:
        super().__init__(parent)
        self._state = state
        self._work = OneTask(player, self)
        self.of = (-1, 0)  # run and sample of the ghosts
        self._run: Run | None = None
        self._kinds: tuple[Ghost, ...] = ()
        self._asked: Ghost | None = None
        self.curves: dict[Ghost, Array] = {}
        self._refusals: dict[Ghost, str] = {}
        self._work.ended.connect(self._ended)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()

    def want(self, run: Run, sample: int, kinds: tuple[Ghost, ...]) -> None:
        """Follow these ghosts of a sample, in this order."""
        if (run.id, sample) != self.of:
            self.of = run.id, sample
            self._work.drop()
            self.curves, self._refusals = {}, {}
        self._run, self._kinds = run, kinds
        self._refusals = {kind: text for kind, text in self._refusals.items() if kind in kinds}  # its eye tries again
        if self._work.running and self._asked not in kinds:
            self._work.drop()
        self._ask()

    def _ask(self) -> None:
        run = self._run
        if self._work.running or run is None or run.trajectory is None or not run.linked:
            return
        missing = (kind for kind in self._kinds if kind not in self.curves and kind not in self._refusals)
        self._asked = next(missing, None)
        if self._asked is not None:
            number, sample = self._state.next_id(), self.of[1]
            self._work.begin(GhostTask(task_id=number, settings=run.settings, sample=sample, kind=self._asked), "ghost")

    def note(self, kind: Ghost) -> str:
        """Why there is no such ghost; empty where there is."""
        if kind in self.curves:
            return ""
        if kind in self._refusals:
            return self._refusals[kind]
        if self._run is not None and not self._run.linked:
            return UNLINKED
        return UNFINISHED if self._run is None or self._run.trajectory is None else PENDING

    def _ended(self, event: TaskEnded) -> None:
        assert isinstance(event.task, GhostTask)
        if isinstance(event.result, np.ndarray):
            self.curves[event.task.kind] = event.result
        else:
            self._refusals[event.task.kind] = event.message or CANCELLED
        self._ask()
        self.changed.emit()
