"""Answers to what the views ask about a run: density, field, probe, the inside of a step, the nearest data."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from app.engine.messages import (
    Array,
    Event,
    MeanShiftAnswer,
    MeanShiftRequest,
    NeighboursAnswer,
    NeighboursRequest,
    frozen,
)
from app.engine.plane_space import Direct, Ground, Kernels
from app.engine.tasks import derivative
from app.rooms.compare.messages import DerivativeRequest
from app.rooms.mean_shift import answers_along as along_sigma
from app.rooms.mean_shift.messages import AlongRequest, AnnealedRequest
from app.rooms.plane.answers_basins import basins
from app.rooms.plane.messages import (
    BasinsRequest,
    InsideAnswer,
    InsideRequest,
    PictureAnswer,
    PictureRequest,
    ProbeAnswer,
    ProbeRequest,
    Site,
)
from geomodel import density, runs
from geomodel.job import Job

NEIGHBOURS = 12  # images that the mean-shift view shows
PATH_TOLERANCE = 1e-3  # the probe's path ends when it moves less than this part of σ: the eye sees no more
MODE_STEPS = 12  # mean-shift iterations over images: each costs as much as an evaluation
EIGENVECTORS = 6  # of a Jacobian
SPECTRUM_TOLERANCE = 1e-6  # posterior mass that its spectrum may leave out
SPECTRUM = 96  # ranks of which the weight is told
DRAWN_WEIGHTS = 200  # the largest posterior weights, which the plane draws: more would hold up a drag


def answer(
    request: Any, job: Job, plane: Callable[[Site], Ground], record: Any, waits: Callable[[], bool] = lambda: False
) -> Event:
    """The answer to one request about a run; `waits`: whether another does. ValueError where it cannot be answered."""
    match request:
        case PictureRequest():
            return picture(request, job, plane(request.site))
        case ProbeRequest():
            return probe(request, job, plane(request.site))
        case InsideRequest():
            return inside(request, job, record)
        case NeighboursRequest():
            return neighbours(request, job, record)
        case MeanShiftRequest():
            return mean_shift(request, job, record)
        case AlongRequest():
            return along_sigma.along(request, job, record)
        case AnnealedRequest():
            return along_sigma.annealed(request, job, record)
        case DerivativeRequest():
            return derivative(request, job, record)
        case BasinsRequest():
            return basins(request, job, plane(request.site), waits)
    raise TypeError(f"no answer for {type(request).__name__}")


def picture(request: PictureRequest, job: Job, plane: Ground) -> PictureAnswer:
    """Density and field of the plane."""
    started = time.perf_counter()
    kernels = plane.kernels(request.sigma, request.rect)
    image = None
    if kernels is not None:
        image = density.density_image(
            kernels.means,
            kernels.variances,
            None,
            request.sigma,
            request.rect,
            request.pixels,
            log_weights=kernels.log_weights,
        )
    at = density.grid_points(request.rect, *request.arrows) if request.arrows[0] else np.zeros((0, 2))
    denoised = _field(request, job, plane, kernels, at) if len(at) else at
    return PictureAnswer(
        request=request,
        density=None if image is None else frozen(image),
        at=frozen(at),
        denoised=frozen(denoised),
        seconds=time.perf_counter() - started,
    )


def _field(request: PictureRequest, job: Job, plane: Ground, kernels: Kernels | None, at: Array) -> Array:
    """D in the plane: of the kernels where there is nothing else or they are exactly D*, else of the denoisers."""
    models: dict[str, Any] = {"optimal": job.exact, "network": job.network}
    model = models.get(request.field) or job.model
    if plane.lift is None or (model is job.optimal and not isinstance(plane, Direct)):
        assert kernels is not None
        means, variances, logs = kernels.means, kernels.variances, kernels.log_weights
        return density.plane_denoised(means, variances, None, request.sigma, at, log_weights=logs)
    x = plane.lift(at)

    def ask(denoiser: Any) -> Array:
        return plane.project(np.asarray(job.evaluate(denoiser, x, request.sigma)))

    if request.field == "difference" and job.exact is not None and job.network is not None:
        return at + ask(job.network) - ask(job.exact)
    return ask(model)


def probe(request: ProbeRequest, job: Job, plane: Ground) -> ProbeAnswer:
    """The denoisers, the posterior weights and the mean shift at one point of the plane."""
    if plane.lift is None:
        raise ValueError("a point of the marginal plane is no point of the data's space; choose the slice")
    x, sigma = plane.lift(np.asarray([request.point], np.float64)), request.sigma
    posterior = None if job.optimal is None else job.posterior(x, sigma, DRAWN_WEIGHTS)

    def ask(model: Any) -> Array:
        """A denoiser's answer, without asking D* again for the mean of its posterior."""
        if model is job.optimal and posterior is not None:
            return np.asarray(posterior.mean)
        return np.asarray(job.evaluate(model, x, sigma))

    exact = None if job.exact is None else ask(job.exact)
    network = None if job.network is None else ask(job.network)
    path = None
    if request.path and job.optimal is not None and job.settings.label < 0 and isinstance(plane, Direct):
        path = frozen(np.asarray(job.optimal.mean_shift_path(x, sigma, tolerance=PATH_TOLERANCE))[:, 0])
    if job.settings.driver == "mixture":
        log_density = float(job.model.log_density(x, sigma)[0])  # type: ignore[attr-defined]
    else:
        log_density = float("nan") if posterior is None else float(posterior.log_density[0])
    return ProbeAnswer(
        request=request,
        denoised=frozen(plane.project(ask(job.model))[0]),
        optimal=None if exact is None else frozen(plane.project(exact)[0]),
        network=None if network is None else frozen(plane.project(network)[0]),
        indices=None if posterior is None else frozen(posterior.indices[0].numpy()),
        weights=None if posterior is None else frozen(posterior.weights[0].numpy()),
        effective_neighbours=float("nan") if posterior is None else float(posterior.effective_neighbours[0]),
        log_density=log_density,
        path=path,
        shift=_distance(exact, x),
        difference=_distance(exact, network),
    )


