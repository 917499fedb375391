"""The commands and events of a session: opening, running, saving, closing. A room's own messages are in its folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from app.engine.contract import Command, Event
from geomodel.arrays import Array
from geomodel.record import Record
from geomodel.settings import RunSettings
from geomodel.trajectory import Trajectory

OPENING = 0  # the run id by which an opening is cancelled: no run has it


# ---------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class Warm(Command):
    """Load torch now, so that the first run does not wait for it."""


@dataclass(frozen=True, slots=True)
class OpenData(Command):
    """Open a named data set or a file as reference data."""

    name: str
    count: int
    seed: int


@dataclass(frozen=True, slots=True)
class OpenNetwork(Command):
    """Open a checkpoint; `own` says that the path is ``file.py:function``, named by the user to be run."""

    path: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class CloseNetwork(Command):
    """Let go of a network and of what runs hold of it."""

    path: str


@dataclass(frozen=True, slots=True)
class OpenRun(Command):
    """Read a saved run; `link` it to its data and network where they can be had, so that it can be asked about."""

    run_id: int
    path: str
    link: bool = True


@dataclass(frozen=True, slots=True)
class OpenPath(Command):
    """Open whatever the file turns out to be: a run under `run_id`, data with `count` and `seed`, or a checkpoint."""

    path: str
    run_id: int
    count: int
    seed: int


@dataclass(frozen=True, slots=True)
class Save(Command):
    """Write a run: the whole as NPZ, or its measures as CSV, by the path's suffix."""

    trajectory: Trajectory
    path: str


@dataclass(frozen=True, slots=True)
class StartRun(Command):
    """Compute a run; `keep` is the sample whose stage points are kept when keeping all would be too much."""

    run_id: int
    settings: RunSettings
    keep: int = 0


@dataclass(frozen=True, slots=True)
class Cancel(Command):
    """Stop a run within a piece of one evaluation; what was computed stays."""

    run_id: int


@dataclass(frozen=True, slots=True)
class Forget(Command):
    """A run has left the list: its models and data may go."""

    run_id: int


@dataclass(frozen=True, slots=True)
class Shutdown(Command):
    """Cancel everything and leave the loop."""


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Ready(Event):
    """torch is there."""

    device: str
    threads: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOpened(Event):
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
class Opening(Event):
    """Data are being read; 1 when that has ended, however it did."""

    name: str
    fraction: float


@dataclass(frozen=True, slots=True)
class NetworkOpened(Event):
    """A checkpoint is open; `info` is a geomodel CheckpointInfo."""

    path: str
    info: Any
    sigma_min: float
    sigma_max: float
    pace: float = 0.0  # seconds a row of an evaluation takes


@dataclass(frozen=True, slots=True)
class OpenFailed(Event):
    """A file or name could not be opened; what was open stays."""

    slot: Literal["data", "network", "run"]
    name: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOpened(Event):
    """A saved run was read; `missing` says what could not be had again."""

    run_id: int
    path: str
    trajectory: Trajectory
    settings: RunSettings
    data: DataOpened | None
    linked: bool
    missing: str


@dataclass(frozen=True, slots=True)
class Saved(Event):
    """A file was written; `message` is empty, or says why not."""

    path: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The record that the run writes to."""

    run_id: int
    record: Record
    settings: RunSettings  # with the noise levels filled in


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The run is complete."""

    run_id: int
    trajectory: Trajectory
    seconds: float  # the whole run
    evaluating: float  # of it in the denoiser


@dataclass(frozen=True, slots=True)
class RunStopped(Event):
    """The run was cancelled or failed; `message` is empty for a cancel. What was computed stays, as `trajectory`."""

    run_id: int
    message: str
    trajectory: Trajectory | None = None
