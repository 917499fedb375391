"""What the compare room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from geomodel.settings import RunSettings


@dataclass(frozen=True, slots=True)
class RaceTask(Task):
    """Run every lane from the same noise against a reference. `settings` says which denoiser moves which noise.

    The result is a geomodel `Comparison`. In its progress, part −1 is the reference and the others are the lanes.
    """

    lanes: tuple[tuple[str, RunSettings], ...]  # name, and the settings that give solver, options and levels
