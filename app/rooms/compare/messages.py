"""What the compare room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from app.engine.messages import DataOpened
from geomodel.experiments import Comparison, Sweep
from geomodel.origin import MadeOf
from geomodel.settings import Option, RunSettings

Solvers = tuple[tuple[str, dict[str, Option]], ...]  # names with their options


@dataclass(frozen=True, slots=True)
class RaceTask(Task):
    """Run every lane from the same noise against a reference. `settings` says which denoiser moves which noise.

    The result is a `Raced`. In its progress, part −1 is the reference and the others are the lanes.
    """

    lanes: tuple[tuple[str, RunSettings], ...]  # name, and the settings that give solver, options and levels


@dataclass(frozen=True, slots=True)
class Raced:
    """What the lanes did, and the reference data that they raced over: the plane of another set may not fit them."""

    comparison: Comparison  # its failures say why lanes are missing
    data: DataOpened | None
    made_of: MadeOf


@dataclass(frozen=True, slots=True)
class SweepTask(Task):
    """Run every solver with as many steps as each number of evaluations buys. The result is a `Swept`.

    In its progress, part −1 is the reference and the others are the solvers.
    """

    solvers: Solvers
    evaluations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """The ends of the solvers."""

    sweep: Sweep
    made_of: MadeOf
