"""The schedule view's room: knots that are dragged, schedules that are designed, lists that are saved and loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.engine.messages import Cancel
from app.rooms.compare.feed import Race
from app.rooms.compare.messages import DesignEnded, DesignProgress, EndErrorAnswer, EndErrorRequest, StartDesign
from app.rooms.compare.pictures import CostPicture, SchedulePicture, ScheduleRow
from app.session.player import Player
from app.session.state import AppState
from app.shell import file_dialogs as files
from app.shell.layout import seen
from geomodel import presets, runs, schedules
from geomodel.designed import GitsTable
from geomodel.settings import CUSTOM, RunSettings

LISTS = "Noise levels (*.txt)"
MOST_BYTES = 1 << 20  # of a list of levels
TITLES = {"gits": "GITS", "tors": "TORS"}


class ScheduleRoom(QObject):
    """Feeds the schedule view."""

    said = Signal(str, bool)  # a sentence for the status bar, and whether it is an error

    def __init__(self, state: AppState, player: Player, view: Any, race: Race, window: Any) -> None:
        super().__init__(window)
        self._state, self._player, self.view, self._race, self._window = state, player, view, race, window
        self._task: int | None = None  # a design
        self._design = ""
        self._progress = 0.0
        self._table: GitsTable | None = None
        self._then: dict[str, Any] = {}  # further settings that a designed preset brings
        self._steps = 0
        self._asked: RunSettings | None = None
        self._asking = 0  # the task of the newest end error
        self._answer: EndErrorAnswer | None = None
        self._before: float | None = None  # the median end error of the schedule by its formula
        self._formula = RunSettings().schedule  # the last schedule that was not a list
        view.levels_dragged.connect(self._dragged)
        view.levels_dropped.connect(self._dropped)
        view.design_wanted.connect(self._design_from_view)
        view.cancel_wanted.connect(self._cancel)
        view.copy_wanted.connect(self.copy)
        view.paste_wanted.connect(self.paste)
        view.save_wanted.connect(self._save)
        view.load_wanted.connect(self._load)
        view.reset_wanted.connect(self._reset)
        for fact in (state.draft_changed, state.selection_changed, state.data_changed, race.lanes_changed):
            fact.connect(self.refresh)
        player.room_event.connect(self._happened)
        self.refresh()

    # ------------------------------------------------------------ knots

    def _dragged(self, levels: Any) -> None:
        """While a knot moves, point sets say at once where the run would end."""
        if self._player.drafting.is_toy:
            self._ask(runs.with_levels(self._player.drafting.filled(), levels))

    def _dropped(self, levels: Any, **more: Any) -> None:
        self.use(levels, **more)
        if not self._player.drafting.is_toy:
            self._ask(self._player.drafting.filled())

    def use(self, levels: Iterable[float], **more: Any) -> None:
        """Let the draft run over these levels."""
        if self._state.draft.schedule != CUSTOM:
            self._formula = self._state.draft.schedule
        self._player.drafting.edit({**more, "schedule": CUSTOM, "levels": tuple(map(float, levels))})

    def _reset(self) -> None:
        self._table = None
        defaults = {option.name: option.default for option in schedules.row(self._formula).options}
        self._player.drafting.edit({"schedule": self._formula, **defaults})

    def _ask(self, settings: RunSettings) -> None:
        if settings == self._asked or self._state.errors:
            return
        self._asked = settings
        task = self._state.next_id()
        if not self._player.drafting.is_toy:  # a network takes a while: it is said, and an older question is dropped
            self._player.end_task(self._asking)
            self._player.submit(Cancel(self._asking))
            self._player.begin_task(task, "end error")
        self._asking = task
        self._player.submit(EndErrorRequest(task, settings))

    # ------------------------------------------------------------ designs

    def design_preset(self, name: str) -> None:
        """A preset whose levels are designed for the present model."""
        preset = presets.row(name)
        draft = replace(self._player.drafting.filled(), levels=(), **preset.changes)
        self._start(draft, preset.design, {"solver": draft.solver, "options": {}})

    def _design_from_view(self, kind: str, options: dict[str, Any]) -> None:
        self._start(self._player.drafting.filled(), kind, {}, **options)

    def _start(self, settings: RunSettings, kind: str, then: dict[str, Any], **options: Any) -> None:
        if self._task is not None or not self._player.drafting.check():
            return
        self._task, self._progress, self._then = self._state.next_id(), 0.0, then
        self._steps = settings.steps - settings.final_zero
        metric, coeff = options.get("metric", "dev"), options.get("coeff", 1.15)
        self._design = TITLES[kind] + (f", {metric}, coefficient {coeff:g}" if kind == "gits" else "")
        self._player.begin_task(self._task, self._design)
        self._player.submit(StartDesign(self._task, settings, kind, metric, coeff))  # type: ignore[arg-type]
        self.refresh()

    def _cancel(self) -> None:
        if self._task is not None:
            self._player.submit(Cancel(self._task))

    def _happened(self, event: Any) -> None:
        match event:
            case DesignProgress() if event.design_id == self._task:
                self._progress = event.fraction
            case DesignEnded() if event.design_id == self._task:
                self._player.end_task(event.design_id)
                self._task = None
                if event.message:
                    self.said.emit(event.message, True)
                if event.levels:
                    self._table = event.table
                    self._dropped(event.levels, **self._then)
            case EndErrorAnswer() if event.request.settings == self._asked:
                self._player.end_task(event.request.task_id)
                self._answer = event
                if event.errors is not None and event.request.settings.schedule != CUSTOM:
                    self._before = float(np.median(event.errors))
            case _:
                return
        self.refresh()

    # ------------------------------------------------------------ lists

    def copy(self) -> None:
        """The draft's levels to the clipboard, every digit."""
        QGuiApplication.clipboard().setText(", ".join(map(repr, self._player.drafting.levels())))
        self.said.emit("Noise levels copied.", False)

    def paste(self) -> None:
        """Levels from the clipboard, kept exactly."""
        self._take(QGuiApplication.clipboard().text(), "The clipboard")

    def _take(self, text: str, source: str) -> None:
        try:
            levels = schedules.custom([float(part) for part in text.replace(",", " ").split()])
        except ValueError as error:
            sentence = str(error) if "level" in str(error) else "it holds no list of numbers."
            self.said.emit(f"{source} is no schedule: {sentence}", True)
        else:
            self._table = None
            self.use(levels.tolist())

    def _save(self) -> None:
        files.ask_save(
            self._window,
            "Save noise levels",
            LISTS,
            "levels",
            ".txt",
            "levels.txt",
            self._write,
            store=self._window.store,
        )

    def _write(self, path: str) -> None:
        text = "\n".join(map(repr, self._player.drafting.levels())) + "\n"
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            self.said.emit(f"{path} could not be written: {error.strerror or error}.", True)
        else:
            self.said.emit(f"Saved {path}.", False)

    def _load(self) -> None:
        files.ask_open(self._window, "Open noise levels", LISTS, "levels", self.read, store=self._window.store)

    def read(self, path: str) -> None:
        """Levels from a text file: numbers with commas or blanks between them."""
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
        """What is known, on the view; point sets are asked where the draft ends."""
        if not seen(self.view):
            return
        if self._player.drafting.is_toy and not self._state.errors and self._player.device:
            self._ask(self._player.drafting.filled())
        self.view.display(self.picture())

    def picture(self) -> SchedulePicture:
        """The schedule view's picture."""
        levels = np.array(self._player.drafting.levels())
        draft, run = self._state.draft, self._state.run
        if len(levels) < 2:
            return SchedulePicture(message="The settings give no schedule yet; see the fields of the sampler.")
        name = "Own levels" if draft.schedule == CUSTOM else schedules.row(draft.schedule).title
        rows = [ScheduleRow(name=f"{name} (draft)", sigmas=levels, hue=-1)]
        rows += [
            ScheduleRow(name=lane.name, sigmas=runs.noise_levels(lane.settings), hue=lane.hue)
            for lane in self._race.entries
        ]
        return SchedulePicture(
            rows=tuple(rows),
            editable=True,
            edited=draft.schedule == CUSTOM,
            cost=self._cost(),
            working=f"{self._design}: teacher {self._progress:.0%}" if self._task is not None else "",
            end_error=self._end_error(),
            error_of=self._answer.errors if self._answer else None,
            index=self._state.selection.index if run is not None and np.array_equal(run.sigmas, levels) else -1,
        )

    def _cost(self) -> CostPicture | None:
        table = self._table
        if table is None or not 1 <= self._steps < len(table.sigmas):
            return None
        return CostPicture(title=self._design, sigmas=table.sigmas, cost=table.cost, path=table.path(self._steps))

    def _end_error(self) -> str:
        answer = self._answer
        if answer is None:
            return ""
        if answer.errors is None:
            return answer.message
        median = float(np.median(answer.errors))
        text = f"end error {median:.3g} (median of {len(answer.errors)})"
        if answer.request.settings.schedule == CUSTOM and self._before:
            text += f", {median / self._before:.2f} × that of {schedules.row(self._formula).title}"
        return text
