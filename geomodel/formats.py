"""What a row in a table of file formats is, and how a file finds its row: by what it holds, then by its name.

The tables are `geomodel.checkpoints.formats`, `geomodel.datasets.formats` and `geomodel.run_files`. Their functions are
named by dotted paths and imported when they are needed, so that reading a table loads no torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One row of a table. Functions are written "module:name".

    Attributes:
        name: how the program calls the format. title: how a person does.
        patterns: the names of its files, in lower case: "*.csv".
        open: the function that opens a path.
        recognises: (path) -> bool, whether the file's content has the marks of the format. It reads a bounded part of
            the file and raises nothing but OSError. "" where the content has no marks and the name has to do.
    """

    name: str
    title: str
    patterns: tuple[str, ...]
    open: str
    recognises: str = ""

    def named(self, path: Path) -> bool:
        """Whether the file has a name of this format."""
        return any(fnmatchcase(path.name.lower(), pattern) for pattern in self.patterns)


def function(dotted: str) -> Any:
    """What "module:name" or "module:class.name" stands for."""
    module, _, names = dotted.partition(":")
    return reduce(getattr, names.split("."), import_module(module))


def by_content(formats: Iterable[Format], path: Path) -> list[Format]:
    """The formats whose marks the file has, in the order of the table. Raises OSError where it cannot be read."""
    return [row for row in formats if row.recognises and function(row.recognises)(path)]


def recognised(formats: Iterable[Format], path: Path) -> Format | None:
    """The format of a file: one whose marks it has, or else the first that it is named like; None for neither.

    Where it has the marks of several formats, its name decides between them. Raises OSError as `by_content` does.
    """
    rows = tuple(formats)
    found = by_content(rows, path)
    named = next((row for row in rows if row.named(path)), None)
    return named if named in found or not found else found[0]


def patterns(formats: Iterable[Format]) -> tuple[str, ...]:
    """The names of the files of all formats, in the order of the table."""
    return tuple(pattern for row in formats for pattern in row.patterns)


def suffixes(formats: Iterable[Format]) -> tuple[str, ...]:
    """The endings among the `patterns`: ".csv" for "*.csv"."""
    return tuple(pattern[1:] for pattern in patterns(formats) if pattern.startswith("*."))


def listed(formats: Iterable[Format]) -> str:
    """All formats for a sentence: "points as text (*.csv, *.txt); NumPy array (*.npy)"."""
    return "; ".join(f"{row.title} ({', '.join(row.patterns)})" for row in formats)


def beginning(path: Path, count: int) -> bytes:
    """The first `count` bytes of a regular file, or nothing of anything else. Raises OSError."""
    if not path.is_file():  # a pipe would be waited for
        return b""
    with path.open("rb") as file:
        return file.read(count)
