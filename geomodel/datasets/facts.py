"""What is found out once about the numbers of a set, in one pass that reads each of them once."""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geomodel import repeats
from geomodel.arrays import Array, Floats
from geomodel.datasets.common import Progress, blocks
from geomodel.datasets.moments import moments

if TYPE_CHECKING:
    from geomodel.datasets.file_array import FileArray

_BYTES_AT_ONCE = 2**21
_AHEAD = 4  # blocks that wait for the other threads

Check = Callable[[int, Array], None]  # called with the number of a block's first row and the rows; it may raise


class Facts(NamedTuple):
    """See the properties of `Dataset` with these names."""

    fingerprint: str
    mean: Floats
    std: float
    distinct: int


def facts(stored: Array | FileArray, progress: Progress, check: Check | None = None) -> Facts:
    """The facts of stored numbers (N, *shape). Memory does not grow with them, but for 8 bytes a row.

    Blocks are summed on a thread of their own and the fingerprint is made on another, while this thread reads the next
    ones and looks for points that are the same.
    """
    native = stored.dtype.newbyteorder("=")
    digest = hashlib.sha256(f"{native.str} {stored.shape}\n".encode())
    sums, hashes = moments(np.asarray(stored[0], native)), np.empty(len(stored), np.int64)
    begun: deque[tuple[Future[None], ...]] = deque()
    with ThreadPoolExecutor(1) as summing, ThreadPoolExecutor(1) as digesting:
        numbers = math.prod(stored.shape[1:])
        for rows in blocks(len(stored), numbers, progress, _BYTES_AT_ONCE // native.itemsize):
            part = np.ascontiguousarray(stored[rows], dtype=native)
            if check is not None:
                check(rows.start, part)
            if len(begun) == _AHEAD:
                _finish(begun.popleft())
            begun.append((summing.submit(sums.add, part), digesting.submit(digest.update, part.data)))
            hashes[rows] = repeats.hashes(part)
    for works in begun:
        _finish(works)
    hashes.sort()  # other threads go on meanwhile; in `numpy.unique` they do not
    distinct = 1 + int(np.count_nonzero(np.diff(hashes)))
    return Facts(f"sha256:{digest.hexdigest()}", sums.mean, sums.deviation, distinct)


def _finish(works: tuple[Future[None], ...]) -> None:
    """Wait until the works are done, and raise what they raise."""
    for work in works:
        work.result()
