"""Answers about a point over the noise levels: what D* is made of there, and annealed mean shift beside the ODE.

An answer holds the engine only for a moment, so it has as many levels as fit. The room then requests the others.
"""

from __future__ import annotations

import time

import numpy as np

from app.engine.context import Context
from app.engine.contract import frozen
from app.rooms.mean_shift.messages import AlongAnswer, AlongRequest, AnnealedAnswer, AnnealedRequest, ImageProbe
from geomodel.annealing import beside_ode, nearest_data
from geomodel.arrays import Array
from geomodel.collapse import neighbours_and_classes

MOMENT = 0.1  # an answer ends with the level at which this time has passed


def along(request: AlongRequest, at: Context) -> AlongAnswer:
    """Effective neighbours and, over data of all classes, the posterior of the classes."""
    job = at.live
    if job.optimal is None or job.data is None:
        raise ValueError("there are no reference data")
    # a piece of D* takes a quarter of a second, and the weights are sorted too
    rows = max(1, (job.optimal.piece or 1) // 4)
    levels = range(request.first, min(request.first + rows, len(request.sigmas)))
    sigmas = np.array([request.sigmas[n] for n in levels])
    x = np.stack([point(at, n, request.sample, request.sigmas[n], request.probe) for n in levels])
    classes = job.data.labels if job.settings.label < 0 else None
    effective, shares = neighbours_and_classes(job.optimal, x, sigmas, classes, job.data_labels(len(x)))
    return AlongAnswer(request=request, effective=frozen(effective), classes=None if shares is None else frozen(shares))


def annealed(request: AnnealedRequest, at: Context) -> AnnealedAnswer:
    """Some levels of annealed mean shift and of the ODE, and where both end when the last level is reached."""
    job = at.live
    if job.optimal is None:
        raise ValueError("there are no reference data")
    stand, until = request.stand, time.perf_counter() + MOMENT
    if stand is None:
        stand = np.stack([point(at, request.index, request.sample, request.sigmas[0], request.probe)] * 2)
    labels, shown, steps = job.data_labels(1), [], []
    following = request.first
    for step in beside_ode(job.optimal, stand[:1], request.sigmas[request.first :], labels, ode=stand[1:]):
        stand = np.concatenate([step.annealed, step.x])
        if following in request.shown:
            shown.append(following)
            steps.append(step)
        following += 1
        if following == len(request.sigmas) or time.perf_counter() > until:
            break
    ends = None
    if following == len(request.sigmas):
        first, second = nearest_data(job.optimal, np.concatenate([step.annealed, step.denoised]), job.data_labels(2))
        ends = int(first), int(second)
    nothing = np.zeros((0, *stand.shape[1:]))
    return AnnealedAnswer(
        request=request,
        following=following,
        stand=frozen(stand),
        shown=tuple(shown),
        annealed=frozen(np.concatenate([nothing, *(step.annealed for step in steps)])),
        denoised=frozen(np.concatenate([nothing, *(step.denoised for step in steps)])),
        distances=frozen(np.array([step.distance[0] for step in steps])),
        ends=ends,
    )


def point(at: Context, index: int, sample: int, sigma: float, probe: ImageProbe | None) -> Array:
    """The point in view (*shape), float64: x_n of a sample, or y + σz of an image probe."""
    if probe is None:
        x: Array = at.record.x[index, sample].astype(np.float64)
        return x
    from geomodel.randomness import noise

    assert at.job.data is not None
    points = at.job.data.points
    first, second = (np.asarray(points[i], np.float64) for i in (probe.data_index, probe.second_index))
    between = (1 - probe.share) * first + probe.share * second
    drawn: Array = noise([probe.seed], between.shape, sigma)[0].numpy()
    return between + drawn
