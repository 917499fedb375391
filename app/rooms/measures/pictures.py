"""What the measures view shows."""

from __future__ import annotations

from dataclasses import dataclass

from app.plotting.values import MeasurePlot
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuresPicture:
    """Everything the measures view shows."""

    sigmas: Array | None = None  # (levels,)
    plots: tuple[MeasurePlot, ...] = ()
    index: int = 0
    sample: int = 0
    message: str = ""
