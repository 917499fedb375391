"""Computes or replays runs. It is the only caller of the engine.

Run starts a new run from the draft. Play continues or replays the run that is there. A point set that is small enough
is computed at once and again on every change of a field; images and networks wait for Run. When data are opened, a run
begins by itself where it is quick.
"""

from __future__ import annotations

import logging
from typing import Literal, Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from app.engine.contract import Answer, Command, Event, Request, Task, TaskEnded, TaskProgress
from app.engine.messages import (
    OPENING,
    AnsweredTogether,
    Cancel,
    CloseNetwork,
    DataOpened,
    Forget,
    NetworkInspected,
    NetworkOpened,
    OpenCancelled,
    OpenFailed,
    Opening,
    OpenPath,
    Preparing,
    Ready,
    Reopened,
    RunFinished,
    RunLinked,
    RunOpened,
    RunStarted,
    RunStopped,
    Save,
    Saved,
    SessionFound,
    StartRun,
    Warm,
)
from app.engine.refusals import ENDED
from app.session.drafting import Drafting
from app.session.playback import Playback
from app.session.saved_runs import SavedRuns
from app.session.state import AppState, Run
from app.session.toy import is_quick
from geomodel.checkpoints.plan import Answers

log = logging.getLogger(__name__)


class Engine(Protocol):
    """The engine as the player uses it: an `EngineThread`, or a replacement in tests."""

    happened: SignalInstance
    dirty: SignalInstance

    def submit(self, command: Command) -> None:
        """Queue a command."""

    def acknowledge(self) -> None:
        """The window has read the record."""


