"""Mean and deviation of a set's points, from blocks of stored numbers that are read once, in order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from geomodel.arrays import Array, Bytes, Floats, Integers
from geomodel.datasets.common import CACHED, blocks
from geomodel.datasets.points import converted

_STEP = 2.0**-24  # float32 numbers in [-1, 1] that a byte becomes are whole numbers of these
_WHOLE = (converted(np.arange(256, dtype=np.uint8)).astype(np.float64) / _STEP).astype(np.int64)
_SLOPE = (_WHOLE[-1] - _WHOLE[0]) // 255
_EXCESS = np.diff(_WHOLE) - _SLOPE  # those whole numbers rise by the slope and, at a few bytes, by more
_STAIRS = [(int(byte), _EXCESS[byte]) for byte in np.flatnonzero(_EXCESS)]
_SHORT = 2**8  # rows of bytes whose sums stay below 2¹⁶
_BYTES_AT_ONCE = 2**19  # bytes that stay in a processor's cache, with the temporaries that are made of them


class Moments(Protocol):
    """What is known about the points (N, *shape) that were added."""

    def add(self, part: Array) -> None:
        """Add stored numbers (n, *shape), C-contiguous and in native byte order."""

    @property
    def mean(self) -> Floats:
        """The mean point, (*shape)."""

    @property
    def deviation(self) -> float:
        """The root of the mean variance of a coordinate; 1 where all points are the same."""


def moments(first: Array) -> Moments:
    """Moments of points that are stored like the first one, (*shape)."""
    return ByteMoments(first.shape) if first.dtype == np.uint8 else FloatMoments(first)


class ByteSums:
    """Sums of converted bytes, point by point. A point is y = 2⁻²⁴ m(k) with whole numbers m, so they are exact."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape, self.count = shape, 0
        self.sums = np.zeros(math.prod(shape), np.int64)  # of m

    def add(self, part: Array) -> None:
        """Add stored bytes (n, *shape)."""
        rows = part.reshape(len(part), -1)
        self.count += len(rows)
        for piece in blocks(*rows.shape, at_once=min(_BYTES_AT_ONCE, _SHORT * rows.shape[1])):
            self.sums += _WHOLE[0] * (piece.stop - piece.start) + _SLOPE * _column_sums(rows[piece])
            for byte, excess in _STAIRS:
                self.sums += excess * _column_sums((rows[piece] > byte).view(np.uint8))

    @property
    def mean(self) -> Floats:
        """The mean point, (*shape)."""
        return np.asarray(self.sums / self.count * _STEP).reshape(self._shape)


class ByteMoments:
    """Moments of converted bytes: exact sums of whole numbers, which are rounded once.

    With the m of `ByteSums`, the mean variance of d coordinates is

        2⁻⁴⁸ (N Σ m² − Σ_j (Σ_i m_ij)²)/(N² d),

    where Σ m² follows from how often each byte occurs.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._points, self._often = ByteSums(shape), np.zeros(256, np.int64)

    def add(self, part: Array) -> None:
        self._points.add(part)
        self._often += _often(part.reshape(-1))

    @property
    def mean(self) -> Floats:
        return self._points.mean

    @property
    def deviation(self) -> float:
        count, sums = self._points.count, self._points.sums
        squares = sum(often * whole**2 for often, whole in zip(self._often.tolist(), _WHOLE.tolist(), strict=True))
        away: int = count * squares - sum(total**2 for total in _plain(sums))
        return math.sqrt(away / (count**2 * len(sums))) * _STEP if away else 1.0


class FloatMoments:
    """Moments of floats. Blocks have means and squares about them of their own, which are put together.

    The block of n points with the mean b and the N points before it with the mean a add

        Σ ‖y_i − b‖² + ‖b − a‖² n N/(n + N)

    to the squares (Chan, Golub, LeVeque 1983), in which nothing large cancels.
    """

    def __init__(self, first: Array) -> None:
        self._first = converted(first)  # sums of differences from it, because far from 0 a sum loses digits
        self._total = np.zeros(first.shape)
        self._count, self._squares = 0, 0.0

    def add(self, part: Array) -> None:
        for rows in blocks(len(part), self._first.size, at_once=CACHED):
            away = converted(part[rows]) - self._first
            middle = away.mean(axis=0)
            moved = middle - self._total / max(1, self._count)
            joined = len(away) * self._count / (len(away) + self._count)
            self._squares += float(np.square(away - middle).sum()) + joined * float(np.square(moved).sum())
            self._count += len(away)
            away[0] += self._total  # sums point after point, so that the mean does not depend on the blocks
            self._total = away.sum(axis=0)

    @property
    def mean(self) -> Floats:
        return np.asarray(self._first + self._total / self._count)

    @property
    def deviation(self) -> float:
        return math.sqrt(self._squares / (self._count * self._first.size)) or 1.0


def _often(content: Bytes) -> Integers:
    """How often each byte occurs, (256,). Pairs are counted, because that halves the work."""
    paired = len(content) // 2 * 2
    pairs = np.bincount(content[:paired].view(np.uint16), minlength=2**16).reshape(256, 256)
    return np.asarray(pairs.sum(0) + pairs.sum(1) + np.bincount(content[paired:], minlength=256))


def _column_sums(rows: Bytes) -> Integers:
    """Σ_i rows_ij of at most `_SHORT` rows of bytes."""
    return np.asarray(np.add.reduce(rows, axis=0, dtype=np.uint16), np.int64)


def _plain(numbers: Integers) -> Iterator[int]:
    """Python's whole numbers, which have no largest; a few at a time, because each takes much memory."""
    return (number for part in blocks(len(numbers), 1, at_once=CACHED) for number in numbers[part].tolist())
