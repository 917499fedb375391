"""Computes the plane's answers: density and field, the probe, the inside of a step."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from app.engine.context import Answers, Context, Tasks
from app.engine.contract import frozen
from app.engine.plane_space import Direct, Kernels, PlaneSpace
from app.rooms.plane.answers_basins import basins
from app.rooms.plane.answers_branch import branch_later, branch_now
from app.rooms.plane.answers_drawing import sketch
from app.rooms.plane.answers_ghosts import ghost_later
from app.rooms.plane.answers_trace import trace
from app.rooms.plane.messages import (
    DRAWN_WEIGHTS,
    BasinsRequest,
    BranchRequest,
    BranchTask,
    DensityAnswer,
    DensityRequest,
    GhostTask,
    InsideAnswer,
    InsideRequest,
    ProbeAnswer,
    ProbeRequest,
    SketchRequest,
    TraceRequest,
)
from geomodel import density, runs
from geomodel.arrays import Array
from geomodel.job import Job

PATH_TOLERANCE = 1e-3  # the probe's path ends when it moves less than this part of σ, which nobody can see


def density_and_field(request: DensityRequest, at: Context) -> DensityAnswer:
    """Density and field of the plane."""
    plane, started = at.plane(request.site), time.perf_counter()
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
    tails = density.grid_points(request.rect, *request.arrows) if request.arrows[0] else np.zeros((0, 2))
    denoised = _field(request, at.live, plane, kernels, tails) if len(tails) else None
    if denoised is None:
        tails = denoised = np.zeros((0, 2))
    return DensityAnswer(
        request=request,
        density=None if image is None else frozen(image),
        at=frozen(tails),
        denoised=frozen(denoised),
        seconds=time.perf_counter() - started,
    )


def _field(request: DensityRequest, job: Job, plane: PlaneSpace, kernels: Kernels | None, at: Array) -> Array | None:
    """D in the plane; None if a denoiser that is asked for is not there. It comes from the kernels if they are exactly
    D* or the plane is no part of the data's space, otherwise from the denoisers.
    """
    model = {"optimal": job.exact, "network": job.network}.get(request.field, job.model)
    if request.field == "difference":
        return _difference(request, job, plane, at)
    if plane.lift is None or (job.gives_posterior_mean(model) and not isinstance(plane, Direct)):
        if kernels is None:
            return None
        means, variances, logs = kernels.means, kernels.variances, kernels.log_weights
        if isinstance(variances, float) and not variances:
            return density.grid_denoised(means, request.sigma, request.rect, *request.arrows, log_weights=logs)
        return density.plane_denoised(means, variances, None, request.sigma, at, log_weights=logs)
    return None if model is None else plane.project(np.asarray(job.evaluate(model, plane.lift(at), request.sigma)))


def _difference(request: DensityRequest, job: Job, plane: PlaneSpace, at: Array) -> Array | None:
    """x + Dθ − D*, or less what the run is compared with: its arrows from x are the denoiser difference."""
    if plane.lift is None or job.compared is None or job.network is None:
        return None
    x = plane.lift(at)
    first, second = (np.asarray(job.evaluate(model, x, request.sigma)) for model in (job.network, job.compared))
    return at + plane.project(first) - plane.project(second)


def probe(request: ProbeRequest, at: Context) -> ProbeAnswer:
    """The denoisers, the posterior weights and the mean shift at one point of the plane."""
    job, plane = at.live, at.plane(request.site)
    if plane.lift is None:
        raise ValueError("a point of the marginal plane is no point of the data's space; choose the slice")
    x, sigma = plane.lift(np.asarray([request.point], np.float64)), request.sigma
    posterior = None if job.optimal is None else job.posterior(x, sigma, DRAWN_WEIGHTS)

    def ask(model: Any) -> Array:
        """A denoiser's answer. For D* it reuses the mean of the posterior."""
        if job.gives_posterior_mean(model) and posterior is not None:
            return np.asarray(posterior.mean)
        return np.asarray(job.evaluate(model, x, sigma))

    exact = None if job.exact is None else ask(job.exact)
    started, asked = time.perf_counter(), request.network or exact is None
    network = None if job.network is None or not asked else ask(job.network)
    seconds = 0.0 if network is None else time.perf_counter() - started
    fitted = None if job.compared is job.exact or job.compared is None else ask(job.compared)
    path = None
    if request.path and job.optimal is not None and job.settings.label < 0 and isinstance(plane, Direct):
        path = frozen(np.asarray(job.optimal.mean_shift_path(x, sigma, tolerance=PATH_TOLERANCE))[:, 0])
    if job.settings.driver == "mixture":
        log_density = float(job.model.log_density(x, sigma)[0])  # type: ignore[attr-defined]
    else:
        log_density = float("nan") if posterior is None else float(posterior.log_density[0])
    return ProbeAnswer(
        request=request,
        denoised=frozen(plane.project(ask(job.model))[0]) if asked or not job.settings.network_drives else None,
        optimal=None if exact is None else frozen(plane.project(exact)[0]),
        network=None if network is None else frozen(plane.project(network)[0]),
        fitted=None if fitted is None else frozen(plane.project(fitted)[0]),
        indices=None if posterior is None else frozen(posterior.indices[0].numpy()),
        weights=None if posterior is None else frozen(posterior.weights[0].numpy()),
        effective_neighbours=float("nan") if posterior is None else float(posterior.distinct_neighbours[0]),
        log_density=log_density,
        path=path,
        shift=_distance(exact, x),
        difference=_distance(exact if job.settings.compared_with == "optimal" else fitted, network),
        seconds=seconds,
    )


def _distance(first: Array | None, second: Array | None) -> float:
    if first is None or second is None:
        return float("nan")
    return float(np.linalg.norm(np.asarray(first, np.float64) - second))


def inside(request: InsideRequest, at: Context) -> InsideAnswer:
    """The exact ODE curve through the start of a step, and on request its stage points, computed again."""
    curve, error = _curve(request, at) if request.curve else (None, 0.0)
    detail = runs.inside(at.job, request.index, request.sample) if request.stages else None
    return InsideAnswer(request, curve, error, detail)


def _curve(request: InsideRequest, at: Context) -> tuple[Array, float]:
    import torch

    from geomodel.reference import SUBSTEPS, exact_curve

    i, k, record = request.index, request.sample, at.record
    x = torch.as_tensor(record.x[i, k : k + 1], dtype=torch.float64)
    sigma, sigma_next = float(record.sigmas[i]), float(record.sigmas[i + 1])
    driver = partial(at.job.evaluate, at.job.model)
    curve = exact_curve(driver, x, sigma, sigma_next)
    coarse = exact_curve(driver, x, sigma, sigma_next, SUBSTEPS // 2)
    return frozen(curve[:, 0].numpy()), float((curve[-1] - coarse[-1]).norm())


ANSWERS: Answers = {
    DensityRequest: density_and_field,
    SketchRequest: sketch,
    TraceRequest: trace,
    ProbeRequest: probe,
    InsideRequest: inside,
    BasinsRequest: basins,
    BranchRequest: branch_now,
}
TASKS: Tasks = {BranchTask: branch_later, GhostTask: ghost_later}
