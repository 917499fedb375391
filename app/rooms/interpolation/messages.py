"""What the interpolation room requests from the engine: runs from the latents between two seeds."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True)
class InterpolationTask(Task):
    """Run the settings' sampler from the latents between those of two seeds. The result is an `Interpolation`."""

    seeds: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interpolation:
    """Latents and ends of three ways at some amounts, in the order of `geomodel.interpolation.KINDS`."""

    amounts: Array  # (A,)
    norms: Array  # (3, A): ‖x‖/(σ√d) of the latents about the centre of the noise
    away: Array  # (3, A): ‖x_0 − mean‖
    nearest: Array  # (3, A); NaN where there are no data
    dimension: int
    images: Array | None = None  # (3, A, H, W[, 3]) uint8
    points: Array | None = None  # (3, A, 2)
    data: Array | None = None  # (N, 2): behind the points
    plane: str = ""  # of the points, in words; empty where it leaves nothing out
