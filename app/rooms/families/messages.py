"""What the families room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamiliesTask(Task):
    """Euler's error in every family from x (B, *shape) at sigmas[0]. The result is that of `geomodel.families.errors`,
    from where center and unit are.
    """

    x: Array
    sigmas: tuple[float, ...]
    steps: int
    center: Array
    unit: float
