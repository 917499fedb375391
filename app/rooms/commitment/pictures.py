"""What the commitment view shows."""

from __future__ import annotations

from dataclasses import dataclass

from app.plotting.values import MeasurePlot, Panel, ScatterPicture
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FanPicture:
    """What came back from one level to one sample: images, or points in the plane over the data."""

    title: str
    words: str  # the numbers at this level
    panels: tuple[Panel, ...] = ()
    scatter: ScatterPicture | None = None  # same: what came back to the class


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CommitmentPicture:
    """Everything the commitment view shows."""

    sigmas: Array | None = None  # (levels,) of the run
    plots: tuple[MeasurePlot, ...] = ()
    index: int = 0
    fan: FanPicture | None = None
    caption: str = ""
    ready: bool = False  # it can be computed
    running: bool = False
    words: str = ""  # beside the button
    message: str = ""  # what to do, or why it is undefined here
