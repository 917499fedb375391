"""What every part of the data package uses: the error for a set that is refused, progress, and bounds on memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from geomodel import memory
from geomodel.arrays import Array

Progress = Callable[[float], None]  # called with the fraction done, 0 to 1; what it raises stops the work

_NUMBERS_AT_ONCE = 2**22  # float64 temporaries stay below 32 MB
CACHED = 2**16  # numbers whose float64 temporaries stay in a processor's cache


class DataError(ValueError):
    """A data set cannot be opened; the message says what was found, what was expected and what to do."""


def silent(fraction: float) -> None:
    """Does nothing; the progress where the caller gave none."""


def portion(progress: Progress, low: float, high: float) -> Progress:
    """The progress of a part of the work, which moves the whole from `low` to `high`."""
    return lambda fraction: progress(low + (high - low) * fraction)


def limit() -> int:
    """Bytes that one set may take in memory: a quarter of what this computer has."""
    return memory.physical() // 4


def blocks(count: int, numbers: int, progress: Progress = silent, at_once: int | None = None) -> Iterator[slice]:
    """Slices of `count` rows of `numbers` numbers each, `at_once` of them at most, or as many as are read at once."""
    rows = max(1, (at_once or _NUMBERS_AT_ONCE) // max(1, numbers))
    for start in range(0, count, rows):
        yield slice(start, min(start + rows, count))
        progress(min(1.0, (start + rows) / count))


def check_room(what: str, size: int) -> None:
    """DataError where `size` bytes are more than can be allocated without swapping."""
    free = memory.available()
    if size > free:
        raise DataError(
            f"{what} at once take {memory.text(size)}, and {memory.text(free)} of memory are free. Use a part of them."
        )


def gathered(rows: Any, dtype: Any, copy: bool | None) -> Array:
    """All rows of an array-like as one array, if memory has room for them; NumPy calls this through __array__."""
    if copy is False:
        raise ValueError("The numbers of a large set are read or converted from what is stored, which takes a copy.")
    check_room("All points of this set", rows.size * np.dtype(dtype).itemsize)
    found = np.empty(rows.shape, dtype)
    for part in blocks(len(rows), math.prod(rows.shape[1:])):
        found[part] = rows[part]
    return found
