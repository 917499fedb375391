"""What each view shows, as one frozen value: a view is a function from its picture to pixels.

A view has `display(picture)`, keeps `picture`, and can be built a second time (for a printed figure) and shown the same
picture. Arrays in a picture are read-only; a view compares them by identity to see what has changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from app.engine.messages import NeighboursAnswer
from app.rooms.plane.messages import BasinsAnswer, PictureAnswer, ProbeAnswer

Array = NDArray[Any]
Frame = Literal["sigma", "run", "data", "scaled"]
Arrow = Literal["slope", "move", "shift"]

LAYERS = ("density", "basins", "data", "weights", "field", "sampling", "denoising", "segment", "probe", "legend")
HIDDEN = ("basins", "weights", "field")  # until they are asked for


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
class PlanePicture:
    """Everything the plane view shows."""

    title: str = ""
    caption: str = ""  # one line under the title: mode, explained variance, recorded
    x_label: str = "x₁"
    y_label: str = "x₂"
    direct: bool = True  # the plane is the data's space; else distances in it are of projections
    data: Array | None = None  # (N, 2)
    scale: float = 1.0  # s, the data's scale
    center: tuple[float, float] = (0.0, 0.0)
    curves: PlaneCurves | None = None
    index: int = 0  # level of the playhead
    sample: int = 0
    background: PictureAnswer | None = None
    basins: BasinsAnswer | None = None
    arrow: Arrow = "slope"
    probe: ProbeAnswer | None = None
    probe_point: tuple[float, float] | None = None  # where the handle stands (may be ahead of the answer)
    neighbours: NeighboursAnswer | None = None  # of the selected sample; the level may lag behind the playhead
    inside: InsidePicture | None = None
    frame: Frame = "sigma"
    layers: frozenset[str] = field(default_factory=lambda: frozenset(LAYERS).difference(HIDDEN))
    driver_name: str = "D*"
    message: str = ""  # an empty state: what to do


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """One curve of a measure over the noise levels, for every sample."""

    kind: Literal["sampling", "denoising", "optimal", "network", "reference"]
    label: str
    values: Array  # (n, B), n ≤ levels; NaN where undefined


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasurePlot:
    """One measure: a small plot over log σ."""

    name: str
    title: str
    unit: str
    formula: str
    curves: tuple[Curve, ...]
    waiting: str = ""  # why there is no curve yet
    regions: tuple[tuple[str, float, float], ...] = ()  # named stretches: name, σ where it begins, σ where it ends


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuresPicture:
    """Everything the measures view shows."""

    sigmas: Array | None = None  # (levels,)
    plots: tuple[MeasurePlot, ...] = ()
    index: int = 0
    sample: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StripRow:
    """One row of images over the levels."""

    caption: str
    kind: Literal["sampling", "denoising", "optimal", "network"]
    images: Array  # (n, H, W) or (n, H, W, 3) uint8
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StripPicture:
    """Everything the strip view shows."""

    sigmas: Array | None = None
    rows: tuple[StripRow, ...] = ()
    denoised_note: str = ""  # of the second row, at the playhead: the clipped share
    index: int = 0
    samples: Array | None = None  # (B, H, W[, 3]) uint8: every sample at the playhead
    sample: int = 0
    samples_note: str = ""
    neighbours: Array | None = None  # (k, H, W[, 3]) uint8
    neighbour_weights: Array | None = None  # (k,)
    neighbour_labels: tuple[str, ...] = ()
    neighbours_note: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """One image of the mean-shift view, with its name and a number."""

    caption: str  # such as "D*(x; σ)"
    kind: Literal["sampling", "denoising", "optimal", "network", "reference"]
    image: Array  # (H, W) or (H, W, 3) uint8
    note: str = ""  # such as "‖D* − x‖ 12.3"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlongPicture:
    """What D* is made of at the point over the noise levels; NaN where it is not known yet."""

    sigmas: Array  # (L,) descending, the last may be 0
    effective: Array  # (L,) effective neighbours
    total: int  # data points in all
    classes: Array | None = None  # (L, C): each class's posterior share
    names: tuple[str, ...] = ()  # of the classes
    marks: tuple[tuple[str, float], ...] = ()  # named noise levels, descending
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnnealedPicture:
    """Annealed mean shift and the ODE of D*, level by level: as many images of the one as of the other."""

    ode: tuple[Panel, ...] = ()  # D* on the ODE
    annealed: tuple[Panel, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeanShiftPicture:
    """Everything the mean-shift view shows: a point, the denoisers there, and what D* is made of."""

    title: str = ""  # whose point: "sample 3 at level 7", "data 12 + σz"
    sigma: float = 0.0
    sigmas: tuple[float, float] = (0.002, 80.0)  # the slider's range
    panels: tuple[Panel, ...] = ()  # x, Dθ, D*, their difference
    neighbours: Array | None = None  # (k, H, W[, 3]) uint8, largest weight first
    weights: Array | None = None  # (k,)
    labels: tuple[str, ...] = ()
    effective_neighbours: float = float("nan")
    total: int = 0  # data points in all
    ranks: Array | None = None  # (m,): from 1 to the number of data
    spectrum: Array | None = None  # (m,): their weights, descending
    classes: tuple[tuple[str, float], ...] = ()  # name and posterior share
    steps: tuple[Panel, ...] = ()  # pure mean-shift iterations towards the mode
    jacobian: tuple[Panel, ...] = ()  # leading directions of ∂D*/∂x, then of ∂Dθ/∂x
    jacobian_note: str = ""
    along: AlongPicture | None = None
    annealed: AnnealedPicture = field(default_factory=AnnealedPicture)
    probing: bool = False  # an image probe, not the selected sample
    data_index: int = 0
    second_index: int = 0
    share: float = 0.0  # between the two data points
    seed: int = 0
    data_count: int = 0
    message: str = ""
