"""Session files: a zip archive of one JSON text and the runs of a session as NPZ files.

The archive is read in place: no entry is ever written to disk or executed, and a name that no session has is refused.
What the text means is the window's affair; here it is bytes of a bounded length.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from geomodel import memory, run_files
from geomodel.files import replacing
from geomodel.formats import Format
from geomodel.run_files import Refused, refusing
from geomodel.trajectory import Trajectory, from_arrays
from geomodel.zip_files import FAULTS, Bounded, glance

FORMATS = (
    Format(
        name="session",
        title="Geomodel session",
        patterns=("*.geomodel",),
        recognises="geomodel.session_files:recognises",
        open="geomodel.session_files:read",
    ),
)
TEXT = "session.json"
MOST_RUNS = 1000
LONGEST_TEXT = 2**24  # bytes
_LONGEST_LIST = 2**20  # bytes of the list of entries
_RUN = re.compile(r"runs/(0|[1-9][0-9]{0,3})\.npz", re.ASCII)


def recognises(path: Path) -> bool:
    """Whether a file has the first entry of a session. Raises nothing but OSError."""
    return glance(path)[:1] == (TEXT,)


class Writer:
    """Writes one session file again and again. A run is packed once and copied from then on, however often the session
    is saved, unless another program has touched the file.
    """

    def __init__(self, path: str | os.PathLike[str], *, private: bool = False) -> None:
        """private: only its owner may read it, because it names the files that a person has opened."""
        self.path, self._private = Path(path), private
        self._runs: tuple[Trajectory, ...] = ()
        self._stamp: tuple[int, ...] = ()

    def write(self, text: bytes, runs: Sequence[Trajectory]) -> None:
        """Write a session, all or nothing. OSError where it cannot be written, ValueError where `read` would refuse
        it.
        """
        known = self._runs if self._stamp and self._stamp == _stamp(self.path) else ()
        _write(self.path, text, runs, known, self._private)
        self._runs, self._stamp = tuple(runs), _stamp(self.path)


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file is written; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def write(path: str | os.PathLike[str], text: bytes, runs: Sequence[Trajectory]) -> None:
    """Write a session: its JSON text, and its runs in the order in which `read` gives them back. Errors as in
    `Writer.write`.
    """
    _write(Path(path), text, runs, (), private=False)


def _write(path: Path, text: bytes, runs: Sequence[Trajectory], before: Sequence[Trajectory], private: bool) -> None:
    """Write a session. `before` has the runs of the one that lies there now."""
    if len(runs) > MOST_RUNS:
        raise ValueError(f"A session holds at most {MOST_RUNS:,} runs, and there are {len(runs):,}; remove some.")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"The session says more than {LONGEST_TEXT:,} bytes about itself.")
    packed = {id(run): _name(at) for at, run in enumerate(before)}
    with replacing(path) as file, _opened(path if packed else None) as old, zipfile.ZipFile(file, "w") as archive:
        if private:
            Path(file.name).chmod(0o600)
        archive.writestr(TEXT, text, zipfile.ZIP_DEFLATED)
        for at, run in enumerate(runs):
            with archive.open(_name(at), "w", force_zip64=True) as entry:
                if old is not None and id(run) in packed:
                    with old.open(packed[id(run)]) as there:
                        shutil.copyfileobj(there, entry)
                else:
                    run.save_into(entry)


@contextmanager
def _opened(path: Path | None) -> Iterator[zipfile.ZipFile | None]:
    """The archive that is there, or None where there is none, so that every run is packed anew."""
    try:
        archive = None if path is None else zipfile.ZipFile(path)
    except (OSError, *FAULTS):
        archive = None
    try:
        yield archive
    finally:
        if archive is not None:
            archive.close()


def _name(at: int) -> str:
    return f"runs/{at}.npz"


def read(path: str | os.PathLike[str]) -> tuple[bytes, tuple[Trajectory, ...]]:
    """The JSON text and the runs of a session that `write` wrote. ValueError, one sentence, for any other file.

    All runs together may take what one run may, see `memory.budget`.
    """
    file_path = Path(path)
    name = file_path.name
    with ExitStack() as stack:
        with refusing(name, "session"):
            if not file_path.is_file():  # a pipe would be waited for
                raise Refused("is not a file" if file_path.exists() else "is not there")
            bounded = stack.enter_context(Bounded(io.FileIO(file_path), _LONGEST_LIST, MOST_RUNS + 1))
            archive = stack.enter_context(zipfile.ZipFile(bounded))
            entries = _entries(archive, file_path.stat().st_size)
            text = _content(archive, entries.pop(TEXT))
        runs, left = [], memory.budget()
        for at in range(len(entries)):
            with refusing(name, "session"):
                content = _content(archive, entries[_name(at)])
            arrays, settings = run_files.read_from(content, f"{name}, run {at + 1}:", left)
            left -= sum(array.nbytes for array in arrays.values())
            runs.append(from_arrays(arrays, settings))
    return text, tuple(runs)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of an entry, read in pieces, because the file refuses to be read in huge ones."""
    found = io.BytesIO()
    with archive.open(entry) as file:
        shutil.copyfileobj(file, found)
    return found.getvalue()


def _entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The entries by name: the text, and the runs 0, 1, …, which are stored as they are and no larger than the file."""
    entries = {entry.filename: entry for entry in archive.infolist()}
    if len(entries) < len(archive.infolist()):
        raise Refused("has entries of the same name")
    if TEXT not in entries:
        raise Refused(f"is no session, because it has no {TEXT}")
    runs = [entry for name, entry in entries.items() if _RUN.fullmatch(name)]
    if strange := len(entries) - 1 - len(runs):
        raise Refused(f"has {strange:,} {'entries' if strange > 1 else 'entry'} that no session has")
    if any(_name(at) not in entries for at in range(len(runs))):
        raise Refused("lacks some of its runs")
    if entries[TEXT].file_size > LONGEST_TEXT:
        raise Refused(f"claims more than {LONGEST_TEXT:,} bytes of text")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in runs):
        raise Refused("has runs that are packed twice, as Geomodel does not write them")
    if sum(entry.file_size for entry in runs) > size:
        raise Refused("claims more bytes of runs than the file has")
    return entries
