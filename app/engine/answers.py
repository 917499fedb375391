"""Answers to what the views ask about a run: density, field, probe, the inside of a step, the nearest data."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from app.engine.messages import (
    Array,
    Event,
    InsideAnswer,
    InsideRequest,
    NeighboursAnswer,
    NeighboursRequest,
    PictureAnswer,
    PictureRequest,
    ProbeAnswer,
    ProbeRequest,
    frozen,
)
from geomodel import density
from geomodel.runs import Job

NEIGHBOURS = 12
PROBE_WEIGHTS = 2000  # the largest posterior weights that the plane draws


def answer(request: Any, job: Job, data: Any, record: Any) -> Event:
    """The answer to one request about a run."""
    match request:
        case PictureRequest():
            return picture(request, job, data)
        case ProbeRequest():
            return probe(request, job)
        case InsideRequest():
            return inside(request, job, record)
        case NeighboursRequest():
            return neighbours(request, job, record)
    raise TypeError(f"no answer for {type(request).__name__}")


def picture(request: PictureRequest, job: Job, data: Any) -> PictureAnswer:
    """Density and field of the plane; in the marginal mode both belong to the projected data."""
    started = time.perf_counter()
    sigma, direct = request.sigma, tuple(job.x.shape[1:]) == (2,)
    image = None
    kernels = None
    if data is not None:
        mixture = job.model if job.settings.driver == "mixture" and direct else None
        kernels = _kernels(mixture, _points(job, data.opened))
        image = density.density_image(*kernels, sigma, request.rect, request.pixels)
    at = density.grid_points(request.rect, *request.arrows) if request.arrows[0] else np.zeros((0, 2))
    if not len(at):
        denoised = at
    elif direct:
        denoised = _field(request, job, at)
    elif kernels is not None:
        denoised = density.plane_denoised(*kernels, sigma, at)
    else:
        at = denoised = np.zeros((0, 2))
    return PictureAnswer(
        request=request,
        density=None if image is None else frozen(image),
        at=frozen(at),
        denoised=frozen(denoised),
        seconds=time.perf_counter() - started,
    )


def _points(job: Job, opened: Any) -> Array:
    """The projected data, of the run's class where it has one."""
    points: Array = opened.plane_points
    return points if job.settings.label < 0 else points[opened.dataset.labels == job.settings.label]


def _kernels(mixture: Any, points: Array) -> tuple[Array, Array, Array]:
    if mixture is not None:
        means = np.asarray(mixture.means, np.float64)
        variances = np.broadcast_to(np.asarray(mixture.variances, np.float64), means.shape)
        return means, variances, np.asarray(mixture.weights, np.float64)
    return points, np.zeros_like(points), np.full(len(points), 1 / len(points))


def _field(request: PictureRequest, job: Job, at: Array) -> Array:
    def ask(model: Any) -> Array:
        return np.asarray(job.evaluate(model, at, request.sigma))

    if request.field == "difference" and job.exact is not None and job.network is not None:
        return at + ask(job.network) - ask(job.exact)
    return ask({"optimal": job.exact, "network": job.network}.get(request.field) or job.model)


def probe(request: ProbeRequest, job: Job) -> ProbeAnswer:
    """The denoisers, the posterior weights and the mean shift at one point of a 2-D plane."""
    x, sigma = np.asarray([request.point], np.float64), request.sigma
    posterior = None if job.optimal is None else job.posterior(x, sigma, PROBE_WEIGHTS)
    path = None
    if request.path and job.optimal is not None and job.settings.label < 0:
        path = frozen(np.asarray(job.optimal.mean_shift_path(x, sigma))[:, 0])
    if job.settings.driver == "mixture":
        log_density = float(job.model.log_density(x, sigma)[0])  # type: ignore[attr-defined]
    else:
        log_density = float("nan") if posterior is None else float(posterior.log_density[0])
    return ProbeAnswer(
        request=request,
        denoised=frozen(job.evaluate(job.model, x, sigma)[0]),
        optimal=None if posterior is None else frozen(job.evaluate(job.exact, x, sigma)[0]),
        network=None if job.network is None else frozen(job.evaluate(job.network, x, sigma)[0]),
        indices=None if posterior is None else frozen(posterior.indices[0].numpy()),
        weights=None if posterior is None else frozen(posterior.weights[0].numpy()),
        effective_neighbours=float("nan") if posterior is None else float(posterior.effective_neighbours[0]),
        log_density=log_density,
        path=path,
    )


def inside(request: InsideRequest, job: Job, record: Any) -> InsideAnswer:
    """The exact ODE curve through the start of a step."""
    import torch

    from geomodel.reference import SUBSTEPS, exact_curve

    i, k = request.index, request.sample
    x = torch.as_tensor(record.x[i, k : k + 1], dtype=torch.float64)
    sigma, sigma_next = float(record.sigmas[i]), float(record.sigmas[i + 1])
    driver = partial(job.evaluate, job.model)
    curve = exact_curve(driver, x, sigma, sigma_next)
    coarse = exact_curve(driver, x, sigma, sigma_next, SUBSTEPS // 2)
    error = float((curve[-1] - coarse[-1]).norm())
    return InsideAnswer(request, frozen(curve[:, 0].numpy()), error)


def neighbours(request: NeighboursRequest, job: Job, record: Any) -> NeighboursAnswer:
    """The data that weigh most at one level of one sample; at σ = 0 the nearest."""
    if job.optimal is None:
        raise ValueError("there are no reference data")
    x = record.x[request.index, request.sample : request.sample + 1].astype(np.float64)
    sigma = float(record.sigmas[request.index])
    posterior = job.posterior(x, sigma, NEIGHBOURS)
    return NeighboursAnswer(
        request,
        frozen(posterior.indices[0].numpy()),
        frozen(posterior.weights[0].numpy()),
        float(posterior.effective_neighbours[0]),
        frozen(np.asarray(job.evaluate(job.exact, x, sigma))[0]),
    )
