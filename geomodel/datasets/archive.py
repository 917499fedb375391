"""Reads zip and tar archives without extracting them, and checks what they claim before it relies on it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from geomodel.datasets.common import DataError
from geomodel.datasets.reading import PIECE, Stream
from geomodel.zip_files import FAULTS, Bounded

MOST_FILES = 1_000_000  # in an archive or a folder of images
_LONGEST_LIST = 100 * 2**20  # bytes of a zip archive's list of files: a million names
_BLOCK = 512  # bytes in a tar archive's block


@contextmanager
def _faults(name: str) -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        raise DataError(
            f"{name!r} is not a zip archive that can be read ({str(error)[:100]}). Copy it again, or pack it anew."
        ) from error


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive, its list of files read."""
    with Bounded(io.FileIO(path), _LONGEST_LIST, MOST_FILES) as file:
        with _faults(path.name):
            opened = zipfile.ZipFile(file)
        with opened:
            yield opened


@contextmanager
def member(name: str, opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Stream]:
    """One file of an archive, as a stream that is never longer than `info.file_size`."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others may need much memory
        raise DataError(f"{name!r} is packed by another method than deflate, which cannot be opened. Pack it anew.")
    with _faults(name):
        stream = opened.open(info)
    with stream:
        yield stream


def tar_files(name: str, stream: Stream, check: Callable[[int], None]) -> Iterator[tuple[str, bytes]]:
    """Yields the regular files of a tar archive with their names.

    `check` is called with the number of bytes unpacked so far before each piece, and raises an exception to stop.
    """
    total = 0
    while any(header := stream.read(_BLOCK)):
        size = _tar_size(name, header)
        total += size
        check(total)
        content = bytearray()
        while len(content) < size:
            piece = stream.read(min(PIECE, size - len(content)))
            if not piece:
                raise DataError(f"{name!r} is cut off: {size - len(content):,} bytes are missing. Download it again.")
            content += piece
            check(total)
        stream.read(-size % _BLOCK)
        if header[156:157] in (b"0", b"\0"):
            yield header[:100].split(b"\0")[0].decode("latin-1"), bytes(content)
    stream.read(PIECE)  # reading the rest of the padding makes gzip compare the check sum


def _tar_size(name: str, header: bytes) -> int:
    """The size in a tar header. DataError where the header's check sum is wrong."""
    try:
        found = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
        if len(header) < _BLOCK or found != int(header[148:156].strip(b" \0"), 8):
            raise ValueError("a header's check sum is wrong")
        size = int(header[124:136].strip(b" \0") or b"0", 8)
        if size < 0:
            raise ValueError("a file has a negative size")
    except ValueError as error:
        raise DataError(f"{name!r} is not a tar archive that can be read ({error}). Download it again.") from error
    return size
