"""Feeds the schedule room: a person drags knots, designs schedules, and saves and loads lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Cancel
from app.export import formats
from app.rooms.code import code_handlers
from app.rooms.contract import Handlers, Services
from app.rooms.schedule.messages import Design, Designed, DesignTask, EndErrorTask
from app.rooms.schedule.pictures import CostPicture, SchedulePicture, ScheduleRow
from app.rooms.schedule.view import ScheduleView
from app.shell.file_dialogs import SAVE
from app.widgets.sight import seen
from geomodel import knots, presets, runs, schedules, solvers
from geomodel.arrays import Array
from geomodel.draft_levels import Problems, levels_or_problems
from geomodel.files import write_error
from geomodel.origin import MadeOf
from geomodel.settings import CUSTOM, RunSettings

LISTS = "Noise levels (*.txt)"
MOST_BYTES = 1 << 20  # characters of a list of levels


class ScheduleRoom(QObject):
    """Edits the draft's noise levels and requests where a run over them would end."""

    said = Signal(str, bool)  # a sentence for the status bar, and whether it is an error

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._state, self._player, self._lanes = services.state, services.player, services.lanes
        self.view = view = ScheduleView(services.theme)
        self._task: DesignTask | None = None
        self._design = ""
        self._progress, self._searches = 0.0, False
        self._cost: CostPicture | None = None  # of the newest design
        self._made: tuple[DesignTask, MadeOf] | None = None  # and what it was made of
        self._then: dict[str, Any] = {}  # further settings of a designed preset
        self._asking: EndErrorTask | None = None  # the newest design
        self._answer: TaskEnded | None = None  # the newest end error
        self._before: float | None = None  # the median end error of the last schedule that came from a formula
        self._formula = RunSettings().schedule  # the name of that schedule
        view.levels_dragged.connect(self._dragged)
        view.levels_dropped.connect(self._dropped)
        view.design_wanted.connect(self._design_from_view)
        view.cancel_wanted.connect(self._cancel)
        view.copy_wanted.connect(self.copy)
        view.paste_wanted.connect(self.paste)
        view.save_wanted.connect(self._save)
        view.load_wanted.connect(self._load)
        view.reset_wanted.connect(self._reset)
        view.level_picked.connect(services.playback.go)
        state = self._state
        for fact in (state.draft_changed, state.selection_changed, state.data_changed, self._lanes.changed):
            fact.connect(self.refresh)
        self._player.task_event.connect(self._happened)
        self._player.drafting.design_wanted.connect(self.design_preset)
        self.said.connect(services.say)
        self.refresh()

    def handlers(self) -> Handlers:
        """The last design is copied as code; everything else stands in the view."""
        return code_handlers(self._services.say, "design", "it designs these levels again", self._code)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.task_event.disconnect(self._happened)
        self.view.release()

    # ------------------------------------------------------------ knots

    def _dragged(self, levels: Any) -> None:
        """While a knot moves, request at once where the run of a point set would end."""
        if self._player.drafting.is_toy:
            self._ask(runs.with_levels(self._player.drafting.filled(), levels))

    def _dropped(self, levels: Any, **more: Any) -> None:
        self.use(levels, **more)
        if not self._player.drafting.is_toy:
            self._ask(self._player.drafting.filled())

    def use(self, levels: Iterable[float], **more: Any) -> None:
        """Let the draft use these levels."""
        if self._state.draft.schedule != CUSTOM:
            self._formula = self._state.draft.schedule
        self._player.drafting.edit({**more, "schedule": CUSTOM, "levels": tuple(map(float, levels))})

    def _reset(self) -> None:
        self._cost = None
        defaults = {option.name: option.default for option in schedules.row(self._formula).options}
        self._player.drafting.edit({"schedule": self._formula, **defaults})

    def _ask(self, settings: RunSettings) -> None:
        older = self._asking
        if self._player.drafting.problems() or (older is not None and older.settings == settings):
            return
        self._asking = EndErrorTask(self._state.next_id(), settings)
        quick = self._player.drafting.is_toy
        if older is not None and not quick:
            self._player.forget_task(older.task_id)
        self._player.begin(self._asking, "" if quick else "end error")

    @property
    def answered_for(self) -> RunSettings | None:
        """The settings of the newest end error."""
        return None if self._answer is None else self._answer.task.settings

    # ------------------------------------------------------------ designs

    def design_preset(self, name: str) -> None:
        """Design the levels of a preset for the present model."""
        preset = presets.row(name)
        if not preset.design:
            return
        draft = replace(self._player.drafting.filled(), levels=(), **preset.changes)
        self._start(draft, preset.design, {"solver": draft.solver, "options": {}})

    def _design_from_view(self, kind: Design, options: dict[str, Any]) -> None:
        self._start(self._player.drafting.filled(), kind, {}, **options)

    def _start(self, settings: RunSettings, kind: Design, then: dict[str, Any], **options: Any) -> None:
        if self._task is not None or not self._player.drafting.check():
            return
        task = DesignTask(self._state.next_id(), settings, kind, **options)
        if task.for_solver:
            try:
                knots.check(settings.solver)
            except ValueError as error:
                self.said.emit(str(error), True)
                return
        self._progress, self._searches, self._then = 0.0, False, then
        self._task, self._design = task, design_title(task)
        self._player.begin(self._task, self._design)
        self.refresh()

    def _cancel(self) -> None:
        if self._task is not None:
            self._player.submit(Cancel(self._task.task_id))

    def _happened(self, event: TaskProgress | TaskEnded) -> None:
        match event:
            case TaskProgress() if self._task is not None and event.task_id == self._task.task_id:
                self._progress, self._searches = event.fraction, event.part > 0
            case TaskEnded() if event.task is self._task:
                self._designed(event)
            case TaskEnded() if event.task is self._asking:
                self._answer = event
                if event.result is not None and event.task.settings.schedule != CUSTOM:
                    self._before = float(np.median(np.asarray(event.result)))
            case _:
                return
        self.refresh()

    def _designed(self, event: TaskEnded) -> None:
        self._task = None
        if event.message:
            self.said.emit(event.message, True)
        if isinstance(event.result, Designed) and isinstance(event.task, DesignTask):
            self._made = event.task, event.result.made_of
            self._cost = cost_picture(self._design, event.result)
            self._dropped(event.result.levels, **self._then)

    def _code(self, writers: ModuleType) -> str:
        if self._made is None:
            raise ValueError("No levels have been designed yet; press GITS or TORS in the schedule view.")
        task, made = self._made
        code: str = writers.design(
            task.settings,
            task.kind,
            metric=task.metric,
            coeff=task.coeff,
            for_solver=task.for_solver and task.settings.solver != "euler",
            network=made.network,
            computed=made.computed,
        )
        return code

    # ------------------------------------------------------------ lists

    def copy(self) -> None:
        """Copy the draft's levels to the clipboard with every digit."""
        if (levels := self._levels()) is not None:
            QGuiApplication.clipboard().setText(", ".join(map(repr, levels)))
            self.said.emit("Noise levels copied.", False)

    def paste(self) -> None:
        """Take levels from the clipboard, with every digit."""
        self._take(QGuiApplication.clipboard().text(), "The clipboard")

    def _take(self, text: str, source: str) -> None:
        try:
            levels = schedules.custom(schedules.levels_from_text(text))
        except ValueError as error:
            self.said.emit(f"{source} is no schedule: {error}", True)
        else:
            self._cost = None
            self.use(levels.tolist())

    def _levels(self) -> list[float] | None:
        """The draft's levels. If there are none, the person is told why."""
        found = self._player.drafting.levels()
        if isinstance(found, dict):
            self.said.emit(no_schedule(found), True)
            return None
        levels: list[float] = found.tolist()
        return levels

    def _save(self) -> None:
        if self._levels() is not None:
            self._services.ask_save("levels", "levels", self._write)

    def _write(self, path: str) -> None:
        levels = self._levels()
        if levels is None:
            return
        try:
            formats.row("levels").write(levels, path)
        except OSError as error:
            self._services.say(write_error(path, error), True, SAVE)
        else:
            self._services.settle(SAVE)
            self._services.say(f"Saved {path}.")

    def _load(self) -> None:
        self._services.ask_open("Open noise levels", LISTS, "levels", self.read)

    def read(self, path: str) -> None:
        """Take levels from a text file, which may begin with a byte order mark."""
        try:
            with Path(path).open(encoding="utf-8") as file:
                text = file.read(MOST_BYTES + 1)
        except (OSError, UnicodeDecodeError):
            self.said.emit(f"{Path(path).name} cannot be read as text.", True)
            return
        if len(text) > MOST_BYTES:
            self.said.emit(f"{Path(path).name} is larger than a list of noise levels can be.", True)
        else:
            self._take(text, Path(path).name)

    # ------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Show the present state. For point sets, request where the draft ends."""
        if not seen(self.view):
            return
        if self._player.drafting.is_toy and self._player.device:
            self._ask(self._player.drafting.filled())
        self.view.display(self.picture())

    def picture(self) -> SchedulePicture:
        """The schedule view's picture."""
        levels = self._player.drafting.levels()
        draft, run = self._state.draft, self._state.run
        if isinstance(levels, dict):
            return SchedulePicture(message=no_schedule(levels))
        name = "Own levels" if draft.schedule == CUSTOM else schedules.row(draft.schedule).title
        rows = [ScheduleRow(name=f"{name} (draft)", sigmas=levels, hue=-1)]
        rows += [
            ScheduleRow(name=lane.name, sigmas=found, hue=lane.hue)
            for lane in self._lanes.lanes
            if not isinstance(found := levels_or_problems(lane.settings), dict)
        ]
        return SchedulePicture(
            rows=tuple(rows),
            editable=True,
            edited=draft.schedule == CUSTOM,
            cost=self._cost,
            working=self._working(),
            end_error=self._end_error(),
            error_of=self._errors(),
            index=self._state.selection.index if run is not None and np.array_equal(run.sigmas, levels) else -1,
        )

    def _working(self) -> str:
        if self._task is None:
            return ""
        return f"{self._design}: {'moving levels' if self._searches else 'teacher'} {self._progress:.0%}"

    def _newest(self) -> TaskEnded | None:
        """The newest end error, unless the draft has changed since. That of a point set is asked anew at once."""
        answer, drafting = self._answer, self._player.drafting
        if answer is None or drafting.is_toy or answer.task.settings == drafting.filled():
            return answer
        return None

    def _errors(self) -> Array | None:
        answer = self._newest()
        return None if answer is None or answer.result is None else np.asarray(answer.result)

    def _end_error(self) -> str:
        answer, errors = self._newest(), self._errors()
        if answer is None:
            return ""
        if errors is None:
            return answer.message
        median = float(np.median(errors))
        text = f"end error {median:.3g} (median of {len(errors)})"
        if answer.task.settings.schedule == CUSTOM and self._before:
            text += f", {median / self._before:.2f} × that of {schedules.row(self._formula).title}"
        return text


def design_title(task: DesignTask) -> str:
    """What is designed, and for which steps."""
    if task.kind == "tors":
        return "TORS"
    steps = solvers.row(task.settings.solver).title if task.for_solver else "Euler steps"
    return f"GITS for {steps}, {task.metric}, coefficient {task.coeff:g}"


def cost_picture(title: str, designed: Designed) -> CostPicture | None:
    """The table of a design, with the levels that were chosen; None if it has no table or only a jump to 0."""
    table = designed.table
    path = np.zeros(0, int) if table is None else np.flatnonzero(np.isin(table.sigmas, designed.levels))
    if table is None or len(path) < 2:
        return None
    return CostPicture(title=title, sigmas=table.sigmas, cost=table.cost, path=path)


def no_schedule(found: Problems) -> str:
    """A sentence that says why there are no levels, from what is wrong by field."""
    return f"The settings give no schedule yet. {next(iter(found.values()))}"
