"""What kind of file a path leads to: a checkpoint, data, a saved run, or a session."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Literal

from geomodel import formats, run_files, session_files
from geomodel.checkpoints import formats as checkpoint_formats
from geomodel.datasets import formats as data_formats
from geomodel.formats import Format

Kind = Literal["checkpoint", "data", "run", "session"]

_TABLES: dict[Kind, tuple[Format, ...]] = {
    "run": run_files.FORMATS,
    "session": session_files.FORMATS,
    "checkpoint": checkpoint_formats.FORMATS,
    "data": data_formats.FORMATS,
}


def kind_of(path: str | os.PathLike[str]) -> Kind:
    """What kind of file this is, by what it holds: the first table with a format whose marks the file has.

    A file without marks is a checkpoint or a session where it is named like one, so that a damaged one is refused as
    such; everything else is data, folders too. Reads a bounded part of the file.

    Raises OSError where there is no such file or it cannot be read, and nothing else.
    """
    try:
        file = Path(path)
        file.stat()
    except ValueError as error:  # a name that no file can have
        raise OSError(errno.EINVAL, str(error), os.fspath(path)) from error
    for kind, table in _TABLES.items():
        if formats.by_content(table, file):
            return kind
    named: tuple[Kind, ...] = ("checkpoint", "session")
    return next((kind for kind in named if file.is_file() and any(row.named(file) for row in _TABLES[kind])), "data")


def patterns(kind: Kind) -> tuple[str, ...]:
    """The names of the files of a kind, for the filter of a dialog: "*.csv", "data_batch_*"."""
    return formats.patterns(_TABLES[kind])


def listed(kind: Kind) -> str:
    """The formats of a kind for a sentence: "points as text (*.csv, *.txt, *.tsv); …"."""
    return formats.listed(_TABLES[kind])
