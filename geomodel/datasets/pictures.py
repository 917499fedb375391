"""Reads a folder or a zip archive of PNG or JPEG images; subfolders are classes. Nothing is unpacked to the disk."""

from __future__ import annotations

import io
import math
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np
from PIL import Image

from geomodel import memory
from geomodel.arrays import Bytes, Integers
from geomodel.datasets import archive
from geomodel.datasets.common import DataError, Progress
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.marks import PICTURE_SUFFIXES
from geomodel.datasets.reading import PIECE, check_shape, check_size

_LARGEST_FILE = 2**26  # bytes of one encoded image
_MOST_SCANS = 100  # of a progressive JPEG, because each one is as much work as the whole image
_BETWEEN_REPORTS = 4096  # files counted between two reports of progress
_MODES = {"L": 1, "RGB": 3}
# What Pillow raises for damaged images; a warning is raised where a filter turns it into an error.
_FAULTS = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, MemoryError, RuntimeError,
    AttributeError, AssertionError, struct.error, zlib.error, Image.DecompressionBombError, Warning,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Picture:
    """An image that has not been read yet: its place below the root, its size, and a function that reads it."""

    parts: tuple[str, ...]
    size: int
    read: Callable[[], bytes]

    @property
    def name(self) -> str:
        return "/".join(self.parts)[-100:]


def read(path: Path, progress: Progress) -> Dataset:
    """Images of one size and mode, grey or RGB, in the order of their names; the subfolder is the class."""
    with _pictures(path, progress) as found:
        pictures = sorted(found, key=lambda picture: picture.parts)
        if not pictures:
            kind = "is a folder" if path.is_dir() else "is an archive"
            raise DataError(
                f"{path.name!r} {kind} without PNG or JPEG images (or CIFAR-10 batches). "
                "Choose one that has them, or a file of points or images."
            )
        check_size(path.name, sum(picture.size for picture in pictures))
        labels, names = _classes(pictures)
        stored = _decoded(path.name, pictures, progress)
    return Dataset(name=path.name, kind="images", stored=stored, labels=labels, label_names=names)


@contextmanager
def _pictures(path: Path, progress: Progress) -> Iterator[list[_Picture]]:
    if path.is_dir():
        yield _in_folder(path, progress)
        return
    with archive.open_zip(path) as opened:
        yield _in_zip(path.name, opened)


def _in_folder(root: Path, progress: Progress) -> list[_Picture]:
    found: list[_Picture] = []
    waiting: list[tuple[tuple[str, ...], Path]] = [((), root)]
    seen = 0
    while waiting:
        parts, folder = waiting.pop()
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
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((place, Path(entry.path)))
                elif _is_picture(place) and entry.is_file():
                    size = entry.stat().st_size
                    found.append(_Picture(place, size, partial(_from_file, Path(entry.path), size)))
    return found


def _in_zip(name: str, opened: ZipFile) -> list[_Picture]:
    found = []
    for info in opened.filelist:
        place = tuple(part for part in info.filename.split("/") if part)
        if _is_picture(place) and not _hidden(place) and not info.is_dir():
            found.append(_Picture(place, info.file_size, partial(_from_zip, name, opened, info)))
    return found


def _hidden(place: tuple[str, ...]) -> bool:
    """Whether a name begins with a dot, as ".." does, which leads out of an archive, and what a Mac adds to one."""
    return any(part.startswith(".") for part in place)


def _is_picture(place: tuple[str, ...]) -> bool:
    return bool(place) and place[-1].lower().endswith(PICTURE_SUFFIXES)


def _from_file(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _from_zip(name: str, opened: ZipFile, info: ZipInfo) -> bytes:
    with archive.member(name, opened, info) as stream:
        return stream.read(info.file_size)


def _classes(pictures: list[_Picture]) -> tuple[Integers | None, tuple[str, ...] | None]:
    """The class of each image is its folder below the one that holds them all; None where that is one folder."""
    places = [picture.parts[:-1] for picture in pictures]
    common = 0
    while len(places[0]) > common and len({place[common : common + 1] for place in places}) == 1:
        common += 1
    folders = ["".join(place[common : common + 1]) for place in places]
    names = sorted(set(folders))
    if names == [""]:
        return None, None
    if names[0] == "":
        beside = pictures[folders.index("")].name
        raise DataError(
            f"The image {beside!r} lies beside the folder {names[1]!r}, which also holds images. Expected all images "
            "in folders, one for each class, or none of them."
        )
    index = {name: label for label, name in enumerate(names)}
    return np.array([index[folder] for folder in folders], np.int64), tuple(names)


def _decoded(name: str, pictures: list[_Picture], progress: Progress) -> Bytes:
    """All images, (N, C, H, W). Memory is allocated once the first image's header says how much is needed."""
    first, stored = "", np.empty((0, 0, 0, 0), np.uint8)
    for number, picture in enumerate(pictures):
        image = _opened(name, picture)
        shape = (_MODES[image.mode], image.height, image.width)
        found = f"{picture.name!r} is {image.width} × {image.height} {image.mode}"
        if number == 0:
            first = found
            check_shape(name, (len(pictures), *shape))
            check_size(name, len(pictures) * math.prod(shape))
            stored = np.empty((len(pictures), *shape), np.uint8)
        elif shape != stored.shape[1:]:
            raise DataError(
                f"{name!r} holds images of several sizes or modes: {first}, {found}. "
                "Bring all images to one size and mode."
            )
        with _faults(name, picture):
            image.load()
            stored[number] = np.asarray(image).reshape(*shape[1:], shape[0]).transpose(2, 0, 1)
        if number % max(1, PIECE // math.prod(shape)) == 0:
            progress(number / len(pictures))
    return stored


def _opened(name: str, picture: _Picture) -> Image.Image:
    """Opens an image and reads only its header."""
    if picture.size > _LARGEST_FILE:
        raise DataError(
            f"{picture.name!r} in {name!r} has {memory.text(picture.size)}; an image file may have "
            f"{memory.text(_LARGEST_FILE)}. Make it smaller."
        )
    content = picture.read()
    with _faults(name, picture):
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    if image.mode not in _MODES:
        raise DataError(
            f"{picture.name!r} in {name!r} is of mode {image.mode}. Expected grey (L) or RGB images; convert them."
        )
    if image.format != "PNG" and content.count(b"\xff\xda") > _MOST_SCANS:
        raise DataError(
            f"{picture.name!r} in {name!r} has more than {_MOST_SCANS} scans, which no camera or program writes. "
            "Save it again."
        )
    return image


@contextmanager
def _faults(name: str, picture: _Picture) -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        raise DataError(
            f"{picture.name!r} in {name!r} is not a PNG or JPEG image that can be read "
            f"({str(error).splitlines()[0][:100] if str(error) else type(error).__name__}). Repair or remove it."
        ) from error
