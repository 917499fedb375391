"""Ghosts of a sample: where the same noise goes without the solver's error, or under another denoiser of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from geomodel import classes, runs
from geomodel.arrays import Floats
from geomodel.experiments.exact import solve
from geomodel.hooks import Between, nothing

if TYPE_CHECKING:
    from geomodel.job import Job

Ghost = Literal["optimal", "gaussian", "classes", "ode"]
TOLERANCE = 1e-6  # relative, of the exact curve: far below what a plane or a number of three digits shows
GHOSTS: tuple[Ghost, ...] = get_args(Ghost)


def ghost(job: Job, kind: Ghost, sample: int, *, model: Any = None, between: Between = nothing) -> Floats:
    """x of one sample of a run at the run's noise levels, from the run's own x at the first of them.

    ``ode``: the solution of dx/dσ = (x − D(x; σ))/σ with the driver's D, by dop853 with a relative tolerance of 10⁻⁶.
    ``optimal``: the run's solver, driven by D* (the run called x* in the papers' comparisons). ``gaussian`` and
    ``classes``: driven by the Gaussian of the data, or by one Gaussian for each class. A stochastic solver draws from
    the Brownian path of the sample's seed, so all of them see the noise that the run saw. D* and the Gaussians of the
    classes keep the run's class and guidance.

    Args:
        job: of `geomodel.runs.prepare`.
        kind: one of `GHOSTS`.
        sample: the index of the sample in the run.
        model: the job's driver where it is wrapped, for ``ode``.
        between: called between steps and between the parts of fitting Gaussians, and may raise an exception to end it.

    Returns:
        (levels, *shape) float64.

    Raises:
        ValueError: the data lack what the ghost is made of; and what `geomodel.sample` raises.
    """
    rows = slice(sample, sample + 1)
    if kind == "ode":
        x, driver = job.x[rows], job.model if model is None else model
        return np.asarray(solve(driver, x, job.sigmas, labels=job.labels(1), reference=None, tolerance=TOLERANCE)[:, 0])
    other = _other(job, kind, between)
    found = [job.x[sample].numpy()]
    for step in runs.steps_of(job, other, rows):
        between()
        found.append(step.x_next[0].numpy())
    return np.asarray(np.stack(found), np.float64)


def _other(job: Job, kind: Ghost, between: Between) -> Any:
    if job.data is None:
        raise ValueError("Other denoisers of the data need reference data.")
    if kind == "optimal":
        if job.exact is None:
            raise ValueError(f"{classes.missing(job.data, job.asked.name)}, so D* has no points to be made of.")
        return job.exact
    if kind == "gaussian":
        if job.settings.label >= 0:
            raise ValueError("One Gaussian has no classes, and this run asks for one.")
        return job.data.fitted(False, between)
    if job.settings.label >= 0 and job.asked.data is None:
        raise ValueError(f"{classes.missing(job.data, job.asked.name)}, so it has no Gaussian.")
    return runs.asked_of(job.settings, job.data.fitted(True, between), job.asked.data)
