"""The schedules in words: their steps and ends, and what the designed one costs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from app.rooms.schedule.pictures import CostPicture, SchedulePicture
from geomodel import measures
from geomodel.number_text import fixed


def describe(picture: SchedulePicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def error_band(picture: SchedulePicture) -> str:
    """How the end errors of the draft's schedule spread over the samples; empty without them."""
    errors = picture.error_of
    if errors is None or not len(errors):
        return ""
    median, low, high = (fixed(float(value)) for value in measures.band(errors, axis=0))
    return f"{len(errors)} samples: median {median}, 10–90 % {low} to {high}, largest {fixed(float(errors.max()))}"


def _sentences(picture: SchedulePicture) -> Iterator[str]:
    if picture.message:
        yield picture.message
    for row in picture.rows:
        first, last = (fixed(float(sigma)) for sigma in (row.sigmas[0], row.sigmas[-1]))
        yield f"{row.name}: {len(row.sigmas) - 1} steps from σ = {first} to {last}."
    if picture.end_error:
        yield f"{picture.end_error[0].upper()}{picture.end_error[1:].rstrip('.')}."
    if band := error_band(picture):
        yield f"{band}."
    if picture.working:
        yield f"{picture.working}."
    if picture.cost is not None:
        yield _cost(picture.cost)


def _cost(cost: CostPicture) -> str:
    total = sum(float(cost.cost[start, end]) for start, end in pairwise(cost.path.tolist()))
    return f"{cost.title}: {len(cost.path) - 1} of {len(cost.sigmas) - 1} jumps, cost {fixed(total)} in all."
