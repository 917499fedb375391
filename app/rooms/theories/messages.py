"""What the theories room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from geomodel.arrays import Array
from geomodel.settings import Option


@dataclass(frozen=True, slots=True)
class Asked:
    """A theory with its options, as `geomodel.theories.build` takes them, and what the view calls it."""

    title: str
    name: str
    options: tuple[tuple[str, Option], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TheoryTask(Task):
    """Ask one theory at x (L, B, *shape), the points of a run at its levels. The result is its D, of the same shape."""

    theory: Asked
    x: Array
    sigmas: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DriveTask(Task):
    """Drive samples of a run from their noise to the end by one theory, in Euler steps over the levels of the run. The
    result is x at the end, (B, *shape).
    """

    theory: Asked
    x: Array  # (B, *shape) at the first level
    sigmas: tuple[float, ...]
