"""What the families view shows."""

from __future__ import annotations

from dataclasses import dataclass

from app.plotting.values import MeasurePlot
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClockRow:
    """One family's clock as knots on the σ axis, with Euler's errors there where they are known.

    own, same, run: medians over the samples, NaN where they are not known.
    """

    name: str  # empty for the levels of the run
    title: str
    sigmas: Array
    picked: bool
    own: float
    same: float
    run: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamilyPaths:
    """The run's levels inside a family: x and z over its time, and how far each is from straight."""

    first: int  # the level of the run at which the family begins
    sigmas: Array  # (L,)
    times: Array  # (L,)
    samples: Array  # (k,) of the run
    x: MeasurePlot
    z: MeasurePlot
    straight: MeasurePlot
    straightness: str
    prior: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamiliesPicture:
    """Everything the families view shows."""

    message: str = ""  # why there is nothing else
    family: str = "vp"
    steps: int = 18
    formula: str = ""
    caption: str = ""
    paths: FamilyPaths | None = None
    levels: Array | None = None  # (L,) of the run above 0, for the axis of the clocks
    rows: tuple[ClockRow, ...] = ()
    left_out: str = ""  # families that do not reach the levels
    errors: str = ""  # what the errors are
    index: int = 0  # of the run
    sample: int = 0  # its place among the samples of the paths
    here: str = ""  # σ, t, m and b at the playhead
    ready: bool = False
    running: bool = False
    words: str = ""
