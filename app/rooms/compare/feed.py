"""Feeds the compare room: keeps its lanes, requests the race, and shows the results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Cancel, DataOpened
from app.export import formats
from app.rooms.compare.messages import Raced, RaceTask
from app.rooms.compare.pictures import ComparePicture, LanePicture
from app.rooms.compare.view import CompareView
from app.rooms.contract import Handlers, Services
from app.session.facts import DRIVER_NAMES
from app.session.lanes import Lane
from app.shell.file_dialogs import SAVE
from app.widgets.sight import seen
from geomodel import images, presets, scripts, solvers
from geomodel.experiments import Comparison
from geomodel.files import write_error
from geomodel.origin import MadeOf
from geomodel.projection import Basis, identity_basis
from geomodel.settings import RunSettings

COPY = "copying"  # the cause of errors about code
DRAFT = "draft"  # the cause of errors about a draft without levels
EMPTY = "Add solvers to compare or pin runs, then press Race. All lanes start from the same noise."


class CompareRoom(QObject):
    """Races the lanes from the draft's noise and follows their progress."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._state, self._player, self._lanes = services.state, services.player, services.lanes
        self.view = CompareView(services.theme)
        self.comparison: Comparison | None = None
        self._raced: tuple[Lane, ...] = ()
        self._base: RunSettings | None = None  # the settings from which the comparison started
        self._over: DataOpened | None = None  # the data of the comparison
        self._made_of = MadeOf()
        self._task: RaceTask | None = None
        self._reference = 1.0
        self._message = ""
        self.view.set_presets(menu())
        self.view.race_wanted.connect(self.race)
        self.view.cancel_wanted.connect(self.cancel)
        self.view.add_wanted.connect(self.add_current)
        self.view.preset_wanted.connect(self.add_preset)
        self.view.remove_wanted.connect(self._lanes.remove)
        self.view.save_wanted.connect(self._save)
        self._lanes.changed.connect(self.refresh)
        self._state.selection_changed.connect(self._selected)
        self._player.task_event.connect(self._happened)
        self.refresh()

    def handlers(self) -> Handlers:
        """F6 races and Ctrl+F6 adds a lane, which bring the view to the front. The last race is copied as code."""
        return {"race": self._race_in_sight, "add_lane": self._add_in_sight, "copy_race": self._copy}

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.task_event.disconnect(self._happened)
        self.view.release()

    # ------------------------------------------------------------ lanes

    def add_current(self) -> None:
        """The draft's sampler as a lane."""
        if self._drafted():
            self._lanes.add(self._player.drafting.filled())

    def add_preset(self, choice: str) -> None:
        """A lane for a line of `menu`: a preset, or a solver at the draft's steps and levels."""
        if not self._drafted():
            return
        draft, (kind, name) = self._player.drafting.filled(), choice.split()
        if kind == "solver":
            self._lanes.add(replace(draft, solver=name, options={}))
        else:
            self._lanes.add(replace(draft, levels=(), **presets.row(name).changes))

    def _drafted(self) -> bool:
        """Whether the draft has levels. Of what is half typed, the person is told why it has none."""
        found = self._player.drafting.levels()
        if isinstance(found, dict):
            self._services.say(next(iter(found.values())), True, DRAFT)
            return False
        self._services.settle(DRAFT)
        return True

    def _add_in_sight(self) -> None:
        self._services.bring_forward("compare")
        self.add_current()

    # ------------------------------------------------------------ racing

    def _race_in_sight(self) -> None:
        self._services.bring_forward("compare")
        if not self._lanes.lanes:
            self.add_current()
        self.race()

    def race(self) -> None:
        """Run every lane from the draft's noise."""
        if self._task is not None or not self._lanes.lanes or not self._player.drafting.check():
            return
        base = self._player.drafting.filled()
        self._raced, self._base, self._message = tuple(self._lanes.lanes), base, ""
        self.comparison = self._over = None
        self._reference = 0.0
        for lane in self._raced:
            lane.result, lane.fraction = None, 0.0
        lanes = tuple((lane.name, lane.settings) for lane in self._raced)
        self._task = RaceTask(self._state.next_id(), base, lanes)
        self._player.begin(self._task, "racing")
        self.refresh()

    def cancel(self) -> None:
        """Stop the race."""
        if self._task is not None:
            self._player.submit(Cancel(self._task.task_id))

    def _happened(self, event: TaskProgress | TaskEnded) -> None:
        match event:
            case TaskProgress() if self._task is not None and event.task_id == self._task.task_id:
                if event.part < 0:
                    self._reference = event.fraction
                else:
                    self._reference = 1.0
                    self._raced[event.part].fraction = event.fraction
            case TaskEnded() if event.task is self._task:
                self._end(event)
            case _:
                return
        self.refresh()

    def _end(self, event: TaskEnded) -> None:
        self._task, self._reference = None, 1.0
        self._message = event.message
        if isinstance(event.result, Raced):
            self.comparison, self._over = event.result.comparison, event.result.data
            self._made_of = event.result.made_of
            for lane, result in zip(self._raced, self.comparison.lanes, strict=True):
                lane.result = result
        elif not event.message:
            self._message = "The race was cancelled."

    # ------------------------------------------------------------ the table as a file

    def _save(self) -> None:
        if self.comparison is None:
            self._services.say("There is no finished race to save; press Race (F6) first.", True, SAVE)
            return
        self._services.ask_save("race", "race", self._write)

    def _write(self, path: str) -> None:
        assert self.comparison is not None
        try:
            formats.row("race").write(self.comparison, path)
        except OSError as error:
            self._services.say(write_error(path, error), True, SAVE)
        else:
            self._services.settle(SAVE)
            self._services.say(f"Saved {path}.")

    def _copy(self) -> None:
        if self.comparison is None or self._base is None:
            self._services.say("There is no finished race to copy; press Race (F6) first.", True, COPY)
            return
        lanes = [(lane.name, lane.settings) for lane in self._raced]
        try:
            script = scripts.race(self._base, lanes, self._made_of.network, self._made_of.computed)
        except ValueError as error:
            self._services.say(str(error), True, COPY)
            return
        QGuiApplication.clipboard().setText(script)
        self._services.say("Copied as Python: a script that runs this race again.", cause=COPY)

    # ------------------------------------------------------------ showing

    def _selected(self) -> None:
        if self.comparison is not None:
            self.refresh()

    def refresh(self) -> None:
        """Show the present state."""
        if seen(self.view):
            self.view.display(self.picture())

    def picture(self) -> ComparePicture:
        """The compare view's picture."""
        if not self._lanes.lanes:
            return ComparePicture(message=self._message or EMPTY)
        found, over, k = self.comparison, self._over, 0
        if found is not None:
            k = min(self._state.selection.sample, found.reference.shape[1] - 1)
        shown = found is not None and found.reference.ndim == 5 and found.reference.shape[2] in (1, 3)
        scale = self._difference_scale(k) if shown else 0.0
        basis = self._plane()
        return ComparePicture(
            lanes=tuple(self._lane(lane, k, basis, scale) for lane in self._lanes.lanes),
            running=self._task is not None,
            caption=self._caption(),
            reference="DOP853, tolerance 10⁻¹⁰ (networks 10⁻⁶)",
            reference_fraction=self._reference,
            reference_sampling=None if found is None or basis is None else basis.project(found.reference[:, k]),
            reference_image=images.pixels(found.reference[-1, k][None])[0] if shown and found is not None else None,
            reference_sigmas=None if found is None else found.sigmas,
            data=None if found is None or over is None else over.plane_points,
            scale=1.0 if over is None else over.dataset.std,
            center=(0.0, 0.0) if over is None else tuple(over.plane_points.mean(axis=0).tolist()),
            difference_scale=scale,
            sample=k,
            message=self._message,
        )

    def _plane(self) -> Basis | None:
        if self._over is not None:
            basis: Basis = self._over.plane
            return basis
        found = self.comparison
        return identity_basis(2) if found is not None and found.reference.shape[2:] == (2,) else None

    def _difference_scale(self, k: int) -> float:
        """The largest difference between the end of any lane and the reference."""
        assert self.comparison is not None
        end = self.comparison.reference[-1, k]
        results = [lane.result for lane in self._lanes.lanes if lane.result is not None]
        return max((float(np.abs(result.trajectory.x[-1, k] - end).max()) for result in results), default=0.0) or 1.0

    def _lane(self, lane: Lane, k: int, basis: Basis | None, scale: float) -> LanePicture:
        result = lane.result
        if result is None:
            running = self._task is not None and lane in self._raced
            fraction = lane.fraction
            return LanePicture(
                name=lane.name,
                hue=lane.hue,
                state="running" if running and 0 < fraction < 1 else "waiting",
                fraction=fraction if running else 0.0,
            )
        run = result.trajectory
        image = difference = None
        if scale and self.comparison is not None:
            end, exact = run.x[-1, k], self.comparison.reference[-1, k]
            image, difference = images.pixels(np.stack([end, (end - exact) / scale]))
        return LanePicture(
            name=lane.name,
            hue=lane.hue,
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


def menu() -> tuple[tuple[str, str, str], ...]:
    """What one click can add: (id, title, tooltip)."""
    named = [(f"preset {item.name}", item.title, item.help) for item in presets.PRESETS if not item.design]
    return (*named, *((f"solver {row.name}", row.title, row.formula) for row in solvers.SOLVERS))
