"""Which levels of trajectories are drawn where a run has more of them than a picture can show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geomodel.arrays import Array, Integers

MOST = 2_000  # levels that are all drawn
BLOCKS = 500  # of a run with more; of each block of levels four are drawn
FOUR = 4


def block_of(levels: int) -> int:
    """Of how many successive levels the extremes are drawn; 1 where every level is."""
    return 1 if levels <= MOST else -(-levels // BLOCKS)


class LevelsDrawn:
    """Finds them for curves that grow. Each level is looked at once, however often the curves are drawn."""

    def __init__(self) -> None:
        self._points: Array = np.empty((0, 0, 2))
        self._kept: Integers = np.empty((0, 0), np.int64)  # of each whole block, four rows
        self._whole = 0  # blocks

    def follow(self, points: Array, known: int) -> None:
        """Take curves (levels, B, 2), the same array as long as it grows, of which `known` levels have numbers."""
        self._block = block = block_of(len(points))
        if points is not self._points or known < self._whole * block:
            blocks = 0 if block == 1 else len(points) // block
            self._points, self._whole = points, 0
            self._kept = np.empty((FOUR * blocks, points.shape[1]), np.int64)
        first, self._whole = self._whole, 0 if block == 1 else known // block
        self._kept[FOUR * first : FOUR * self._whole] = extremes(points, first * block, self._whole * block, block)

    def between(self, first: int, last: int) -> Integers:
        """The levels to draw from one level to another, for each sample: (m, B), ascending, with both ends."""
        block, batch = self._block, self._points.shape[1]
        begin, end = -(-first // block), (last + 1) // block  # whole blocks
        if block == 1:
            return np.repeat(np.arange(first, last + 1)[:, None], batch, axis=1)
        if begin >= end:  # within a block or two
            inner = [extremes(self._points, first, last + 1, max(1, last + 1 - first))]
        else:
            before = extremes(self._points, first, begin * block, max(1, begin * block - first))
            after = extremes(self._points, end * block, last + 1, max(1, last + 1 - end * block))
            inner = [before, self._kept[FOUR * begin : FOUR * end], after]
        return np.concatenate([np.full((1, batch), first), *inner, np.full((1, batch), last)])


def extremes(points: Array, first: int, stop: int, block: int) -> Integers:
    """The levels of the least and the largest x and y among every `block` levels of [first, stop), ascending: four rows
    for each block. A level without numbers takes the place of one of them, because it interrupts the curve.
    """
    count, batch = max(0, stop - first) // block, points.shape[1]
    if not count:
        return np.empty((0, batch), np.int64)
    parts = points[first : first + count * block].reshape(count, block, batch, 2)
    interrupted = bool(np.isnan(parts).any())
    low, high = (np.where(np.isnan(parts), far, parts) if interrupted else parts for far in (np.inf, -np.inf))
    found = np.concatenate((low.argmin(axis=1), high.argmax(axis=1)), axis=-1).swapaxes(1, 2)  # (count, four, batch)
    if interrupted:
        missing: NDArray[np.bool_] = np.asarray(np.isnan(parts.sum(axis=-1)))
        found[:, -1] = np.where(np.any(missing, axis=1), np.argmax(missing, axis=1), found[:, -1])
    found = np.sort(found, axis=1)
    return np.asarray((found + (first + block * np.arange(count))[:, None, None]).reshape(-1, batch))