def _distance(first: Array | None, second: Array | None) -> float:
    if first is None or second is None:
        return float("nan")
    return float(np.linalg.norm(np.asarray(first, np.float64) - second))


def inside(request: InsideRequest, job: Job, record: Any) -> InsideAnswer:
    """The exact ODE curve through the start of a step, and its stage points computed again where they are asked for."""
    curve, error = _curve(request, job, record) if request.curve else (None, 0.0)
    detail = runs.inside(job, request.index, request.sample) if request.stages else None
    return InsideAnswer(request, curve, error, detail)


def _curve(request: InsideRequest, job: Job, record: Any) -> tuple[Array, float]:
    import torch

    from geomodel.reference import SUBSTEPS, exact_curve

    i, k = request.index, request.sample
    x = torch.as_tensor(record.x[i, k : k + 1], dtype=torch.float64)
    sigma, sigma_next = float(record.sigmas[i]), float(record.sigmas[i + 1])
    driver = partial(job.evaluate, job.model)
    curve = exact_curve(driver, x, sigma, sigma_next)
    coarse = exact_curve(driver, x, sigma, sigma_next, SUBSTEPS // 2)
    return frozen(curve[:, 0].numpy()), float((curve[-1] - coarse[-1]).norm())


def neighbours(request: NeighboursRequest, job: Job, record: Any) -> NeighboursAnswer:
    """The data that weigh most at one level of one sample; at σ = 0 the nearest."""
    if job.optimal is None:
        raise ValueError("there are no reference data")
    x = record.x[request.index, request.sample : request.sample + 1].astype(np.float64)
    sigma = float(record.sigmas[request.index])
    posterior = job.posterior(x, sigma, DRAWN_WEIGHTS)
    return NeighboursAnswer(
        request,
        frozen(posterior.indices[0].numpy()),
        frozen(posterior.weights[0].numpy()),
        float(posterior.effective_neighbours[0]),
        frozen(np.asarray(job.evaluate(job.exact, x, sigma))[0]),
    )


def mean_shift(request: MeanShiftRequest, job: Job, record: Any) -> MeanShiftAnswer:
    """The mean shift at one image: D*, the network beside it, the data with their weights and their classes."""
    if job.optimal is None:
        raise ValueError("there are no reference data")
    x, sigma = _image(request, job, record), request.sigma
    posterior = job.posterior(x, sigma, NEIGHBOURS, every=True)
    weights = posterior.every[0].numpy()
    ranks = np.unique(np.geomspace(1, len(weights), SPECTRUM).round().astype(int))
    optimal = posterior.mean if job.exact is job.optimal else job.evaluate(job.exact, x, sigma)
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
        effective_neighbours=float(posterior.effective_neighbours[0]),
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
        job.optimal, job.data.points, x, sigma, job.labels(1), tolerance=SPECTRUM_TOLERANCE
    )
    return covariance.spectrum(EIGENVECTORS)


def _network_jacobian(job: Job, x: Array, sigma: float) -> Any:
    from geomodel.denoisers.network_jacobian import network_jacobian

    if job.network is None or sigma == 0:
        return None
    try:
        return network_jacobian(job.network, x, sigma, job.labels(1), EIGENVECTORS)
    except ValueError:  # someone's own denoiser need not be differentiable
        return None


def _image(request: MeanShiftRequest, job: Job, record: Any) -> Array:
    """The point (1, *shape) that is asked about."""
    return along_sigma.point(job, record, request.index, request.sample, request.sigma, request.probe)[None]
