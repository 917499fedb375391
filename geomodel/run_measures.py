"""Measures a run while it is computed, against the data and against a run of D* from the same noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel.arrays import Array
from geomodel.trajectory import Step

if TYPE_CHECKING:
    from torch import Tensor

    from geomodel.job import Job


def nothing() -> None:
    """Does nothing; the default of hooks."""


def measure(job: Job, step: Step, between: Callable[[], None] = nothing) -> dict[str, Array]:
    """Measures the start of a step against the data (see `measures`). `between` is called between the parts."""
    if job.optimal is None:
        return {}
    between()
    nearest = job.posterior(step.denoised, 0.0, 1)
    between()
    posterior = job.posterior(step.x, step.sigma)
    found: dict[str, Array] = {
        "effective_neighbours": posterior.effective_neighbours.numpy(),
        "nearest_x": _to_data(job, step.x, posterior),
        "nearest_denoised": _to_data(job, step.denoised, nearest),
    }
    if job.settings.driver != "optimal":
        exact = posterior.mean if job.exact is job.optimal else job.evaluate(job.exact, step.x, step.sigma)
        found["denoiser_difference"] = distance(step.denoised, exact)
        found["optimal"] = exact.numpy().astype(job.record_dtype)
    return found


def measure_beside(job: Job, model: Callable[..., Any], step: Step, exact: Step) -> dict[str, Array]:
    """Measures the start of a step against the same step of D* from the same noise: the curves (a), (b) and (d)."""
    there = job.evaluate(model, exact.x, exact.sigma)
    return {
        "exact_distance_x": distance(step.x, exact.x),
        "exact_distance_denoised": distance(step.denoised, exact.denoised),
        "denoiser_difference_exact": distance(there, exact.denoised),
    }


def distance(first: Tensor, second: Tensor) -> Array:
    """‖first − second‖ of each row, (B,)."""
    return np.asarray((first - second).flatten(1).norm(dim=1))


def _to_data(job: Job, x: Tensor, posterior: Any) -> Array:
    """‖x − y‖ of each row to the data point with the largest weight, which is the nearest one."""
    assert job.data is not None
    nearest = np.asarray(job.data.points[posterior.indices[:, 0].numpy()], np.float64)
    return np.asarray(np.linalg.norm((x.numpy() - nearest).reshape(len(x), -1), axis=1))
