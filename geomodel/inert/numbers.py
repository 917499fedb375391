"""Reads tensors from their files straight into the arrays where they will be used.

Each file is read once, from its first byte to its last, in pieces that stay in the processor's cache. Every piece goes
into its SHA-256 and, where it belongs to a tensor that is wanted, into the tensor's array. There is no second copy of
a file, and nothing is mapped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from geomodel.arrays import Array, Bytes
from geomodel.inert.files import check_same
from geomodel.inert.tensors import is_contiguous
from geomodel.inert.values import FRACTIONS, ITEM_SIZES, InertFault, Progress, Source, Tensor

_PIECE = 2**19  # bytes


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A tensor of a file, and the array that its numbers go into.

    The array has the tensor's shape and lies in one piece, the last axis fastest. Its type is the tensor's own, or one
    that can hold such numbers: float32 or float64 for every type of fractions.
    """

    name: str
    tensor: Tensor
    array: Array


def fill(wanted: Iterable[Wanted], sources: Iterable[Source], progress: Progress) -> dict[Path, str]:
    """Read every tensor and return the SHA-256 of each file. `progress` is called at every piece and may raise to stop.

    Raises InertFault where a file has changed since it was looked at or a number is not finite, and OSError.
    """
    items, files = tuple(wanted), tuple(sources)
    whole, before, found = sum(source.size for source in files), 0, {}
    for source in files:
        portion = partial(_portion, progress, before, whole)
        with FileIO(source.path) as file:
            mine = [item for item in items if item.tensor.storage.source == source]
            found[source.path] = _Reading(file, source, portion).read(mine)
        before += source.size
    return found


def _portion(progress: Progress, before: int, whole: int, done: int) -> None:
    progress((before + done) / whole)


class _Reading:
    """One file, read from its beginning to its end."""

    def __init__(self, file: FileIO, source: Source, progress: Callable[[int], None]) -> None:
        self._file, self._source, self._progress = file, source, progress
        self._hash, self._hashed = hashlib.sha256(), 0
        self._buffer: Bytes = np.empty(_PIECE, np.uint8)

    def read(self, wanted: list[Wanted]) -> str:
        """Fill the arrays and return the SHA-256 of the file."""
        check_same(self._file, self._source)
        for item in sorted(wanted, key=lambda item: _first(item.tensor)):
            self._hash_up_to(_first(item.tensor))
            self._fill(item)
        self._hash_up_to(self._source.size)
        check_same(self._file, self._source)
        return self._hash.hexdigest()

    def _hash_up_to(self, place: int) -> None:
        while self._hashed < place:
            self._read(self._hashed, self._buffer[: place - self._hashed])

    def _fill(self, item: Wanted) -> None:
        stored = item.tensor.dtype
        if not _fits(stored, item.array.dtype):
            raise InertFault(f"it has tensor {item.name} of type {stored}; {item.array.dtype} is expected")
        if not item.array.size:
            return
        if not is_contiguous(item.tensor):
            self._spread(item)
        elif stored == item.array.dtype.name:
            self._copy(item)
        else:
            self._convert(item)

    def _copy(self, item: Wanted) -> None:
        """Read numbers of the array's own type."""
        flat = item.array.reshape(-1)
        octets, step = flat.view(np.uint8), _PIECE // flat.itemsize
        for start in range(0, flat.size, step):
            numbers = flat[start : start + step]
            self._read(_first(item.tensor) + start * flat.itemsize, octets[start * flat.itemsize :][: numbers.nbytes])
            _check_finite(item.name, numbers)

    def _convert(self, item: Wanted) -> None:
        """Read numbers of another type, a piece at a time."""
        flat, width = item.array.reshape(-1), ITEM_SIZES[item.tensor.dtype]
        step = _PIECE // width
        for start in range(0, flat.size, step):
            numbers = flat[start : start + step]
            raw = self._buffer[: numbers.size * width]
            self._read(_first(item.tensor) + start * width, raw)
            _assign(numbers, _numbers(raw, item.tensor.dtype))
            _check_finite(item.name, numbers)

    def _spread(self, item: Wanted) -> None:
        """Read numbers that lie in another order, or with others between them. This takes a copy of this one tensor."""
        tensor, width = item.tensor, ITEM_SIZES[item.tensor.dtype]
        reach = 1 + sum((side - 1) * step for side, step in zip(tensor.shape, tensor.stride, strict=True))
        raw = np.empty(reach * width, np.uint8)
        for start in range(0, raw.size, _PIECE):
            self._read(_first(tensor) + start, raw[start : start + _PIECE])
        flat = _numbers(raw, tensor.dtype)
        strides = [step * flat.itemsize for step in tensor.stride]
        _assign(item.array, np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False))
        _check_finite(item.name, item.array)

    def _read(self, place: int, octets: Bytes) -> None:
        """Fill the bytes from a place in the file on. What comes for the first time goes into the hash."""
        self._file.seek(place)
        done, view = 0, octets.data
        while done < len(view):
            count = self._file.readinto(view[done:])
            if not count:
                raise InertFault("it became shorter while it was read")
            done += count
        end = place + len(view)
        if end > self._hashed:
            self._hash.update(view[max(0, self._hashed - place) :])
            self._hashed = end
        self._progress(self._hashed)


def _first(tensor: Tensor) -> int:
    """The place of its first number in the file."""
    return tensor.storage.place + tensor.offset * ITEM_SIZES[tensor.dtype]


def _fits(stored: str, dtype: np.dtype[Any]) -> bool:
    return stored == dtype.name or (dtype.kind == "f" and stored in FRACTIONS)


def _numbers(raw: Bytes, stored: str) -> Array:
    """Stored bytes as numbers. A bfloat16 is the upper half of a float32."""
    if stored == "bfloat16":
        return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return raw.view(stored)


def _assign(array: Array, numbers: Array) -> None:
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused as such
        array[...] = numbers


def _check_finite(name: str, numbers: Array) -> None:
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        raise InertFault(f"it has weights that are not finite numbers, in tensor {name[:100]}")
