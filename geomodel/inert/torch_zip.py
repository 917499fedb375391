"""Reads the zip archives that torch.save writes: root/data.pkl, and each storage as a file root/data/KEY.

Every entry must be stored as it is, have a name of its own under the one root, be as long as claimed, and lie apart
from the others. So each storage is a known part of the file.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from geomodel.inert.machine import Machine
from geomodel.inert.names import STORAGES, Name
from geomodel.inert.operands import Budget
from geomodel.inert.values import ITEM_SIZES, InertFault, Source, Storage, Value
from geomodel.zip_files import FAULTS, Bounded

_LONGEST_LIST = 2**24  # bytes of the archive's list of files
_MOST_FILES = 100_000
_LOCAL_HEADER = 30  # bytes before the name and the extra field
_PICKLE, _STORAGES, _ORDER = "data.pkl", "data/", "byteorder"
_ENCRYPTED = 1
# What the archives of programs hold, which torch would run.
_PROGRAMS = {
    "TorchScript": ("code", "constants.pkl"),
    "torch.export": ("archive_format", "serialized_exported_program.json"),
}


def read(stream: BinaryIO, source: Source, budget: Budget) -> Value:
    """What data.pkl describes. Its storages are parts of the file."""
    entries = _entries(source.path)
    _check_program(entries)
    places = _places(stream, source, entries)
    if _PICKLE not in places:
        raise InertFault("it is a zip archive without the file data.pkl that torch.save writes")
    if _ORDER in places and _content(stream, places[_ORDER], 20) != b"little":
        raise InertFault("its numbers have their bytes in another order than on this computer")
    start, length = places[_PICKLE]
    stream.seek(start)
    return Machine(stream, start + length, budget, stored=_Storages(places, source)).run()


class _Storages:
    """Makes the storage that a reference in data.pkl means: ("storage", class, key, device, count)."""

    def __init__(self, places: dict[str, tuple[int, int]], source: Source) -> None:
        self._places, self._source = places, source
        self._made: dict[str, Storage] = {}

    def __call__(self, reference: Any) -> Storage:
        dtype, key, count = described(reference)
        if key not in self._made:
            if _STORAGES + key not in self._places:
                raise InertFault(f"it lacks the numbers {key[:40]!r} of a tensor")
            start, length = self._places[_STORAGES + key]
            if length != count * ITEM_SIZES[dtype]:
                raise InertFault(f"it gives {length:,} bytes to the {count:,} numbers {key[:40]!r} of type {dtype}")
            self._made[key] = Storage(dtype, count, self._source, start)
        return same(self._made[key], dtype, count)


def described(reference: Any) -> tuple[str, str, int]:
    """Type, key and count of the storage that a reference means. InertFault where it is no such reference."""
    if type(reference) is not tuple or len(reference) not in (5, 6):
        raise InertFault("it has a reference to numbers that torch does not write")
    word, kind, key, _, count = reference[:5]
    part = reference[5] if len(reference) == 6 else None
    if type(word) is not str or word != "storage" or not isinstance(kind, Name) or type(key) is not str:
        raise InertFault("it has a reference to numbers that torch does not write")
    if (kind.module, kind.name) not in STORAGES or type(count) is not int or not 0 <= count < 2**50 or part is not None:
        raise InertFault("it has a reference to numbers that torch does not write")
    return STORAGES[kind.module, kind.name], key, count


def same(storage: Storage, dtype: str, count: int) -> Storage:
    """The storage. InertFault where two references to it differ."""
    if (storage.dtype, storage.count) != (dtype, count):
        raise InertFault("it describes the same numbers in two ways")
    return storage


def _entries(path: Path) -> list[zipfile.ZipInfo]:
    """The archive's list of files, in the order in which they lie in it."""
    try:
        with Bounded(io.FileIO(path), _LONGEST_LIST, _MOST_FILES) as file, zipfile.ZipFile(file) as opened:
            return sorted(opened.infolist(), key=lambda entry: entry.header_offset)
    except FAULTS as error:
        raise InertFault(f"it is a zip archive that cannot be read ({str(error)[:100]})") from error


def _check_program(entries: list[zipfile.ZipInfo]) -> None:
    parts = {part for entry in entries for part in entry.filename.split("/")[:2]}
    for program, marks in _PROGRAMS.items():
        if parts.intersection(marks):
            raise InertFault(
                f"it is a program ({program}), and programs in files are not run; name code of your own that loads it "
                "instead: --denoiser file.py:make"
            )


def _places(stream: BinaryIO, source: Source, entries: list[zipfile.ZipInfo]) -> dict[str, tuple[int, int]]:
    """First byte and length of each entry, by its name in the one folder that holds everything."""
    if not entries:
        raise InertFault("it is an empty zip archive")
    root = entries[0].filename.partition("/")[0]
    places: dict[str, tuple[int, int]] = {}
    free = 0  # the first byte after the entries so far
    for entry in entries:
        what = f"its entry {entry.filename[:60]!r}"
        folder, _, name = entry.filename.partition("/")
        if folder != root or any(part in ("", ".", "..") for part in entry.filename.split("/")) or not name:
            raise InertFault(f"{what} does not lie in the one folder that torch.save makes")
        if name in places:
            raise InertFault(f"{what} is there twice")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise InertFault(f"{what} is packed, and torch.save stores numbers as they are")
        if entry.flag_bits & _ENCRYPTED:
            raise InertFault(f"{what} is encrypted")
        outside = not free <= entry.header_offset < source.size
        start = 0 if outside else _start(stream, entry)
        if outside or start + entry.file_size > source.size:
            raise InertFault(f"{what} reaches into another one, or beyond the end of the file")
        free = start + entry.file_size
        places[name] = (start, entry.file_size)
    return places


def _start(stream: BinaryIO, entry: zipfile.ZipInfo) -> int:
    """The first byte of an entry, behind the header that stands before it."""
    stream.seek(entry.header_offset)
    header = stream.read(_LOCAL_HEADER)
    name_length, extra_length = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    if header[:4] != b"PK\x03\x04" or stream.read(name_length) != entry.orig_filename.encode("utf-8"):
        raise InertFault(f"its entry {entry.filename[:60]!r} is not where its list says")
    return entry.header_offset + _LOCAL_HEADER + name_length + extra_length


def _content(stream: BinaryIO, place: tuple[int, int], longest: int) -> bytes:
    stream.seek(place[0])
    return stream.read(min(place[1], longest))
