"""What the theories room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Answer, Request, Task
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


Stages = tuple[tuple[float, Asked], ...]  # of a relay: each is asked from its level upwards


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DriveTask(Task):
    """Drive samples of a run from their noise to the end by theories that hand over on the way, in Euler steps over the
    levels of the run. The result is x at the end, (B, *shape).
    """

    stages: Stages
    x: Array  # (B, *shape) at the first level
    sigmas: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HandOverTask(Task):
    """A theory moves the noise of a run down to each of some levels, and the driver goes on; or the other way round if
    `reverse`. The result is a `HandedOver`.
    """

    theory: Asked
    reverse: bool
    x: Array  # (B, *shape) at the first level
    sigmas: tuple[float, ...]
    at: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtTask(Task):
    """The distance of the driver from D* on noisy data and at x (L, B, *shape), the points of a run. The result is an
    `Underfitting`.
    """

    x: Array
    sigmas: tuple[float, ...]
    count: int
    unseen: str  # a file of data that the driver has not seen; empty where there is none


@dataclass(frozen=True, slots=True)
class PatchRequest(Request):
    """D of local patches at one x of a run."""

    index: int
    sample: int
    patch: int


@dataclass(frozen=True, slots=True)
class PatchAnswer(Answer):
    """D (*shape), and the share of the run's own D that it explains."""

    request: PatchRequest
    denoised: Array
    share: float
