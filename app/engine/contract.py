"""What every message between the window and the engine is made of.

A message is a frozen dataclass of numbers, text and read-only arrays. A room defines requests, answers and tasks of its
own by deriving from the bases below; the engine reads the class attributes and needs to know no message by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from geomodel.arrays import Array
from geomodel.settings import RunSettings

Rect = tuple[float, float, float, float]  # x, y, width, height
PlaneMode = Literal["marginal", "slice"]


@dataclass(frozen=True, slots=True)
class Command:
    """What the window sends to the engine. If `latest_wins`, a newer command replaces a waiting one of the same
    class.
    """

    latest_wins: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Event:
    """What the engine sends to the window."""


@dataclass(frozen=True, slots=True)
class Request(Command):
    """A question about a run. Without `while_computing` it waits until the run that is being computed has ended."""

    latest_wins: ClassVar[bool] = True
    while_computing: ClassVar[bool] = True

    run_id: int


@dataclass(frozen=True, slots=True)
class Answer(Event):
    """The answer to a request, which it carries so that a late answer can be recognised."""

    request: Request


@dataclass(frozen=True, slots=True)
class Task(Command):
    """Long work on a job made from settings. It reports its progress, its id can cancel it, and it ends in one
    event. A newer task of a class takes the place of one that waits. A task that `gives_way` stops for a command of
    another kind, but a request, and begins again behind it, because nobody has asked for it in words.
    """

    latest_wins: ClassVar[bool] = True
    gives_way: ClassVar[bool] = False

    task_id: int
    settings: RunSettings


@dataclass(frozen=True, slots=True)
class TaskProgress(Event):
    """How much of one part of a task is done. The room defines what the parts are, such as the lanes of a race."""

    task_id: int
    part: int
    fraction: float


@dataclass(frozen=True, slots=True)
class TaskEnded(Event):
    """The task's result, or a sentence that says why there is none. If both are empty, the task was cancelled."""

    task: Task
    result: object = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Which plane of the data's space a request means: the marginal, or the slice through a sample at a level."""

    mode: PlaneMode = "marginal"
    index: int = 0
    sample: int = 0


MARGINAL = Site()


def frozen(array: Array) -> Array:
    """Make the array read-only, because another thread will read it."""
    array = np.asarray(array)
    array.flags.writeable = False
    return array
