"""Sweeps the ticked solvers over numbers of evaluations, and keeps what was found."""

from __future__ import annotations

from types import ModuleType

from PySide6.QtCore import QObject, Signal

from app.engine.contract import TaskEnded
from app.rooms.compare.messages import Solvers, SweepTask, Swept
from app.rooms.compare.picture import swept_lanes
from app.rooms.compare.pictures import LanePicture
from app.session.one_task import OneTask
from app.session.player import Player
from app.session.state import AppState
from geomodel.experiments import Sweep
from geomodel.settings import RunSettings

NOTHING = "There is no finished sweep; tick solvers under Equal evaluations and press Sweep."


class Sweeping(QObject):
    """The sweep that is under way or was the last one."""

    changed = Signal()

    def __init__(self, state: AppState, player: Player, parent: QObject) -> None:
        super().__init__(parent)
        self._state = state
        self._work = OneTask(player, self)
        self.of: SweepTask | None = None  # what the sweep is about
        self.found: Swept | None = None
        self.message = ""
        self.reference = 1.0
        self._fractions: dict[int, float] = {}
        self._work.progressed.connect(self._progressed)
        self._work.ended.connect(self._ended)
        self.cancel = self._work.cancel

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()

    @property
    def running(self) -> bool:
        """Whether a sweep is under way."""
        return self._work.running

    @property
    def sweep(self) -> Sweep | None:
        """The last finished sweep."""
        return None if self.found is None else self.found.sweep

    def begin(self, settings: RunSettings, solvers: Solvers, evaluations: tuple[int, ...]) -> None:
        """Ask for a sweep from the noise of the settings."""
        self.found, self.message, self.reference, self._fractions = None, "", 0.0, {}
        self.of = SweepTask(self._state.next_id(), settings, solvers, evaluations)
        self._work.begin(self.of, "sweeping")
        self.changed.emit()

    def _progressed(self) -> None:
        part, fraction = self._work.part, self._work.fraction
        self.reference = fraction if part < 0 else 1.0
        self._fractions[part] = fraction
        self.changed.emit()

    def _ended(self, event: TaskEnded) -> None:
        self.reference = 1.0
        self.found = event.result if isinstance(event.result, Swept) else None
        self.message = event.message or ("" if self.found else "The sweep was cancelled.")
        self.changed.emit()

    def lanes(self) -> tuple[LanePicture, ...]:
        """A line for each solver, as the view shows it."""
        if self.of is None:
            return ()
        return swept_lanes([name for name, _ in self.of.solvers], self.sweep, self._fractions)

    def code(self, writers: ModuleType) -> str:
        """Code that sweeps again. ValueError, with a sentence, where there is none."""
        if self.of is None or self.found is None:
            raise ValueError(NOTHING)
        made, solvers = self.found.made_of, dict(self.of.solvers)
        code: str = writers.sweep(self.of.settings, solvers, self.of.evaluations, made.network, made.computed)
        return code
