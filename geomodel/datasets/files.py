"""Data sets from files: the table of formats. A new format is one file, one row, one test."""

from __future__ import annotations

from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from geomodel.datasets.common import DataError, Progress
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.reading import faults


class Format(NamedTuple):
    """One row. `reader` names a function (path, progress) -> Dataset, `patterns` the files, in lower case."""

    title: str
    reader: str
    patterns: tuple[str, ...]


# The first row with a pattern that fits is taken.
FORMATS = {
    "text": Format("points as text", "geomodel.datasets.text:read", ("*.csv", "*.txt", "*.tsv")),
    "npy": Format("NumPy array", "geomodel.datasets.arrays:read_npy", ("*.npy",)),
    "npz": Format("NumPy arrays", "geomodel.datasets.arrays:read_npz", ("*.npz",)),
    "cifar": Format(
        "CIFAR-10", "geomodel.datasets.cifar:read", ("data_batch_*", "test_batch", "*.bin", "*.tar.gz", "*.tgz")
    ),
    "idx": Format("idx, as MNIST", "geomodel.datasets.idx:read", ("*-ubyte", "*.idx", "*.gz")),
    "pictures": Format("PNG or JPEG images", "geomodel.datasets.pictures:read", ("*.zip",)),
}
KNOWN = "; ".join(f"{row.title} ({', '.join(row.patterns)})" for row in FORMATS.values()) + "; a folder of images"


def open_file(path: Path, progress: Progress) -> Dataset:
    """The data set in a file or folder. Raises DataError; see `geomodel.datasets.load` for what may be inside.

    What `progress` raises comes through as it is, whatever the readers make of errors.
    """
    watch = _Watch(progress)
    try:
        with faults(path.name):
            module, _, reader = FORMATS[_format(path)].reader.partition(":")
            dataset: Dataset = getattr(import_module(module), reader)(path, watch)
            return dataset
    except _Stopped:
        pass
    assert watch.error is not None
    raise watch.error  # here, so that it does not look as if it came from handling another


class _Stopped(BaseException):
    """Takes an exception of the caller's past the readers, which turn errors into sentences."""


class _Watch:
    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.error: BaseException | None = None

    def __call__(self, fraction: float) -> None:
        try:
            self.progress(fraction)
        except BaseException as error:
            self.error = error
            raise _Stopped from error


def _format(path: Path) -> str:
    """The row for a path, after a look at what kind of thing it is."""
    if not path.exists():
        raise DataError(f"There is no file {str(path)!r}. Check the path.")
    if path.is_dir():
        from geomodel.datasets.cifar import holds_batches

        return "cifar" if holds_batches(path) else "pictures"
    name = path.name.lower()
    found = next((key for key, row in FORMATS.items() if any(fnmatchcase(name, each) for each in row.patterns)), None)
    if not path.is_file():
        raise DataError(f"{str(path)!r} is not a regular file; choose a file of a kind that can be opened: {KNOWN}.")
    if found is None:
        raise DataError(
            f"{path.name!r} is not a kind of file that can be opened: {KNOWN}. "
            "Save the points as CSV text, or the array with numpy.save."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path.name!r} is empty: 0 bytes. Expected at least one point.")
    return found
