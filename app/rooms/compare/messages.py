"""What the compare room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from app.engine.messages import DataOpened
from geomodel.experiments import Comparison
from geomodel.origin import MadeOf
from geomodel.settings import RunSettings


@dataclass(frozen=True, slots=True)
class RaceTask(Task):
    """Run every lane from the same noise against a reference. `settings` says which denoiser moves which noise.

    The result is a `Raced`. In its progress, part −1 is the reference and the others are the lanes.
    """

    lanes: tuple[tuple[str, RunSettings], ...]  # name, and the settings that give solver, options and levels


@dataclass(frozen=True, slots=True)
class Raced:
    """What the lanes did, and the reference data that they raced over: the plane of another set may not fit them."""

    comparison: Comparison
    data: DataOpened | None
    made_of: MadeOf
