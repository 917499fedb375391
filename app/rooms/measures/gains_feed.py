"""Has the likelihood gains of a run computed where they are shown, because they take evaluations of D* of their own."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.engine.contract import TaskEnded
from app.rooms.contract import Services
from app.rooms.likelihood.messages import Likelihoods, likelihood_task
from app.session.facts import likelihood_undefined
from app.session.one_task import OneTask
from app.session.state import Run

NAME = "gain"  # of the measure


class Gains(QObject):
    """Computes the gains of one run at a time. `changed` says that `words` have changed."""

    changed = Signal()

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._measured = services.state, services.measured
        self._work = OneTask(services.player, self)
        self._run_id = -1  # of the task
        self._failed: dict[int, str] = {}  # run → why it has no gains
        self._work.progressed.connect(self.changed)
        self._work.ended.connect(self._ended)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()

    def want(self, run: Run) -> None:
        """Begin the work for a run, unless it is done, under way, or has failed."""
        known = "gain_x" in run.extras or run.id in self._failed
        if known or likelihood_undefined(run) or (self._work.running and self._run_id == run.id):
            return
        task = likelihood_task(self._state.next_id(), run, slice(None), along=False)
        self._run_id = run.id
        self._work.begin(task, "likelihood gain")

    def unwant(self) -> None:
        """Stop the work, because its row is hidden. What has failed may be tried again."""
        self._failed.clear()
        if self._work.running:
            self._work.drop()

    def words(self, run: Run) -> str:
        """Why a run has no gains yet; empty where nothing is known about that."""
        if self._work.running and self._run_id == run.id:
            return self._work.words
        return self._failed.get(run.id, "")

    def _ended(self, event: TaskEnded) -> None:
        if isinstance(event.result, Likelihoods):
            self._measured.add(self._run_id, event.result.gains.beyond_noise)
        else:
            self._failed[self._run_id] = event.message or "Cancelled; hide this measure and show it to try again."
        self.changed.emit()
