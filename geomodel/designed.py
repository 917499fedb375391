"""Schedules that follow a trajectory: GITS by dynamic programming over Euler errors, TORS by equal rotation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geomodel import formulas, geometry
from geomodel.arrays import Array, Floats
from geomodel.formulas import Levels
from geomodel.hooks import Between, nothing, pieces
from geomodel.knots import Fraction, knots_for
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

    def path(self, steps: int, between: Between = nothing) -> NDArray[np.intp]:
        """Indices 0 = i_0 < … < i_steps = M of the fine levels that minimise Σ_k coeff^k C(i_k, i_{k+1}).

        Dynamic programming from the end: V_1(j) = C(j, M), V_k(j) = min_i C(j, i) + coeff V_{k−1}(i); among equal costs
        the first index is taken. `between` is called several times a second; an exception from it ends the search.
        ValueError where the grid has fewer intervals than steps.
        """
        steps = number("steps", steps, whole=True)
        last = len(self.sigmas) - 1
        if not 1 <= steps <= last:
            raise ValueError(f"The grid has {last} intervals to choose from; steps lies between 1 and {last}: {steps}.")
        cost = np.where(np.isnan(self.cost), np.inf, self.cost)
        value = cost[:, last]
        choices: list[NDArray[np.intp]] = []
        for _ in range(steps - 1):
            choice, least = np.empty(len(cost), np.intp), np.empty(len(cost))
            for rows in pieces(0, len(cost), len(cost), between):
                through = cost[rows] + self.coeff * value
                choice[rows], least[rows] = through.argmin(axis=1), through.min(axis=1)
            choices.append(choice)
            value = least
        path = [0]
        for choice in reversed(choices):
            path.append(int(choice[path[-1]]))
        return np.array([*path, last], dtype=np.intp)

    def levels(self, steps: int, final_zero: bool = False, between: Between = nothing) -> Levels:
        """The noise levels of `path`, (steps + 1,); with final_zero the zero is one of the steps."""
        return self._of(self._path(steps, final_zero, between), final_zero)

    def levels_for(
        self,
        model: Any,
        x: Any,
        steps: int,
        solver: str,
        *,
        options: Mapping[str, Any] | None = None,
        final_zero: bool = False,
        labels: Any = None,
        between: Between = nothing,
        progress: Fraction | None = None,
    ) -> Levels:
        """The levels of `path`, moved until this solver's own error at the end is least: see `geomodel.knots`."""
        path = self._path(steps, final_zero, between)
        if len(path) > 2:
            path = knots_for(
                model,
                x,
                self.sigmas,
                path,
                solver,
                options=options,
                final_zero=final_zero,
                labels=labels,
                progress=progress,
            )
        return self._of(path, final_zero)

    def _path(self, steps: int, final_zero: bool, between: Between) -> list[int]:
        """`path` without the step to zero, where that is one of the steps."""
        if not final_zero:
            return [int(at) for at in self.path(steps, between)]
        if self.sigmas[-1] == 0:
            raise ValueError("The fine grid ends at 0 by itself; leave final_zero out.")
        return [0] if steps == 1 else [int(at) for at in self.path(steps - 1, between)]

    def _of(self, path: list[int], final_zero: bool) -> Levels:
        return np.append(self.sigmas[path], [0.0] if final_zero else [])


def gits_table(
    model: Any,
    x: Any,
    *,
    fine: ArrayLike | None = None,
    teacher: str | Trajectory = "ipndm",
    metric: Metric = "dev",
    coeff: float = 1.15,
    labels: Any = None,
    between: Between = nothing,
    **options: Any,
) -> GitsTable:
    """The costs of all Euler jumps between fine levels; one table gives the schedule for any number of steps.

    Formulas, arguments, errors and source as in `geomodel.schedules.gits`. `between` is called several times a second
    once the teacher has run; an exception from it ends the computation.
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
    return GitsTable(np.array(run.sigmas, np.float64), _costs(run, metric, between), coeff, metric)


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


def equal_rotation(run: Trajectory, steps: int, final_zero: bool = False, between: Between = nothing) -> Levels:
    """Levels that share the run's total rotation equally, (steps + 1,): see `geomodel.schedules.tors`.

    A run that ends with a jump to 0 gives a schedule that ends with one. `between` as in `rotation`.
    """
    steps = number("steps", steps, whole=True)
    if steps < 1:
        raise ValueError(f"A schedule has at least one step; got steps = {steps}.")
    positive = run.sigmas > 0
    sigmas = np.asarray(run.sigmas[positive], np.float64)
    to_zero = final_zero or not positive.all()
    turned = rotation(run.x[positive], between)
    if not turned[-1] > STRAIGHT:
        raise ValueError("The trajectory does not turn: there is no rotation to share. Take another schedule.")
    intervals = steps - 1 if to_zero else steps
    levels = np.interp(np.linspace(0, turned[-1], intervals + 1), turned, sigmas)
    levels[0] = sigmas[0]
    if intervals:
        levels[-1] = sigmas[-1]
    return formulas.custom(np.append(levels, 0.0) if to_zero else levels)


def rotation(curve: ArrayLike, between: Between = nothing) -> Floats:
    """How far a curve has turned at every level, ∫ √(κ² + τ²) ds from its start, the mean over the samples.

    curve (levels, B, *shape) -> (levels,), in radians; it starts at 0 and never falls. Over a chord κ is the mean of
    its values at both ends, so that without torsion the result is the sum of the polygon's angles. An undefined κ or τ
    (see `geomodel.geometry`) counts as 0. `between` is called several times a second; an exception from it ends the
    computation. Source: the magnitude of the Darboux vector, TORS (2603.00763).
    """
    points = np.asarray(curve)
    batch = points.shape[1]
    turned = np.zeros(len(points) - 1)
    for samples in pieces(0, batch, points[:, 0].size, between):
        part = points[:, samples]
        bending = np.nan_to_num(geometry.curvature(part))
        rate = np.hypot((bending[1:] + bending[:-1]) / 2, np.nan_to_num(geometry.torsion(part)))
        turned += (rate * geometry.step_length(part)).sum(axis=1) / batch
    return np.append(0.0, np.cumsum(turned))


def _costs(run: Trajectory, metric: Metric, between: Between) -> Floats:
    points = np.asarray(run.x, np.float64)
    deviations = geometry.deviation(points)
    cost = np.full((len(points), len(points)), np.nan)
    for i, (sigma, denoised) in enumerate(zip(run.sigmas[:-1], run.denoised, strict=True)):
        slope = (points[i] - denoised) / sigma
        for levels in pieces(i + 1, len(points), slope.size, between):
            moves = (run.sigmas[levels] - sigma).reshape(-1, *[1] * slope.ndim)
            jumps = points[i] + moves * slope
            if metric == "dev":
                missed = _distances_to_line(points, jumps) - deviations[levels]
            else:
                apart = np.abs(jumps - points[levels]).reshape(*jumps.shape[:2], -1)
                missed = np.linalg.norm(apart, ord=_ORDERS[metric], axis=2)
            cost[i, levels] = missed.mean(axis=1)
    return cost


def _distances_to_line(points: Array, jumps: Array) -> Floats:
    """Distances (m, B) of jumps (m, B, *shape) to the line through the first and last of the points."""
    distances: Floats = geometry.deviation(np.concatenate([points[:1], jumps, points[-1:]]))[1:-1]
    return distances
