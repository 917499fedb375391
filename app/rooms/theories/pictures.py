"""What the theories view shows."""

from __future__ import annotations

from dataclasses import dataclass

from app.plotting.values import MeasurePlot, Panel
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TheoriesPicture:
    """The unexplained shares of the theories that are known, and their D at the playhead."""

    message: str = ""  # why there is nothing else
    caption: str = ""
    sigmas: Array | None = None
    plot: MeasurePlot | None = None
    legend: tuple[str, ...] = ()  # beside each curve's name: its number at the playhead
    index: int = 0
    title: str = ""  # of the panels
    panels: tuple[Panel, ...] = ()
    drives: str = ""  # how near the theories' own ends are
    ends_title: str = ""
    ends: tuple[Panel, ...] = ()
    ready: bool = False
    can_drive: bool = False
    running: bool = False
    words: str = ""
