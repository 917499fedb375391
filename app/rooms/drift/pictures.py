"""What the drift view shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.plotting.values import Box, MeasurePlot
from app.rooms.drift.messages import Knobs
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParticlesPicture:
    """Particles over the data, in the plane of the data, and where each goes next."""

    data: Array  # (N, 2)
    particles: Array  # (n, 2)
    next: Array  # (n, 2)
    box: Box
    axes: tuple[str, str] = ("x₁", "x₂")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DriftPicture:
    """Everything the drift view shows."""

    particles: ParticlesPicture | None = None
    plot: MeasurePlot | None = None
    rounds: Array | None = None  # (places,): the axis of the plot
    at: int = 0  # the place of the newest round that is drawn there
    numbers: str = ""
    caption: str = ""
    knobs: Knobs = field(default_factory=Knobs)
    bandwidth: float = 0.0  # h in data units, as the slider says
    playing: bool = False
    ready: bool = False
    message: str = ""  # what to do, or why nothing drifts here
