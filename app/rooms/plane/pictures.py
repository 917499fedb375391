"""What the plane view shows, as one frozen value, so that a second view of it can be printed.

Arrays in a picture are read-only. A view compares them by identity to see what has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.plotting.bundles import Symbol
from app.plotting.values import Box
from app.rooms.plane.messages import BasinsAnswer, DensityAnswer, ProbeAnswer
from app.rooms.strip.messages import NeighboursAnswer
from app.session.plane_options import HIDDEN, LAYERS, Arrow, Frame, LayerLook, usual_order
from geomodel.arrays import Array
from geomodel.compared import Compared
from geomodel.strokes import Strokes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlaneCurves:
    """A run projected to the plane. Only the first `committed` levels hold numbers."""

    sampling: Array  # (levels, B, 2)
    denoising: Array  # (levels - 1, B, 2)
    sigmas: Array  # (levels,)
    committed: int
    final_denoised: Array | None = None  # (B, 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InsidePicture:
    """The inside of the selected step, for the selected sample, in the plane."""

    x: Array  # (evaluations, 2): stage points first, then the history, newest first
    denoised: Array  # (evaluations, 2)
    sigmas: tuple[float, ...]
    stages: int
    slope_weights: tuple[float, ...] | None
    start: Array  # (2,) x_n
    end: Array  # (2,) x_{n+1}
    euler: Array  # (2,) where one Euler step would have ended
    sigma: float
    sigma_next: float
    exact: Array | None = None  # (33, 2)
    exact_error: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchPicture:
    """A branch of one sample and its control, in the plane. Without curves it is still to be computed."""

    sample: int
    sigma: float  # where it begins
    sigmas: Array  # (levels,) from there on
    branch: Array | None = None  # (levels, 2)
    control: Array | None = None  # (levels, 2)
    distance: float = 0.0  # between the ends, in the data's space
    from_run: float = 0.0  # of the control's end from the run's own
    ends: Array | None = None  # (2, H, W[, 3]) uint8, of images: the branch's end and the control's
    pending: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GhostPicture:
    """The selected sample's noise followed by another run, in the plane. Without a curve, `note` says why."""

    name: str  # of its layer
    title: str
    tip: str
    hue: str  # see `Theme.hue`
    symbol: Symbol
    curve: Array | None = None  # (levels, 2)
    sigmas: Array | tuple[float, ...] = (0.0,)  # (levels,)
    index: int = 0  # the level nearest to the playhead's
    distance: float | None = None  # from the selected sample at that level, in the data's space
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingPicture:
    """The strokes on a canvas, which shows the same box whatever is drawn."""

    strokes: Strokes
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanePicture:
    """Everything the plane view shows."""

    title: str = ""
    caption: str = ""  # one short line under the title: mode, explained variance, recorded
    caption_whole: str = ""  # what it means, in full
    x_label: str = "x₁"
    y_label: str = "x₂"
    direct: bool = True  # the plane is the data's space; otherwise distances in it are between projections
    probes: bool = True  # a point of the plane is one of the data's space, as in a slice
    data: Array | None = None  # (N, 2)
    scale: float = 1.0  # s, the data's scale
    center: tuple[float, float] = (0.0, 0.0)
    curves: PlaneCurves | None = None
    index: int = 0  # level of the playhead
    sample: int = 0
    background: DensityAnswer | None = None
    basins: BasinsAnswer | None = None
    arrow: Arrow = "slope"
    probe: ProbeAnswer | None = None
    probe_point: tuple[float, float] | None = None  # where the handle stands; the answer may be older
    neighbours: NeighboursAnswer | None = None  # of the selected sample; the level may lag behind the playhead
    inside: InsidePicture | None = None
    branch: BranchPicture | None = None
    branch_handle: tuple[float, float] | None = None  # x of the selected sample, where the branch tool takes hold of it
    drawing: DrawingPicture | None = None  # while the plane is a canvas
    frame: Frame = "sigma"
    layers: frozenset[str] = field(default_factory=lambda: frozenset(LAYERS).difference(HIDDEN))
    order: tuple[str, ...] = field(default_factory=usual_order)  # of all layers, from back to front
    looks: Mapping[str, LayerLook] = field(default_factory=dict)
    ghosts: tuple[GhostPicture, ...] = ()
    driver_name: str = "D*"
    compared: Compared = "optimal"  # what the run is compared with
    message: str = ""  # what to do if there is nothing to show
