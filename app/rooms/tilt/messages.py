"""What the tilt room requests from the engine, and what a session keeps of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from app.engine.contract import Answer, Request
from geomodel.arrays import Array

NOTCHES = (-48, 16)  # of β, eight for each factor of 2
BENDS = (-50, 150)  # of c, fifty for each 1/unit
LONGEST = 40  # twentieths of |a|


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """The reward r(x) = a·x − c‖x‖²/2 and β as a person has set them, in units that fit any data.

    notch: β = unit·2^(notch/8), None for one that suits the data. degrees: the direction of a in the plane of the data.
    twentieths: |a| = twentieths/20. bend: c = bend/(50 unit).
    """

    notch: Annotated[int, Meta(ge=NOTCHES[0], le=NOTCHES[1])] | None = None
    degrees: Annotated[int, Meta(ge=0, le=359)] = 0
    twentieths: Annotated[int, Meta(ge=0, le=LONGEST)] = 20
    bend: Annotated[int, Meta(ge=BENDS[0], le=BENDS[1])] = 0

    def linear(self) -> tuple[float, float]:
        """a in the plane of the data."""
        angle, length = math.radians(self.degrees), self.twentieths / 20
        return length * math.cos(angle), length * math.sin(angle)


@dataclass(frozen=True, slots=True, kw_only=True)
class TiltRequest(Request):
    """Samples of the mixture behind a run's data, of its exact tilt and of the plug-in, at one reward and β."""

    linear: tuple[float, float]
    quadratic: float
    beta: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TiltRow:
    """The numbers of one density: the mean reward and its standard error (NaN in closed form), KL and shares (K,).

    KL is from the mixture, in nats; of samples it is the least that their mean reward allows.
    """

    reward: float
    error: float
    kl: float
    shares: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class TiltAnswer(Answer):
    """Numbers and ends in the order of `KINDS`, or a sentence that says why this reward has no tilt."""

    request: TiltRequest
    rows: tuple[TiltRow, ...] = ()
    ends: tuple[Array, ...] = ()  # of the three kinds that are sampled, each (B, 2) in the plane of the data
    outlines: Array | None = None  # (m, K', 2): two deviations about the components of the exact tilt
    dimension: int = 2
    levels: int = 0  # that the samples went down
    message: str = ""
