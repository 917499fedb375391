"""What the consistency room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from app.engine.contract import Answer, Rect, Request, Task
from geomodel.arrays import Array
from geomodel.basins import Basins
from geomodel.consistency import ConsistencySettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConsistencyTask(Task):
    """Train until an iteration, and look at points x (L, B, d) of a run at its levels. The result is a `Shrunk`.

    One training takes many such tasks, which the engine knows by `training`; `done` is how far the last one came, and
    0 for the first. So everything else that waits for the engine has its turn between two of them.
    """

    training: int
    done: int
    until: int
    distillation: ConsistencySettings
    x: Array
    sigmas: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """Ends (M, d) from the same noise, and their sliced Wasserstein distance to the data."""

    ends: Array
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shrunk:
    """A training after so many iterations.

    curve (L, B, d): f(x_n, σ_n); ends (B, d): where the exact ODE takes the last of the points at σ_min. one, two:
    after as many jumps; solved: after 18 Heun steps. fresh: the distance of as many data that were held out.
    """

    iteration: int
    loss: float
    curve: Array
    ends: Array
    one: Cloud
    two: Cloud
    solved: Cloud
    fresh: float
    middle: float  # σ to which the second jump goes back


@dataclass(frozen=True, slots=True, kw_only=True)
class ColoursRequest(Request):
    """Where the exact ODE ends from more cells of a plane at one σ, beyond those of `start`. Runs go first."""

    while_computing: ClassVar[bool] = False

    sigma: float
    rect: Rect
    start: Basins | None = field(default=None, compare=False)  # an earlier answer to the same request


@dataclass(frozen=True, slots=True, kw_only=True)
class ColoursAnswer(Answer):
    """The cells that are known, each with the row of the data point that is nearest to its end as its class."""

    request: ColoursRequest
    basins: Basins
    finished: bool
    interrupted: bool  # another command went first, so no cell was added
