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
from geomodel.datasets.columns import GRAMMAR, Columns, places
from geomodel.datasets.common import DataError, Progress, portion
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.reading import PIECE, check_shape, points
from geomodel.datasets.table import Classes, Table, Taken, classes, is_count, is_number, layout, remarks, unquoted

_LONGEST_LINE = 2**24  # bytes
AUTOMATIC = Columns()
_BETWEEN_REPORTS = 4096  # rows between two reports of progress


def read(path: Path, progress: Progress, wanted: Columns = AUTOMATIC) -> Dataset:
    """Points from text, values separated by commas, semicolons or white space; see `table` for what columns mean.

    wanted: what a person says about the columns.
    """
    _check_size(path)
    _check_lines(path)
    try:
        table = layout(path, wanted.header)
        taken, found = _taken(table, wanted, portion(progress, 0.0, 0.3))
        stored = _numbers(table, taken.coordinates, portion(progress, 0.3, 0.9))
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name!r} is not UTF-8 text. Save it as plain CSV text.") from error
    check_shape(path.name, stored.shape)
    labels, names = found or (None, None)
    read = points(path.name, stored, portion(progress, 0.9, 1.0), labels)
    return replace(read, label_names=names, remarks=remarks(table, taken), columns=taken.columns)


def _taken(table: Table, wanted: Columns, progress: Progress) -> tuple[Taken, Classes | None]:
    """The columns to use and the classes. What a person has not said is told from the header and the values."""
    chosen = tuple(column for said in wanted.coordinates for column in _places(table, said))
    label = table.label() if not wanted.told else None
    if wanted.label:
        label = _places(table, wanted.label)[0]
    counts = not chosen and table.counts(label)
    index = not chosen and table.numbered
    needed = [column for column in (0 if counts else None, label) if column is not None]
    whole = not needed and not index and len(chosen) in (0, table.columns)
    columns = {} if whole else _columns(table, needed, progress)
    index = index or (counts and len(columns[0]) > 1 and is_count(columns[0]))
    found = None if label is None else classes(columns[label])
    if wanted.label and found is None:
        raise DataError(f"{table.path.name!r}: the column {wanted.label!r} holds fractions, which are no classes.")
    label = None if found is None else label
    taken = chosen or tuple(column for column in range(index, table.columns) if column != label)
    if not taken or len({*taken, label}) != len(taken) + 1:
        wrong = "are there twice" if taken else "leave no coordinate"
        raise DataError(f"{table.path.name!r}: of {table.columns} columns, some {wrong}. {GRAMMAR}")
    return Taken(taken, label, index), found


def _places(table: Table, said: str) -> list[int]:
    try:
        return places(said, table.names, table.columns)
    except ValueError as error:
        raise DataError(f"{table.path.name!r}: {error}") from error


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


def _numbers(table: Table, coordinates: tuple[int, ...], progress: Progress) -> Floats:
    path = table.path
    wrong = next((table.first[column] for column in coordinates if '"' in table.first[column]), None)
    if wrong is not None:
        raise DataError(_no_number(table, table.skip + 1, wrong))
    quote = '"' if any('"' in value for value in table.first) else None
    columns = None if coordinates == tuple(range(table.columns)) else coordinates
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


def _first_fault(table: Table, coordinates: tuple[int, ...]) -> str | None:
    """A sentence about the first line that is not a point, because NumPy's message counts rows differently."""
    for number, row in table.rows():
        wrong = next((row[c] for c in coordinates if c < len(row) and not is_number(row[c])), None)
        if wrong is not None:
            return _no_number(table, number, wrong)
        if len(row) != table.columns:
            return _length(table, number, row)
    return None


def _no_number(table: Table, number: int, value: str) -> str:
    advice = "Repair the row, or choose other columns (Columns, or --data-columns)."
    if "," in value:
        advice = "Write decimals with a point, and no commas between thousands."
    return f"{table.path.name!r}, line {number}: {value.strip()[:40]!r} is not a number. {advice}"


def _length(table: Table, number: int, row: list[str]) -> str:
    return f"{table.path.name!r}, line {number} has {len(row)} values; the lines above have {table.columns}."
