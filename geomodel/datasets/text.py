"""Reads points from text with one point a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from geomodel import memory
from geomodel.arrays import Floats
from geomodel.datasets.common import DataError, Progress, portion
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.reading import PIECE, check_shape, points
from geomodel.datasets.table import Table, classes, is_count, is_number, layout, remarks, unquoted

_LONGEST_LINE = 2**24  # bytes
_BETWEEN_REPORTS = 4096  # rows between two reports of progress


def read(path: Path, progress: Progress) -> Dataset:
    """Points from text, values separated by commas, semicolons or white space; see `table` for what columns mean."""
    _check_size(path)
    _check_lines(path)
    try:
        table = layout(path)
        label, index = table.label(), table.numbered
        wanted = [column for column in (0 if table.counts() else None, label) if column is not None]
        columns = _columns(table, wanted, portion(progress, 0.0, 0.3)) if wanted or index else {}
        index = index or (table.counts() and len(columns[0]) > 1 and is_count(columns[0]))
        found = None if label is None else classes(columns[label])
        label = None if found is None else label
        coordinates = [column for column in range(index, table.columns) if column != label]
        stored = _numbers(table, coordinates, portion(progress, 0.3, 0.9))
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name!r} is not UTF-8 text. Save it as plain CSV text.") from error
    check_shape(path.name, stored.shape)
    labels, names = found or (None, None)
    read = points(path.name, stored, portion(progress, 0.9, 1.0), labels)
    return replace(read, label_names=names, remarks=remarks(table, coordinates, label, index))


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


def _columns(table: Table, wanted: list[int], progress: Progress) -> dict[int, list[str]]:
    """The wanted columns as text. DataError for a row of another length, which NumPy accepts where it skips columns."""
    found: dict[int, list[str]] = {column: [] for column in wanted}
    for count, (number, row) in enumerate(table.rows()):
        if len(row) != table.columns:
            raise DataError(_length(table, number, row))
        for column, values in found.items():
            if not (value := unquoted(row[column])):
                raise DataError(f"{table.path.name!r}, line {number}: column {column + 1} is blank. Fill it in.")
            values.append(value)
        if count % _BETWEEN_REPORTS == 0:
            progress(0.0)
    return found


def _numbers(table: Table, coordinates: list[int], progress: Progress) -> Floats:
    path = table.path
    wrong = next((table.first[column] for column in coordinates if '"' in table.first[column]), None)
    if wrong is not None:
        raise DataError(_no_number(table, table.skip + 1, wrong))
    quote = '"' if any('"' in value for value in table.first) else None
    columns = coordinates if len(coordinates) < table.columns else None
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = chain.from_iterable(_pieces(file, path.stat().st_size, progress))
            return np.loadtxt(
                lines, delimiter=table.delimiter, skiprows=table.skip, usecols=columns, ndmin=2, quotechar=quote
            )
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise DataError(_first_fault(table, coordinates) or f"{path.name!r} could not be read: {error}") from error


def _pieces(file: IO[str], size: int, progress: Progress) -> Iterator[list[str]]:
    done = 0
    while lines := file.readlines(PIECE // 4):
        yield lines
        done += sum(map(len, lines))
        progress(min(1.0, done / size))  # characters stand for bytes, which is close enough


def _first_fault(table: Table, coordinates: list[int]) -> str | None:
    """A sentence about the first line that is not a point, because NumPy's message counts rows differently."""
    for number, row in table.rows():
        wrong = next((row[c] for c in coordinates if c < len(row) and not is_number(row[c])), None)
        if wrong is not None:
            return _no_number(table, number, wrong)
        if len(row) != table.columns:
            return _length(table, number, row)
    return None


def _no_number(table: Table, number: int, value: str) -> str:
    return f"{table.path.name!r}, line {number}: {value.strip()[:40]!r} is not a number. Expected one point a row."


def _length(table: Table, number: int, row: list[str]) -> str:
    return f"{table.path.name!r}, line {number} has {len(row)} values; the lines above have {table.columns}."
