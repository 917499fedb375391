"""Moves particles by the drift, one round a request."""

from __future__ import annotations

import math
from functools import lru_cache, partial

import numpy as np

from app.engine.context import Answers, Context, Tasks
from app.engine.contract import frozen
from app.rooms.drift.messages import DriftAnswer, DriftRequest
from geomodel import datasets, drift
from geomodel.arrays import Array
from geomodel.datasets import Dataset
from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.settings import DataKey


def moved(request: DriftRequest, at: Context) -> DriftAnswer:
    """The particles after a round, and the drift at their places."""
    if at.data is None:
        raise ValueError("particles drift over reference data, and this run has none")
    optimal, ruler = _target(at.data.dataset)
    control, particles = math.nan, request.particles
    if particles is None:
        particles = drift.start(at.data.dataset, request.count)
        fresh = partial(_fresh, at.data.opened.key, request.count) if _generated(at.data.opened.name) else None
        control = ruler.control(request.count, fresh)
    if request.moves is not None:
        particles = particles + request.moves
    return DriftAnswer(
        request=request,
        particles=frozen(particles),
        moves=frozen(drift.field(optimal, particles, particles, request.bandwidth)),
        distance=ruler.distance(particles),
        control=control,
    )


@lru_cache(maxsize=1)  # a round asks for the same data as the one before it
def _target(dataset: Dataset) -> tuple[OptimalDenoiser, drift.Ruler]:
    points = np.asarray(dataset.points)
    return OptimalDenoiser(points), drift.Ruler(points)


def _generated(name: str) -> bool:
    return name == datasets.DRAWING or (datasets.named(name) and datasets.row(name).kind == "toy")


def _fresh(key: DataKey, count: int, number: int) -> Array:
    """Points of the same distribution from another seed."""
    return np.asarray(key._replace(data_count=count, data_seed=key.data_seed + number).load().points)


ANSWERS: Answers = {DriftRequest: moved}
TASKS: Tasks = {}
