"""What the likelihood view shows."""

from __future__ import annotations

from dataclasses import dataclass

from app.plotting.values import MeasurePlot
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LikelihoodPicture:
    """Everything the likelihood view shows."""

    sigmas: Array | None = None  # (levels,) of the run
    plots: tuple[MeasurePlot, ...] = ()
    index: int = 0
    row: int = 0  # of the selected sample among those that were computed
    share: str = ""  # why the noise's share is subtracted
    notes: tuple[str, ...] = ()  # what the theorem says here, and how the density was made
    now: str = ""  # the numbers at the playhead
    bandwidth: float | None = None
    ready: bool = False  # it can be computed
    running: bool = False
    words: str = ""  # beside the button
    message: str = ""  # what to do, or why it is undefined here
