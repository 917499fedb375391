"""What the measures of a run remember of its latest levels, for those that compare neighbouring levels."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from geomodel.arrays import Array
from geomodel.geometry.bending import turning_rate_at
from geomodel.geometry.posteriors import Belief


@dataclass(frozen=True, slots=True)
class Place:
    """A level of the run beside: x and D (B, *shape) there."""

    x: Array
    denoised: Array
    sigma: float


class Trail:
    """The latest two beliefs along the run and the latest three levels of the run beside it.

    What is added completes measures of the level before it, whose neighbours are then known. `take` returns them.
    """

    def __init__(self) -> None:
        self._beliefs: deque[Belief] = deque(maxlen=2)
        self._beside: deque[Place] = deque(maxlen=3)
        self._passed: dict[str, Array] = {}

    def believe(self, belief: Belief) -> None:
        """Add what D* makes of the run's x at the next level."""
        self._beliefs.append(belief)
        if len(self._beliefs) == 2:
            before, after = self._beliefs
            efolds = np.log(before.sigma / after.sigma) if after.sigma > 0 else np.inf
            self._passed["information"] = before.distance(after) / efolds

    def see_beside(self, place: Place) -> None:
        """Add the next level of the run beside."""
        self._beside.append(place)
        if len(self._beside) == 3:
            denoised, sigmas = [place.denoised for place in self._beside], [place.sigma for place in self._beside]
            self._passed["turning_exact"] = turning_rate_at(self._beside[1].x, denoised, sigmas)

    def take(self) -> dict[str, Array]:
        """The measures of the level before the latest."""
        found, self._passed = self._passed, {}
        return found
