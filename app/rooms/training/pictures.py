"""What the training view shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.plotting.values import Box, MeasurePlot
from geomodel.arrays import Array

State = Literal["none", "running", "stopped", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PathsPicture:
    """The trajectories of one snapshot over the data, each x at its distance from the data's mean over √(1 + σ²/s²)."""

    data: Array  # (N, 2)
    x: Array  # (levels, samples, 2)
    optimal: Array  # likewise, of D*
    level: int
    box: Box
    axes: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingPicture:
    """Everything the training view shows."""

    state: State = "none"
    can_train: bool = False  # there are data to begin with
    words: str = ""  # how far it is
    message: str = ""  # what to do, or what went wrong
    paths: PathsPicture | None = None
    sigmas: Array | None = None  # (levels,) of the trajectories
    iterations: Array | None = None  # (snapshots,)
    at: int = 0  # the snapshot that is shown
    places: Array | None = None  # what the curves' values stand over: the snapshots and the last iteration
    plots: tuple[MeasurePlot, ...] = ()
    title: str = ""  # over the trajectories
    numbers: str = ""  # of the snapshot, in words
    caption: str = ""  # how it was made
