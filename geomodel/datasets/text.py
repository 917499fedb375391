"""Reads points from text with one point a row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from geomodel import memory
from geomodel.arrays import Floats
from geomodel.datasets.common import DataError, Progress, portion
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.reading import PIECE, check_shape, points

_LONGEST_LINE = 2**24  # bytes


def read(path: Path, progress: Progress) -> Dataset:
    """Points from text: an optional header line, values separated by commas, semicolons or white space."""
    _check_size(path)
    _check_lines(path)
    try:
        delimiter, skip = _layout(path)
        stored = _numbers(path, delimiter, skip, portion(progress, 0.0, 0.9))
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name!r} is not UTF-8 text. Save it as plain CSV text.") from error
    check_shape(path.name, stored.shape)
    return points(path.name, stored, portion(progress, 0.9, 1.0))


def _check_size(path: Path) -> None:
    """DataError above half the size of other files, because a float64 may take four times as much as its text."""
    size, most = path.stat().st_size, memory.physical() // 8
    if size > most:
        raise DataError(
            f"{path.name!r} holds {memory.text(size)} of numbers; at most an eighth of this computer's memory, "
            f"{memory.text(most)}, can be opened. Use a smaller part of it."
        )


def _check_lines(path: Path) -> None:
    """DataError for a very long line, because splitting a line takes a hundred times its length in memory."""
    length = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            end = piece.rfind(b"\n")
            length += len(piece) if end < 0 else piece.find(b"\n")
            if length > _LONGEST_LINE:
                raise DataError(
                    f"{path.name!r} has a line of more than {_LONGEST_LINE:,} bytes. Expected one point a row; "
                    "long points can be saved with numpy.save."
                )
            length = length if end < 0 else len(piece) - 1 - end


def _numbers(path: Path, delimiter: str | None, skip: int, progress: Progress) -> Floats:
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = _pieces(file, path.stat().st_size, progress)
            return np.loadtxt(chain.from_iterable(lines), delimiter=delimiter, skiprows=skip, ndmin=2)
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        fault = _first_fault(path, delimiter, skip) or f"{path.name!r} could not be read: {error}"
        raise DataError(fault) from error


def _pieces(file: IO[str], size: int, progress: Progress) -> Iterator[list[str]]:
    done = 0
    while lines := file.readlines(PIECE // 4):
        yield lines
        done += sum(map(len, lines))
        progress(min(1.0, done / size))  # characters stand for bytes, which is close enough


def _layout(path: Path) -> tuple[str | None, int]:
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
    """A sentence about the first line that is not a point, because NumPy's message counts rows differently."""
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