class Player(QObject):
    """Turns actions into engine commands and engine events into state."""

    progress_changed = Signal()
    ready = Signal(Ready)
    answered = Signal(Answer)
    answered_together = Signal(AnsweredTogether)
    open_failed = Signal(OpenFailed)
    opened = Signal(object)  # DataOpened, NetworkOpened or RunOpened
    inspected = Signal(NetworkInspected)
    open_cancelled = Signal(str)  # the path of a checkpoint
    reopened = Signal(Reopened)
    session_found = Signal(str)  # the path of a session that was to be opened
    run_awaited = Signal(DataOpened)  # data are open, and the run over them may take long, so a person starts it
    saved = Signal(Saved)
    task_event = Signal(object)  # a TaskProgress or a TaskEnded

    def __init__(self, state: AppState, engine: Engine, playback: Playback, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.device = ""
        self.opening: Opening | None = None  # data that are being read
        self.preparing: Preparing | None = None  # D* that is being prepared
        self.tasks: dict[int, str] = {}  # running tasks and their names; quick ones have none
        self._yielding: set[int] = set()  # those for which a run does not wait
        self._playback = playback
        self._closed = False
        self._asked: dict[type[Request], Request] = {}  # the newest of each class
        self._pending: Run | None = None  # computing, but not shown yet
        self._replaces: int | None = None
        self._then_play = False  # the pending run plays from its start; else it keeps the σ that is shown
        self.drafting = Drafting(state, self.submit, self)
        self.saved_runs = SavedRuns(state, self.submit, self)
        self.drafting.edited.connect(self.run_if_toy)
        self._connect(engine)

    # ------------------------------------------------------------ the engine

    def _connect(self, engine: Engine) -> None:
        self._engine = engine
        engine.happened.connect(self.receive)
        engine.dirty.connect(self._grown)

    def engine_ended(self, why: str = ENDED) -> None:
        """The engine has ended, or was left. Runs stay as they are shown, but they can answer no more requests."""
        self.opening, self.preparing, self._pending = None, None, None
        self.tasks.clear()
        for run in self.state.runs.values():
            if run.status == "computing":
                run.status, run.message = "stopped", why
            if run.linked:
                run.linked, run.caption = False, "The engine has stopped since this run"
            self.state.run_grew.emit(run.id)
        self.state.runs_changed.emit()
        self.progress_changed.emit()

    def use_engine(self, engine: Engine, without: str = "") -> None:
        """A new engine takes the place of the old one. It opens what was open, `without` one network, and computes
        nothing yet.
        """
        self._engine.happened.disconnect(self.receive)
        self._engine.dirty.disconnect(self._grown)
        self._connect(engine)
        self.device = ""
        self._asked.clear()
        if without:
            self.drafting.forget_network(without)
        self.drafting.reopen_data()  # before torch is loaded: data that open later start a run
        self.warm()
        self.drafting.reopen_networks()
        self.progress_changed.emit()

    # ------------------------------------------------------------ commands

    def submit(self, command: Command) -> None:
        """Send a command or request to the engine."""
        self._engine.submit(command)

    def ask(self, request: Request, *, again: bool = False) -> None:
        """Submit a request, unless it is already the newest of its class. With `again`, submit it in any case."""
        if again or self._asked.get(type(request)) != request:
            self._asked[type(request)] = request
            self.submit(request)

    def warm(self) -> None:
        """Load torch in the engine."""
        self.submit(Warm())

    def open_path(self, path: str, answers: Answers | None = None) -> None:
        """Open a file, which the engine recognises by what it holds. `answers` are for a checkpoint."""
        draft, columns = self.state.draft, self.drafting.columns_of(path)
        draw = (draft.data_count, draft.data_seed, columns)
        self.submit(OpenPath(path, self.state.next_id(), *draw, answers or {}))

    def save(self, path: str, format: Literal["run", "measures"] = "run") -> bool:
        """Write the selected run or its measures. Returns False if there is nothing to write."""
        run = self.state.run
        if run is None or run.trajectory is None:
            return False
        self.submit(Save(run.trajectory, path, format))
        return True

    def run_if_toy(self) -> None:
        """Run a small point set again, keeping the σ of the playhead."""
        if self.drafting.is_toy and not self.state.errors:
            self.run(keep=True)

    def run(self, *, keep: bool = False) -> None:
        """Start a run from the draft. With `keep` the playhead stays at its σ; otherwise it plays from the start."""
        if not self.drafting.check():
            return
        self._make_way()
        current = self.state.run
        self._replaces = current.id if current is not None and not current.pinned else None
        self._pending = Run(self.state.next_id(), self.state.draft, "computing", latents=self._latents())
        if not keep:
            self._playback.pause()
        self._then_play = not keep
        self.submit(StartRun(self._pending.id, self.state.draft, self.state.selection.sample))
        self.progress_changed.emit()

    def _latents(self) -> str:
        """The kind of latents that the draft's network moves."""
        network = self.state.network
        return getattr(network.info, "latents", "") if network is not None and self.state.draft.network_drives else ""

    def play_live(self) -> None:
        """Compute the recorded run live, and continue from the playhead."""
        run = self.state.run
        if run is None or run.status == "recorded":
            self._run_by_itself(keep=True)

    def _run_by_itself(self, *, keep: bool = False) -> None:
        """Run, unless it may take long: other files and views would wait for a run that nobody has asked for."""
        data = self.state.data
        if data is None or is_quick(data.dataset):
            self.run(keep=keep)
        else:
            self.run_awaited.emit(data)

    def toggle(self) -> None:
        """Play or pause. If there is no run, compute one."""
        if self._playback.playing:
            self._playback.pause()
        elif self.state.run is None:
            self.run()
        else:
            self._playback.play()

    def cancel(self) -> None:
        """Stop the run, the opening and every task, running or waiting. What was computed or open stays."""
        for task, name in self.tasks.items():
            if not name or task in self._yielding:
                self.submit(Cancel(task))
        self._make_way()

    def _make_way(self) -> None:
        """Stop what a new run would have to wait for. Quick tasks about the new draft may already be among the rest."""
        if self.opening is not None:
            self.submit(Cancel(OPENING))
        for task, name in self.tasks.items():
            if name and task not in self._yielding:
                self.submit(Cancel(task))
        for run in [*self.state.runs.values(), self._pending]:
            if run is not None and run.status == "computing":
                self.submit(Cancel(run.id))
        if self._pending is not None:
            self._pending = None

    def begin(self, task: Task, name: str) -> None:
        """Submit a task, which Cancel stops like a run. The status bar calls it `name`; without one it says nothing."""
        self.tasks[task.task_id] = name
        if task.gives_way:
            self._yielding.add(task.task_id)
        self.submit(task)
        self.progress_changed.emit()

    def forget_task(self, task_id: int) -> None:
        """Cancel a task because its result is no longer needed."""
        if self.tasks.pop(task_id, None) is not None:
            self.submit(Cancel(task_id))

    @property
    def computing(self) -> Run | None:
        """The run that is being computed, shown or not."""
        if self._pending is not None:
            return self._pending
        return next((run for run in self.state.runs.values() if run.status == "computing"), None)

    @property
    def next_shown(self) -> Run | None:
        """The run that is about to be shown, else the one that is."""
        return self._pending or self.state.run

    def remove(self, run_id: int) -> None:
        """Remove a run from the list and let the engine forget it."""
        run = self.state.runs.get(run_id)
        if run is not None and run.status == "computing":
            self.submit(Cancel(run_id))
        self.state.remove_run(run_id)
        self.submit(Forget(run_id))

    # ------------------------------------------------------------ events

    def close_network(self, path: str = "") -> None:
        """Close a network, by default the chosen one. Runs that it drove stay, but they can answer no more requests."""
        network = self.state.networks.get(path) if path else self.state.network
        if network is None:
            return
        driven = [run for run in self.state.runs.values() if run.settings.network == network.path]
        for run in [*driven, self._pending]:
            if run is not None and run.status == "computing":
                self.submit(Cancel(run.id))
        for run in driven:
            if run.settings.driver in ("network", "blend"):
                run.linked, run.caption = False, f"The network {network.info.name} was closed"
        self.drafting.forget_network(network.path)
        self.submit(CloseNetwork(network.path))
        self.state.runs_changed.emit()

    def close(self) -> None:
        """The window closes, so events of the engine are ignored from now on."""
        self._playback.pause()
        self._closed = True

    def receive(self, event: Event) -> None:
        """Handle an event of the engine. Events of older runs are dropped."""
        if self._closed:
            return
        match event:
            case Ready():
                self.device = event.device
                self.ready.emit(event)
            case DataOpened():
                if not self.drafting.awaits_another(event):
                    self._data_opened(event)
            case NetworkInspected():
                self.inspected.emit(event)
            case NetworkOpened():
                self.drafting.network_opened(event)
                self.saved_runs.link_those_with(getattr(event.info, "sha256", None))
                self.opened.emit(event)
            case OpenCancelled():
                self.open_cancelled.emit(event.path)
            case OpenFailed():
                self.open_failed.emit(event)
            case Opening():
                self.opening = event if event.fraction < 1 else None
            case Preparing():
                self.preparing = event if event.fraction < 1 else None
            case Reopened():
                self.reopened.emit(event)
            case SessionFound():
                self.session_found.emit(event.path)
            case RunOpened():
                if self.saved_runs.run_opened(event):
                    self.opened.emit(event)
                    self._playback.play()
            case RunLinked():
                self.saved_runs.run_linked(event)
            case Saved():
                self.saved.emit(event)
            case RunStarted() | RunFinished() | RunStopped():
                self._run_event(event)
            case TaskEnded():
                self.tasks.pop(event.task.task_id, None)
                self._yielding.discard(event.task.task_id)
                self.task_event.emit(event)
            case TaskProgress():
                self.task_event.emit(event)
            case Answer():
                self.answered.emit(event)
            case AnsweredTogether():
                self.answered_together.emit(event)
        self.progress_changed.emit()

    def _data_opened(self, event: DataOpened) -> None:
        self.drafting.data_opened(event)
        self.saved_runs.link_those_with(event.dataset.fingerprint)
        self.opened.emit(event)
        if not self.device:
            return  # the recorded run plays; its settings are computed when torch is loaded
        self.run_if_toy() if self.drafting.is_toy else self._run_by_itself()

    def _run_event(self, event: RunStarted | RunFinished | RunStopped) -> None:
        run = self._find(event.run_id)
        if run is None:
            if isinstance(event, RunStarted):
                self.submit(Cancel(event.run_id))  # nobody could stop a run that the window does not know
            self.submit(Forget(event.run_id))
            return
        match event:
            case RunStarted(record=record, settings=filled, asked=asked, data=data):
                run.record, run.settings, run.source, run.linked = record, filled, data, True
                run.asked, run.caption = asked, asked.note.rstrip(".")
                self._show_pending()
            case RunFinished(trajectory=trajectory, seconds=seconds, evaluating=evaluating):
                run.trajectory, run.seconds, run.evaluating, run.status = trajectory, seconds, evaluating, "complete"
                self._show_pending(ended=True)
                self.state.announce(run)
            case RunStopped(message=message, trajectory=trajectory):
                run.status, run.message, run.trajectory = "stopped", message, trajectory
                if run.record is not None:
                    self._show_pending(ended=True)
                elif run is self._pending:
                    self._pending = None
                    self.state.set_errors({"driver": message} if message else {})
                self.state.announce(run)

    def _find(self, run_id: int) -> Run | None:
        if self._pending is not None and self._pending.id == run_id:
            return self._pending
        return self.state.runs.get(run_id)

    def _grown(self) -> None:
        if self._closed:
            return
        self._engine.acknowledge()
        self._show_pending()
        for run in self.state.runs.values():
            if run.status == "computing":
                self.state.run_grew.emit(run.id)
        self.progress_changed.emit()

    def _show_pending(self, *, ended: bool = False) -> None:
        """Let the pending run replace the old one as soon as it has reached its σ, so that nothing flickers."""
        run = self._pending
        if run is None or run.committed == 0:
            return
        level = 0 if self._then_play else self.state.level_in(run)
        if not ended and run.committed <= level:
            return
        self._pending = None
        old = self._replaces
        self.state.add_run(run)
        self.state.select(run_id=run.id, index=level)
        if old is not None and old in self.state.runs:
            self.remove(old)
        if self._then_play:
            self._playback.play()
