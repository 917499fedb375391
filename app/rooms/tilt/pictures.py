"""What the tilt view shows, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.rooms.tilt.messages import Knobs, TiltAnswer
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TiltPicture:
    """Everything the tilt view shows."""

    message: str = ""  # why there is nothing to tilt, and what to do
    error: str = ""  # why this reward has no tilt
    knobs: Knobs = field(default_factory=Knobs)
    notch: int = 0  # of β, also where the knobs leave it to the data
    beta: float = 1.0
    quadratic: float = 0.0
    title: str = ""  # of the data
    data: Array | None = None  # (N, 2) in their plane
    origin: tuple[float, float] = (0.0, 0.0)  # where the arrow begins
    reach: float = 1.0  # the length of the arrow at |a| = 1, in data units
    names: tuple[str, ...] = ()  # of the components
    answer: TiltAnswer | None = None
    late: bool = False  # the answer is to the knobs as they were before
