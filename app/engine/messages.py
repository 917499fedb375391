"""What the window and the engine say to each other: frozen dataclasses of numbers, text and read-only arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.rooms.compare.messages import DerivativeRequest, RoomEvent, RoomTask
from app.rooms.mean_shift.messages import ImageProbe, PointEvent, PointRequest
from app.rooms.plane.messages import (
    BasinsAnswer,
    BasinsRequest,
    InsideAnswer,
    InsideRequest,
    PictureAnswer,
    PictureRequest,
    ProbeAnswer,
    ProbeRequest,
)
from geomodel.record import Record
from geomodel.settings import RunSettings
from geomodel.trajectory import Trajectory

Array = NDArray[Any]
OPENING = 0  # the run id by which an opening is cancelled: no run has it


# ---------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class Warm:
    """Load torch now, so that the first run does not wait for it."""


@dataclass(frozen=True, slots=True)
class OpenData:
    """Open a named data set or a file as reference data."""

    name: str
    count: int
    seed: int


@dataclass(frozen=True, slots=True)
class OpenNetwork:
    """Open a checkpoint; `own` says that the path is ``file.py:function``, named by the user to be run."""

    path: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class CloseNetwork:
    """Let go of a network and of what runs hold of it."""

    path: str


@dataclass(frozen=True, slots=True)
class OpenRun:
    """Read a saved run; `link` it to its data and network where they can be had, so that it can be asked about."""

    run_id: int
    path: str
    link: bool = True


@dataclass(frozen=True, slots=True)
class Save:
    """Write a run: the whole as NPZ, or its measures as CSV, by the path's suffix."""

    trajectory: Trajectory
    path: str


@dataclass(frozen=True, slots=True)
class StartRun:
    """Compute a run; `keep` is the sample whose stage points are kept when keeping all would be too much."""

    run_id: int
    settings: RunSettings
    keep: int = 0


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop a run within a piece of one evaluation; what was computed stays."""

    run_id: int


@dataclass(frozen=True, slots=True)
class Forget:
    """A run has left the list: its models and data may go."""

    run_id: int


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Cancel everything and leave the loop."""


# ---------------------------------------------------------------- requests: the newest of each kind wins


@dataclass(frozen=True, slots=True)
class NeighboursRequest:
    """The data that D* is made of at one level of one sample."""

    run_id: int
    index: int
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanShiftRequest:
    """The denoisers and the posterior at a sample of a run, or at an image probe; `path`: iterate the mean shift."""

    run_id: int
    index: int
    sample: int
    sigma: float
    probe: ImageProbe | None = None
    path: bool = False
    jacobian: bool = False  # also ∂D/∂x there


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Ready:
    """torch is there."""

    device: str
    threads: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOpened:
    """Reference data are open. `dataset` is a geomodel Dataset: arrays only."""

    name: str
    count: int
    seed: int
    dataset: Any
    sigma_min: float
    sigma_max: float
    plane: Any  # a geomodel Basis: identity for 2-D data, else the first two principal components
    plane_points: Array  # (N, 2) float64


@dataclass(frozen=True, slots=True)
class Opening:
    """Data are being read; 1 when that has ended, however it did."""

    name: str
    fraction: float


@dataclass(frozen=True, slots=True)
class NetworkOpened:
    """A checkpoint is open; `info` is a geomodel CheckpointInfo."""

    path: str
    info: Any
    sigma_min: float
    sigma_max: float
    pace: float = 0.0  # seconds a row of an evaluation takes


@dataclass(frozen=True, slots=True)
class OpenFailed:
    """A file or name could not be opened; what was open stays."""

    slot: Literal["data", "network", "run"]
    name: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOpened:
    """A saved run was read; `missing` says what could not be had again."""

    run_id: int
    path: str
    trajectory: Trajectory
    settings: RunSettings
    data: DataOpened | None
    linked: bool
    missing: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A file was written; `message` is empty, or says why not."""

    path: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The record that the run writes to."""

    run_id: int
    record: Record
    settings: RunSettings  # with the noise levels filled in


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is complete."""

    run_id: int
    trajectory: Trajectory
    seconds: float  # the whole run
    evaluating: float  # of it in the denoiser


@dataclass(frozen=True, slots=True)
class RunStopped:
    """The run was cancelled or failed; `message` is empty for a cancel. What was computed stays, as `trajectory`."""

    run_id: int
    message: str
    trajectory: Trajectory | None = None


@dataclass(frozen=True, slots=True)
class NeighboursAnswer:
    """Indices (k,) and weights (k,), descending, at x_n of the sample: the strip shows the first, the plane all."""

    request: NeighboursRequest
    indices: Array
    weights: Array
    effective_neighbours: float
    optimal: Array  # (*shape): D*(x_n)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanShiftAnswer:
    """x, D* and the network's D (*shape), with what D* is made of; `classes` (C,) has each class's posterior share."""

    request: MeanShiftRequest
    x: Array
    optimal: Array
    network: Array | None
    indices: Array  # (k,)
    weights: Array  # (k,) descending
    effective_neighbours: float
    classes: Array | None
    path: Array | None  # (iterations + 1, *shape)
    optimal_jacobian: Any  # a geomodel JacobianSpectrum, or None
    network_jacobian: Any  # a geomodel NetworkJacobian, or None
    ranks: Array  # (m,): from 1 to the number of data, evenly in log
    spectrum: Array  # (m,): the weights of these ranks, descending


Request = (
    PictureRequest
    | ProbeRequest
    | InsideRequest
    | NeighboursRequest
    | MeanShiftRequest
    | PointRequest
    | DerivativeRequest
)
Command = (
    Warm
    | OpenData
    | OpenNetwork
    | CloseNetwork
    | OpenRun
    | Save
    | StartRun
    | Cancel
    | Forget
    | Shutdown
    | Request
    | BasinsRequest
    | RoomTask
)
Event = (
    Ready
    | DataOpened
    | Opening
    | NetworkOpened
    | OpenFailed
    | RunOpened
    | Saved
    | RunStarted
    | RunFinished
    | RunStopped
    | PictureAnswer
    | ProbeAnswer
    | InsideAnswer
    | NeighboursAnswer
    | MeanShiftAnswer
    | BasinsAnswer
    | PointEvent
    | RoomEvent
)


def frozen(array: Array) -> Array:
    """The array, made read-only: it crosses the thread."""
    array = np.asarray(array)
    array.flags.writeable = False
    return array
