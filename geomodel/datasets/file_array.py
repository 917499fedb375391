"""An array that stays in its file, whose rows are read when they are indexed.

It is not a memory map, because mapped pages count as this process's memory and a file that becomes shorter kills the
process.
"""

from __future__ import annotations

import math
import operator
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from geomodel.arrays import Array, Bytes, Integers
from geomodel.datasets.common import DataError, check_room, gathered

Arrange = Callable[[Array], Array]

_UNCHECKED = 2**24  # bytes; smaller reads, such as every block of a pass, do not check how much memory is free


class FileArray:
    """An array-like of numbers (N, ...) in a file, in C order from byte `offset` on. It returns native byte order.

    Indexing by a number, a slice or an array of numbers or truth values gives a fresh array of rows; contiguous rows
    are read at once. Threads may share it. The file stays open until nothing refers to it any more.

    Raises:
        DataError: on indexing, where the file cannot be read or has become shorter, or the rows do not fit into memory.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...]) -> None:
        self._file = _File(path)
        self._offset, self._kept, self._row = offset, dtype, shape[1:]
        self._row_bytes = math.prod(shape[1:]) * dtype.itemsize
        self._arrange: Arrange | None = None
        self._describe(shape)

    def _describe(self, shape: tuple[int, ...]) -> None:
        self.shape, self.ndim, self.size = shape, len(shape), math.prod(shape)
        self.dtype: np.dtype[Any] = self._kept.newbyteorder("=")
        self.nbytes = self.size * self.dtype.itemsize

    def arranged(self, arrange: Arrange) -> FileArray:
        """The same file with other axes; `arrange` makes a view (n, ...) of an array (n, ...), for any n."""
        other = FileArray.__new__(FileArray)
        vars(other).update(vars(self), _arrange=arrange)
        other._describe(arrange(np.broadcast_to(np.zeros((), self._kept), (len(self), *self._row))).shape)
        return other

    @property
    def whole(self) -> bool:
        """Whether the file still reaches as far as its numbers should."""
        return self._file.length() >= self._offset + len(self) * self._row_bytes

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Array:
        if isinstance(index, slice):
            rows = range(*index.indices(len(self)))
            return self._run(rows.start, len(rows)) if rows.step == 1 else self._rows(np.array(rows, np.int64))
        if index is None or index is ... or isinstance(index, tuple | bool | np.bool_):
            raise IndexError(
                f"Rows of a file are indexed by a number, a slice or an array of numbers; got {index!r}. "
                "Take the rows first and index the array that they give."
            )
        if hasattr(index, "__index__") and not np.ndim(index):
            row = self._checked(np.array([operator.index(index)]))
            return np.asarray(self._run(int(row[0]), 1)[0])
        return self._rows(self._checked(np.asarray(index)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return gathered(self, self.dtype if dtype is None else dtype, copy)

    def _checked(self, index: Array) -> Integers:
        """Row numbers from 0 on, as int64, because byte positions leave the range of smaller whole numbers."""
        if index.dtype == np.bool_ and index.shape == (len(self),):
            return np.flatnonzero(index).astype(np.int64)
        if index.size and index.dtype.kind not in "iu":
            raise IndexError(f"Rows are chosen by whole numbers or ({len(self)},) truth values; got {index.dtype}.")
        outside = (index < -len(self)) | (index >= len(self))
        if outside.any():
            raise IndexError(f"Row {index[outside][0]} is not one of the {len(self):,} rows.")
        rows = index.astype(np.int64)
        return np.asarray(np.where(rows < 0, rows + len(self), rows))

    def _rows(self, index: Integers) -> Array:
        """Rows in any order. Each is read once, and neighbours are read together."""
        self._check_room(index.size)
        distinct, place = np.unique(index, return_inverse=True)
        kept = np.empty((len(distinct), *self._row), self._kept)
        for run in _runs(distinct):
            self._read(int(distinct[run.start]), kept[run])
        found = self._shown(kept)
        in_order = len(distinct) == index.size and index.ndim == 1 and bool((index == distinct).all())
        return found if in_order else found[place.reshape(index.shape)]

    def _run(self, first: int, count: int) -> Array:
        self._check_room(count)
        kept = np.empty((count, *self._row), self._kept)
        self._read(first, kept)
        return self._shown(kept)

    def _read(self, first: int, rows: Array) -> None:
        """Fill `rows` from the file."""
        done = self._file.read(self._offset + first * self._row_bytes, rows.reshape(-1).view(np.uint8))
        if done < rows.nbytes:
            end = self._offset + len(self) * self._row_bytes
            raise DataError(
                f"{self._file.name!r} has become shorter since it was opened: its numbers should end at byte {end:,}, "
                f"and the file ends at byte {self._file.length():,}. Restore the file and open it again."
            )

    def _check_room(self, count: int) -> None:
        if count * self._row_bytes > _UNCHECKED:
            check_room("These rows", count * self._row_bytes)

    def _shown(self, kept: Array) -> Array:
        native = kept if kept.dtype.isnative else kept.byteswap(inplace=True).view(self.dtype)
        return native if self._arrange is None else self._arrange(native)


class _File:
    """An open file that is read at any position, by one thread after the other."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._raw = path.open("rb", buffering=0)
        self._lock = threading.Lock()
        weakref.finalize(self, self._raw.close)

    def length(self) -> int:
        return os.fstat(self._raw.fileno()).st_size

    def read(self, position: int, content: Bytes) -> int:
        """Fill `content` from a position on, as far as the file goes. Returns the number of bytes."""
        done, rest = 0, content.data
        try:
            with self._lock:
                self._raw.seek(position)
                while done < len(content) and (count := self._raw.readinto(rest[done:])):
                    done += count
        except OSError as error:
            raise DataError(
                f"{self.name!r} could not be read: {error.strerror or error}. Make it readable and open it again."
            ) from error
        return done


def _runs(rows: Integers) -> Iterator[slice]:
    """Slices of `rows`, ascending row numbers, in which each number follows the one before."""
    ends = [*(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
    return (slice(start, end) for start, end in pairwise([0, *ends]) if end > start)
