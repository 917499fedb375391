"""Tasks about one network: whether it denoises the data, and writing it to a file."""

from __future__ import annotations

from collections.abc import Callable

from app.engine import tasks
from app.engine.contract import Event
from app.engine.gate import polling
from app.engine.library import Library
from app.engine.messages import Judge, Postponed, SaveNetwork
from app.export import formats
from geomodel.judgement import Judgement, judge

Poll = Callable[[], None]  # obeys the commands that cannot wait, and may raise `Cancelled`


class _Postpone(BaseException):
    """Leaves a judgement from the inside, as `Cancelled` leaves a run."""


def judged(
    task: Judge, library: Library, poll: Poll, post: Callable[[Event], None], waits: Callable[[], bool]
) -> Judgement | Postponed:
    """Whether a network denoises the data. The settings need not be those of a run that could start.

    It gives way where `waits` says that another command is there.
    """

    tell = tasks.progress_events(task.task_id, post)

    def give_way() -> None:
        poll()
        if waits():
            raise _Postpone

    def progress(fraction: float) -> None:
        tell(0, fraction)
        give_way()

    network = library.network(task.settings.network)
    data = library.data(task.settings.data_key).dataset if task.settings.data else None
    try:
        with polling((network,), give_way):
            return judge(network, data, progress)
    except _Postpone:
        return Postponed()


def saved(task: SaveNetwork, library: Library, poll: Poll, post: Callable[[Event], None]) -> str:
    """Write a network, and return the path."""
    tell = tasks.progress_events(task.task_id, post)

    def progress(fraction: float) -> None:
        poll()
        tell(0, fraction)

    formats.row("network").write((library.network(task.settings.network), progress), task.path)
    return task.path
