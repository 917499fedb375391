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
_WORDS_AT_ONCE = 2**14  # which stay in a processor's cache, with the temporaries that are made of them
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

    It is the sum of the mixed words of 8 bytes, each of which is first combined with a number of its place. The mix is
    that of SplitMix64 (Steele, Lea, Flood 2014). It can be undone, so rows that differ in one word alone have different
    hashes; others have the same by chance, once in 2⁶⁴. Python's own hash would keep other threads from computing.
    """
    plain = np.ascontiguousarray(rows.reshape(len(rows), -1))
    if plain.dtype.kind == "f":
        plain = plain + 0.0  # −0 is 0
    content = plain.view(np.uint8)
    if missing := -content.shape[1] % _WORD:
        content = np.pad(content, ((0, 0), (0, missing)))
    words = content.view(np.uint64)
    places = np.arange(1, words.shape[1] + 1, dtype=np.uint64) * _GOLDEN
    size = max(1, _WORDS_AT_ONCE // max(1, len(places)))
    found = [_mixed(words[start : start + size] ^ places) for start in range(0, len(words), size)]
    return np.concatenate(found).view(np.int64)


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sums (n,) of mixed words (n, w), which are changed."""
    shifted = np.empty_like(words)
    for shift, factor in _MIX:
        words ^= np.right_shift(words, shift, out=shifted)
        words *= factor
    words ^= np.right_shift(words, _LAST, out=shifted)
    return np.asarray(words.sum(axis=1))
