"""What the mean-shift view shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.plotting.values import Panel
from geomodel.arrays import Array


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
