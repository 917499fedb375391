"""How often each point of a data set occurs. A point that is there twice is one point with twice the weight."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Integers

_NUMBERS_AT_ONCE = 2**21


def counts(points: Any, classes: ArrayLike | None = None, parts: Iterable[slice] | None = None) -> Integers | None:
    """How many of the points (N, *shape) are equal to each one, itself included, (N,); None where all are different.

    With `classes` (N,), only points of its own class count. Rows are compared by a hash of 64 bits. parts: the slices
    in which the points are read.
    """
    size = max(1, _NUMBERS_AT_ONCE // max(1, math.prod(points.shape[1:])))
    stored = getattr(points, "stored", points)  # equal where the points are, and smaller
    found = np.empty(len(points), np.int64)
    for rows in parts or (slice(start, start + size) for start in range(0, len(points), size)):
        found[rows] = hashes(np.asarray(stored[rows]))
    if classes is not None:
        pairs = zip(found.tolist(), np.asarray(classes).tolist(), strict=True)
        found = np.array([hash(pair) for pair in pairs], np.int64)
    _, place, often = np.unique(found, return_inverse=True, return_counts=True)
    return None if len(often) == len(found) else np.asarray(often[place])


def hashes(rows: Array) -> Integers:
    """A hash of each of the rows (n, *shape), (n,); it is the same where rows are equal."""
    plain = np.ascontiguousarray(rows.reshape(len(rows), -1))
    if plain.dtype.kind == "f":
        plain = plain + 0.0  # −0 is 0
    return np.fromiter((hash(row.tobytes()) for row in plain), np.int64, len(plain))
