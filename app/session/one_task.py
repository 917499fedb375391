"""Follows the one task that a room has under way."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.engine.contract import Task, TaskEnded, TaskProgress
from app.session.player import Player


class OneTask(QObject):
    """Begins a task and tells of its progress and its end. What belongs to an older task is not told."""

    progressed = Signal()
    ended = Signal(TaskEnded)

    def __init__(self, player: Player, parent: QObject) -> None:
        super().__init__(parent)
        self._player = player
        self._task: Task | None = None
        self.part, self.fraction, self._heard = 0, 0.0, False  # of the newest progress
        player.task_event.connect(self._happened)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.task_event.disconnect(self._happened)

    @property
    def running(self) -> bool:
        """Whether a task is under way."""
        return self._task is not None

    @property
    def words(self) -> str:
        """How far the task is; empty where none is under way. It waits while the engine does something else."""
        return "" if self._task is None else f"{100 * self.fraction:.0f} %" if self._heard else "waiting"

    def begin(self, task: Task, name: str) -> None:
        """Submit a task, which the status bar calls by this name. An older one is dropped."""
        self.drop()
        self._task, self.part, self.fraction, self._heard = task, 0, 0.0, False
        self._player.begin(task, name)

    def cancel(self) -> None:
        """Stop the task. Its end is told as soon as the engine has stopped."""
        if self._task is not None:
            self._player.forget_task(self._task.task_id)

    def drop(self) -> None:
        """Stop the task and forget it, so that nothing more is told of it."""
        self.cancel()
        self._task = None

    def _happened(self, event: TaskProgress | TaskEnded) -> None:
        if self._task is None:
            return
        if isinstance(event, TaskEnded) and event.task is self._task:
            self._task = None
            self.ended.emit(event)
        elif isinstance(event, TaskProgress) and event.task_id == self._task.task_id:
            self.part, self.fraction, self._heard = event.part, event.fraction, True
            self.progressed.emit()
