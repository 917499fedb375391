"""What the quality room requests from the engine: runs that jump to D, and the quality of a run over its levels."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from geomodel.arrays import Array
from geomodel.origin import MadeOf
from geomodel.quality import Quality
from geomodel.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class JumpTask(Task):
    """Let `settings.count` samples run to several levels and jump to D there, always with as many evaluations.

    levels: where they jump; empty for the usual ones. The result is a `Jumps`.
    """

    evaluations: int
    levels: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ends:
    """What stands in the place of samples in the picture: the first ones as images, or all in the data's plane."""

    images: Array | None = None  # (m, H, W[, 3]) uint8
    points: Array | None = None  # (n, 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Jumps:
    """The quality of runs that jump, in the order of their levels. The last goes to σ_min, which is no jump."""

    sigmas: Array  # (J,), descending
    qualities: tuple[Quality, ...]
    ends: tuple[Ends, ...]
    control: Quality
    held_out: Ends
    data: Array  # (N, 2): the data in their plane
    plane: str  # in which the ends are drawn, in words; empty where that leaves nothing out
    basis: str  # in which the Fréchet distance is taken, in words
    note: str
    made_of: MadeOf


@dataclass(frozen=True, slots=True)
class RunQualityTask(Task):
    """The quality of x and D at every level of a run. The result is a `RunQuality`."""

    run_id: int
    trajectory: Trajectory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunQuality:
    """The quality of x and D at every level of a run, beside that of as many held-out data."""

    sigmas: Array  # (L,)
    x: tuple[Quality, ...]
    denoised: tuple[Quality, ...]
    control: Quality
    basis: str
    note: str
