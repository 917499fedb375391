"""The settings of a distillation, and which data it is for. Loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from geomodel.arrays import Floats
from geomodel.formulas import karras
from geomodel.networks import MAX_DIMENSION
from geomodel.recipe import TrainError


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencySettings:
    """Everything but data and teacher that decides the function. The same settings, data and teacher give the same
    function on the same machine, bit for bit.

    Attributes:
        iterations: optimisation steps, over which the step size falls to 0 as half a cosine.
        levels: of the Karras schedule (ρ = 7), between two of which the teacher takes each of its steps.
        lowest, highest: the ends of the schedule, in units of the data's scale s. f is the identity at the lowest.
        batch, learning_rate: of Adam. keep: what the weights' average keeps at each iteration. seed: of every draw.

    Raises TrainError for numbers that make no training.
    """

    iterations: int = 2500
    levels: int = 24
    lowest: float = 0.02
    highest: float = 10.0
    batch: int = 256
    learning_rate: float = 1e-3
    keep: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.iterations >= 1 and self.levels >= 2 and self.batch >= 1 and self.seed >= 0):
            raise TrainError(
                "A distillation needs at least 1 iteration, 2 levels, 1 point in a batch and a seed from 0."
            )
        if not (0 < self.lowest < self.highest < np.inf):
            raise TrainError(
                f"The lowest noise level must be above 0 and below the highest; got {self.lowest:g} and "
                f"{self.highest:g} times the data's scale."
            )
        if not (0 < self.learning_rate <= 1 and 0 <= self.keep < 1):
            raise TrainError(
                f"The step size must be in (0, 1] and the average's share in [0, 1); got {self.learning_rate:g} and "
                f"{self.keep:g}."
            )

    @property
    def relative(self) -> Floats:
        """The schedule in units of the data's scale, (levels,), descending."""
        return karras(steps=self.levels - 1, sigma_min=self.lowest, sigma_max=self.highest)


@dataclass(frozen=True, slots=True)
class ConsistencyProgress:
    """Where a distillation stands after an iteration. loss: smoothed over about 100 iterations, in units of s."""

    iteration: int
    iterations: int
    loss: float


def refusal(data: Any) -> str:
    """Why no consistency function can be distilled over a data set, as a sentence; empty where one can."""
    if len(data.points.shape) != 2:
        return f"A consistency function is trained for points here; {data.name} are images."
    if data.points.shape[1] > MAX_DIMENSION:
        return f"The network takes points of 1 to {MAX_DIMENSION} coordinates; those of {data.name} have more."
    if data.distinct < 2:
        return f"The data {data.name} are a single point, where every trajectory ends: there is nothing to learn."
    if data.std == 0:
        return f"The points of {data.name} are so near to one another that their spread is 0 in float64."
    return ""
