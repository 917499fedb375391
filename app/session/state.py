"""What the window knows: the draft, the open data and network, the runs, and the one selection that every view
follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.engine.messages import DataOpened, NetworkOpened, Wanted
from app.session.plane_options import PlaneOptions
from geomodel.arrays import Array
from geomodel.classes import NO_CLASS, Asked, Classes, of_driver
from geomodel.curves import center_of
from geomodel.record import Record, StepDetail
from geomodel.schedules import nearest_level
from geomodel.settings import RunSettings
from geomodel.trajectory import Trajectory

Status = Literal["computing", "complete", "recorded", "stopped"]
UNDO_DEPTH = 200


@dataclass(slots=True, eq=False)
class Run:
    """A run as the window sees it: a growing record, a finished trajectory, or both."""

    id: int
    settings: RunSettings
    status: Status
    record: Record | None = None
    trajectory: Trajectory | None = None
    message: str = ""
    pinned: bool = False
    path: str = ""
    came_with: str = ""  # a file of the session beside which its data and network may lie, in place of `path`
    seconds: float = 0.0  # the whole run
    evaluating: float = 0.0  # of it in the denoiser
    source: DataOpened | None = None  # the reference data it was made with, as the engine names them, if they are open
    linked: bool = False  # the engine can answer requests about it
    caption: str = ""  # what is missing, for example
    latents: str = ""  # the kind of `geomodel.latents` that its samples are; empty for points and images
    wanted: Wanted | None = None  # what is missing and can be located
    asked: Asked = NO_CLASS  # its class, by name

    @property
    def compared(self) -> bool:
        """Whether D* of its data can be set beside it: they are open, and have its class."""
        return self.source is not None and self.asked.data is not None

    @property
    def sigmas(self) -> Array:
        """All noise levels of the schedule, computed or not."""
        source = self.record or self.trajectory
        return source.sigmas if source is not None else np.zeros(0)

    @property
    def committed(self) -> int:
        """How many levels may be read."""
        if self.trajectory is not None:
            return len(self.trajectory.sigmas)
        return self.record.committed if self.record is not None else 0

    @property
    def x(self) -> Array:
        """(levels, B, *shape); read only the first `committed` levels."""
        source = self.trajectory or self.record
        assert source is not None
        return source.x

    @property
    def denoised(self) -> Array:
        """(levels - 1, B, *shape); read only the first `committed` - 1 levels."""
        source = self.trajectory or self.record
        assert source is not None
        return source.denoised

    @property
    def center(self) -> Array:
        """The point from which norms are measured, (*shape): see `geomodel.run_start.center`."""
        if self.trajectory is not None:
            return center_of(self.trajectory)
        assert self.record is not None
        return self.record.center

    @property
    def extras(self) -> dict[str, Array]:
        """What was measured along the way."""
        source = self.trajectory or self.record
        return {} if source is None else source.extras

    def spent(self, level: int) -> int:
        """The evaluations up to a level. If each sample has a count of its own, it is the largest."""
        source = self.trajectory or self.record
        assert source is not None
        return int(np.max(source.evaluations_at[level]))

    @property
    def details(self) -> list[StepDetail]:
        """The insides of the steps; empty for a run from a file."""
        return self.record.details if self.record is not None else []

    @property
    def data_fingerprint(self) -> str:
        """The fingerprint of the data that a saved run names; empty if it names none."""
        named = None if self.trajectory is None else self.trajectory.settings.get("data")
        return str(named.get("fingerprint", "")) if isinstance(named, dict) else ""

    @property
    def complete(self) -> bool:
        """Whether every level of the schedule is computed."""
        return self.status in ("complete", "recorded")


@dataclass(frozen=True, slots=True)
class Selection:
    """The run, sample and level that every view follows."""

    run_id: int = -1
    sample: int = 0
    index: int = 0


class AppState(QObject):
    """The only mutable state of the window. The names of the signals say what has happened."""

    draft_changed = Signal()
    errors_changed = Signal()
    data_changed = Signal()
    network_changed = Signal()
    runs_changed = Signal()
    run_grew = Signal(int)
    selection_changed = Signal()
    plane_options_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.draft = RunSettings()
        self.errors: dict[str, str] = {}
        self.data: DataOpened | None = None
        self.network: NetworkOpened | None = None
        self.networks: dict[str, NetworkOpened] = {}
        self.runs: dict[int, Run] = {}
        self.selection = Selection()
        self.plane_options = PlaneOptions()
        self._undo: list[RunSettings] = []
        self._redo: list[RunSettings] = []
        self._last_id = 0

    def next_id(self) -> int:
        """An id that no run has had."""
        self._last_id += 1
        return self._last_id

    @property
    def run(self) -> Run | None:
        """The selected run."""
        return self.runs.get(self.selection.run_id)

    def set_draft(self, draft: RunSettings, *, undoable: bool = True) -> None:
        """Replace the draft. An undoable change can be undone."""
        if draft == self.draft:
            return
        if undoable:
            self._undo = [*self._undo, self.draft][-UNDO_DEPTH:]
            self._redo = []
        self.draft = draft
        self.draft_changed.emit()

    def forget_changes(self) -> None:
        """Another draft has come, whose changes are not those that could be taken back."""
        self._undo, self._redo = [], []
        self.draft_changed.emit()

    @property
    def undo_leads_to(self) -> RunSettings | None:
        """The draft that an undo brings back; None where there is nothing to take back."""
        return self._undo[-1] if self._undo else None

    @property
    def redo_leads_to(self) -> RunSettings | None:
        """The draft that a redo brings again; None where nothing was taken back."""
        return self._redo[-1] if self._redo else None

    def undo(self) -> bool:
        """The draft before the last change."""
        return self._swap(self._undo, self._redo)

    def redo(self) -> bool:
        """The draft before the last undo."""
        return self._swap(self._redo, self._undo)

    def _swap(self, source: list[RunSettings], target: list[RunSettings]) -> bool:
        if not source:
            return False
        target.append(self.draft)
        self.draft = source.pop()
        self.draft_changed.emit()
        return True

    def classes(self, settings: RunSettings) -> Classes:
        """The classes that the label of settings counts, as far as data and networks are open."""
        data, network = self.data, self.networks.get(settings.network)
        return of_driver(settings, data.dataset if data else None, network.info if network else None)

    def class_name(self, settings: RunSettings) -> str:
        """What the class of settings is called; empty where they ask for none."""
        return "" if settings.label < 0 else self.classes(settings).name(settings.label)

    def set_errors(self, errors: dict[str, str]) -> None:
        """What is wrong with the draft, by field."""
        if errors != self.errors:
            self.errors = errors
            self.errors_changed.emit()

    def announce(self, run: Run) -> None:
        """Tell everybody that a run is another now."""
        self.run_grew.emit(run.id)
        self.runs_changed.emit()

    def select(self, *, run_id: int | None = None, sample: int | None = None, index: int | None = None) -> None:
        """Move the selection. Values are limited to what is computed.

        Another run is shown at the level nearest to the σ that was shown, unless an index is given.
        """
        old = self.selection
        run = self.runs.get(old.run_id if run_id is None else run_id)
        if run is None or run.committed == 0:
            return
        if index is None:
            index = old.index if run.id == old.run_id else self.level_in(run)
        new = Selection(
            run.id,
            min(max(old.sample if sample is None else sample, 0), run.x.shape[1] - 1),
            min(max(index, 0), run.committed - 1),
        )
        if new != old:
            self.selection = new
            self.selection_changed.emit()

    @contextmanager
    def at_level(self, index: int) -> Iterator[None]:
        """In the block the playhead is said to stand on another level. Nobody is told, so nothing in the window moves,
        and pictures that are made in the block are those of that level.
        """
        shown = self.selection
        self.selection = replace(shown, index=index)
        try:
            yield
        finally:
            self.selection = shown

    def level_in(self, run: Run) -> int:
        """The level of a run that is nearest in log σ to the one that is shown; 0 where nothing is shown."""
        shown = self.run
        return 0 if shown is None else nearest_level(run.sigmas, float(shown.sigmas[self.selection.index]))

    def set_plane_options(self, options: PlaneOptions) -> None:
        """Change the plane's options."""
        if options != self.plane_options:
            self.plane_options = options
            self.plane_options_changed.emit()

    def set_data(self, data: DataOpened) -> None:
        """Reference data are open. Runs from files that were made with them show them from now on."""
        self.data = data
        for run in self.runs.values():
            same = run.data_fingerprint == data.dataset.fingerprint and run.x.shape[2:] == tuple(data.dataset.shape)
            if run.source is None and same:
                run.source = data

    def add_run(self, run: Run) -> None:
        """A new run in the list."""
        self.runs[run.id] = run
        self.runs_changed.emit()

    def remove_run(self, run_id: int) -> None:
        """A run leaves the list."""
        if self.runs.pop(run_id, None) is None:
            return
        if self.selection.run_id == run_id:
            self.selection = Selection()
            newest = next((run for run in reversed(self.runs.values()) if run.committed), None)
            if newest is not None:
                self.select(run_id=newest.id, sample=0, index=0)
            else:
                self.selection_changed.emit()
        self.runs_changed.emit()
