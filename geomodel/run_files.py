"""Saved runs: NPZ files of arrays by their names, with `settings` as JSON text, and the table of run formats."""

from __future__ import annotations

import io
import json
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from geomodel import memory
from geomodel.arrays import Array
from geomodel.files import replacing
from geomodel.formats import Format, beginning, suffixes
from geomodel.run_format import Header, checked, misfit
from geomodel.versions import with_todays_eta
from geomodel.zip_files import FAULTS, Bounded, glance

FORMATS = (
    Format(
        name="trajectory",
        title="Geomodel run",
        patterns=("*.npz",),
        recognises="geomodel.run_files:recognises",
        open="geomodel.trajectory:Trajectory.load",
    ),
)
FORMAT = "geomodel-trajectory"
VERSION = 2  # 1: the η of ddim_eta in settings is a share of variance
MOST_ENTRIES = 1000  # arrays in a file
LONGEST_LIST = 2**24  # bytes of the list of arrays
SMALL = 2**28  # bytes of arrays that may be packed as tightly as they are
TIGHTEST = 100  # times that larger ones may be packed; floats that are measured hardly get smaller
_MARKS = {"format.npy", "version.npy", "settings.npy"}  # members that no file of points has
_NAME, _FIRST = 30, b"format.npy"  # where a zip archive names its first member, and its name in a run

# What zipfile, zlib and NumPy raise on damaged files
_UNREADABLE = (*FAULTS, EOFError, MemoryError, zlib.error)


class Refused(Exception):
    """Why a file is not taken, as what follows its name in a sentence."""


def recognises(path: Path) -> bool:
    """Whether a file has the members of a saved run, or begins with the first one where it lists too many to be read.
    Raises nothing but OSError.
    """
    if names := glance(path):
        return set(names) >= _MARKS
    return beginning(path, _NAME + len(_FIRST))[_NAME:] == _FIRST and zipfile.is_zipfile(path)


def write(path: str | Path, arrays: dict[str, Any], settings: dict[str, Any]) -> None:
    """Write a run, all or nothing. ValueError where `read` would refuse it, OSError where it cannot be written."""
    every = _every(arrays, settings)
    with replacing(path) as file:
        _save(file, every)


def write_into(file: IO[bytes], arrays: dict[str, Any], settings: dict[str, Any]) -> None:
    """Write a run into an open file. Errors as in `write`."""
    _save(file, _every(arrays, settings))


def _save(file: IO[bytes], every: dict[str, Array]) -> None:
    np.savez_compressed(file, **every)  # type: ignore[arg-type]


def _every(arrays: dict[str, Any], settings: dict[str, Any]) -> dict[str, Array]:
    """All arrays of the file, checked."""
    marks = {"format": FORMAT, "version": VERSION, "settings": json.dumps(settings)}
    every = {name: np.asarray(value) for name, value in {**marks, **arrays}.items()}
    try:
        if len(every) > MOST_ENTRIES:
            raise Refused(f"has {len(every):,} arrays, and a file has at most {MOST_ENTRIES:,}")
        _check(every)
    except Refused as refused:
        raise ValueError(f"The run cannot be saved, because it {refused}.") from None
    return every


def _check(every: dict[str, Array]) -> dict[str, Array]:
    if problem := misfit({name: Header(array.shape, array.dtype) for name, array in every.items()}):
        raise Refused(problem)
    try:
        return checked(every)
    except ValueError as error:
        raise Refused(f"does not fit together: {error}") from None


