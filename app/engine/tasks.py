"""Posts the progress of tasks as events, and collects what the rooms' answers files can compute."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module

from app.engine.context import Answers, Progress, Tasks
from app.engine.contract import Event, TaskProgress
from app.rooms import ROOMS

TELL_SECONDS = 0.1  # between two progress events of a task


def handlers() -> tuple[Answers, Tasks]:
    """What each room's answers file can compute, by class of request and of task. Importing the files may load
    torch.
    """
    answers: Answers = {}
    tasks: Tasks = {}
    for row in ROOMS:
        if row.answers:
            module = import_module(row.answers)
            answers |= module.ANSWERS
            tasks |= module.TASKS
    return answers, tasks


def progress_events(task_id: int, post: Callable[[Event], None]) -> Progress:
    """A function that posts the progress of a task, but not more often than a person can see, and the end of a part
    once: a solver may ask hundreds of times at its last level, and the window would do nothing but hear of it.
    """
    last, ended = 0.0, set[int]()

    def progress(part: int, fraction: float) -> None:
        nonlocal last
        ends = fraction >= 1 and part not in ended
        if ends or time.perf_counter() - last > TELL_SECONDS:
            last = time.perf_counter()
            post(TaskProgress(task_id, part, fraction))
        if ends:
            ended.add(part)

    return progress
