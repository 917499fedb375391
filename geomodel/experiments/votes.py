"""The class of a sample, by a vote of its nearest data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, Integers, plain

NEAREST = 10  # data whose classes vote
_NUMBERS_AT_ONCE = 2**21  # of the data in one temporary (16 MB)

Classify = Callable[[Array], ArrayLike]  # samples (m, *shape) → whole numbers (m,), −1 for no class


def nearest_classes(points: Any, labels: ArrayLike, count: int = NEAREST) -> Classify:
    """A function that gives samples (m, *shape) the class of most of their `count` nearest data points.

    points (N, *shape) and labels (N,), whole numbers; −1 is no class and has no vote. Of classes with equally many
    votes the one of the nearest point wins. Rows that are not finite get −1. With ten neighbours about 84 % of the
    bundled images get their own label. Raises ValueError where there are not as many labels as points.
    """
    of_point = np.asarray(labels)
    if of_point.shape != (len(points),) or of_point.dtype.kind not in "iu" or not len(points):
        raise ValueError(f"labels has shape {of_point.shape}; expected one whole number for each of {len(points)}.")

    def classify(x: Array) -> Integers:
        flat = np.asarray(plain(x), np.float64).reshape(len(x), -1)
        found = np.full(len(flat), -1, np.int64)
        whole = np.isfinite(flat).all(axis=1)
        votes = of_point[nearest_rows(points, flat[whole], min(count, len(points)))]
        found[whole] = [_elected(row) for row in votes]
        return found

    return classify


def nearest_rows(points: Any, queries: Floats, count: int) -> Integers:
    """Indices of the points (N, *shape) that are nearest to queries (m, d), the nearest first: (m, count)."""
    best, at = np.zeros((len(queries), 0)), np.zeros((len(queries), 0), np.int64)
    size = max(count, _NUMBERS_AT_ONCE // max(1, queries.shape[1]))
    origin = np.asarray(points[0], np.float64).reshape(-1)
    for first in range(0, len(points), size):
        block = np.asarray(points[first : first + size], np.float64).reshape(-1, len(origin)) - origin
        away = np.einsum("nd,nd->n", block, block) - 2 * (queries - origin) @ block.T
        away = np.concatenate([best, away], axis=1)
        rows = np.broadcast_to(np.arange(first, first + len(block)), (len(queries), len(block)))
        at = np.concatenate([at, rows], axis=1)
        order = np.argsort(away, axis=1, kind="stable")[:, :count]
        best, at = np.take_along_axis(away, order, 1), np.take_along_axis(at, order, 1)
    return at


def _elected(votes: Integers) -> int:
    """The most frequent class of the neighbours, nearest first; −1 where none has one."""
    votes = votes[votes >= 0]
    if not len(votes):
        return -1
    counts = np.bincount(votes)
    return int(votes[counts[votes].argmax()])
