"""Data sets from files: text with one point a row, and NumPy arrays of points or images.

A file is measured before anything is allocated: an array's header is believed only where the file has the bytes.
"""

from __future__ import annotations

import math
import tokenize
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from geomodel import memory
from geomodel.datasets.dataset import DataError, Dataset

SUFFIXES = (".csv", ".txt", ".tsv", ".npy")
LARGEST_VALUE = np.float64(1e100)  # squared distances must stay finite; a NumPy number, so that float32 is widened
# What NumPy lets through for a damaged header, beside ValueError (it evaluates the header as a Python literal).
_BAD_HEADER = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, EOFError, tokenize.TokenError)
_COLOURS = (1, 3)


def open_file(path: Path) -> Dataset:
    """The data set in a file. Raises DataError; see `geomodel.datasets.load` for what may be inside."""
    try:
        _check(path)
        stored = _read_npy(path) if path.suffix.lower() == ".npy" else _read_text(path)
    except OSError as error:
        raise DataError(f"{path.name!r} could not be read: {error.strerror or error}.") from error
    if stored.dtype == np.uint8:
        return Dataset(name=path.name, kind="images", stored=stored)
    bad = np.argwhere(~(np.abs(stored) <= LARGEST_VALUE))  # written so that NaN counts as bad
    if len(bad):
        point, axis = bad[0]
        raise DataError(
            f"{path.name!r}: coordinate {axis + 1} of point {point + 1} is {stored[point, axis]}. Every value must be "
            f"a finite number, below {LARGEST_VALUE:g} in size. Remove or repair such points."
        )
    return Dataset(name=path.name, kind="points", stored=stored)


def _check(path: Path) -> None:
    if not path.exists():
        raise DataError(f"There is no file {str(path)!r}. Check the path.")
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; choose a file ({', '.join(SUFFIXES)}) inside it.")
    if not path.is_file():
        raise DataError(f"{str(path)!r} is not a regular file; choose a {', '.join(SUFFIXES)} file.")
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"{path.name!r} is not a kind of file that can be opened ({', '.join(SUFFIXES)}). "
            "Save the points as CSV text, or the array with numpy.save."
        )
    size = path.stat().st_size
    if size == 0:
        raise DataError(f"{path.name!r} is empty: 0 bytes. Expected at least one point.")
    _check_memory(path, size)


def _check_memory(path: Path, size: int) -> None:
    limit = memory.physical() // 8
    if size > limit:
        raise DataError(
            f"{path.name!r} holds {size / 2**30:,.1f} GB of numbers; at most an eighth of this computer's memory, "
            f"{limit / 2**30:,.1f} GB, can be opened. Use a smaller part of it."
        )


def _read_npy(path: Path) -> NDArray[Any]:
    with path.open("rb") as file:
        shape, dtype = _npy_header(path, file)
        size = math.prod(shape) * dtype.itemsize
        _check_layout(path, shape, dtype)
        _check_memory(path, size)
        held = path.stat().st_size - file.tell()
    if held < size:
        raise DataError(
            f"{path.name!r} is cut off: its header announces shape {shape}, {size:,} bytes, "
            f"and {held:,} are there. Save it again."
        )
    array: NDArray[Any] = np.load(path, allow_pickle=False)
    native = np.ascontiguousarray(array, dtype=dtype.newbyteorder("="))
    return _images_first(path, native) if dtype == np.uint8 else native


def _npy_header(path: Path, file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f"format version {version[0]}.{version[1]} carries named columns")
        shape, _, dtype = read(file)
    except _BAD_HEADER as error:
        found = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path.name!r} is not a readable NumPy array ({found}). Save a plain array of numbers with numpy.save."
        ) from error
    return shape, dtype


def _check_layout(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    points = dtype.kind == "f" and dtype.itemsize <= 8 and len(shape) == 2
    images = dtype == np.uint8 and len(shape) in (3, 4)
    if not points and not images:
        kind = "Python objects" if dtype.hasobject else "named columns" if dtype.names else str(dtype)
        raise DataError(
            f"{path.name!r} holds {kind} of shape {shape}. Expected points, float64 or float32 (N, d), "
            "or images, uint8 (N, H, W), (N, H, W, C) or (N, C, H, W). Convert the array and save it again."
        )
    if min(shape) < 1:
        raise DataError(f"{path.name!r} is empty: its shape is {shape}. Expected at least one point.")


def _images_first(path: Path, images: NDArray[Any]) -> NDArray[Any]:
    """uint8 (N, H, W), (N, H, W, C) or (N, C, H, W) as (N, C, H, W), where only one reading is possible."""
    if images.ndim == 3:
        return images[:, None]
    first, last = images.shape[1] in _COLOURS, images.shape[3] in _COLOURS
    if first == last:
        found = "Both the second and the last axis" if first else "Neither the second nor the last axis"
        raise DataError(
            f"{path.name!r} holds images of shape {images.shape}. {found} could be the colours (1 or 3). "
            "Expected (N, C, H, W) or (N, H, W, C) with one such axis; grey images may be (N, H, W)."
        )
    return images if first else np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def _read_text(path: Path) -> NDArray[np.float64]:
    try:
        delimiter, skip = _text_layout(path)
        try:
            return np.loadtxt(path, delimiter=delimiter, skiprows=skip, ndmin=2, encoding="utf-8-sig")
        except ValueError as error:
            fault = _first_fault(path, delimiter, skip) or f"{path.name!r} could not be read: {error}"
            raise DataError(fault) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name!r} is not UTF-8 text. Save it as plain CSV text.") from error


def _text_layout(path: Path) -> tuple[str | None, int]:
    """The delimiter, and how many lines precede the first point. A first line without any number is a header."""
    header_seen = False
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file):
            content = line.split("#")[0].strip()
            if not content:
                continue
            delimiter = next((mark for mark in ";," if mark in content), None)
            if header_seen or any(_is_number(value) for value in content.split(delimiter)):
                return delimiter, number
            header_seen = True
    raise DataError(f"{path.name!r} is empty: it has no row of numbers. Expected one point a row.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _first_fault(path: Path, delimiter: str | None, skip: int) -> str | None:
    """The sentence about the first line that is not a point; NumPy's own message counts rows its own way."""
    columns = 0
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            text = line.split("#")[0]
            values = text.split() if delimiter is None else text.rstrip("\r\n").split(delimiter)
            if number <= skip or values in ([], [""]):
                continue
            wrong = next((value for value in values if not _is_number(value)), None)
            if wrong is not None:
                return (
                    f"{path.name!r}, line {number}: {wrong.strip()[:40]!r} is not a number. Expected one point a row."
                )
            columns = columns or len(values)
            if len(values) != columns:
                return f"{path.name!r}, line {number} has {len(values)} values; the lines above have {columns}."
    return None
