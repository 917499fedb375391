"""Reads idx, the format of MNIST: a big-endian header and bytes, plain or in gzip, with labels in a file beside it."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from geomodel.arrays import Bytes, Integers
from geomodel.datasets.common import DataError, Progress, limit, silent
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.file_array import FileArray
from geomodel.datasets.marks import IDX_BYTES, packed
from geomodel.datasets.reading import (
    Stream,
    check_end,
    check_held,
    check_shape,
    check_size,
    checked_labels,
    fill,
    images,
)

_BEST_DEFLATE = 1032  # the most bytes that one byte of deflate can stand for


def read(path: Path, progress: Progress) -> Dataset:
    """Images, idx3-ubyte (N, H, W) or idx4-ubyte. Those of a plain file larger than a quarter of memory stay there."""
    name = path.name
    with _opened(path) as stream:
        shape = _shape(name, stream)
        if len(shape) not in (3, 4):
            raise DataError(
                f"{name!r} holds an array of shape {shape}. Expected images (N, H, W); where these are labels, "
                "open the file of images beside it."
            )
        if not packed(path) and math.prod(shape) > limit():
            check_held(name, shape, math.prod(shape), path.stat().st_size - stream.tell())
            stored: Bytes | FileArray = FileArray(path, np.dtype(np.uint8), stream.tell(), shape)
        else:
            stored = _array(path, stream, shape, progress)
    return images(name, stored, _labels_beside(path, len(stored)))


@contextmanager
def _opened(path: Path) -> Iterator[Stream]:
    with path.open("rb") as file:
        if not packed(path):
            yield file
            return
        with gzip.GzipFile(fileobj=file) as stream:
            yield stream


def _shape(name: str, stream: Stream) -> tuple[int, ...]:
    start = stream.read(4)
    axes = start[3] if len(start) == 4 else 0
    sizes = stream.read(4 * axes)
    if start[:3] != IDX_BYTES or not 1 <= axes <= 4 or len(sizes) < 4 * axes:
        raise DataError(
            f"{name!r} begins with {start.hex(' ') or 'nothing'}, not with the header of idx bytes (00 00 08 and 01 to "
            "04). Download it again; other arrays can be saved with numpy.save."
        )
    shape = tuple(np.frombuffer(sizes, ">u4").tolist())
    check_shape(name, shape)
    return shape


def _array(path: Path, stream: Stream, shape: tuple[int, ...], progress: Progress) -> Bytes:
    size, held = math.prod(shape), path.stat().st_size
    check_held(path.name, shape, size, held * _BEST_DEFLATE if packed(path) else held - stream.tell())
    check_size(path.name, size)
    content = fill(path.name, stream, shape, size, progress)
    check_end(path.name, stream)
    return content.reshape(shape)


def _labels_beside(path: Path, count: int) -> Integers | None:
    """The labels in train-labels-idx1-ubyte for train-images-idx3-ubyte, packed or not; None where there are none."""
    plain = path.name.removesuffix(".gz")
    beside = plain.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    candidates = (path.with_name(beside + ending) for ending in (path.name[len(plain) :], "", ".gz"))
    found = next((labels for labels in candidates if beside != plain and labels.is_file()), None)
    if found is None:
        return None
    with _opened(found) as stream:
        shape = _shape(found.name, stream)
        if shape != (count,):
            raise DataError(
                f"{found.name!r} holds labels of shape {shape} for the {count:,} images in {path.name!r}. Expected one "
                "label an image; keep only files that belong together in one folder."
            )
        return checked_labels(found.name, _array(found, stream, shape, silent), count)
