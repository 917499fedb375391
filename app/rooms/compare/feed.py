"""The race: lanes that start from the same noise, what is asked of the engine, what the compare view shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.engine.messages import Array, Cancel
from app.rooms.compare.messages import RaceEnded, RaceProgress, StartRace
from app.rooms.compare.pictures import ComparePicture, LanePicture
from app.session.facts import DRIVER_NAMES, run_basis
from app.session.player import Player
from app.session.state import AppState
from app.shell.layout import seen
from geomodel import images, presets, schedules, solvers
from geomodel.experiments import Comparison, LaneResult
from geomodel.projection import identity_basis
from geomodel.settings import CUSTOM, RunSettings

EMPTY = "Add solvers to compare (or pin runs), then press Race: all start from the same noise."


@dataclass(eq=False, slots=True)
class Entry:
    """One lane of the list; `run_id` where it came with a pinned run."""

    name: str
    settings: RunSettings
    hue: int
    run_id: int | None = None
    fraction: float = 0.0
    result: LaneResult | None = None


class Race(QObject):
    """Feeds the compare view."""

    save_wanted = Signal()
    lanes_changed = Signal()

    def __init__(self, state: AppState, player: Player, view: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._player, self.view = state, player, view
        self.entries: list[Entry] = []
        self.comparison: Comparison | None = None
        self._raced: tuple[Entry, ...] = ()
        self._base: RunSettings | None = None  # what the comparison started from
        self._basis: Any = None
        self._data: Array | None = None
        self._scale = 1.0
        self._task: int | None = None
        self._reference = 1.0
        self._message = ""
        self._hues = 0
        view.set_presets(menu())
        view.race_wanted.connect(self.race)
        view.cancel_wanted.connect(self.cancel)
        view.add_wanted.connect(self.add_current)
        view.preset_wanted.connect(self.add_preset)
        view.remove_wanted.connect(self.remove)
        view.save_wanted.connect(self.save_wanted)
        state.runs_changed.connect(self._follow_pins)
        state.selection_changed.connect(self._selected)
        player.room_event.connect(self._happened)
        self.show()

    # ------------------------------------------------------------ lanes

    def add_current(self) -> None:
        """The draft's sampler as a lane."""
        self._add(self._player.drafting.filled())

    def add_preset(self, choice: str) -> None:
        """A preset, or a solver at the draft's steps and levels: a line of `menu`."""
        draft, (kind, name) = self._player.drafting.filled(), choice.split()
        if kind == "solver":
            self._add(replace(draft, solver=name, options={}))
        else:
            self._add(replace(draft, levels=(), **presets.row(name).changes))

    def remove(self, index: int) -> None:
        """Take a lane from the list; a run that it came with is no longer pinned."""
        entry = self.entries.pop(index)
        run = self._state.runs.get(entry.run_id) if entry.run_id is not None else None
        if run is not None:
            run.pinned = False
            self._state.runs_changed.emit()
        self._lanes_changed()

    def _add(self, settings: RunSettings, run_id: int | None = None) -> None:
        name = lane_name(settings)
        taken = {entry.name for entry in self.entries}
        unique = next(text for n in range(1, 1000) if (text := name if n == 1 else f"{name} ({n})") not in taken)
        self.entries.append(Entry(unique, settings, self._hues, run_id))
        self._hues += 1
        self._lanes_changed()

    def _follow_pins(self) -> None:
        pinned = {run.id: run for run in self._state.runs.values() if run.pinned and run.trajectory is not None}
        known = {entry.run_id for entry in self.entries}
        self.entries = [entry for entry in self.entries if entry.run_id is None or entry.run_id in pinned]
        for run in pinned.values():
            if run.id not in known:
                self._add(run.settings, run.id)
        self._lanes_changed()

    def _lanes_changed(self) -> None:
        self.show()
        self.lanes_changed.emit()

    # ------------------------------------------------------------ racing

    def race(self) -> None:
        """Run every lane from the draft's noise."""
        if self._task is not None or not self.entries or not self._player.drafting.check():
            return
        base, data, run = self._player.drafting.filled(), self._state.data, self._state.run
        self._task = self._state.next_id()
        self._raced, self._base, self.comparison, self._message = tuple(self.entries), base, None, ""
        self._basis = data.plane if data is not None else (run_basis(run) if run is not None else None)
        self._data = None if data is None else data.plane_points
        self._scale = 1.0 if data is None else data.dataset.std
        self._reference = 0.0
        for entry in self.entries:
            entry.result, entry.fraction = None, 0.0
        lanes = tuple((entry.name, entry.settings) for entry in self._raced)
        self._player.begin_task(self._task, "racing")
        self._player.submit(StartRace(self._task, base, lanes))
        self.show()

    def cancel(self) -> None:
        """Stop the race."""
        if self._task is not None:
            self._player.submit(Cancel(self._task))

    def _happened(self, event: Any) -> None:
        match event:
            case RaceProgress() if event.race_id == self._task:
                if event.lane < 0:
                    self._reference = event.fraction
                else:
                    self._reference = 1.0
                    self._raced[event.lane].fraction = event.fraction
            case RaceEnded() if event.race_id == self._task:
                self._player.end_task(event.race_id)
                self._task, self._reference = None, 1.0
                self.comparison = event.comparison
                self._message = event.message or ("" if event.comparison else "The race was cancelled.")
                if event.comparison is not None:
                    for entry, result in zip(self._raced, event.comparison.lanes, strict=True):
                        entry.result = result
            case _:
                return
        self.show()

    # ------------------------------------------------------------ showing

    def _selected(self) -> None:
        if self.comparison is not None:
            self.show()

    def show(self) -> None:
        """What is known, on the view."""
        if seen(self.view):
            self.view.display(self.picture())

    def picture(self) -> ComparePicture:
        """The compare view's picture."""
        if not self.entries:
            return ComparePicture(message=self._message or EMPTY)
        found, k = self.comparison, 0
        if found is not None:
            k = min(self._state.selection.sample, found.reference.shape[1] - 1)
        shown = found is not None and found.reference.ndim == 5 and found.reference.shape[2] in (1, 3)
        scale = self._difference_scale(k) if shown else 0.0
        basis = self._plane()
        return ComparePicture(
            lanes=tuple(self._lane(entry, k, basis, scale) for entry in self.entries),
            running=self._task is not None,
            caption=self._caption(),
            reference="DOP853, tolerance 10⁻¹⁰ (networks 10⁻⁶)",
            reference_fraction=self._reference,
            reference_sampling=None if found is None or basis is None else basis.project(found.reference[:, k]),
            reference_image=images.pixels(found.reference[-1, k][None])[0] if shown and found is not None else None,
            reference_sigmas=None if found is None else found.sigmas,
            data=self._data if found is not None else None,
            scale=self._scale,
            difference_scale=scale,
            sample=k,
            message=self._message,
        )

    def _plane(self) -> Any:
        if self.comparison is None or self._basis is not None:
            return self._basis
        return identity_basis(2) if prod(self.comparison.reference.shape[2:]) == 2 else None

    def _difference_scale(self, k: int) -> float:
        """The largest difference of any lane's end to the reference."""
        assert self.comparison is not None
        end = self.comparison.reference[-1, k]
        results = [entry.result for entry in self.entries if entry.result is not None]
        return max((float(np.abs(result.trajectory.x[-1, k] - end).max()) for result in results), default=0.0) or 1.0

    def _lane(self, entry: Entry, k: int, basis: Any, scale: float) -> LanePicture:
        result = entry.result
        if result is None:
            running = self._task is not None and entry in self._raced
            fraction = entry.fraction
            return LanePicture(
                name=entry.name,
                hue=entry.hue,
                state="running" if running and 0 < fraction < 1 else "waiting",
                fraction=fraction if running else 0.0,
            )
        run = result.trajectory
        image = difference = None
        if scale and self.comparison is not None:
            end, exact = run.x[-1, k], self.comparison.reference[-1, k]
            image, difference = images.pixels(np.stack([end, (end - exact) / scale]))
        return LanePicture(
            name=entry.name,
            hue=entry.hue,
            state="done",
            fraction=1.0,
            evaluations=int(np.max(result.evaluations)),
            seconds=result.seconds,
            sigmas=run.sigmas,
            evaluations_at=run.evaluations_at.reshape(len(run.sigmas), -1).max(axis=1),
            errors=result.errors,
            sampling=None if basis is None else basis.project(run.x[:, k]),
            denoising=None if basis is None else basis.project(run.denoised[:, k]),
            image=image,
            difference=difference,
        )

    def _caption(self) -> str:
        base = self._base or self._player.drafting.filled()
        return f"{DRIVER_NAMES[base.driver]} · {Path(base.data).name} · {base.count} samples from seed {base.seed}"


def lane_name(settings: RunSettings) -> str:
    """Solver, options and levels in a few words."""
    row = solvers.row(settings.solver)
    defaults = {option.name: option.default for option in row.options}
    own = [f"{name} {value}" for name, value in settings.options.items() if value != defaults.get(name)]
    schedule = "own levels" if settings.schedule == CUSTOM else schedules.row(settings.schedule).title
    zero = " to 0" if settings.final_zero else ""
    return ", ".join([row.title, *own, f"{settings.steps} steps{zero}", schedule])


def menu() -> tuple[tuple[str, str, str], ...]:
    """What can be added with one click: (id, title, tooltip)."""
    named = [(f"preset {item.name}", item.title, item.help) for item in presets.PRESETS if not item.design]
    return (*named, *((f"solver {row.name}", row.title, row.formula) for row in solvers.SOLVERS))
