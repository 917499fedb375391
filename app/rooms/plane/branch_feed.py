"""Requests the branch of a run: at once for points, and as a task, after the mouse has let go, where D is slow."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.engine.contract import TaskEnded
from app.rooms.plane.messages import BranchAnswer, Branched, BranchRequest, BranchTask
from app.session.one_task import OneTask
from app.session.plane_options import BranchStart
from app.session.player import Player
from app.session.state import AppState, Run


class BranchFeed(QObject):
    """Follows the start that a person has placed, and keeps the newest branch from that sample and level."""

    changed = Signal()

    def __init__(self, state: AppState, player: Player, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._player = state, player
        self._wanted: BranchStart | None = None
        self._work = OneTask(player, self)
        self.branched: Branched | None = None
        self.message = ""
        self._work.ended.connect(self._ended)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()

    @property
    def pending(self) -> bool:
        """Whether a task computes the branch."""
        return self._work.running

    def want(self, run: Run | None, start: BranchStart | None) -> None:
        """Follow this start of a run; None forgets the branch and stops what computes it."""
        if run is None or run.trajectory is None or not run.linked:
            start = None
        if start == self._wanted:
            return
        before, self._wanted = self._wanted, start
        if start is None or before is None or _place(start) != _place(before):
            self.branched, self.message = None, ""
        self._work.drop()
        if run is None or run.trajectory is None or start is None:
            return
        if quick(run):
            self._player.ask(BranchRequest(run_id=run.id, run=run.trajectory, start=replace(start, held=False)))
        elif not start.held:
            number = self._state.next_id()
            task = BranchTask(task_id=number, settings=run.settings, run=run.trajectory, start=start)
            self._work.begin(task, "branch")

    def take(self, answer: BranchAnswer) -> bool:
        """Keep an answer. Returns False if it belongs to another sample or level."""
        if self._wanted is None or _place(answer.request.start) != _place(self._wanted):
            return False
        self.branched, self.message = answer.branched, answer.message
        return True

    def _ended(self, event: TaskEnded) -> None:
        self.branched = event.result if isinstance(event.result, Branched) else None
        self.message = event.message or ("" if self.branched is not None else "The branch was cancelled.")
        self.changed.emit()


def quick(run: Run) -> bool:
    """Whether a branch of the run can follow the mouse: points, moved by D* or a mixture."""
    images = run.source is not None and run.source.dataset.kind == "images"
    return not images and not run.settings.network_drives


def _place(start: BranchStart) -> tuple[int, int, int]:
    return start.run_id, start.sample, start.level
