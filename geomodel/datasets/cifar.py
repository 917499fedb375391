"""Reads CIFAR-10 as it is distributed (Krizhevsky, 2009): pickled or binary batches, single or in a folder or tar."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np

from geomodel import memory
from geomodel.arrays import Bytes, Integers
from geomodel.datasets.archive import tar_files
from geomodel.datasets.common import DataError, Progress, portion
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.marks import packed, packed_tar, pickled
from geomodel.datasets.reading import check_size
from geomodel.formats import beginning
from geomodel.inert.arrays import array
from geomodel.inert.machine import Machine
from geomodel.inert.operands import Budget
from geomodel.inert.values import ArrayRecord, InertFault

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_Batch = tuple[Bytes, Integers]
_SHAPE = (3, 32, 32)
_NUMBERS = 3 * 32 * 32
_LARGEST_BATCH = 2**28  # bytes
_LARGEST_ARCHIVE = 2**30  # bytes of all batches
_MOST_STEPS = 1_000_000  # a pickled batch takes 40,000
_MOST_TEXT = 2**28  # bytes; Python 3 writes a batch for Python 2 as text
_GLANCE = 100_000  # steps
_NAME = re.compile(r"(data_batch_(?P<number>\d{1,4})|test_batch)(?P<binary>\.bin)?")


def holds_batches(folder: Path) -> bool:
    """Whether a folder has files with the names of batches."""
    return bool(_training(_names(folder)))


def recognises(path: Path) -> bool:
    """Whether this is a folder of batches, a pickled batch, or a packed tar archive. A binary batch has no marks.

    A damaged pickle is a batch where it is named like one.
    """
    if path.is_dir():
        return holds_batches(path)
    if not pickled(beginning(path, 2)):
        return packed_tar(path)
    try:
        with path.open("rb") as stream:
            value = Machine(stream, path.stat().st_size, Budget(_GLANCE, _MOST_TEXT)).run()
    except InertFault:
        return _NAME.fullmatch(path.name) is not None
    return isinstance(value, dict) and isinstance(value.get("data"), ArrayRecord)


def read(path: Path, progress: Progress) -> Dataset:
    """One batch, or all training batches of a folder or tar.gz in order (the test batch if there is no other)."""
    if path.is_dir():
        contents = _in_folder(path)
    elif packed(path) or path.name.lower().endswith((".tar.gz", ".tgz")):
        contents = _unpacked(path, portion(progress, 0.0, 0.6))
    else:
        contents = {path.name: _content(path)}
    names = _training(contents) or list(contents)[:1]
    if not names:
        raise DataError(
            f"{path.name!r} holds no batches of CIFAR-10. Expected data_batch_1 to data_batch_5, with or without .bin."
        )
    batches = []
    for name in names:
        content = contents[name]
        binary = name.lower().endswith(".bin") and not pickled(content)  # a binary batch begins with a class below 10
        batches.append(_binary(name, content) if binary else _pickled(name, content))
        progress(0.6 + 0.4 * len(batches) / len(names))
    stored = np.concatenate([images.reshape(-1, *_SHAPE) for images, _ in batches])
    labels = np.concatenate([labels for _, labels in batches])
    return Dataset(name=path.name, kind="images", stored=stored, labels=labels, label_names=CLASSES)


def _training(names: Iterable[str]) -> list[str]:
    """The names of the training batches in order, or of the test batch. Pickles are preferred to binary files."""
    found = [match for name in names if (match := _NAME.fullmatch(name))]
    found = [match for match in found if not match["binary"]] or found
    training = sorted((match for match in found if match["number"]), key=lambda match: int(match["number"]))
    return [match.string for match in training or found]


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.glob("*_batch*") if entry.is_file()]


def _in_folder(folder: Path) -> dict[str, bytes]:
    files = [folder / name for name in _training(_names(folder))]
    _check(folder.name, sum(file.stat().st_size for file in files), _LARGEST_ARCHIVE)
    return {file.name: _content(file) for file in files}


def _unpacked(path: Path, progress: Progress) -> dict[str, bytes]:
    """The batches in a tar archive by their names, without their folders."""
    size = path.stat().st_size

    def check(unpacked: int) -> None:
        _check(path.name, unpacked, _LARGEST_ARCHIVE)
        progress(min(1.0, file.tell() / size))

    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as stream:
        found = {}
        for place, content in tar_files(path.name, stream, check):
            name = place.rpartition("/")[2]
            if _NAME.fullmatch(name):
                _check(name, len(content), _LARGEST_BATCH)
                found[name] = content
        return found


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    _check(path.name, size, _LARGEST_BATCH)
    with path.open("rb") as file:
        return file.read(size)


def _check(name: str, size: int, most: int) -> None:
    if size > most:
        raise DataError(
            f"{name!r} holds {memory.text(size)}, too much for CIFAR-10, whose batches have 31 MB each. "
            "Download it again; other images can be saved with numpy.save."
        )
    check_size(name, size)


def _pickled(name: str, content: bytes) -> _Batch:
    stream = BytesIO(content)
    try:
        table = Machine(stream, len(content), Budget(_MOST_STEPS, _MOST_TEXT)).run()
        if not isinstance(table, dict) or not isinstance(table.get("data"), ArrayRecord):
            raise InertFault("it holds no dict with an array named data")
        images, labels = array(table["data"], stream), table.get("labels")
        if images.dtype != np.uint8:
            raise InertFault("it holds an array of another type than unsigned bytes")
    except InertFault as error:
        raise DataError(
            f"{name!r} is not a batch of CIFAR-10: {error}. Expected data_batch_1 to data_batch_5 as published; "
            "save any other array with numpy.save."
        ) from error
    if images.ndim != 2 or images.shape[1] != _NUMBERS:
        raise DataError(
            f"{name!r} holds an array of shape {images.shape}. Expected images of CIFAR-10, (N, {_NUMBERS})."
        )
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < len(CLASSES) for label in labels):
        raise DataError(f"{name!r} has no list of labels from 0 to {len(CLASSES) - 1}. Download it again.")
    if len(labels) != len(images):
        raise DataError(f"{name!r} holds {len(labels):,} labels for {len(images):,} images. Download it again.")
    return images, np.array(labels, np.int64)


def _binary(name: str, content: bytes) -> _Batch:
    """Reads records of one byte for the class and 3072 for the image."""
    if not content or len(content) % (_NUMBERS + 1):
        raise DataError(
            f"{name!r} has {len(content):,} bytes. Expected a binary batch of CIFAR-10, {_NUMBERS + 1} bytes an image."
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _NUMBERS + 1)
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= len(CLASSES):
        raise DataError(
            f"{name!r} has a label {labels.max()}. Expected the classes of CIFAR-10, 0 to {len(CLASSES) - 1}."
        )
    return records[:, 1:], labels
