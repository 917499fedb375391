"""The reference of an experiment: the ODE, solved far more accurately than by the runs that are compared with it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from geomodel import formulas, solvers
from geomodel.arrays import Array, Floats, plain
from geomodel.formulas import Levels
from geomodel.reference import FLOOR
from geomodel.trajectory import Trajectory

SOLVER = "dop853"
TOLERANCE = {True: 1e-10, False: 1e-6}  # for an analytic model (True) and a float32 network
UNIT = 80.0  # the first level of a run over data of about unit scale; the absolute tolerance is in units of the data
ROUNDINGS = 32  # of x, below which no absolute tolerance lies, because D far from the origin has no more digits
LOG_STEP = 1 / 32  # the sub-steps of a solver that does not choose its own
TO_ZERO = 8  # levels between the last one above 0 and FLOOR times it, where D is taken for x


def solve(
    model: Any,
    x: Any,
    sigmas: Levels,
    *,
    labels: Any,
    reference: str | Trajectory | None,
    tolerance: float | None = None,
) -> Floats:
    """The ODE's solution from x at sigmas[0] at all of these levels, (levels, B, *shape) float64.

    reference: a solver, a trajectory that has all of the levels, or None for dop853. An adaptive solver runs with
    `tolerance` as the relative one (None: 10⁻¹⁰, 10⁻⁶ for networks, or what the rounding of an x far from the origin
    allows) and that times sigmas[0]/80 as the absolute one; another one takes sub-steps of 1/32 in log σ. A level 0 is
    reached from 10⁻⁴ times the level before it, where D is taken for x.
    """
    if isinstance(reference, Trajectory):
        return _at_levels(reference, sigmas, np.shape(x))
    from geomodel.sampling import sample

    name, grid = reference or SOLVER, _to_zero(sigmas)
    options: dict[str, Any] = {}
    if solvers.row(name).adaptive:
        rounding = ROUNDINGS * np.finfo(np.float64).eps * float(np.abs(plain(x)).max()) * UNIT / float(sigmas[0])
        tolerance = tolerance or max(TOLERANCE[getattr(model, "analytic", True)], rounding)
        options = {"rtol": tolerance, "atol": tolerance * float(sigmas[0]) / UNIT}
    else:
        grid = _refined(grid)
    curve = sample(model, x, grid, solver=name, labels=labels, display="off", record="float64", **options).x
    return np.asarray(curve[np.isin(grid, sigmas)])


def distances(curve: Array, other: Array) -> Floats:
    """‖a − b‖ over all axes after the first two, (levels, B)."""
    apart = np.asarray(curve, np.float64) - other
    return np.asarray(np.linalg.norm(apart.reshape(*apart.shape[:2], -1), axis=2))


def _at_levels(run: Trajectory, sigmas: Levels, shape: tuple[int, ...]) -> Floats:
    if missing := [f"{sigma:.6g}" for sigma in sigmas if sigma not in run.sigmas]:
        raise ValueError(f"The reference has no level σ = {', '.join(missing[:3])}; it must have those of every lane.")
    if run.x.shape[1:] != shape:
        raise ValueError(f"The reference has samples of shape {run.x.shape[1:]}; x has {shape}.")
    return np.asarray(run.x[np.isin(run.sigmas, sigmas)], np.float64)


def _to_zero(sigmas: Levels) -> Levels:
    if sigmas[-1] > 0:
        return sigmas
    extra = np.geomspace(sigmas[-2], sigmas[-2] * FLOOR, TO_ZERO + 1)[1:]
    return formulas.custom([*sigmas[:-1], *extra, 0.0])


def _refined(sigmas: Levels) -> Levels:
    levels: list[float] = []
    for sigma, sigma_next in pairwise(sigmas.tolist()):
        substeps = math.ceil(math.log(sigma / sigma_next) / LOG_STEP) if sigma_next else 1
        levels.extend(sigma * (sigma_next / sigma) ** (k / substeps) for k in range(substeps))
    return formulas.custom([*levels, sigmas[-1]])
