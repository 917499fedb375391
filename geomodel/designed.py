"""Schedules that follow a trajectory: GITS by dynamic programming over Euler errors, TORS by equal rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geomodel import formulas, geometry
from geomodel.arrays import Array, Floats
from geomodel.formulas import Levels
from geomodel.options import number
from geomodel.trajectory import Trajectory

Metric = Literal["dev", "l1", "l2"]
STRAIGHT = 1e-6  # radians; the rounding errors of a straight trajectory add up to less
_ORDERS = {"dev": None, "l1": 1, "l2": 2}  # the order of the norm


@dataclass(frozen=True, slots=True, eq=False)
class GitsTable:
    """The Euler errors along a teacher's trajectory, and the best path through them for any number of steps.

    sigmas (M + 1,): the fine levels. cost (M + 1, M + 1): C_ij of one Euler jump from level i to level j, NaN where
    j ≤ i. coeff and metric as in `geomodel.schedules.gits`.
    """

    sigmas: Levels
    cost: Floats
    coeff: float
    metric: Metric

    def path(self, steps: int) -> NDArray[np.intp]:
        """Indices 0 = i_0 < … < i_steps = M of the fine levels that minimise Σ_k coeff^k C(i_k, i_{k+1}).

        Dynamic programming from the end: V_1(j) = C(j, M), V_k(j) = min_i C(j, i) + coeff V_{k−1}(i); among equal costs
        the first index is taken. ValueError where the grid has fewer intervals than steps.
        """
        steps = number("steps", steps, whole=True)
        last = len(self.sigmas) - 1
        if not 1 <= steps <= last:
            raise ValueError(f"The grid has {last} intervals to choose from; steps lies between 1 and {last}: {steps}.")
        cost = np.where(np.isnan(self.cost), np.inf, self.cost)
        value = cost[:, last]
        choices: list[NDArray[np.intp]] = []
        for _ in range(steps - 1):
            through = cost + self.coeff * value
            choices.append(through.argmin(axis=1))
            value = through.min(axis=1)
        path = [0]
        for choice in reversed(choices):
            path.append(int(choice[path[-1]]))
        return np.array([*path, last], dtype=np.intp)

    def levels(self, steps: int, final_zero: bool = False) -> Levels:
        """The noise levels of `path`, (steps + 1,); with final_zero the zero is one of the steps."""
        if not final_zero:
            return self.sigmas[self.path(steps)]
        if self.sigmas[-1] == 0:
            raise ValueError("The fine grid ends at 0 by itself; leave final_zero out.")
        if steps == 1:
            return np.array([self.sigmas[0], 0.0])
        return np.append(self.sigmas[self.path(steps - 1)], 0.0)


def gits_table(
    model: Any,
    x: Any,
    *,
    fine: ArrayLike | None = None,
    teacher: str | Trajectory = "ipndm",
    metric: Metric = "dev",
    coeff: float = 1.15,
    labels: Any = None,
    **options: Any,
) -> GitsTable:
    """The costs of all Euler jumps between fine levels; one table gives the schedule for any number of steps.

    Formulas, arguments, errors and source as in `geomodel.schedules.gits`.
    """
    if metric not in _ORDERS:
        raise ValueError(f"metric is one of {', '.join(_ORDERS)}; got {metric!r}.")
    coeff = number("coeff", coeff)
    if not coeff > 0:
        raise ValueError(f"coeff must be above 0; got {coeff:g}.")
    if teacher == "ipndm":
        options = {"order": 4, **options}
    run = teacher_run(
        model, x, fine=formulas.karras(20) if fine is None else fine, teacher=teacher, labels=labels, **options
    )
    return GitsTable(np.array(run.sigmas, np.float64), _costs(run, metric), coeff, metric)


def teacher_run(
    model: Any, x: Any, *, fine: ArrayLike, teacher: str | Trajectory, labels: Any = None, **options: Any
) -> Trajectory:
    """The trajectory on which a schedule is designed: the given one, or a float64 run over the fine levels."""
    if isinstance(teacher, Trajectory):
        if options:
            raise TypeError(f"The teacher is a finished run; it takes no {', '.join(options)}.")
        if not (np.isfinite(teacher.x).all() and np.isfinite(teacher.denoised).all()):
            raise ValueError(
                "The teacher's x or D is missing or not finite at a level; record it with display='exact'."
            )
        return teacher
    from geomodel.sampling import sample

    return sample(model, x, fine, solver=teacher, labels=labels, record="float64", **options)


def equal_rotation(run: Trajectory, steps: int, final_zero: bool = False) -> Levels:
    """Levels that share the run's total rotation equally, (steps + 1,): see `geomodel.schedules.tors`.

    A run that ends with a jump to 0 gives a schedule that ends with one.
    """
    steps = number("steps", steps, whole=True)
    if steps < 1:
        raise ValueError(f"A schedule has at least one step; got steps = {steps}.")
    positive = run.sigmas > 0
    sigmas = np.asarray(run.sigmas[positive], np.float64)
    to_zero = final_zero or not positive.all()
    turned = rotation(run.x[positive])
    if not turned[-1] > STRAIGHT:
        raise ValueError("The trajectory does not turn: there is no rotation to share. Take another schedule.")
    intervals = steps - 1 if to_zero else steps
    levels = np.interp(np.linspace(0, turned[-1], intervals + 1), turned, sigmas)
    levels[0] = sigmas[0]
    if intervals:
        levels[-1] = sigmas[-1]
    return formulas.custom(np.append(levels, 0.0) if to_zero else levels)


def rotation(curve: ArrayLike) -> Floats:
    """How far a curve has turned at every level, ∫ √(κ² + τ²) ds from its start, the mean over the samples.

    curve (levels, B, *shape) -> (levels,), in radians; it starts at 0 and never falls. Over a chord κ is the mean of
    its values at both ends, so that without torsion the result is the sum of the polygon's angles. An undefined κ or τ
    (see `geomodel.geometry`) counts as 0. Source: the magnitude of the Darboux vector, TORS (2603.00763).
    """
    bending = np.nan_to_num(geometry.curvature(curve))
    rate = np.hypot((bending[1:] + bending[:-1]) / 2, np.nan_to_num(geometry.torsion(curve)))
    return np.append(0.0, np.cumsum((rate * geometry.step_length(curve)).mean(axis=1)))


def _costs(run: Trajectory, metric: Metric) -> Floats:
    points = np.asarray(run.x, np.float64)
    deviations = geometry.deviation(points)
    cost = np.full((len(points), len(points)), np.nan)
    for i, (sigma, denoised) in enumerate(zip(run.sigmas[:-1], run.denoised, strict=True)):
        slope = (points[i] - denoised) / sigma
        for j in range(i + 1, len(points)):
            jump = points[i] + (run.sigmas[j] - sigma) * slope
            if metric == "dev":
                cost[i, j] = (_distance_to_line(points, jump) - deviations[j]).mean()
            else:
                missed = np.abs(jump - points[j]).reshape(len(jump), -1)
                cost[i, j] = np.linalg.norm(missed, ord=_ORDERS[metric], axis=1).mean()
    return cost


def _distance_to_line(points: Array, jump: Array) -> Floats:
    """Distance (B,) of each jump to the line through the first and last of the points."""
    distances = geometry.deviation(np.stack([points[0], jump, points[-1]]))
    return np.asarray(distances[1])
