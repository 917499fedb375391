"""How often each point of a data set occurs. A point that is there twice is one point with twice the weight."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geomodel.arrays import Array, Integers

_NUMBERS_AT_ONCE = 2**21
_WORD = 8  # bytes
_WORDS_AT_ONCE = 2**14  # of a row: their keys take little memory
_MIX = tuple((np.uint64(shift), np.uint64(by)) for shift, by in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)))
_LAST, _GOLDEN = np.uint64(31), np.uint64(0x9E3779B97F4A7C15)


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
    """A hash of each of the rows (n, *shape), (n,); it is the same where rows are equal.

    With the words w of 8 bytes, the same words w' with their bytes in reverse, and random keys a and b,

        h = mix(mix(Σ_k a_k w_k) + Σ_k b_k w'_k)    mod 2⁶⁴.

    Each sum alone mistakes two rows that first differ in bit m of their words once in 2^(64 − m) (Carter, Wegman 1979).
    What is high in w is low in w', so that both together mistake them at most once in 2⁵⁸. The mix is that of
    SplitMix64 (Steele, Lea, Flood 2014). Python's own hash would keep other threads from computing.
    """
    plain = np.ascontiguousarray(rows.reshape(len(rows), -1))
    if plain.dtype.kind == "f":
        plain = plain + 0.0  # −0 is 0
    content = plain.view(np.uint8)
    if missing := -content.shape[1] % _WORD:
        content = np.pad(content, ((0, 0), (0, missing)))
    words = content.view(np.uint64)
    sums = np.zeros((2, len(words)), np.uint64)
    for start in range(0, words.shape[1], _WORDS_AT_ONCE):
        part = words[:, start : start + _WORDS_AT_ONCE]
        places = np.arange(2 * start + 1, 2 * (start + part.shape[1]) + 1, dtype=np.uint64)
        keys = _mixed(places * _GOLDEN).reshape(-1, 2).T
        sums[0] += np.einsum("nk,k->n", part, keys[0])
        sums[1] += np.einsum("nk,k->n", part.view(part.dtype.newbyteorder()), keys[1])
    return _mixed(_mixed(sums[0]) + sums[1]).view(np.int64)


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mixed words (n,). Different words stay different."""
    for shift, factor in _MIX:
        words = (words ^ (words >> shift)) * factor
    return words ^ (words >> _LAST)
