"""The lanes of the race. They are samplers that start from the same noise, and every room that compares them shows
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, Signal

from app.session.lane import Lane, lane_name
from app.session.state import AppState
from geomodel.settings import RunSettings


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
        self._append(settings, run_id)
        self.changed.emit()

    def add_equal(self, samplers: Iterable[RunSettings], asked: int) -> None:
        """Add lanes that were asked for with so many evaluations. They take the place of earlier ones of this kind."""
        self.lanes = [lane for lane in self.lanes if lane.asked is None]
        for settings in samplers:
            self._append(settings, asked=asked)
        self.changed.emit()

    def change(self, index: int, settings: RunSettings, asked: int | None) -> None:
        """Another sampler in the place of a lane. What the old one did in a race is gone."""
        old = self.lanes.pop(index)
        self.lanes.insert(index, Lane(self._named(settings), settings, old.hue, asked=asked))
        self.changed.emit()

    def _append(self, settings: RunSettings, run_id: int | None = None, asked: int | None = None) -> None:
        self.lanes.append(Lane(self._named(settings), settings, self._hues, run_id, asked))
        self._hues += 1

    def _named(self, settings: RunSettings) -> str:
        name, taken = lane_name(settings), {lane.name for lane in self.lanes}
        return next(text for n in range(1, 1000) if (text := name if n == 1 else f"{name} ({n})") not in taken)

    def restore(self, lanes: Sequence[tuple[RunSettings, int | None, int | None]]) -> None:
        """Put these in the place of all lanes, each with the run that it came with, and with the evaluations that were
        asked for.
        """
        self.lanes, self._hues = [], 0
        for settings, run_id, asked in lanes:
            self._append(settings, run_id, asked)
        self._follow_pins()
        self.changed.emit()

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
