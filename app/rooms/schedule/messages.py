"""What the schedule room requests from the engine: designed schedules and end errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from app.engine.contract import Task
from geomodel.designed import GitsTable
from geomodel.origin import MadeOf

Design = Literal["gits", "tors"]


@dataclass(frozen=True, slots=True)
class DesignTask(Task):
    """Design a schedule of the settings' number of steps on a teacher's trajectory. The result is a `Designed`.

    In its progress, part 0 is the teacher and part 1 the search for the settings' own solver.
    """

    kind: Design
    metric: str = "dev"
    coeff: float = 1.15
    for_solver: bool = False  # of the settings; else for Euler steps


@dataclass(frozen=True, slots=True)
class Designed:
    """The levels and, for GITS, the table from which they were chosen."""

    levels: tuple[float, ...]
    made_of: MadeOf
    table: GitsTable | None = None


@dataclass(frozen=True, slots=True)
class EndErrorTask(Task):
    """How far the settings' run ends from the ODE's own end, from the same noise.

    The result is ‖x_N − x_ref‖ of every sample, (B,).
    """

    gives_way: ClassVar[bool] = True
