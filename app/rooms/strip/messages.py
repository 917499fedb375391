"""What the strip and the plane request about the data nearest to a sample."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Answer, Request
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True)
class NeighboursRequest(Request):
    """Find the data that make up D* at one level of one sample."""

    index: int
    sample: int


@dataclass(frozen=True, slots=True)
class NeighboursAnswer(Answer):
    """Indices (k,) and weights (k,), descending, at x_n of the sample. The strip shows the first, the plane shows
    all.
    """

    request: NeighboursRequest
    indices: Array
    weights: Array
    effective_neighbours: float
