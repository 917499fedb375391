"""Opens a file for reading and notes what it is, so that a later reading can tell whether it is still the same."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from geomodel.inert.values import InertFault, Source


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, Source]]:
    """A regular file and what it is. InertFault for anything else, which reading might wait for; OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise InertFault(f"{path.name[:60]!r} is not a regular file")
    with path.open("rb") as file:
        yield file, _source(path, file)


def check_same(file: IO[bytes], source: Source) -> None:
    """InertFault where an open file is not the one that was looked at."""
    if _source(source.path, file) != source:
        raise InertFault("it changed while it was read; open it again when the program that writes it is done")


def _source(path: Path, file: IO[bytes]) -> Source:
    status = os.fstat(file.fileno())
    return Source(path, status.st_size, status.st_mtime_ns, status.st_ino)
