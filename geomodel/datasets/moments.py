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
_SLOPE = int(_WHOLE[-1] - _WHOLE[0]) // 255
_EXCESS = np.diff(_WHOLE) - _SLOPE  # those whole numbers rise by the slope and, after a few bytes, by 1 more
_STAIRS = np.repeat(np.arange(255, dtype=np.uint8), _EXCESS).tolist()  # these bytes: m(k) = m(0) + slope k + stairs
_SHORT = 255 // len(_STAIRS)  # rows whose sums of stairs stay below 2⁸, and those of bytes below 2¹⁶
_BYTES_AT_ONCE = 2**18  # bytes that stay in a processor's cache, with the temporaries that are made of them
_MIDDLE = 128  # from which bytes have squares of at most 2¹⁴
_PRODUCTS = 2**10  # of which the sum is then at most 2²⁴, so that float32 makes no error in any order


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
        self._bytes, self._stairs = np.zeros((2, math.prod(shape)), np.int64)
        self._room = np.empty((2, _room(shape)), np.uint8)

    def add(self, part: Array) -> None:
        """Add stored bytes (n, *shape)."""
        for rows in _pieces(part):
            self.add_rows(rows, _stairs(rows, self._room))

    def add_rows(self, rows: Bytes, stairs: Bytes) -> None:
        """Add at most `_SHORT` rows of bytes (n, d), whose stairs are known."""
        self.count += len(rows)
        self._bytes += np.add.reduce(rows, axis=0, dtype=np.uint16)
        self._stairs += np.add.reduce(stairs, axis=0, dtype=np.uint8)

    @property
    def sums(self) -> Integers:
        """Σ_i m_ij, (d,)."""
        return np.asarray(int(_WHOLE[0]) * self.count + _SLOPE * self._bytes + self._stairs)

    @property
    def mean(self) -> Floats:
        """The mean point, (*shape)."""
        return np.asarray(self.sums / self.count * _STEP).reshape(self._shape)


class ByteMoments:
    """Moments of converted bytes: exact sums of whole numbers, which are rounded once.

    With the m of `ByteSums`, the mean variance of d coordinates is

        2⁻⁴⁸ (N Σ m² − Σ_j (Σ_i m_ij)²)/(N² d).

    With v = k − 128, the slope s, the stairs t and c = m(0) + 128 s, m = c + s v + t, so that

        Σ m² = s² Σ v² + 2 s Σ v t + Σ t² + 2 c Σ m − N d c².
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._points = ByteSums(shape)
        self._squares, self._across, self._stairs = 0, 0, 0  # Σ v², Σ v t, Σ t²
        self._bytes, self._floats = np.empty((2, _room(shape)), np.uint8), np.empty((2, _room(shape)), np.float32)

    def add(self, part: Array) -> None:
        for rows in _pieces(part):
            stairs = _stairs(rows, self._bytes)
            self._points.add_rows(rows, stairs)
            from_middle, steps = self._floats[:, : rows.size]
            steps[:] = stairs.reshape(-1)
            turned = np.bitwise_xor(rows, np.uint8(_MIDDLE), out=self._bytes[0, : rows.size].reshape(rows.shape))
            from_middle[:] = turned.view(np.int8).reshape(-1)
            self._squares += _product(from_middle, from_middle)
            self._across += _product(from_middle, steps)
            self._stairs += _product(steps, steps)

    @property
    def mean(self) -> Floats:
        return self._points.mean

    @property
    def deviation(self) -> float:
        count, sums = self._points.count, self._points.sums
        total, numbers, middle = sum(_plain(sums)), count * len(sums), int(_WHOLE[0]) + _MIDDLE * _SLOPE
        squares = _SLOPE**2 * self._squares + 2 * _SLOPE * self._across + self._stairs
        squares += 2 * middle * total - numbers * middle**2
        away: int = count * squares - sum(total**2 for total in _plain(sums))
        return math.sqrt(away / (count * numbers)) * _STEP if away else 1.0


class FloatMoments:
    """Moments of floats. Blocks have means and squares about them of their own, which are put together.

    The block of n points with the mean b and the N points before it with the mean a add

        Σ ‖y_i − b‖² + ‖b − a‖² n N/(n + N)

    to the squares (Chan, Golub, LeVeque 1983), in which nothing large cancels.
    """

    def __init__(self, first: Array) -> None:
        self._first = converted(first)  # sums of differences from it, because far from 0 a sum loses digits
        self._total = np.zeros(first.shape)
        self._count, self._squares, self._varied = 0, 0.0, False

    def add(self, part: Array) -> None:
        for rows in blocks(len(part), self._first.size, at_once=CACHED):
            away = converted(part[rows]) - self._first
            self._varied = self._varied or bool(away.any())
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
        return math.sqrt(self._squares / (self._count * self._first.size)) if self._varied else 1.0


def _pieces(part: Array) -> Iterator[Bytes]:
    """Bytes (n, *shape) as rows (n, d), at most `_SHORT` of them at once."""
    content = part.reshape(len(part), -1)
    size = content.shape[1]
    return (content[rows] for rows in blocks(len(content), size, at_once=min(_BYTES_AT_ONCE, _SHORT * size)))


def _room(shape: tuple[int, ...]) -> int:
    """How many numbers a piece has at most. New memory for each would cost more time than what is done in it."""
    return max(_BYTES_AT_ONCE, math.prod(shape))


def _stairs(rows: Bytes, room: Bytes) -> Bytes:
    """How many of `_STAIRS` are below each byte, in the first of two rooms."""
    found: Bytes
    found, more = (each[: rows.size].reshape(rows.shape) for each in room)
    np.greater(rows, _STAIRS[0], out=found.view(np.bool_))
    for byte in _STAIRS[1:]:
        found += np.greater(rows, byte, out=more.view(np.bool_)).view(np.uint8)
    return found


def _product(one: Array, other: Array) -> int:
    """Σ one other of float32 whole numbers whose products are at most 2¹⁴, (n,)."""
    whole = len(one) // _PRODUCTS * _PRODUCTS
    sums = np.vecdot(one[:whole].reshape(-1, _PRODUCTS), other[:whole].reshape(-1, _PRODUCTS))
    return int(sums.sum(dtype=np.float64)) + int(np.vecdot(one[whole:], other[whole:]))


def _plain(numbers: Integers) -> Iterator[int]:
    """Python's whole numbers, which have no largest; a few at a time, because each takes much memory."""
    return (number for part in blocks(len(numbers), 1, at_once=CACHED) for number in numbers[part].tolist())
