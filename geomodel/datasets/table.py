"""What the columns of a table of text are: coordinates, the numbers of the rows, or the classes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np

from geomodel.arrays import Integers
from geomodel.datasets.columns import ranges
from geomodel.datasets.common import DataError
from geomodel.datasets.reading import LARGEST_LABEL

_CLASS = ("label", "labels", "class", "target", "y")  # the first one that a header names gives the classes
_INDEX = ("", "index", "id", "unnamed: 0")
_NAMED = 6  # coordinates that a sentence names

Classes = tuple[Integers, tuple[str, ...] | None]  # of each row, and their names


@dataclass(frozen=True, slots=True)
class Table:
    """The layout of a file. `names` is empty where no line names the columns."""

    path: Path
    delimiter: str | None  # None for white space
    skip: int  # lines before the first point
    names: tuple[str, ...]
    first: tuple[str, ...]  # the values of the first point as they are written
    numbered: bool = False  # whether the first column has no name, because it names the rows

    @property
    def columns(self) -> int:
        return len(self.first)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each point with the number of its line, counted from 1."""
        for number, text in _lines(self.path):
            if number > self.skip:
                yield number, split(text, self.delimiter)

    def label(self) -> int | None:
        """The column that names the classes. y beside x is a coordinate."""
        names = [name.lower() for name in self.names]
        known = [name for name in _CLASS if name in names[self.numbered :] and not (name == "y" and "x" in names)]
        return names.index(known[0]) if known and self.columns > 1 + self.numbered else None

    def counts(self, label: int | None) -> bool:
        """Whether the first column may be the numbers of the rows, 0 to n - 1, because its first value is 0.

        A table of whole numbers alone, but for its class, may be points on a grid.
        """
        others = [value for column, value in enumerate(self.first[1:], 1) if column != label]
        named = bool(self.names) and self.names[0].lower() in _INDEX
        return unquoted(self.first[0]) == "0" and bool(others) and (named or not all(map(_digits, others)))


@dataclass(frozen=True, slots=True)
class Taken:
    """The columns that are used, and whether the first one numbers the rows."""

    coordinates: tuple[int, ...]
    label: int | None
    index: bool

    @property
    def columns(self) -> str:
        """In the words of `columns.parse`."""
        return ranges(self.coordinates) + ("" if self.label is None else f"; class {self.label + 1}")


def layout(path: Path, header: bool | None) -> Table:
    """Find the header, the delimiter and the first point. header: whether there is one, where a person has said so."""
    lines = list(islice(_lines(path), 2))
    if not lines:
        raise _empty(path)
    top = split(lines[0][1], _mark(lines[0][1]))
    if len(lines) == 1:
        if header or not any(map(is_number, top)):
            raise _empty(path)
        return Table(path, _mark(lines[0][1]), lines[0][0] - 1, (), tuple(top))
    (above, heading), (number, text) = lines
    found = not any(map(is_number, top)) or _counted(top, split(text, _mark(text)))
    if not (found if header is None else header):
        return Table(path, _mark(heading), above - 1, (), tuple(top))
    delimiter = _mark(text) or ("\t" if "\t" in text and "\t" in heading else None)
    names = [unquoted(name) for name in split(heading, _mark(heading) or delimiter)]
    first = tuple(split(text, delimiter))
    # R names no column of row names. One name above two values between commas may be a decimal comma.
    numbered = len(names) == len(first) - 1 and (len(names) > 1 or delimiter != ",")
    names = ["", *names] if numbered else names
    table = Table(path, delimiter, number - 1, tuple(names), first, bool(names) and not names[0] and len(first) > 1)
    if len(names) != len(first) or (numbered and not _row_names(table)):
        raise DataError(
            f"{path.name!r}, line {above} names {len(names) - numbered} columns, and line {number} has {len(first)} "
            "values. Expected one name a column, and a point in every decimal number."
        )
    return table


