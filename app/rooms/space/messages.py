"""What Space requests: a run's curves in three coordinates, and the same noise moved by something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.engine.contract import Answer, Request, Task
from geomodel.arrays import Array, Floats
from geomodel.geometry import Shape, Subspace
from geomodel.geometry.procrustes import Turns

Control = Literal["gaussian", "optimal", "walk"]
CONTROLS: tuple[Control, ...] = ("gaussian", "optimal", "walk")
TURNS: tuple[Turns, ...] = ("none", "signs", "orthogonal")

Shapes = Mapping[Turns, Shape]


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """Curves of some samples: x and D along and across their own displacement, and D in the axes of x."""

    sampling: Subspace
    denoising: Subspace
    target_along: Floats  # (levels of D, B)
    target_across: Floats  # (levels of D, B, 2)
    nearest: Array  # (B,): index of the data point nearest to the end of x; −1 without data


@dataclass(frozen=True, slots=True)
class SpaceRequest(Request):
    """Find the curves of all samples, up to the level that the run has reached."""

    levels: int
    final: Array | None = field(default=None, compare=False)  # D at the last level, where it was evaluated
    start: tuple[Coordinates, ...] = field(default=(), compare=False)  # of the first samples: an earlier answer's


@dataclass(frozen=True, slots=True)
class SpaceAnswer(Answer):
    """The curves of the first samples, so that the rest can be requested; or `space`, which has all of them."""

    request: SpaceRequest
    found: tuple[Coordinates, ...]
    space: Space | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The curves of every sample of a run, and their common shape by what may be turned."""

    levels: Array  # the levels of the run that were taken: all, or as many as a plot can show
    curves: Coordinates
    shapes: Shapes
    denoising_shapes: Shapes
    classes: Array | None  # (B,): the class of the nearest data point
    class_names: tuple[str, ...]  # by class
    fingerprint: str  # of the run's data; empty without
    count: int  # samples


@dataclass(frozen=True, slots=True)
class ControlTask(Task):
    """Move the noise of a run by something else, and find the curves of that. The result is a `ControlSpace`."""

    run_id: int
    control: Control
    levels: Array = field(compare=False)  # as of the `Space` beside which it stands
    x: Array = field(compare=False)  # (levels, B, *shape): of the run


@dataclass(frozen=True, slots=True, eq=False)
class ControlSpace:
    """The curves of a control, and what it was made of."""

    curves: Subspace
    shapes: Shapes
    note: str
    fingerprint: str  # of the data that it was made of; empty for a walk
    count: int  # samples
