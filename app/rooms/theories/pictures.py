"""What the theories view shows."""

from __future__ import annotations

from dataclasses import dataclass

from app.plotting.values import MeasurePlot, Panel, ScatterPicture
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HandOverPicture:
    """How far from the driver's own end a run ends that a theory has moved down to each level."""

    theories: tuple[str, ...] = ()  # to choose from
    theory: str = ""
    reverse: bool = False
    plot: MeasurePlot | None = None
    caption: str = ""
    index: int = 0  # of the level that is picked, in the run
    at: int = 0  # the same among the levels of the curve
    count: int = 0  # of these levels
    title: str = ""  # of the ends
    panels: tuple[Panel, ...] = ()
    scatter: ScatterPicture | None = None
    ready: bool = False
    running: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtPicture:
    """How far the driver is from D* on noisy data and on its own run, and how far both are from the data."""

    plots: tuple[MeasurePlot, ...] = ()
    caption: str = ""
    now: str = ""  # the numbers at the playhead
    ready: bool = False
    running: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ends:
    """One row of the line-up: where the run, or a theory, takes the noise of each sample."""

    caption: str
    images: Array  # (B, H, W) or (B, H, W, 3) uint8
    note: str = ""  # how near they are to the run's
    shares: tuple[str, ...]  # the same of each sample, for its tooltip


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
    patch: int = 0  # side of the patch that a person picks; 0 where there are no patches
    most_patch: int = 1
    drives: str = ""  # how near the theories' own ends are
    ends: tuple[Ends, ...] = ()  # of images
    samples: tuple[int, ...] = ()  # of the ends
    sample: int = -1  # that is selected
    ready: bool = False
    can_drive: bool = False
    hand_over: HandOverPicture = HandOverPicture()
    taught: TaughtPicture = TaughtPicture()
    running: bool = False
    words: str = ""
