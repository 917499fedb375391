"""The lanes of the race. They are samplers that start from the same noise, and every room that compares them shows
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.session.state import AppState
from geomodel import schedules, solvers
from geomodel.experiments import LaneResult
from geomodel.settings import CUSTOM, RunSettings


@dataclass(eq=False, slots=True)
class Lane:
    """One lane of the list. `run_id` is set if it came with a pinned run."""

    name: str
    settings: RunSettings
    hue: int
    run_id: int | None = None
    fraction: float = 0.0
    result: LaneResult | None = None


class Lanes(QObject):
    """The lanes in their order. Pinned runs join and leave by themselves."""

    changed = Signal()

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lanes: list[Lane] = []
        self._state = state
        self._hues = 0
        state.runs_changed.connect(self._follow_pins)

    def add(self, settings: RunSettings, run_id: int | None = None) -> None:
        """Add a lane. It gets a name that no other lane has."""
        name = lane_name(settings)
        taken = {lane.name for lane in self.lanes}
        unique = next(text for n in range(1, 1000) if (text := name if n == 1 else f"{name} ({n})") not in taken)
        self.lanes.append(Lane(unique, settings, self._hues, run_id))
        self._hues += 1
        self.changed.emit()

    def restore(self, lanes: Sequence[tuple[RunSettings, int | None]]) -> None:
        """Put these in the place of all lanes: their settings, or the id of the pinned run that each came with."""
        self.lanes, self._hues = [], 0
        for settings, run_id in lanes:
            self.add(settings, run_id)
        self._follow_pins()

    def remove(self, index: int) -> None:
        """Remove a lane. If it came with a run, that run is no longer pinned."""
        lane = self.lanes.pop(index)
        run = self._state.runs.get(lane.run_id) if lane.run_id is not None else None
        if run is not None:
            run.pinned = False
            self._state.runs_changed.emit()
        self.changed.emit()

    def _follow_pins(self) -> None:
        pinned = {run.id: run for run in self._state.runs.values() if run.pinned and run.trajectory is not None}
        known = {lane.run_id for lane in self.lanes}
        kept = [lane for lane in self.lanes if lane.run_id is None or lane.run_id in pinned]
        left, self.lanes = len(kept) < len(self.lanes), kept
        for run in pinned.values():
            if run.id not in known:
                self.add(run.settings, run.id)
        if left:
            self.changed.emit()


def lane_name(settings: RunSettings) -> str:
    """Solver, options and levels in a few words."""
    row = solvers.row(settings.solver)
    defaults = {option.name: option.default for option in row.options}
    own = [f"{name} {value}" for name, value in settings.options.items() if value != defaults.get(name)]
    schedule = "own levels" if settings.schedule == CUSTOM else schedules.row(settings.schedule).title
    zero = " to 0" if settings.final_zero else ""
    return ", ".join([row.title, *own, f"{settings.steps} steps{zero}", schedule])
