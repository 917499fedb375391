"""Arithmetic in float64 on positions of one level, (B, d), or of some, (n, B, d), for the measures of curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, plain

AT_ONCE = 2**13  # numbers: levels of few numbers are taken together, because each call costs more than its arithmetic

quiet = np.errstate(invalid="ignore", over="ignore")  # inf − inf on a diverged run and 0/0 give NaN without warning


def curve_of(curve: ArrayLike) -> Array:
    """The positions (levels, B, *shape). ValueError where an array has fewer axes or no level."""
    positions = np.asarray(plain(curve))
    if positions.ndim < 3 or len(positions) == 0:
        raise ValueError(f"A curve is an array (levels, samples, *shape); got shape {positions.shape}.")
    return positions


def flat(position: Array) -> Floats:
    """(B, *shape) of any dtype as float64 (B, d)."""
    return position.reshape(len(position), int(np.prod(position.shape[1:]))).astype(np.float64)


def pieces(levels: int, position: tuple[int, ...]) -> Iterator[slice]:
    """Yields which of so many levels are taken together, at each of which there are positions (B, *shape)."""
    some = max(1, AT_ONCE // max(1, math.prod(position)))
    for first in range(0, levels, some):
        yield slice(first, min(first + some, levels))


def some_flat(positions: Array) -> Floats:
    """(n, B, *shape) of any dtype as float64 (n, B, d)."""
    return positions.reshape(*positions.shape[:2], math.prod(positions.shape[2:])).astype(np.float64)


def row_dots(first: Floats, second: Floats) -> Floats:
    """The inner product of each pair of rows, (…, B)."""
    return np.asarray(np.einsum("...d,...d->...", first, second))


def row_lengths(vectors: Floats) -> Floats:
    """The norm of each row, (…, B)."""
    return np.asarray(np.sqrt(row_dots(vectors, vectors)))


def row_cosines(first: Floats, second: Floats) -> Floats:
    """The cosine between each pair of rows, (…, B); NaN for a zero vector."""
    return np.asarray(row_dots(first, second) / (row_lengths(first) * row_lengths(second)))


def parts_along(vectors: Floats, direction: Floats) -> tuple[Floats, Floats]:
    """The lengths of each row along a direction (signed) and across it, (…, B) each. NaN for a direction of length 0.

    What rounding leaves of the first part in the second is taken off again, so that 1e-10 beside thousands is exact.
    """
    square = row_dots(direction, direction)
    along = row_dots(vectors, direction)
    rest = (along / square)[..., None] * direction
    np.subtract(vectors, rest, out=rest)  # in place, because new arrays cost more than the arithmetic
    across = row_dots(rest, rest) - row_dots(rest, direction) ** 2 / square
    return along / np.sqrt(square), np.sqrt(np.maximum(across, 0.0))


def row_angles(first: Floats, second: Floats) -> Floats:
    """The angle from 0 to π, exact for small ones, where an arccos loses half the digits. NaN for a zero vector."""
    along, across = parts_along(second, first)
    return np.where((along != 0) | (across != 0), np.arctan2(across, along), np.nan)


def without(vectors: Floats, direction: Floats) -> Floats:
    """The part orthogonal to a direction, by two passes, because one leaves rounding as large as the other part."""
    square = row_dots(direction, direction)
    for _ in range(2):
        vectors = vectors - (row_dots(vectors, direction) / square)[:, None] * direction
    return vectors


def chords(positions: Array) -> Iterator[Floats]:
    """Yields the chord that leaves each level but the last, (B, d)."""
    for before, after in pairwise(map(flat, positions)):
        yield after - before


def over_levels(values: Iterable[Floats]) -> Floats:
    """One row for each level."""
    return np.stack(list(values))


def at_levels(positions: Array, function: Callable[[Floats], Floats]) -> Floats:
    """What a function of positions (n, B, d) makes of each level, (levels, B)."""
    found = np.empty(positions.shape[:2])
    for part in pieces(len(positions), positions.shape[1:]):
        found[part] = function(some_flat(positions[part]))
    return found