def read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The checked arrays and settings of a run that `write` wrote. ValueError, one sentence, for any other file."""
    name = path.name
    if path.is_dir():
        raise ValueError(f"{name} is a directory; a run is one {' or '.join(suffixes(FORMATS))} file.")
    with refusing(name, "run"):
        if path.exists() and not path.is_file():  # a pipe would be waited for, and a device has no end
            raise Refused("is not a regular file")
        with Bounded(io.FileIO(path), LONGEST_LIST, MOST_ENTRIES) as file, zipfile.ZipFile(file) as archive:
            return _read(archive, path.stat().st_size, memory.budget())


def read_from(content: bytes, name: str, most: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """The same from the bytes of a file. It may claim at most so many bytes of arrays."""
    with (
        refusing(name, "run"),
        Bounded(io.BytesIO(content), LONGEST_LIST, MOST_ENTRIES) as file,
        zipfile.ZipFile(file) as archive,
    ):
        return _read(archive, len(content), most)


@contextmanager
def refusing(name: str, kind: str) -> Iterator[None]:
    """Turn whatever reading a file of this kind may raise into a ValueError with one sentence."""
    try:
        yield
    except Refused as refused:
        raise ValueError(f"{name} {refused}.") from None
    except OSError as error:
        raise ValueError(f"{name} cannot be read as a {kind}: {error.strerror or error}.") from error
    except _UNREADABLE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ValueError(f"{name} is not a {kind} saved by Geomodel: {reason}.") from error


def _read(archive: zipfile.ZipFile, packed: int, most: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """Every header is read and checked before the first array is."""
    entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
    if twice := len(archive.infolist()) - len(entries):
        raise Refused(f"has {twice:,} {'entries' if twice > 1 else 'entry'} twice")
    _check_sizes(sum(entry.file_size for entry in entries.values()), packed, most)
    headers = {name: _header(archive, entry) for name, entry in entries.items()}
    _check_marks({name: _array(archive, entries[name]) for name in _small_marks(headers)})
    if problem := misfit(headers):
        raise Refused(problem)
    arrays = _check({name: _array(archive, entry) for name, entry in entries.items()})
    settings = _settings(str(arrays["settings"]))
    return arrays, with_todays_eta(settings) if int(arrays["version"]) == 1 else settings


def _check_sizes(claimed: int, packed: int, most: int) -> None:
    if claimed > most:
        allowed = f"{memory.text(most)}, {memory.share_words()} of this computer's memory"
        raise Refused(f"claims {memory.text(claimed)} of arrays, more than {allowed}")
    if claimed > max(SMALL, TIGHTEST * packed):
        raise Refused(f"claims {memory.text(claimed)} of arrays in {memory.text(packed)}, which is no run")


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Header:
    """What the header of an entry states, which is compared with what the archive holds. Nothing more is unpacked."""
    name = ascii(entry.filename[:100]).strip("'")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in a way that NumPy does not write")
    with archive.open(entry) as file:
        try:
            version = np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        except (ValueError, TypeError, SyntaxError, tokenize.TokenError) as error:
            raise ValueError(f"{name} is not a NumPy array") from error
        if version != (1, 0):
            raise ValueError(f"{name} has NPY version {version}, expected (1, 0)")
        if dtype.hasobject:
            raise ValueError(f"{name} holds Python objects")
        if math.prod(shape) * dtype.itemsize != entry.file_size - file.tell():
            raise ValueError(f"{name} claims the shape {str(shape)[:80]} and holds {entry.file_size} bytes")
    return Header(shape, dtype)


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Array:
    with archive.open(entry) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _small_marks(headers: dict[str, Header]) -> list[str]:
    """Which marks are there and are as small as they should be."""
    small = {name for name, header in headers.items() if not header.shape and header.dtype.itemsize <= 8 * len(FORMAT)}
    return [name for name in ("format", "version") if name in small]


def _check_marks(marks: dict[str, Array]) -> None:
    if not ("format" in marks and marks["format"].dtype.kind == "U" and marks["format"] == FORMAT):
        raise Refused(f"is an NPZ file but not a run: its 'format' entry is not {FORMAT!r}")
    version = marks.get("version")
    number = None if version is None or version.dtype.kind not in "iu" else int(version)
    if number is None or not 1 <= number <= VERSION:
        found = "no run format version" if number is None else f"the run format version {number}"
        raise Refused(f"has {found}; this program reads versions 1 to {VERSION}")


def _settings(text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("has settings that are not JSON") from None
    if not isinstance(settings, dict):
        raise Refused("has settings that are not a JSON object")
    return settings
