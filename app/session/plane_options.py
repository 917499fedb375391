"""How the plane is looked at: frame, layers, tool, probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.engine.contract import PlaneMode

Frame = Literal["sigma", "run", "data", "scaled"]


Arrow = Literal["slope", "move", "shift"]


LAYERS = ("density", "basins", "data", "weights", "field", "sampling", "denoising", "segment", "probe", "legend")


HIDDEN = ("basins", "weights", "field")  # until they are asked for


Tool = Literal["select", "probe", "start"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneOptions:
    """How the plane is looked at."""

    frame: Frame = "sigma"
    arrow: Arrow = "slope"
    field: Literal["driver", "optimal", "network", "difference"] = "driver"
    layers: frozenset[str] = frozenset(LAYERS).difference(HIDDEN)
    mode: PlaneMode = "marginal"  # of the plane of images
    tool: Tool = "select"
    inside: bool = False
    probe: tuple[float, float] | None = None
    probe_sigma: float | None = None  # None: the playhead's
    probe_path: bool = True
