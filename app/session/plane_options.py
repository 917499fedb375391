"""The options of the plane: frame, layers, tool, probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.engine.contract import PlaneMode

Frame = Literal["sigma", "run", "data", "scaled"]


Arrow = Literal["slope", "move", "shift"]


LAYERS = ("density", "basins", "data", "weights", "field", "sampling", "denoising", "segment", "probe", "legend")


HIDDEN = ("basins", "weights", "field")  # hidden until a person turns them on


Tool = Literal["select", "probe", "start", "branch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchStart:
    """Where a branch leaves a run: at a point of the plane through x_n, or without one at D + σz with a seed.

    held: the mouse still holds the point.
    """

    run_id: int
    sample: int
    level: int
    point: tuple[float, float] | None = None
    seed: int = 0
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneOptions:
    """What the plane shows and how. Every room can read it."""

    frame: Frame = "sigma"
    arrow: Arrow = "slope"
    field: Literal["driver", "optimal", "network", "difference"] = "driver"
    layers: frozenset[str] = frozenset(LAYERS).difference(HIDDEN)
    mode: PlaneMode = "marginal"  # marginal or slice, for images
    tool: Tool = "select"
    inside: bool = False
    probe: tuple[float, float] | None = None
    probe_sigma: float | None = None  # None follows the playhead
    probe_path: bool = True
    branch: BranchStart | None = None
