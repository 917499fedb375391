"""The skeleton of a room, or of a part of one, that computes something about the selected run when a person asks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, Signal, SignalInstance

from app.engine.contract import Task, TaskEnded
from app.rooms.contract import Handlers, Services, View
from app.session.one_task import OneTask
from app.session.state import Run
from app.widgets.sight import seen

Known = TypeVar("Known")  # what is known of a run
Keep = Callable[[Run, Any], Known]  # from the run and the result of a task


class OnRequest(QObject, Generic[Known]):
    """Keeps the result of every run that is still in the list. `name` is what the status bar calls the work."""

    name = ""
    changed = Signal()

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = services.state
        self._known: dict[int, Known] = {}
        self._failed: tuple[int, str] = (-1, "")  # run, and why it has no result
        self._of: tuple[int, Keep[Known]] | None = None  # the run of the task, and what becomes of its result
        self._work = OneTask(services.player, self)
        self._work.progressed.connect(self.changed)
        self._work.ended.connect(self._ended)

    @abstractmethod
    def undefined(self, run: Run) -> str:
        """Why a run has nothing to compute; empty where it has."""

    @abstractmethod
    def task(self, run: Run) -> tuple[Task, Keep[Known]]:
        """The work for a run."""

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()

    def begin(self) -> None:
        """Compute for the selected run."""
        run = self._state.run
        if run is None or self._work.running or self.undefined(run):
            return
        task, keep = self.task(run)
        self._of, self._failed = (run.id, keep), (-1, "")
        self._work.begin(task, self.name)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the work."""
        self._work.cancel()

    def words(self, run: Run) -> str:
        """How far the work is, or why it has failed."""
        return self._work.words or self._failed[1] * (self._failed[0] == run.id)

    def forget(self) -> None:
        """Let go of what is known of runs that have left the list."""
        self._known = {key: value for key, value in self._known.items() if key in self._state.runs}

    def _ended(self, event: TaskEnded) -> None:
        assert self._of is not None
        run_id, keep = self._of
        run = self._state.runs.get(run_id)
        if run is not None and event.result is not None:
            self._known[run_id] = keep(run, event.result)
        else:
            self._failed = (run_id, event.message or "Cancelled.")
        self.changed.emit()


class OnRequestRoom(OnRequest[Known]):
    """A room of its own. `name` is also that of its room and its action."""

    def __init__(
        self, services: Services, view: View, start: SignalInstance, cancel: SignalInstance, pick: SignalInstance
    ) -> None:
        super().__init__(services)
        self.view = view
        self._services = services
        for fact in (self._state.selection_changed, self._state.runs_changed, self.changed):
            fact.connect(self.refresh)
        start.connect(self.begin)
        cancel.connect(self.cancel)
        pick.connect(services.playback.go)

    @abstractmethod
    def picture(self) -> Any:
        """What is known of the selected run at the playhead."""

    def handlers(self) -> Handlers:
        """Its key begins, and brings the view to the front."""
        return {self.name: self._begin_in_sight}

    def release(self) -> None:
        """Stop listening, because the window closes."""
        super().release()
        self.view.release()

    def refresh(self) -> None:
        """Show the present state."""
        self.forget()
        if seen(self.view):
            self.view.display(self.picture())

    def _begin_in_sight(self) -> None:
        self._services.bring_forward(self.name)
        self.begin()
