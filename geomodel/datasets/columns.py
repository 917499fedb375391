"""What a person says about the columns of a table, such as "1-2; class 4; no header"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_RANGE = re.compile(r"(\d{1,9})\s*[-–]\s*(\d{1,9})")
GRAMMAR = "Expected columns such as “1-2; class 3; no header”, or “x, y; class kind”."


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns by name or by number, counted from 1. What is left out is found in the header and the values."""

    coordinates: tuple[str, ...] = ()
    label: str = ""
    header: bool | None = None

    @property
    def told(self) -> bool:
        """Whether a person has said which columns are taken."""
        return bool(self.coordinates or self.label)


def parse(text: str) -> Columns:
    """Coordinates between commas, "class COLUMN", and "header" or "no header", with semicolons between them.

    ValueError with a sentence where the text is something else.
    """
    coordinates: tuple[str, ...] = ()
    label, header = "", None
    for part in filter(None, map(str.strip, text.split(";"))):
        if part.lower() in ("header", "no header"):
            given, header = header is not None, part.lower() == "header"
        elif part.lower().startswith("class "):
            given, label = bool(label), part[len("class ") :].strip()
        else:
            given, coordinates = bool(coordinates), tuple(map(str.strip, part.split(",")))
        if given or "" in coordinates:
            raise ValueError(f"{text.strip()[:80]!r} does not say which columns to take. {GRAMMAR}")
    return Columns(coordinates, label, header)


def places(said: str, names: tuple[str, ...], count: int) -> list[int]:
    """The columns, from 0, that a number, a range of numbers or a name means. ValueError where there is none."""
    if said in names and not said.isdecimal():
        return [names.index(said)]
    found = _RANGE.fullmatch(said)
    first, last = (int(found[1]), int(found[2])) if found else (int(said),) * 2 if _is_number(said) else (0, 0)
    if not 1 <= first <= last <= count:
        known = f"1 to {count}" + (f" ({', '.join(name[:40] for name in names[:8])})" if any(names) else "")
        raise ValueError(f"There is no column {said[:40]!r}; the columns are {known}.")
    return list(range(first - 1, last))


def _is_number(said: str) -> bool:
    return said.isascii() and said.isdecimal() and len(said) < 10


def ranges(columns: Iterable[int]) -> str:
    """Columns, from 0, in the words of `parse`: "1-3, 5"."""
    runs: list[list[int]] = []
    for column in columns:
        if runs and column == runs[-1][1] + 1:
            runs[-1][1] = column
        else:
            runs.append([column, column])
    return ", ".join(f"{first + 1}" if first == last else f"{first + 1}-{last + 1}" for first, last in runs)
