"""Feeds Space: requests the coordinates of a run, and of its controls one after the other."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from app.engine.contract import Answer, TaskEnded, TaskProgress
from app.rooms.contract import Handlers, Services
from app.rooms.space.film_feed import SpaceReel, space_request
from app.rooms.space.messages import (
    CONTROLS,
    Control,
    ControlSpace,
    ControlTask,
    Coordinates,
    Space,
    SpaceAnswer,
    SpaceRequest,
)
from app.rooms.space.picture import (
    SpaceOptions,
    at_playhead,
    bundle_picture,
    control_states,
    pinned_with,
    refusal,
    waiting,
)
from app.rooms.space.pictures import OWNERS, SpacePicture
from app.rooms.space.view import SpaceView
from app.session.state import Run
from app.widgets.sight import seen

WAITS = -1.0  # the share done of a task that the engine has not begun

NO_PINNED = "No other run of such samples is pinned; tick Pin in the list of runs."


class SpaceRoom(QObject):
    """Shows the selected run. It requests coordinates and controls only while a person can see the view."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player = services.state, services.player
        self.view = SpaceView(services.theme)
        self._options = SpaceOptions()
        self._of = (-1, 0)  # run, levels
        self._asked: SpaceRequest | None = None
        self._space: Space | None = None
        self._task: ControlTask | None = None
        self._fraction = WAITS  # of the task
        self._shown: tuple[int, ...] = ()  # the pinned runs
        self._pinned: dict[int, Space] = {}  # of pinned runs, by their ids
        self._controls: dict[Control, ControlSpace] = {}
        self._refusals: dict[Control, str] = {}
        self._cancelled: set[Control] = set()  # until their buttons are pressed again, or another run is shown
        self._base: SpacePicture | None = None  # all but the playhead and the selected sample
        for fact in (self._state.selection_changed, self._state.runs_changed):
            fact.connect(self.refresh)
        self._state.run_grew.connect(self._grew)
        self._player.answered.connect(self._answered)
        self._player.task_event.connect(self._happened)
        self.view.sample_picked.connect(self._pick_sample)
        self.view.colouring_chosen.connect(self._choose_colouring)
        self.view.turns_chosen.connect(self._choose_turns)
        self.view.control_toggled.connect(self._toggle)
        self.view.pinned_toggled.connect(self._toggle_pinned)
        self.view.offer_taken.connect(self._open)
        self.refresh()

    def handlers(self) -> Handlers:
        """The room has no actions, because its buttons stand in the view."""
        return {}

    def release(self) -> None:
        """Stop listening and requesting, because the window closes."""
        self._player.answered.disconnect(self._answered)
        self._player.task_event.disconnect(self._happened)
        self.view.release()

    def refresh(self) -> None:
        """Show the present state and request what is missing."""
        run, shown = self._state.run, tuple(run.id for run in self._state.runs.values() if run.pinned)
        if run is None or self._of != (run.id, run.committed):
            self._forget(run)
        if shown != self._shown:
            self._shown, self._base = shown, None
            self._pinned = {run_id: its for run_id, its in self._pinned.items() if run_id in shown}
        if run is not None and not seen(self.view):
            return
        # a curve has a displacement only when it has an end
        if run is not None and run.status != "computing" and refusal(run) is None:
            self._ask(run)
        self.view.display(self.picture())

    def picture(self) -> SpacePicture:
        """Space at the playhead, or why there is none."""
        run, space, why = self._state.run, self._space, refusal(self._state.run)
        if why is not None:
            return why
        assert run is not None
        if space is None:
            return waiting(run, 0 if self._asked is None else len(self._asked.start))
        options = replace(self._options, wanted=self._options.wanted - self._cancelled)
        if self._base is None:
            pinned = [(other, self._pinned[other.id]) for other in self._others(run) if other.id in self._pinned]
            self._base = bundle_picture(run, space, self._controls, self._refusals, options, pinned)
        working = {} if self._task is None else {self._task.control: self._fraction}
        states = control_states(run, options, self._refusals, working)
        none = NO_PINNED if not pinned_with(run, self._state.runs.values()) else ""
        shown = at_playhead(self._base, space, self._state.selection, run.sigmas)
        return replace(shown, controls=states, pinned_refusal=none)

    def _others(self, run: Run) -> tuple[Run, ...]:
        """The pinned runs that are wanted in the drawing."""
        return pinned_with(run, self._state.runs.values()) if self._options.pinned else ()

    def reel(self) -> SpaceReel | None:
        """Space at every level of the selected run, as it is turned now."""
        run = self._state.run
        if run is None or refusal(run) is not None:
            return None
        space = self._space if self._of == (run.id, run.committed) else None
        camera, options = self.view.canvas.camera, replace(self._options, wanted=self._options.wanted - self._cancelled)
        sample = self._state.selection.sample
        return SpaceReel(run, sample, options, dict(self._controls), dict(self._refusals), camera, space)

    # ------------------------------------------------------------ requests

    def _forget(self, run: Run | None) -> None:
        """What was computed belongs to another run, or to fewer of its levels."""
        if self._task is not None:
            self._player.forget_task(self._task.task_id)
        self._of = (-1, 0) if run is None else (run.id, run.committed)
        self._asked = self._space = self._task = self._base = None
        self._controls, self._refusals, self._cancelled = {}, {}, set()

    def _ask(self, run: Run) -> None:
        if self._space is None:
            self._ask_run(run, ())
            return
        due = next((other for other in self._others(run) if other.id not in self._pinned), None)
        if due is not None:
            self._ask_run(due, ())
        if self._task is None:
            self._ask_control(run, self._space)

    def _ask_run(self, run: Run, start: tuple[Coordinates, ...]) -> None:
        request = space_request(run, start)
        if request != self._asked or start:
            self._asked = request
            self._player.submit(request)

    def _ask_control(self, run: Run, space: Space) -> None:
        known = self._controls.keys() | self._refusals.keys() | self._cancelled
        due = [name for name in CONTROLS if name in self._options.wanted and name not in known]
        if run.settings.driver == "optimal":
            due = [name for name in due if name != "optimal"]
        if due:
            self._task = ControlTask(self._state.next_id(), run.settings, run.id, due[0], space.levels, run.x)
            self._fraction = WAITS
            self._player.begin(self._task, f"control: {OWNERS[due[0]]}")

    def _grew(self, run_id: int) -> None:
        run = self._state.run
        if run is not None and run_id == run.id and run.status != "computing":
            self.refresh()

    def _answered(self, answer: Answer) -> None:
        if not isinstance(answer, SpaceAnswer) or answer.request != self._asked:
            return
        run = self._state.runs.get(answer.request.run_id)
        if run is None or self._state.run is None:
            return
        if answer.space is None:
            if seen(self.view):
                self._ask_run(run, answer.found)
                self.view.display(self.picture())
            else:
                self._asked = None
            return
        self._base = None
        if run is self._state.run:
            self._space = answer.space
        else:
            self._pinned[run.id] = answer.space
        self.refresh()

    def _happened(self, event: TaskProgress | TaskEnded) -> None:
        task = self._task
        if task is None:
            return
        if isinstance(event, TaskProgress):
            if event.task_id == task.task_id:
                self._fraction = event.fraction
                self.refresh()
            return
        if event.task is not task:
            return
        self._task = self._base = None
        if isinstance(event.result, ControlSpace):
            self._controls[task.control] = event.result
        elif event.message:
            self._refusals[task.control] = event.message
        else:
            self._cancelled.add(task.control)
        self.refresh()

    # ------------------------------------------------------------ what the user does

    def _pick_sample(self, sample: int) -> None:
        self._state.select(sample=sample)

    def _choose_colouring(self, colouring: str) -> None:
        self._change(replace(self._options, colouring=colouring))  # type: ignore[arg-type]  # one of the bar's names

    def _choose_turns(self, turns: str) -> None:
        self._change(replace(self._options, turns=turns))  # type: ignore[arg-type]  # one of the bar's names

    def _toggle(self, name: str, wanted: bool) -> None:
        control = next(control for control in CONTROLS if control == name)
        self._cancelled.discard(control)
        chosen = self._options.wanted | {control} if wanted else self._options.wanted - {control}
        if not wanted and self._task is not None and self._task.control == control:
            self._player.forget_task(self._task.task_id)
            self._task = None
        self._change(replace(self._options, wanted=chosen))

    def _toggle_pinned(self, wanted: bool) -> None:
        self._change(replace(self._options, pinned=wanted))

    def _change(self, options: SpaceOptions) -> None:
        self._options, self._base = options, None
        self.refresh()

    def _open(self, name: str) -> None:
        self._player.drafting.edit({"data": name})
