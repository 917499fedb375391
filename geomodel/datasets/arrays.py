"""Reads NumPy's files: .npy, which stays on the disk where it is large, and .npz with or without labels."""

from __future__ import annotations

import io
import math
import tokenize
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile, ZipInfo

import numpy as np

from geomodel.arrays import Array, Integers
from geomodel.datasets import archive
from geomodel.datasets.common import DataError, Progress, limit, portion, silent
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.file_array import FileArray
from geomodel.datasets.reading import (
    Stream,
    check_end,
    check_held,
    check_label_kind,
    check_shape,
    check_size,
    checked_labels,
    fill,
    images,
    points,
)

# What NumPy raises for a damaged header; it evaluates the header as a Python literal.
_BAD_HEADER = (
    ValueError, TypeError, SyntaxError, MemoryError, RecursionError, EOFError, LookupError, OverflowError,
    tokenize.TokenError,
)  # fmt: skip
_LONGEST_HEADER = 10_000  # NumPy's own limit, which it applies only after it has read the announced length
_DATA = ("x", "images", "data", "points", "arr_0")
_LABELS = ("y", "labels", "label", "targets", "target")
_NAMED = 3  # arrays that a sentence about the rest names
_SECOND = "arr_1"  # what numpy.savez calls a second array; it may hold the labels


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy(path: Path, progress: Progress) -> Dataset:
    """Points, floats (N, d), or images, uint8. They stay in the file if they take more than a quarter of memory."""
    array: Array | FileArray
    with path.open("rb") as file:
        header = _header(path.name, file)
        _check_layout(path.name, header)
        check_held(path.name, header.shape, header.size, path.stat().st_size - file.tell())
        if header.size <= limit():
            array = _body(path.name, file, header, portion(progress, 0.0, 0.5))
        elif header.fortran:
            raise DataError(
                f"{path.name!r} is too large for memory, and its Fortran order keeps the numbers of one point apart. "
                "Save numpy.ascontiguousarray of the array."
            )
        else:
            array = FileArray(path, header.dtype, file.tell(), header.shape)
    return _dataset(path.name, array, None, portion(progress, 0.5, 1.0))


def read_npz(path: Path, progress: Progress) -> Dataset:
    """One array of points or images, or one with a name of `_DATA`, and labels with a name of `_LABELS`."""
    name = path.name
    with archive.open_zip(path) as opened:
        arrays = {info.filename.removesuffix(".npy"): info for info in opened.infolist()}
        data, named = _chosen(name, list(arrays))
        check = partial(_check_layout, name)
        array = _member(name, opened, arrays[data], check, portion(progress, 0.0, 0.5))
        if named == _SECOND and not _are_labels(name, opened, arrays[named], len(array)):
            named = None
        labels = None
        if named:
            labels = _member(name, opened, arrays[named], partial(_check_labels, name, len(array)), silent)
            labels = checked_labels(name, labels, len(array))
    left = [key for key in arrays if key not in (data, named)]
    read = _dataset(name, array, labels, portion(progress, 0.5, 1.0))
    return replace(read, remarks=_remarks(data, named, left))


def _chosen(name: str, arrays: list[str]) -> tuple[str, str | None]:
    """The names of the points and of their labels, in whatever case they are written."""
    labels = _first(_LABELS, arrays)
    others = [key for key in arrays if key.lower() not in _LABELS]
    data = others[0] if len(others) == 1 else _first(_DATA, others)
    if data is None:
        found = ", ".join(repr(key[:40]) for key in arrays[:5]) or "no arrays"
        raise DataError(
            f"{name!r} holds {found}. Expected one array of points or images, or one named {', '.join(_DATA)}, beside "
            f"labels named {', '.join(_LABELS)}. Save it so with numpy.savez."
        )
    return data, _SECOND if labels is None and data == "arr_0" and _SECOND in arrays else labels


def _first(names: tuple[str, ...], arrays: list[str]) -> str | None:
    return next((key for known in names for key in arrays if key.lower() == known), None)


def _are_labels(name: str, opened: ZipFile, info: ZipInfo, count: int) -> bool:
    """Whether an array is one whole number for each point; only its header is read."""
    with archive.member(name, opened, info) as stream:
        header = _header(name, stream)
    return header.dtype.kind in "iu" and header.shape in ((count,), (count, 1))


def _remarks(data: str, labels: str | None, left: list[str]) -> tuple[str, ...]:
    """A sentence about the arrays that were taken where others were not."""
    if not left:
        return ()
    taken = f"Points from {data[:40]}" + (f", classes from {labels[:40]}" if labels else "")
    named = ", ".join(key[:40] for key in left[:_NAMED]) + (", …" if len(left) > _NAMED else "")
    return (f"{taken}; {len(left):,} other array{'s are' if len(left) > 1 else ' is'} left out: {named}.",)


def _member(name: str, opened: ZipFile, info: ZipInfo, check: Callable[[_Header], None], progress: Progress) -> Array:
    with archive.member(name, opened, info) as stream:
        header = _header(name, stream)
        check(header)
        check_size(name, header.size)
        check_held(name, header.shape, header.size, info.file_size)
        array = _body(name, stream, header, progress)
        check_end(name, stream)
    return array


def _header(name: str, stream: Stream) -> _Header:
    start = stream.read(8)
    # 3 differs from 2 in the encoding of column names, and no array with such columns is taken
    width = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4, b"\x93NUMPY\x03\x00": 4}.get(start, 0)
    length = stream.read(width)
    count = int.from_bytes(length, "little")
    try:
        if not width or len(length) < width or count > _LONGEST_HEADER:
            raise ValueError("it does not begin with the header of format 1, 2 or 3")
        content = io.BytesIO(length + stream.read(count))
        read = np.lib.format.read_array_header_1_0 if width == 2 else np.lib.format.read_array_header_2_0
        return _Header(*read(content))
    except _BAD_HEADER as error:
        found = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{name!r} is not a readable NumPy array ({found}). Save a plain array of numbers with numpy.save."
        ) from error


def _check_layout(name: str, header: _Header) -> None:
    shape, _, dtype = header
    floats = dtype.kind == "f" and dtype.itemsize <= 8 and len(shape) == 2
    images = dtype == np.uint8 and len(shape) in (3, 4)
    if not floats and not images:
        kind = "Python objects" if dtype.hasobject else "named columns" if dtype.names else str(dtype)[:40]
        raise DataError(
            f"{name!r} holds {kind} of shape {str(shape)[:100]}. Expected points, float64 or float32 (N, d), "
            "or images, uint8 (N, H, W), (N, H, W, C) or (N, C, H, W). Convert the array and save it again."
        )
    check_shape(name, shape)


def _check_labels(name: str, count: int, header: _Header) -> None:
    check_label_kind(name, header.dtype, header.shape, count)


def _body(name: str, stream: Stream, header: _Header, progress: Progress) -> Array:
    content = fill(name, stream, header.shape, header.size, progress).view(header.dtype)
    array = content.reshape(header.shape, order="F" if header.fortran else "C")
    return np.ascontiguousarray(array, dtype=header.dtype.newbyteorder("="))


def _dataset(name: str, array: Array | FileArray, labels: Integers | None, progress: Progress) -> Dataset:
    return images(name, array, labels) if array.dtype == np.uint8 else points(name, array, progress, labels)
