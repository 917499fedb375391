"""What the commitment room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from geomodel.arrays import Array
from geomodel.experiments import Commitment


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CommitmentTask(Task):
    """Noise ends (B, *shape) of a run to each level and go down again. The result is a `Committed`."""

    ends: Array
    sigmas: tuple[float, ...]
    draws: int
    sigma_min: float


@dataclass(frozen=True, slots=True, eq=False)
class Committed:
    """What came back, and beside it the posterior of the ends' own classes under D*, (L,)."""

    found: Commitment
    posterior: Array
