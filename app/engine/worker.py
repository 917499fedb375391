"""Runs the engine's loop, without Qt. It owns every model and tensor, and handles commands one after the other.

While a run computes, a gate around its denoiser reads the queue before each evaluation and between the pieces of a long
one. A cancel stops the run there and requests are answered there; every other command waits its turn.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.engine import network_tasks, tasks
from app.engine.context import Answers, Context, Tasks, Work
from app.engine.contract import Answer, Command, Event, Request, Task, TaskEnded
from app.engine.errors import sentence
from app.engine.gate import Cancelled, Gate, GaveWay, polling
from app.engine.inbox import Inbox
from app.engine.library import Library, OpenSet
from app.engine.messages import (
    OPENING,
    AnsweredTogether,
    AskTogether,
    Cancel,
    CloseNetwork,
    Forget,
    InspectNetwork,
    Judge,
    LinkRun,
    Machine,
    OpenData,
    OpenNetwork,
    OpenPath,
    OpenRun,
    Preparing,
    Reopen,
    RunFinished,
    RunStarted,
    RunStopped,
    Save,
    Saved,
    SaveNetwork,
    Shutdown,
    StartRun,
    Warm,
)
from app.engine.opening import Opener, telling
from app.engine.refusals import UNANSWERED
from app.export import formats
from geomodel import memory, runs
from geomodel.denoisers.own_calls import Call
from geomodel.files import write_error
from geomodel.record import Record
from geomodel.settings import RunSettings
from geomodel.trajectory import Trajectory

if TYPE_CHECKING:
    pass

log = logging.getLogger(__name__)


class Worker:
    """One engine. It calls `post` with events and `notify` when a record has grown, both on its own thread but for what
    `submit` posts.
    """

    def __init__(
        self,
        post: Callable[[Event], None],
        notify: Callable[[], None],
        machine: Machine = Machine(),  # noqa: B008 - it is frozen
    ) -> None:
        self.inbox = Inbox()
        self.post = post
        self.notify = notify
        self._library = Library(machine)
        self._opener = Opener(self._library, self._tell, self._warm, self._stop_opening)
        self._kept: dict[object, Any] = {}  # what tasks and answers leave for later ones
        self._tables: tuple[Answers, Tasks] | None = None
        self.contexts: dict[int, Context] = {}
        self.current: Command | None = None  # the command that the loop handles
        self.running: int | None = None
        self._answering = self._uninterrupted = False
        self._closing = False
        self._looping = False  # on a thread of its own, not turned by hand

    @property
    def call(self) -> Call | None:
        """The call of a person's own code that has not returned. Any thread may ask."""
        return self._library.calls.now

    def submit(self, command: Command) -> None:
        """Queue a command, from any thread. A task that it replaces ends at once, because somebody waits for that."""
        for older in self.inbox.put(command):
            if isinstance(older, Task):
                self.post(TaskEnded(older))

    def loop(self) -> None:
        """Handle commands until `Shutdown`."""
        self._looping = True
        while not self._closing:
            self.handle(self.inbox.take())

    def handle(self, command: Command) -> None:
        """Handle one command completely."""
        self.current = command
        match command:
            case Shutdown():
                self._closing = True
            case Warm():
                self._warm()
            case OpenData() | OpenNetwork() | OpenRun() | OpenPath() | LinkRun():
                self._open(command)
            case InspectNetwork():
                self._opener.inspect(command)
            case Reopen():
                self._opener.reopen(command)
            case Save():
                self._save(command)
            case StartRun():
                self._run(command)
            case Task():
                self._task(command)
            case CloseNetwork():
                self._close_network(command.path)
                memory.give_back()  # now that no local name holds a context
            case Forget():
                self._forget(command.run_id)
            case Cancel():
                self.inbox.put_back(self._without(command.run_id, self.inbox.drain()))
            case Request():
                self._answer(command)
            case AskTogether():
                self._answer_together(command)

    def _tell(self, event: Event) -> None:
        self.post(event)

    def _warm(self) -> None:
        if (ready := self._library.load_torch(own_thread=self._looping)) is not None:
            self.post(ready)

    @property
    def _rooms(self) -> tuple[Answers, Tasks]:
        """What the rooms can answer and do. It is imported when it is first needed, because it loads torch."""
        if self._tables is None:
            self._tables = tasks.handlers()
        return self._tables

    # ------------------------------------------------------------ files

    def _open(self, command: OpenData | OpenNetwork | OpenRun | OpenPath | LinkRun) -> None:
        opened = self._opener.open_path(command) if isinstance(command, OpenPath) else self._opener.open(command)
        if opened is not None and isinstance(command, OpenRun | OpenPath | LinkRun):
            opened.waits = self._waits
            self.contexts[command.run_id] = opened

    def _stop_opening(self) -> bool:
        """Whether the opening is to be left. A cancel of something that waits behind it takes that away."""
        stops = self.inbox.urgent()
        for stop in stops:
            if isinstance(stop, Cancel) and stop.run_id != OPENING:
                self.inbox.put_back(self._without(stop.run_id, self.inbox.drain()))
        self.inbox.put_back([stop for stop in stops if isinstance(stop, Shutdown)])
        return any(isinstance(stop, Shutdown) or stop.run_id == OPENING for stop in stops)

    def _without(self, cancelled: int, waiting: list[Command]) -> list[Command]:
        """The waiting commands but for the run or task of this id, which ends before it has begun."""
        kept: list[Command] = []
        for command in waiting:
            if isinstance(command, Task) and command.task_id == cancelled:
                self.post(TaskEnded(command))
            elif isinstance(command, StartRun) and command.run_id == cancelled:
                self.post(RunStopped(command.run_id, ""))
            else:
                kept.append(command)
        return kept

    def _save(self, command: Save) -> None:
        try:
            formats.row(command.format).write(command.trajectory, command.path)
        except OSError as error:
            self.post(Saved(command.path, write_error(command.path, error)))
        except ValueError as error:  # a run that could not be opened again
            self.post(Saved(command.path, str(error)))
        else:
            self.post(Saved(command.path))

    # ------------------------------------------------------------ running

    def _run(self, command: StartRun) -> None:
        run_id = command.run_id
        started = time.perf_counter()
        self.running = run_id
        try:
            self._warm()
            job, data = self._prepared(command.settings)
            record = runs.new_record(job, command.keep)
            self.contexts[run_id] = Context(job, data, record, self._waits, self._kept)
            if job.asked.note:
                log.info("%s", job.asked.note)
            opened = None if data is None else data.opened
            self.post(RunStarted(run_id, record, job.settings, job.asked, opened))
            busy = self._gated(job, record)
            trajectory = runs.finish(job, record, between=self._poll_commands)
            self.post(RunFinished(run_id, trajectory, time.perf_counter() - started, busy))
        except Cancelled:
            self.post(RunStopped(run_id, "", self._partial(run_id)))
        except BaseException as error:  # a denoiser's code may call sys.exit, and the engine must live
            if not isinstance(error, ValueError):
                log.exception("run %d", run_id)
            self.post(RunStopped(run_id, sentence(error, command.settings), self._partial(run_id)))
        finally:
            self.running = None

    def _prepared(self, settings: RunSettings) -> tuple[runs.Job, OpenSet | None]:
        """A job with what it was made of. How far D* of large data is prepared is posted on the way."""
        with telling(lambda fraction: self.post(Preparing(settings.data, fraction))) as progress:
            return self._library.prepare(settings, self._poll_commands, progress)

    def _partial(self, run_id: int) -> Trajectory | None:
        """What a stopped run leaves: the levels it has reached, if it has completed a step."""
        context = self.contexts.get(run_id)
        if context is None or not isinstance(context.record, Record) or context.record.committed < 2:
            return None
        return runs.finish(context.job, context.record, display=False)

    def _gated(self, job: runs.Job, record: Record) -> float:
        """Compute the run behind the gate. Returns the seconds spent in its denoiser."""
        with polling((job.model, *job.parts), self._poll_commands):
            gate = Gate(job.model, self._poll_commands)
            beside = Gate(job.compared, self._poll_commands) if job.beside else None
            runs.advance(job, gate, record, self.notify, self._poll_commands, beside)
        return gate.busy

    # ------------------------------------------------------------ tasks

    def _task(self, task: Task) -> None:
        """Carry out a room's task. It is cancelled and answered like a run."""
        self.running = task.task_id
        try:
            self._warm()
            self.post(TaskEnded(task, self._result(task)))
        except Cancelled:
            self.post(TaskEnded(task))
        except GaveWay:
            self._queue_last(task)
        except BaseException as error:
            if not isinstance(error, ValueError):
                log.exception("%s", type(task).__name__)
            self.post(TaskEnded(task, message=sentence(error, task.settings)))
        finally:
            self.running = None

    def _queue_last(self, task: Task) -> None:
        """A task that gave way waits behind all others, unless a newer one has taken its place."""
        waiting = self.inbox.drain()
        if any(type(command) is type(task) for command in waiting):
            self.inbox.put_back(waiting)
            self.post(TaskEnded(task))
        else:
            self.inbox.put_back([*waiting, task])

    def _result(self, task: Task) -> object:
        match task:
            case Judge():
                return network_tasks.judged(task, self._library, self._poll_commands, self.post, self._makes_room)
            case SaveNetwork():
                return network_tasks.saved(task, self._library, self._poll_commands, self.post)
        return self._worked(task)

    def _worked(self, task: Task) -> object:
        """The result of a room's task."""
        _, works = self._rooms
        job, data = self._prepared(task.settings)
        with polling((job.model, *job.parts), self._poll_commands):
            gate = Gate(job.model, self._poll_commands)
            progress = tasks.progress_events(task.task_id, self.post)
            work = Work(job, gate, data.opened if data else None, progress, self._poll_commands, self._kept)
            return works[type(task)](task, work)

    def _poll_commands(self) -> None:
        """Called between two pieces of a run: obey a cancel, answer requests, keep the other commands for later."""
        if self._answering:
            return
        later: list[Command] = []
        waiting = self.inbox.drain()
        try:
            while waiting and not any(map(self._stops, waiting)):
                command = waiting.pop(0)
                match command:
                    case Request() if command.while_computing:
                        self._answer(command)
                        waiting = [*self.inbox.urgent(), *waiting]  # a cancel does not wait for the remaining answers
                    case InspectNetwork():
                        self._opener.inspect(command)
                    case Save():
                        self._save(command)
                    case Cancel():
                        later, waiting = (self._without(command.run_id, commands) for commands in (later, waiting))
                    case _:
                        later.append(command)
        except BaseException:  # it ends the run, but not what waits
            self.inbox.put_back([*later, *waiting])
            raise
        stopped = bool(waiting)
        self._closing |= any(isinstance(command, Shutdown) for command in waiting)
        self.inbox.put_back([*later, *(command for command in waiting if not self._stops(command))])
        if stopped:
            raise Cancelled
        now = self.current
        if isinstance(now, Task) and now.gives_way and any(map(self._goes_first, later)):
            raise GaveWay

    @staticmethod
    def _goes_first(command: Command) -> bool:
        """Whether a task that gives way does so for a command. What would stop for the task in its turn does not go
        first, because neither would end: a request that can wait for a run, and a task that gives way itself.
        """
        gives_way = isinstance(command, Judge) or (isinstance(command, Task) and command.gives_way)
        return not gives_way and not isinstance(command, Request)

    def _stops(self, command: Command) -> bool:
        return isinstance(command, Shutdown) or (isinstance(command, Cancel) and command.run_id == self.running)

    def _close_network(self, path: str) -> None:
        """Runs that the network drove can answer no more requests. Other runs only lose it as the network beside D*."""
        network = self._library.close_network(path)
        for run_id, context in list(self.contexts.items()):
            if context.job.settings.network == path:
                if context.job.settings.driver in ("network", "blend"):
                    self.contexts.pop(run_id)
                else:
                    parts = tuple(part for part in context.job.parts if part is not network)
                    job = replace(context.job, network=None, parts=parts)
                    self.contexts[run_id] = Context(job, context.data, context.record, self._waits, self._kept)

    def _forget(self, run_id: int) -> None:
        self.contexts.pop(run_id, None)
        self._library.keep_data([context.data for context in self.contexts.values() if context.data is not None])

    # ------------------------------------------------------------ answering

    def _answer(self, request: Request) -> None:
        answer = self._found(request)
        if answer is not None:
            self.post(answer)

    def _answer_together(self, asked: AskTogether) -> None:
        """Nothing interrupts these answers: a view that requests the same work would, and would be interrupted by them
        in turn.
        """
        self._uninterrupted = True
        found = [self._found(request) for request in asked.requests]
        self._uninterrupted = False
        answers = tuple(answer for answer in found if answer is not None)
        whole = len(answers) == len(found)
        self.post(AnsweredTogether(asked, answers) if whole else AnsweredTogether(asked, message=UNANSWERED))

    def _found(self, request: Request) -> Answer | None:
        """The answer; None where the run is gone, or where a person's own code has failed."""
        context = self.contexts.get(request.run_id)
        if context is None:
            return None
        answers, _ = self._rooms
        self._answering = True
        try:
            return answers[type(request)](request, context)
        # the code may be a user's own denoiser, and a view without its picture is better than an engine that stopped
        except BaseException:
            log.exception("%s", type(request).__name__)
            return None
        finally:
            self._answering = False

    def _makes_room(self) -> bool:
        """Whether a judgement is to make room. An answer that it has let through may ask the same network, and is not
        its own work.
        """
        return not self._answering and self._waits()

    def _waits(self) -> bool:
        return self.inbox.waiting and not self._uninterrupted
