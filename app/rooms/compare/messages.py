"""What the compare room asks of the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from geomodel.settings import RunSettings


@dataclass(frozen=True, slots=True)
class RaceTask(Task):
    """Run every lane from the same noise against a reference; `settings` says what moves from where.

    The result is a geomodel `Comparison`. In its progress, part −1 is the reference and the others are the lanes.
    """

    lanes: tuple[tuple[str, RunSettings], ...]  # name, and whose solver, options and levels
