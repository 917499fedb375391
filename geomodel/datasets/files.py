"""Data sets from files: the reader that the table of formats names for what a file holds."""

from __future__ import annotations

from pathlib import Path

from geomodel.datasets import text
from geomodel.datasets.columns import Columns
from geomodel.datasets.common import DataError, Progress
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.formats import FORMATS, KNOWN
from geomodel.datasets.reading import faults
from geomodel.datasets.text import AUTOMATIC
from geomodel.formats import Format, function, recognised

TABLE = "text"  # the name of the format whose columns can be chosen


def open_file(path: Path, progress: Progress, columns: Columns = AUTOMATIC) -> Dataset:
    """The data set in a file or folder. Raises DataError; see `geomodel.datasets.load` for what may be inside.

    columns: what a person says about the columns of a table.

    What `progress` raises is passed on unchanged, although readers turn errors into sentences.
    """
    watch = _Watch(progress)
    try:
        with faults(path.name):
            found = _format(path)
            if columns == AUTOMATIC:
                dataset: Dataset = function(found.open)(path, watch)
                return dataset
            if found.name != TABLE:
                raise DataError(f"{path.name!r} is no table, so it has no columns to choose. Leave the columns out.")
            return text.read(path, watch, columns)
    except _Stopped:
        pass
    assert watch.error is not None
    raise watch.error  # raised here, so that its traceback does not name _Stopped as its cause


def is_table(path: Path) -> bool:
    """Whether a file is read as a table, whose columns a person can choose."""
    found = recognised(FORMATS, path) if path.is_file() else None
    return found is not None and found.name == TABLE


class _Stopped(BaseException):
    """Carries an exception of the caller's past the readers, which turn other errors into sentences."""


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


def _format(path: Path) -> Format:
    """The row for a path, after a check of what kind of thing it is."""
    if not path.exists():
        raise DataError(f"There is no file {str(path)!r}. Check the path.")
    if not path.is_file() and not path.is_dir():
        raise DataError(f"{str(path)!r} is not a regular file; choose a file of a kind that can be opened: {KNOWN}.")
    found = recognised(FORMATS, path)
    if found is None:
        raise DataError(
            f"{path.name!r} is not a kind of file that can be opened: {KNOWN}. "
            "Save the points as CSV text, or the array with numpy.save."
        )
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path.name!r} is empty: 0 bytes. Expected at least one point.")
    return found