def _empty(path: Path) -> DataError:
    return DataError(f"{path.name!r} is empty: it has no row of numbers. Expected one point a row.")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that hold something, without comments."""
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if (text := line.split("#")[0]).strip():
                yield number, text.rstrip("\r\n")


def _mark(text: str) -> str | None:
    return next((mark for mark in ";," if mark in text), None)


def _counted(top: list[str], below: list[str]) -> bool:
    """Whether a line is 0, 1, … d - 1, as pandas writes for columns without names, above values that are not whole, or
    beside the name of a class. A single 0 is more likely a point.
    """
    names = [unquoted(value) for value in top]
    names = names[1:] if not names[0] else names
    numbers = [name for name in names if name.lower() not in _CLASS]
    named = len(numbers) < len(names)
    counted = bool(numbers) and numbers == [str(column) for column in range(len(numbers))]
    return counted and (named or (len(top) > 1 and not all(map(_digits, below))))


def _row_names(table: Table) -> bool:
    values = [unquoted(row[0]) for _, row in table.rows()]
    return not any(map(is_number, values)) or any(is_count(values, start) for start in (0, 1))


def is_count(values: list[str], start: int = 0) -> bool:
    """Whether the values are `start`, `start` + 1 and so on."""
    return all(value == str(number) for number, value in enumerate(values, start))


def split(text: str, delimiter: str | None) -> list[str]:
    """The values of a line as they are written. Quotes keep delimiters together."""
    if '"' not in text:
        return text.split(delimiter)
    return _values(delimiter).findall(text) or [text]


@cache
def _values(delimiter: str | None) -> re.Pattern[str]:
    if delimiter is None:
        return re.compile(r'(?:"[^"]*"|[^\s"])+')
    return re.compile(rf'(?:^|{delimiter})((?:"[^"]*"|[^{delimiter}"])*)')


def unquoted(value: str) -> str:
    """A value without white space and quotes around it."""
    value = value.strip()
    return value[1:-1].replace('""', '"') if len(value) > 1 and value[0] == value[-1] == '"' else value


def is_number(text: str) -> bool:
    """Whether Python reads this as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _digits(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit()


def classes(values: list[str]) -> Classes | None:
    """The class of each row and the names of the classes; None where the values are fractions, which are no classes.

    Whole numbers from 0 are classes without names. Other whole numbers count as names, as words do.
    """
    texts = [unquoted(value) for value in values]
    numbers = np.array([float(text) if is_number(text) else np.nan for text in texts])
    if not np.isfinite(numbers).all():
        names = sorted(set(texts))
    elif (numbers != np.round(numbers)).any():
        return None
    elif numbers.min() >= 0 and numbers.max() <= LARGEST_LABEL:
        return numbers.astype(np.int64), None
    else:
        texts = [f"{number:.0f}" for number in numbers]
        names = sorted(set(texts), key=float)
    index = {name: label for label, name in enumerate(names)}
    return np.array([index[text] for text in texts], np.int64), tuple(names)


def remarks(table: Table, taken: Taken) -> tuple[str, ...]:
    """A sentence about what was taken; none where every column of a file without a header is a coordinate."""
    coordinates, label = taken.coordinates, taken.label
    if not table.names and coordinates == tuple(range(table.columns)):
        return ()
    names = [(table.names[column][:40] if table.names else "") or f"column {column + 1}" for column in coordinates]
    said = f"{len(names)} coordinate{'s' * (len(names) > 1)}: {', '.join(names[:_NAMED])}"
    said += ", …" if len(names) > _NAMED else ""
    said += "; line 1 is a header" if all(map(is_number, names)) else ""
    said += f"; class from column {label + 1}" if label is not None else ""
    said += "; column 1 numbers the rows" if taken.index else ""
    rest = [column for column in range(taken.index, table.columns) if column not in (*coordinates, label)]
    said += f"; column{'s' * (len(rest) > 1)} {ranges(rest)} left out" if rest else ""
    return (f"{said}.",)
