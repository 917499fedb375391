"""What the drift room requests from the engine, and what a session keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from app.engine.contract import Answer, Request
from geomodel.arrays import Array

MOST = 2_000  # particles; a round costs their square


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """What a person has set: how many particles, h in deviations s of the data, and whether it is annealed."""

    count: Annotated[int, Meta(ge=1, le=MOST)] = 400
    width: Annotated[float, Meta(ge=0.01, le=10)] = 0.35
    anneals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DriftRequest(Request):
    """The drift of particles over the data of a run. Without particles, it draws so many to begin with; with moves,
    they move first.
    """

    count: int
    bandwidth: float
    particles: Array | None = None  # (n, *shape)
    moves: Array | None = None  # (n, *shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DriftAnswer(Answer):
    """Where the particles are, how each will move, and how far they are from the data.

    control: the distance of a fresh sample of as many points, NaN where the particles were given.
    """

    request: DriftRequest
    particles: Array  # (n, *shape)
    moves: Array  # (n, *shape)
    distance: float
    control: float
