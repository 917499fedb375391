"""The points of a set, converted from the numbers that are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel.arrays import Array, Floats
from geomodel.datasets.common import gathered

if TYPE_CHECKING:
    from geomodel.datasets.file_array import FileArray


def converted(stored: Array) -> Array:
    """Stored numbers in the units of the points: bytes as float32 in [-1, 1], all others as float64."""
    if stored.dtype != np.uint8:
        return stored.astype(np.float64, copy=False)
    points = stored.astype(np.float32)
    points /= np.float32(127.5)
    points -= np.float32(1)
    return points


class Points:
    """An array-like of the points (N, *shape) of a set that is too large to be converted at once.

    Indexing gives rows of converted numbers. `numpy.asarray` converts all of them, where memory has room.

    Args:
        stored: the numbers (N, *shape) as they are kept.
        known_mean: their mean point (*shape), if it was computed before.
    """

    def __init__(self, stored: Array | FileArray, known_mean: Floats | None = None) -> None:
        self._stored, self.known_mean = stored, known_mean
        self.shape, self.ndim, self.size = stored.shape, stored.ndim, stored.size
        self.dtype: np.dtype[Any] = np.dtype(np.float32 if stored.dtype == np.uint8 else np.float64)
        self.nbytes = self.size * self.dtype.itemsize

    @property
    def stored(self) -> Array | FileArray:
        """The stored numbers that the points are converted from."""
        return self._stored

    def every(self, step: int) -> Points:
        """Every so many-th of the points, whose stored numbers are in memory."""
        return Points(np.asarray(self._stored[::step]))

    def __len__(self) -> int:
        return len(self._stored)

    def __getitem__(self, index: Any) -> Array:
        return converted(np.asarray(self._stored[index]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return gathered(self, self.dtype if dtype is None else dtype, copy)
