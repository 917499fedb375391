"""Computes basins of attraction. An answer has one batch of cells, and the next request continues from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from app.engine.context import Context
from app.engine.plane_space import Direct, PlaneSpace
from app.rooms.plane.messages import BasinArea, BasinsAnswer, BasinsRequest
from geomodel import runs
from geomodel.arrays import Array
from geomodel.basins import Basins, Classify, carried, nearest
from geomodel.datasets.dataset import Dataset
from geomodel.density import MAX_KERNELS, plane_denoised
from geomodel.projection import stride

COARSE = {True: (11, 8), False: (8, 6)}  # cells of the first pass, for 2-D data and for images
FINEST = {True: 99, False: 24}  # cells across in the last pass
BATCH = 5e7  # numbers that an evaluation of a batch reads and exponentials that it takes: 20 ms on one core
EXPONENTIAL = 50  # numbers that can be read in the time of one exponential
FEWEST = 32  # least cells of a batch; with fewer, most of the time goes into reading the data
NO_DATA = "no basins without reference data"
NO_CLASSES = "no basins: the data have no classes"
ONE_CLASS = "no basins: with a class chosen, D* leads every point to it"


class Interrupted(Exception):
    """Another command waits that goes first. The cells of the batch are dropped."""


def basins(request: BasinsRequest, at: Context) -> BasinsAnswer:
    """The next batch of cells. It has no new cells if another command came meanwhile."""
    job, plane = at.live, at.plane(request.site)
    if why := _refusal(job):
        return BasinsAnswer(request=request, basins=None, finished=True, message=why)
    assert job.data is not None
    direct = isinstance(plane, Direct)
    found = request.start or Basins.unknown(request.rect, COARSE[direct])
    if found.complete:
        found = found.refined()
    classify, numbers = _classifier(request, job, plane, at.waits)
    try:
        found, interrupted = found.advanced(classify, max(FEWEST, int(BATCH / numbers))), False
    except Interrupted:
        interrupted = True
    finished = found.complete and found.known.shape[1] >= FINEST[direct]
    return BasinsAnswer(
        request=request,
        basins=found,
        areas=areas_of(found, job.data),
        finished=finished,
        interrupted=interrupted,
        of=_model(job, plane)[1],
    )


def areas_of(basins: Basins, data: Dataset) -> tuple[BasinArea, ...]:
    """The classes' shares and places, largest first."""
    places, shares = basins.places(), basins.shares()
    return tuple(BasinArea(label, data.class_name(label), share, places[label]) for label, share in shares.items())


def _refusal(job: runs.Job) -> str:
    if job.data is None:
        return NO_DATA
    if job.data.labels is None:
        return NO_CLASSES
    return ONE_CLASS if job.settings.label >= 0 else ""


def _classifier(
    request: BasinsRequest, job: runs.Job, plane: PlaneSpace, waits: Callable[[], bool]
) -> tuple[Classify, float]:
    """Classes of points of the plane, and how many numbers an evaluation costs for one of them."""
    data, optimal = job.data, job.optimal
    assert data is not None
    assert optimal is not None
    sigma_min, _ = runs.recommended_sigmas(data)
    lift, points, labels = plane.lift, data.points, np.asarray(data.labels)
    model, _ = _model(job, plane)
    draws = model.calls_at(request.sigma)  # of D* in an evaluation; a mean of several never settles
    if plane.lift is None:  # the marginal's own field, from as many projected data as its density
        kernels = plane.kernels(request.sigma, request.rect)
        assert kernels is not None
        every = stride(len(kernels.means), MAX_KERNELS)
        lift, points, labels = np.asarray, kernels.means[::every], labels[::every]

    def denoise(x: Array, sigma: float) -> Array:
        if waits():
            raise Interrupted
        if plane.lift is None:
            return plane_denoised(points, 0.0, None, sigma, x)
        return np.asarray(model(x, sigma))

    def classify(at: Array) -> Array:
        ends = carried(denoise, lift(at), request.sigma, sigma_min, settles=draws == 1)
        return np.asarray(labels[_nearest(ends, points, optimal, sigma_min)])

    return classify, draws * len(points) * (float(np.prod(points.shape[1:])) + EXPONENTIAL)


def _model(job: runs.Job, plane: PlaneSpace) -> tuple[Any, str]:
    """What carries the points, and its symbol: D*, or on points the driver where it is another mean of data points."""
    assert job.data is not None
    theory = job.settings.theory
    if theory is None or not theory.averages or job.data.kind == "images" or plane.lift is None:
        return job.optimal, "D*"
    return job.model, theory.symbol


def _nearest(ends: Array, points: Any, optimal: Any, sigma_min: float) -> Array:
    """In the plane by distances. In spaces too large to be read at once, D* itself finds the nearest point."""
    if ends.shape[1:] == (2,):
        return nearest(points, ends)
    return np.asarray(optimal.posterior(ends, sigma_min, k=1).indices[:, 0])
