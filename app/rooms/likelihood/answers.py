"""Computes the likelihood gains of the steps of a run, and the density that its ODE carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from itertools import count
from typing import Any

import numpy as np

from app.engine.context import Answers, Tasks, Work
from app.engine.contract import frozen
from app.engine.errors import short
from app.rooms.likelihood.messages import Densities, Likelihoods, LikelihoodTask
from geomodel import solvers
from geomodel.arrays import Array
from geomodel.denoisers.optimal.jacobian import soft_dimension
from geomodel.experiments.progress import Watched
from geomodel.job import Job
from geomodel.likelihood import Along, KernelGains, along, kernel_gains

GAINS = 0.3  # the share of the work that the gains take
NO_DATA = "The likelihood is undefined here because the run has no reference data of its class."
STOCHASTIC = "log p(x; σ) of the ODE is undefined here because {} draws noise and follows no ODE."

OWN, MIXTURE, KERNELS = "the driver's own density", "the data's mixture", "the kernel density of the data"

LogDensity = Callable[[Array, float], Any]
Trace = Callable[[Array, float], list[float]]


def likelihood(task: LikelihoodTask, work: Work) -> Likelihoods:
    """Gains step by step, then the densities. A cancel stops it at the next evaluation."""
    job = work.job
    if job.optimal is None:
        raise ValueError(NO_DATA)
    until = GAINS if task.along else 1.0
    labels, steps = job.data_labels(task.x.shape[1]), len(task.sigmas) - 1
    rows = []
    for n in range(steps):
        work.between()
        work.progress(0, until * n / steps)
        pair, output = task.x[n : n + 2], task.denoised[n : n + 1]
        rows.append(kernel_gains(job.optimal, pair, output, task.sigmas[n : n + 2], labels, task.bandwidth))
    joined = (np.concatenate([getattr(row, item.name) for row in rows]) for item in fields(KernelGains))
    return Likelihoods(KernelGains(*map(frozen, joined)), _densities(task, work) if task.along else None)


def _densities(task: LikelihoodTask, work: Work) -> Densities:
    log_density, of = _known(work.job)
    known = np.full(task.x.shape[:2], np.nan)
    for n, sigma in enumerate(task.sigmas.tolist()):
        work.between()
        if sigma > 0:
            known[n] = _finite(log_density, task.x[n], sigma)
    ode, why = _ode(task, work, known[0])
    return Densities(frozen(known), of, ode, why)


def _known(job: Job) -> tuple[LogDensity, str]:
    """The density beside the run: the driver's own, that of the mixture of its data, or the kernel density."""
    mixture = job.data.mixture if job.data is not None and job.settings.label < 0 else None
    own = getattr(job.model, "log_density", None)
    if own is not None:
        return own, OWN
    if mixture is not None and job.settings.network_drives:
        return mixture.log_density, MIXTURE
    return lambda x, sigma: job.posterior(x, sigma, 1).log_density, KERNELS


def _finite(log_density: LogDensity, x: Array, sigma: float) -> Array:
    """Its values (B,), NaN for rows that are not finite."""
    found = np.full(len(x), np.nan)
    points = np.asarray(x, np.float64)
    whole = np.isfinite(points.reshape(len(points), -1)).all(axis=1)
    if whole.any():
        found[whole] = np.asarray(log_density(points[whole], sigma))
    return found


def _ode(task: LikelihoodTask, work: Work, start: Array) -> tuple[Along | None, str]:
    """The density along the ODE, or a sentence that says why there is none."""
    job, settings = work.job, work.job.settings
    if solvers.row(settings.solver).stochastic:
        return None, STOCHASTIC.format(solvers.row(settings.solver).title)

    def progress(share: float) -> None:
        work.progress(0, GAINS + (1 - GAINS) * share)

    told = Watched(work.model, task.sigmas, 0, lambda _, share: progress(share))
    trace = _covariances(task, work, progress) if job.gives_posterior_mean(job.model) else None
    try:
        found = along(told, task.x, task.sigmas, start, labels=job.labels(task.x.shape[1]), trace=trace)
    except ValueError as error:
        return None, short(error)
    return Along(frozen(found.values), frozen(found.error)), ""


def _covariances(task: LikelihoodTask, work: Work, progress: Callable[[float], None]) -> Trace:
    """tr J of D* from the posterior's covariance, which costs a posterior for each x instead of d backward passes."""
    optimal, data, label = work.job.optimal, work.job.data, work.job.asked.data
    assert optimal is not None
    assert data is not None
    done, total = count(1), task.x.shape[0] * task.x.shape[1]

    def one(x: Array, sigma: float) -> float:
        work.between()
        progress(next(done) / total)
        return float(soft_dimension(optimal, data.points, x[None], sigma, [label])[0])

    return lambda x, sigma: [one(row, sigma) if np.isfinite(row).all() else np.nan for row in x]


ANSWERS: Answers = {}
TASKS: Tasks = {LikelihoodTask: likelihood}
