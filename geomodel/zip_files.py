"""Reads the lists of files in zip archives, only up to a stated length."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

from geomodel.formats import beginning

# What the zipfile module raises for damaged archives.
FAULTS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OverflowError, LookupError, struct.error)
_SHORT_LIST = 2**20  # bytes; `glance` reads no longer list, which has room for about ten thousand names


class Bounded(io.BufferedReader):
    """A file, or its bytes, that refuses to be read in huge pieces: the zipfile module reads as long a list as a
    file claims.

    Raises BadZipFile where the list of files is longer than `longest` bytes or names more than `most` files.
    """

    def __init__(self, raw: io.FileIO | io.BytesIO, longest: int, most: int) -> None:
        super().__init__(raw)
        self._longest, self._most = longest, most

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self._longest:
            raise zipfile.BadZipFile("its list of files is too long")
        content = super().read(size)  # zipfile reads without a size only near the end
        listed = content.count(b"PK\x01\x02")
        if listed > self._most:  # before each one becomes an object of 400 bytes
            raise zipfile.BadZipFile(f"it lists more than {self._most:,} files: {listed:,}")
        return content


def glance(path: Path) -> tuple[str, ...]:
    """The names of the files in a zip archive; none where it is no zip archive, is damaged or lists very many.

    Raises OSError where the file cannot be opened.
    """
    if beginning(path, 4) != b"PK\x03\x04":
        return ()
    try:
        with Bounded(io.FileIO(path), _SHORT_LIST, _SHORT_LIST) as file, zipfile.ZipFile(file) as opened:
            return tuple(opened.namelist())
    except (*FAULTS, OSError):  # seeking to where a damaged list claims to be
        return ()
