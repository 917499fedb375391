"""Finds the data with the largest weights at one level of one sample."""

from __future__ import annotations

import numpy as np

from app.engine.context import Answers, Context, Tasks
from app.engine.contract import frozen
from app.rooms.plane.messages import DRAWN_WEIGHTS
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest


def neighbours(request: NeighboursRequest, at: Context) -> NeighboursAnswer:
    """The data with the largest weights at one level of one sample; at σ = 0 the nearest."""
    job, record = at.job, at.record
    if job.optimal is None:
        raise ValueError("there are no reference data")
    x = record.x[request.index, request.sample : request.sample + 1].astype(np.float64)
    sigma = float(record.sigmas[request.index])
    posterior = job.posterior(x, sigma, DRAWN_WEIGHTS)
    return NeighboursAnswer(
        request,
        frozen(posterior.indices[0].numpy()),
        frozen(posterior.weights[0].numpy()),
        float(posterior.distinct_neighbours[0]),
    )


ANSWERS: Answers = {NeighboursRequest: neighbours}
TASKS: Tasks = {}
