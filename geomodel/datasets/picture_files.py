"""The files in a folder or a zip archive of pictures: which are pictures, and which are left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from geomodel.datasets import archive
from geomodel.datasets.common import DataError, Progress
from geomodel.datasets.marks import PICTURE_SUFFIXES
from geomodel.datasets.picture_classes import LIST, Place

_BETWEEN_REPORTS = 4096  # files counted between two reports of progress
_SYSTEM = ("thumbs.db", "desktop.ini")  # what Windows adds to folders


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that has not been read yet: its place below the root, its size, and a function that reads it."""

    parts: tuple[str, ...]
    size: int
    read: Callable[[], bytes]

    @property
    def name(self) -> str:
        return "/".join(self.parts)[-100:]


@dataclass(slots=True)
class Found:
    """What a folder or an archive holds."""

    pictures: list[Picture] = field(default_factory=list)
    lists: list[Picture] = field(default_factory=list)  # files named dataset.json
    left: list[str] = field(default_factory=list)  # the names of all other files, which no picture is made of
    loops: list[str] = field(default_factory=list)  # links to a folder that holds them

    def add(self, picture: Picture) -> None:
        """Sort a file in by its name."""
        if _is_picture(picture.parts):
            self.pictures.append(picture)
        elif picture.parts[-1] == LIST:
            self.lists.append(picture)
        else:
            self.left.append(picture.name)


@contextmanager
def found(path: Path, progress: Progress) -> Iterator[Found]:
    if path.is_dir():
        yield _in_folder(path, progress)
        return
    with archive.open_zip(path) as opened:
        yield _in_zip(path.name, opened)


def _in_folder(root: Path, progress: Progress) -> Found:
    """Links to folders are followed, except those to a folder above them, which would never end."""
    listed, seen = Found(), 0
    waiting: list[tuple[Place, Path, frozenset[tuple[int, int]]]] = [((), root, frozenset())]
    while waiting:
        parts, folder, above = waiting.pop()
        identity = folder.stat()
        here = (identity.st_dev, identity.st_ino)
        if here in above:
            listed.loops.append("/".join(parts)[-100:])
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                seen += 1
                if seen > archive.MOST_FILES:
                    raise DataError(
                        f"{root.name!r} holds more than {archive.MOST_FILES:,} files, the most that are opened one by "
                        "one. Save the images as one array with numpy.save."
                    )
                if seen % _BETWEEN_REPORTS == 0:
                    progress(0.0)
                place = (*parts, entry.name)
                if _hidden(place):
                    continue
                if entry.is_dir():
                    waiting.append((place, Path(entry.path), above | {here}))
                elif entry.is_file():
                    size = entry.stat().st_size
                    listed.add(Picture(place, size, partial(_from_file, Path(entry.path), size)))
                else:  # a pipe, or a link that leads nowhere
                    listed.left.append("/".join(place)[-100:])
    return listed


def _in_zip(name: str, opened: ZipFile) -> Found:
    listed = Found()
    for info in opened.filelist:
        place = tuple(part for part in info.filename.split("/") if part)
        if place and not _hidden(place) and not info.is_dir():
            listed.add(Picture(place, info.file_size, partial(_from_zip, name, opened, info)))
    return listed


def _hidden(place: tuple[str, ...]) -> bool:
    """Whether a name begins with a dot, as ".." does, which leads out of an archive, and what a system adds to one."""
    return any(part.startswith(".") for part in place) or place[-1].lower() in _SYSTEM


def _is_picture(place: tuple[str, ...]) -> bool:
    return bool(place) and place[-1].lower().endswith(PICTURE_SUFFIXES)


def _from_file(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _from_zip(name: str, opened: ZipFile, info: ZipInfo) -> bytes:
    with archive.member(name, opened, info) as stream:
        return stream.read(info.file_size)
