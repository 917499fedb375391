"""What the plane requests from the engine: density and field, the probe, the inside of a step, basins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from app.engine.contract import MARGINAL, Answer, Rect, Request, Site, Task
from app.session.plane_options import BranchStart
from geomodel.arrays import Array
from geomodel.basins import Basins
from geomodel.experiments.ghosts import Ghost
from geomodel.record import StepDetail
from geomodel.settings import DataKey
from geomodel.strokes import Strokes
from geomodel.trajectory import Trajectory

DRAWN_WEIGHTS = 200  # most posterior weights that the plane draws; more would slow a drag

FieldOf = Literal["driver", "optimal", "network", "difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityRequest(Request):
    """Density and field of a run's plane at one noise level."""

    site: Site = MARGINAL
    sigma: float
    rect: Rect
    pixels: tuple[int, int]  # columns, rows of the density image
    arrows: tuple[int, int]  # columns, rows of the field
    field: FieldOf


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityAnswer(Answer):
    """Density (rows, columns) as log p relative to its maximum, row 0 at the smallest y; field at `at` (m, 2)."""

    request: DensityRequest
    density: Array | None
    at: Array
    denoised: Array  # (m, 2): D at the arrows' points (for field "difference": at + Dθ − what it is compared with)
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRequest(Request):
    """The ink of a picture as strokes in a box (x, y, width, height). The run only says to whom the answer goes."""

    path: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceAnswer(Answer):
    """The strokes and the width of their lines, or why there are none."""

    request: TraceRequest
    strokes: Strokes = ()
    width: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest(Request):
    """The denoisers at one point of the plane."""

    site: Site = MARGINAL
    point: tuple[float, float]
    sigma: float
    path: bool  # also iterate the mean shift to its mode
    network: bool = True  # also ask the network, where D* does not have to wait for it


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAnswer(Answer):
    """Everything the probe shows."""

    request: ProbeRequest
    denoised: Array | None  # (2,): the driver's D; None where it is the network's, which was not asked
    optimal: Array | None  # (2,): D* over the data points
    network: Array | None  # (2,)
    fitted: Array | None = None  # (2,): of the Gaussians that the run is compared with; None where that is D*
    indices: Array | None  # (k,) data points with the largest posterior weights, descending
    weights: Array | None  # (k,)
    effective_neighbours: float
    log_density: float
    path: Array | None  # (iterations + 1, 2)
    shift: float  # ‖D* − x‖ in the data's space; the plane may show only a part of it
    difference: float  # ‖Dθ − D*‖ there, or to what the run is compared with instead
    seconds: float = 0.0  # that the network took


@dataclass(frozen=True, slots=True)
class InsideRequest(Request):
    """The inside of a step of one sample: the exact ODE curve, and the stage points if the record has none."""

    index: int
    sample: int
    curve: bool = True
    stages: bool = False


@dataclass(frozen=True, slots=True)
class InsideAnswer(Answer):
    """The exact ODE solution from the step's start, by RK4 with 32 sub-steps in an interval, and the stage points."""

    request: InsideRequest
    curve: Array | None  # (33, *shape)
    error: float  # distance of its end to the end with 16 sub-steps
    detail: StepDetail | None = None  # for this sample alone


@dataclass(frozen=True, slots=True, kw_only=True)
class BasinsRequest(Request):
    """Compute more cells of the basins of attraction, beyond those of `start`. All of them take long, so runs go
    first.
    """

    while_computing: ClassVar[bool] = False

    site: Site = MARGINAL
    sigma: float
    rect: Rect
    start: Basins | None = field(default=None, compare=False)  # an earlier answer to the same request


@dataclass(frozen=True, slots=True)
class BasinArea:
    """A class's part of the basins: its share of the rectangle, and where its name has room."""

    label: int
    name: str
    share: float
    place: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasinsAnswer(Answer):
    """The basins as far as they are known, largest area first. `message` gives the reason if there are none."""

    request: BasinsRequest
    basins: Basins | None
    areas: tuple[BasinArea, ...] = ()
    finished: bool
    interrupted: bool = False  # another command went first, so no cell was added
    of: str = "D*"  # the denoiser that carries the points
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SketchRequest(Request):
    """How data would look in the plane that are being drawn. The run only says to whom the answer goes."""

    key: DataKey
    shown: DensityRequest
    basins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SketchAnswer(Answer):
    """Their points (N, 2), density and D*, and the coarse basins that were asked for."""

    request: SketchRequest
    points: Array
    background: DensityAnswer
    basins: BasinsAnswer | None


@dataclass(frozen=True, slots=True, eq=False)
class Branched:
    """A sample followed from another point, and from its own as the control, over the run's remaining levels."""

    control: Array  # (levels, *shape)
    branch: Array
    distance: Array  # (levels,): between the two, in the data's space


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRequest(Request):
    """Follow a branch of a run of points, which is quick enough for a drag."""

    run: Trajectory
    start: BranchStart


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchAnswer(Answer):
    """The branch, or a sentence that says why there is none."""

    request: BranchRequest
    branched: Branched | None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchTask(Task):
    """Follow a branch where an evaluation is slow. The result is a `Branched`."""

    run: Trajectory
    start: BranchStart


@dataclass(frozen=True, slots=True, kw_only=True)
class GhostTask(Task):
    """Follow a sample's noise by another denoiser, or without the solver's error. Nobody waits for it, so it gives way.
    The result is x at the run's levels, (levels, *shape).
    """

    gives_way: ClassVar[bool] = True

    sample: int
    kind: Ghost
