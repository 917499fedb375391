"""What the training room asks of the engine: to go on with a training, and to write its average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.engine.contract import Task
from geomodel.arrays import Array
from geomodel.recipe import TrainSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainTask(Task):
    """Go on with a training to an iteration. The result is a `Trained`, also of a cancel, so that nothing is lost.

    settings: the data, and the noise and levels of the trajectories. It gives way to other work, such as a run, and
    goes on behind it where it was, because the engine keeps the training.
    """

    gives_way: ClassVar[bool] = True

    training_id: int  # a new one begins a training
    recipe: TrainSettings
    until: int
    begins: bool = False  # otherwise the engine must have it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """The average of the weights at an iteration: where it leads, and how near it is to what."""

    iteration: int
    loss: float
    x: Array  # (levels, samples, 2): trajectories in the data's plane
    memorised: float  # share of the samples' ends
    population: Array  # (levels above 0,): mean distance to the population's exact denoiser, NaN where that is unknown
    data: Array  # likewise, to D* of the points


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Controls:
    """What stands beside every snapshot of a training: what would be seen without a network."""

    sigmas: Array  # (levels,)
    optimal: Array  # (levels, samples, 2): trajectories of D* from the same noise
    floor: float  # the loss of D*
    fresh: float  # the share of fresh samples that count as memorised
    ends: int  # samples whose ends are counted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """How far a training is. `snapshot` is of its present iteration; `rate`: iterations a second in this task."""

    iteration: int
    rate: float
    snapshot: Snapshot
    controls: Controls
    stopped: bool = False  # a cancel came first


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveTrainedTask(Task):
    """Write the average so far as a checkpoint. The result is the path."""

    training_id: int
    path: str
