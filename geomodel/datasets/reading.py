"""Shared by the readers of files: bounds, reading in pieces, and checks of the stored numbers.

The size of a file is checked before memory is allocated, so that a header cannot claim more than the file holds.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import numpy as np

from geomodel import memory
from geomodel.arrays import Array, Bytes, Integers
from geomodel.datasets.common import DataError, Progress, blocks, limit
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.file_array import Arrange, FileArray

LARGEST_VALUE = np.float64(1e100)  # squared distances must stay finite; as a NumPy number it widens float32
LARGEST_LABEL = 999_999  # counting the points of each class takes memory for every number up to the largest
LARGEST_POINT = 2**24  # numbers in one point, more than a colour image of 2048 × 2048; a mean point takes 128 MB
PIECE = 2**22  # bytes read between two reports of progress
_COLOURS = (1, 3)


class Stream(Protocol):
    """Something that can be read: a file, or a file in an archive while it is unpacked."""

    def read(self, size: int = -1, /) -> bytes: ...
    def tell(self) -> int: ...


@contextmanager
def faults(name: str) -> Iterator[None]:
    """Turns the exceptions of Python for unreadable or damaged files into a DataError with one sentence."""
    try:
        yield
    except (EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{name!r} is damaged or cut off ({error}). Copy or download it again.") from error
    except OSError as error:
        raise DataError(f"{name!r} could not be read: {error.strerror or error}.") from error
    except MemoryError as error:
        raise DataError(
            f"{name!r} does not fit into the memory that is free. Close something, or open less."
        ) from error


def check_size(name: str, size: int) -> None:
    """DataError where `size` bytes of numbers are too many for memory."""
    if size > limit():
        raise DataError(
            f"{name!r} holds {memory.text(size)} of numbers; at most a quarter of this computer's memory, "
            f"{memory.text(limit())}, can be opened from this kind of file. Save the array with numpy.save: "
            "a .npy file of any size is read from the disk as it is needed."
        )


def check_shape(name: str, shape: tuple[int, ...]) -> None:
    """DataError for a set (N, *shape) without points, or with points too large to be used."""
    if min(shape) < 1:
        raise DataError(f"{name!r} is empty: its shape is {shape}. Expected at least one point.")
    if math.prod(shape[1:]) > LARGEST_POINT:
        raise DataError(
            f"{name!r} has points of {math.prod(shape[1:]):,} numbers (shape {shape}); at most {LARGEST_POINT:,} can "
            "be worked with. Make the images or points smaller."
        )


def check_held(name: str, shape: tuple[int, ...], size: int, held: int) -> None:
    """DataError where a file has fewer bytes than its header announces."""
    if held < size:
        raise DataError(
            f"{name!r} is cut off: its header announces shape {shape}, {size:,} bytes, "
            f"and no more than {held:,} are there. Save it again."
        )


def fill(name: str, stream: Stream, shape: tuple[int, ...], size: int, progress: Progress) -> Bytes:
    """The next `size` bytes of a stream, (size,). The caller has checked that memory has room for them."""
    content = np.empty(size, np.uint8)
    done = 0
    while done < size:
        piece = stream.read(min(PIECE, size - done))
        if not piece:
            check_held(name, shape, size, done)
        content[done : done + len(piece)] = np.frombuffer(piece, np.uint8)
        done += len(piece)
        progress(done / size)
    return content


def check_end(name: str, stream: Stream) -> None:
    """DataError where a stream goes on. Reading to the end also makes archives compare their check sums."""
    if stream.read(1):
        raise DataError(f"{name!r} is damaged: it goes on after the numbers that its header announces. Save it again.")


def images(name: str, stored: Array | FileArray, labels: Integers | None) -> Dataset:
    """The data set of images, uint8 (N, H, W), (N, H, W, C) or (N, C, H, W). DataError where the axes are ambiguous."""
    if stored.ndim == 3:
        return Dataset(name=name, kind="images", stored=_arranged(stored, lambda grey: grey[:, None]), labels=labels)
    first, last = stored.shape[1] in _COLOURS, stored.shape[3] in _COLOURS
    if first == last:
        found = "Both the second and the last axis" if first else "Neither the second nor the last axis"
        raise DataError(
            f"{name!r} holds images of shape {stored.shape}. {found} could be the colours (1 or 3). "
            "Expected (N, C, H, W) or (N, H, W, C) with one such axis; grey images may be (N, H, W)."
        )
    if last:
        stored = _arranged(stored, lambda colour: colour.transpose(0, 3, 1, 2))
    return Dataset(name=name, kind="images", stored=stored, labels=labels)


def _arranged(stored: Array | FileArray, arrange: Arrange) -> Array | FileArray:
    return np.ascontiguousarray(arrange(stored)) if isinstance(stored, np.ndarray) else stored.arranged(arrange)


def points(name: str, stored: Array | FileArray, progress: Progress, labels: Integers | None = None) -> Dataset:
    """The data set of points (N, d), after a check of every value. Those in a file are measured in the same pass."""
    found, check = Dataset(name=name, kind="points", stored=stored, labels=labels), partial(_check_values, name)
    if isinstance(stored, FileArray):
        found.measure(progress, check)
    else:
        for rows in blocks(len(stored), stored.shape[1], progress):
            check(rows.start, stored[rows])
    return found


def _check_values(name: str, start: int, part: Array) -> None:
    """DataError for values of points, from number `start` on, that cannot be computed with."""
    bad = np.argwhere(~(np.abs(part) <= LARGEST_VALUE))  # in this form NaN counts as bad
    if len(bad):
        point, axis = bad[0]
        raise DataError(
            f"{name!r}: coordinate {axis + 1} of point {start + point + 1} is {part[point, axis]}. Every "
            f"value must be a finite number, below {LARGEST_VALUE:g} in size. Remove or repair such points."
        )


def check_label_kind(name: str, dtype: np.dtype[Any], shape: tuple[int, ...], count: int) -> None:
    """DataError for anything but whole numbers (N,) or (N, 1), one for each of `count` points."""
    if dtype.kind not in "iu" or shape not in ((count,), (count, 1)):
        raise DataError(
            f"{name!r} has labels of type {dtype} and shape {shape} for {count:,} points. "
            f"Expected whole numbers of shape ({count},)."
        )


def checked_labels(name: str, labels: Array, count: int) -> Integers:
    """The classes of `count` points as int64 (N,)."""
    check_label_kind(name, labels.dtype, labels.shape, count)
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high > LARGEST_LABEL:
        raise DataError(
            f"{name!r} has labels from {low} to {high}. Expected 0 to {LARGEST_LABEL}; number the classes from 0."
        )
    return labels.reshape(count).astype(np.int64)
