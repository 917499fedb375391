"""Feeds the compare room: keeps its lanes, requests the race, and shows the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Cancel, DataOpened
from app.export import formats
from app.rooms.code import code_handlers
from app.rooms.compare.edits_feed import DRAFT, LaneEdits
from app.rooms.compare.messages import Raced, RaceTask
from app.rooms.compare.picture import difference_scale, done, waiting
from app.rooms.compare.pictures import ComparePicture, LanePicture
from app.rooms.compare.sweep_feed import NOTHING, Sweeping
from app.rooms.compare.view import CompareView
from app.rooms.contract import Handlers, Services
from app.session.facts import DRIVER_NAMES
from app.session.lane import Lane
from app.shell.file_dialogs import SAVE
from app.widgets.sight import seen
from geomodel import images, presets, solvers
from geomodel.experiments import Comparison, Sweep
from geomodel.experiments.sweep import spread
from geomodel.files import write_error
from geomodel.origin import MadeOf
from geomodel.projection import Basis, identity_basis
from geomodel.settings import RunSettings

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
        self.sweeping = Sweeping(services.state, services.player, self)
        self.edits = LaneEdits(services, self.view, self.sweeping)
        self.view.set_presets(menu())
        self.view.race_wanted.connect(self.race)
        self.view.cancel_wanted.connect(self.cancel)
        self.view.add_wanted.connect(self.add_current)
        self.view.preset_wanted.connect(self.add_preset)
        self.view.remove_wanted.connect(self._lanes.remove)
        self.view.save_wanted.connect(self._save)
        self.view.use_wanted.connect(self.edits.use)
        self.view.cell_edited.connect(self.edits.edit)
        self.view.solver_wanted.connect(self.edits.change_solver)
        self.view.equal_race_wanted.connect(self.race_equal)
        self.view.sweep_wanted.connect(self.sweep)
        for shown in (self.view.plot_chosen, self.view.costs_wanted, self.sweeping.changed):
            shown.connect(self.refresh)
        self._state.draft_changed.connect(self._costs_changed)
        self._lanes.changed.connect(self.refresh)
        self._state.selection_changed.connect(self._selected)
        self._player.task_event.connect(self._happened)
        self.refresh()

    def handlers(self) -> Handlers:
        """F6 races and Ctrl+F6 adds a lane; Shift+F6 opens the panel of equal evaluations and Ctrl+Shift+F6 sweeps its
        solvers. All bring the view to the front. The last race and the last sweep are copied as code.
        """
        return {
            "race": self._race_in_sight,
            "add_lane": self._add_in_sight,
            "equal": self._equal_in_sight,
            "sweep": self._sweep_in_sight,
            "use_lane": self._use_in_sight,
            **code_handlers(self._services.say, "race", "it runs this race again", self._race_code),
            **code_handlers(self._services.say, "sweep", "it sweeps again", self.sweeping.code),
        }

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.task_event.disconnect(self._happened)
        self.sweeping.release()
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

    def _use_in_sight(self) -> None:
        self._services.bring_forward("compare")
        self.refresh()  # a table out of sight has the rows of the time when it was last seen
        self.edits.use_chosen()

    # ------------------------------------------------------------ equal evaluations

    def _equal_in_sight(self) -> None:
        self._services.bring_forward("compare")
        self.view.open_equal().at.setFocus()

    def _sweep_in_sight(self) -> None:
        self._services.bring_forward("compare")
        self.view.open_equal().start_sweep()

    def race_equal(self, names: Sequence[str], evaluations: int) -> None:
        """Race solvers that get as many steps as so many evaluations buy."""
        if not self._busy and self._drafted():
            self.view.fold_equal()
            missing = self.edits.add_equal(names, evaluations)
            self.race()
            if missing:
                self._services.say(missing, True, DRAFT)

    def sweep(self, names: Sequence[str], first: int, last: int) -> None:
        """Sweep solvers over numbers of evaluations from the draft's noise."""
        if self._busy or not self._player.drafting.check():
            return
        solvers = tuple((name, dict(self.edits.sampler(name).options)) for name in names)
        self.view.fold_equal()
        self.view.plot("sweep")
        self.sweeping.begin(self._player.drafting.filled(), solvers, spread(first, last))

    @property
    def _busy(self) -> bool:
        return self._task is not None or self.sweeping.running

    def _costs_changed(self) -> None:
        if self.view.equal is not None:
            self.refresh()

    # ------------------------------------------------------------ racing

    def _race_in_sight(self) -> None:
        self._services.bring_forward("compare")
        if not self._lanes.lanes:
            self.add_current()
        self.race()

    def race(self) -> None:
        """Run every lane from the draft's noise."""
        if self._busy or not self._lanes.lanes or not self._player.drafting.check():
            return
        base = self._player.drafting.filled()
        self._raced, self._base, self._message = tuple(self._lanes.lanes), base, ""
        self.comparison = self._over = None
        self._reference = 0.0
        for lane in self._raced:
            lane.result, lane.fraction, lane.failure = None, 0.0, ""
        lanes = tuple((lane.name, lane.settings) for lane in self._raced)
        self._task = RaceTask(self._state.next_id(), base, lanes)
        self._player.begin(self._task, "racing")
        if self.view.plotted == "sweep":
            self.view.plot("sigma")
        self.refresh()

    def cancel(self) -> None:
        """Stop the race or the sweep."""
        self.sweeping.cancel()
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
            results = {result.lane.name: result for result in self.comparison.lanes}
            for lane in self._raced:
                lane.result, lane.failure = results.get(lane.name), self.comparison.failures.get(lane.name, "")
        elif not event.message:
            self._message = "The race was cancelled."

    # ------------------------------------------------------------ the table as a file

    def _save(self) -> None:
        name = "sweep" if self.view.plotted == "sweep" else "race"
        if self._table(name) is None:
            missing = NOTHING if name == "sweep" else "There is no finished race to save; press Race (F6) first."
            self._services.say(missing, True, SAVE)
            return
        self._services.ask_save(name, name, partial(self._write, name))

    def _table(self, name: str) -> Comparison | Sweep | None:
        return self.sweeping.sweep if name == "sweep" else self.comparison

    def _write(self, name: str, path: str) -> None:
        try:
            formats.row(name).write(self._table(name), path)
        except OSError as error:
            self._services.say(write_error(path, error), True, SAVE)
        else:
            self._services.settle(SAVE)
            self._services.say(f"Saved {path}.")

    def _race_code(self, writers: ModuleType) -> str:
        if self.comparison is None or self._base is None:
            raise ValueError("There is no finished race to copy; press Race (F6) first.")
        lanes = [(lane.name, lane.settings) for lane in self._raced if lane.name not in self.comparison.failures]
        code: str = writers.race(self._base, lanes, self._made_of.network, self._made_of.computed)
        return code

    # ------------------------------------------------------------ showing

    def _selected(self) -> None:
        """Another sample. The playhead, which moves sixty times a second, changes nothing here."""
        if self.comparison is not None and self._sample(self.comparison) != self.view.picture.sample:
            self.refresh()

    def _sample(self, found: Comparison) -> int:
        return min(self._state.selection.sample, int(found.reference.shape[1]) - 1)

    def refresh(self) -> None:
        """Show the present state."""
        if seen(self.view):
            self.view.display(self.picture())

    def picture(self) -> ComparePicture:
        """The compare view's picture."""
        swept, is_sweep = self.sweeping.lanes(), self.view.plotted == "sweep"
        message = self.sweeping.message if is_sweep else self._message
        if not self._lanes.lanes and not swept:
            return ComparePicture(message=message or EMPTY, costs=self.edits.costs())
        found, over = self.comparison, self._over
        k = 0 if found is None else self._sample(found)
        shown = found is not None and found.reference.ndim == 5 and found.reference.shape[2] in (1, 3)
        scale = difference_scale(found, self._lanes.lanes, k) if shown and found is not None else 0.0
        basis = self._plane()
        return ComparePicture(
            lanes=tuple(self._lane(lane, k, basis, scale) for lane in self._lanes.lanes),
            running=self._busy,
            caption=self._caption(),
            reference="DOP853, tolerance 10⁻¹⁰ (networks 10⁻⁶)",
            reference_fraction=self.sweeping.reference if is_sweep else self._reference,
            reference_sampling=None if found is None or basis is None else basis.project(found.reference[:, k]),
            reference_image=images.pixels(found.reference[-1, k][None])[0] if shown and found is not None else None,
            reference_sigmas=None if found is None else found.sigmas,
            data=None if found is None or over is None else over.plane_points,
            scale=1.0 if over is None else over.dataset.std,
            center=(0.0, 0.0) if over is None else tuple(over.plane_points.mean(axis=0).tolist()),
            difference_scale=scale,
            sample=k,
            message=message,
            swept=swept,
            costs=self.edits.costs(),
        )

    def _plane(self) -> Basis | None:
        if self._over is not None:
            basis: Basis = self._over.plane
            return basis
        found = self.comparison
        return identity_basis(2) if found is not None and found.reference.shape[2:] == (2,) else None

    def _lane(self, lane: Lane, k: int, basis: Basis | None, scale: float) -> LanePicture:
        if lane.result is None or self.comparison is None:
            return waiting(lane, running=self._task is not None and lane in self._raced)
        return done(lane, lane.result, self.comparison.reference[-1], k, basis, scale)

    def _caption(self) -> str:
        of = self.sweeping.of if self.view.plotted == "sweep" else None
        base = of.settings if of is not None else self._base or self._player.drafting.filled()
        return f"{DRIVER_NAMES[base.driver]} · {Path(base.data).name} · {base.count} samples from seed {base.seed}"


def menu() -> tuple[tuple[str, str, str], ...]:
    """What one click can add: (id, title, tooltip)."""
    named = [(f"preset {item.name}", item.title, item.help) for item in presets.PRESETS if not item.design]
    return (*named, *((f"solver {row.name}", row.title, row.formula) for row in solvers.SOLVERS))
