"""Measures a run while it is computed, against the data and against the run beside from the same noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel.arrays import Array
from geomodel.geometry.posteriors import Belief
from geomodel.hooks import Between, nothing
from geomodel.record import Record
from geomodel.trail import Place, Trail
from geomodel.trajectory import Step

if TYPE_CHECKING:
    from torch import Tensor

    from geomodel.job import Job


def measure(job: Job, step: Step, trail: Trail, between: Between = nothing) -> dict[str, Array]:
    """Measures the start of a step; see `measure_level`."""
    return measure_level(job, step.x, step.sigma, step.denoised, trail, between)


def measure_level(
    job: Job, x: Tensor, sigma: float, denoised: Tensor | None, trail: Trail, between: Between = nothing
) -> dict[str, Array]:
    """Measures a level of a run, x and D(x; sigma), against the data (see `measures`). `between` is called between the
    parts. Where D was not evaluated, only x is measured. The trail gets what is believed of the data there.
    """
    if job.optimal is None:
        return {}
    between()
    posterior = job.posterior(x, sigma)
    trail.believe(Belief.of(x, sigma, posterior, job.optimal.counts(job.data_labels(len(x)), len(x))))
    found: dict[str, Array] = {
        "effective_neighbours": posterior.distinct_neighbours.numpy(),
        "nearest_x": _to_data(job, x, posterior),
    }
    if denoised is None:
        return found
    between()
    found["nearest_denoised"] = _to_data(job, denoised, job.posterior(denoised, 0.0, 1))
    if job.settings.compares and job.compared is not None:
        other = posterior.mean if job.gives_posterior_mean(job.compared) else job.evaluate(job.compared, x, sigma)
        found["denoiser_difference"] = distance(denoised, other)
        found[job.settings.compared_with] = other.numpy().astype(job.record_dtype)
    return found


def measure_end(job: Job, record: Record, denoised: Tensor | None, between: Between = nothing) -> None:
    """Adds the measures of the last level to the record of a complete run, which then have a row for every level.

    denoised: D there; None at σ = 0, where D is not evaluated and the measures of D end one level before. What D is
    compared with along the run ends one level before too.
    """
    sigma = float(record.sigmas[-1])
    found = measure_level(job, record.end, sigma, denoised, record.trail, between)
    if record.beside_end is not None and denoised is not None:
        between()
        other, there = (job.evaluate(model, record.beside_end, sigma) for model in (job.compared, job.model))
        record.looks += 1
        found["exact_distance_denoised"] = distance(denoised, other)
        found["denoiser_difference_exact"] = distance(there, other)
        record.trail.see_beside(Place(record.beside_end.numpy(), other.numpy(), sigma))
    record.pass_by(len(record.sigmas) - 2, record.trail.take())
    for name, value in found.items():
        if name != job.settings.compared_with:
            record.extras[name] = np.concatenate([record.extras[name], value[None]])


def measure_beside(job: Job, model: Callable[..., Any], step: Step, beside: Step, trail: Trail) -> dict[str, Array]:
    """Measures the start of a step against the same step of the run beside: the curves (a), (b) and (d)."""
    trail.see_beside(Place(beside.x.numpy(), beside.denoised.numpy(), beside.sigma))
    there = job.evaluate(model, beside.x, beside.sigma)
    return {
        "exact_distance_x": distance(step.x, beside.x),
        "exact_distance_denoised": distance(step.denoised, beside.denoised),
        "denoiser_difference_exact": distance(there, beside.denoised),
    }


def distance(first: Tensor, second: Tensor) -> Array:
    """‖first − second‖ of each row, (B,)."""
    return np.asarray((first - second).flatten(1).norm(dim=1))


def _to_data(job: Job, x: Tensor, posterior: Any) -> Array:
    """‖x − y‖ of each row to the data point with the largest weight, which is the nearest one."""
    assert job.data is not None
    nearest = np.asarray(job.data.points[posterior.indices[:, 0].numpy()], np.float64)
    return np.asarray(np.linalg.norm((x.numpy() - nearest).reshape(len(x), -1), axis=1))
