"""Computes the mean shift at one image: the denoisers, the posterior and the Jacobians there."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.context import Answers, Context, Tasks
from app.engine.contract import frozen
from app.rooms.mean_shift.answers_along import along, annealed, point
from app.rooms.mean_shift.messages import AlongRequest, AnnealedRequest, MeanShiftAnswer, MeanShiftRequest
from geomodel.arrays import Array
from geomodel.job import Job

NEIGHBOURS = 12  # most images of nearest data


MODE_STEPS = 12  # mean-shift iterations over images; each costs as much as an evaluation


EIGENVECTORS = 6  # directions of a Jacobian


SPECTRUM_TOLERANCE = 1e-6  # posterior mass that the spectrum of the Jacobian may leave out


SPECTRUM = 96  # ranks whose weights are sent


def mean_shift(request: MeanShiftRequest, at: Context) -> MeanShiftAnswer:
    """The mean shift at one image: D*, the network beside it, the data with their weights, and the classes."""
    job = at.live
    if job.optimal is None:
        raise ValueError("there are no reference data")
    x, sigma = point(at, request.index, request.sample, request.sigma, request.probe)[None], request.sigma
    posterior = job.posterior(x, sigma, NEIGHBOURS, every=True)
    weights = posterior.every[0].numpy()
    ranks = np.unique(np.geomspace(1, len(weights), SPECTRUM).round().astype(int))
    optimal = posterior.mean if job.gives_posterior_mean(job.exact) else job.evaluate(job.exact, x, sigma)
    labels, path = job.data.labels if job.data is not None else None, None
    if request.path and job.settings.label < 0:
        path = frozen(np.asarray(job.optimal.mean_shift_path(x, sigma, max_iterations=MODE_STEPS))[:, 0])
    return MeanShiftAnswer(
        request=request,
        x=frozen(x[0]),
        optimal=frozen(np.asarray(optimal)[0]),
        network=None if job.network is None else frozen(np.asarray(job.evaluate(job.network, x, sigma))[0]),
        indices=frozen(posterior.indices[0].numpy()),
        weights=frozen(posterior.weights[0].numpy()),
        effective_neighbours=float(posterior.distinct_neighbours[0]),
        classes=None if labels is None else frozen(np.bincount(labels[labels >= 0], weights[labels >= 0])),
        path=path,
        optimal_jacobian=_spectrum(job, x, sigma) if request.jacobian else None,
        network_jacobian=_network_jacobian(job, x, sigma) if request.jacobian else None,
        ranks=frozen(ranks),
        spectrum=frozen(np.sort(weights)[len(weights) - ranks]),
    )


def _spectrum(job: Job, x: Array, sigma: float) -> Any:
    """The leading eigenpairs of ∂D*/∂x; None at σ = 0."""
    from geomodel.denoisers.optimal.jacobian import PosteriorCovariance

    if job.optimal is None or job.data is None or sigma == 0:
        return None
    covariance = PosteriorCovariance(
        job.optimal, job.data.points, x, sigma, job.data_labels(1), tolerance=SPECTRUM_TOLERANCE
    )
    return covariance.spectrum(EIGENVECTORS)


def _network_jacobian(job: Job, x: Array, sigma: float) -> Any:
    from geomodel.denoisers.network_jacobian import network_jacobian

    if job.network is None or sigma == 0:
        return None
    try:
        return network_jacobian(job.network, x, sigma, job.labels(1), EIGENVECTORS)
    except ValueError:  # a user's own denoiser need not be differentiable
        return None


ANSWERS: Answers = {MeanShiftRequest: mean_shift, AlongRequest: along, AnnealedRequest: annealed}
TASKS: Tasks = {}
