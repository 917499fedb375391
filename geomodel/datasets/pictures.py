"""Reads a folder or a zip archive of pictures; subfolders are classes. Nothing is unpacked to the disk."""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from geomodel import memory
from geomodel.arrays import Bytes
from geomodel.datasets import picture_classes, picture_files
from geomodel.datasets.common import DataError, Progress
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.marks import PICTURES
from geomodel.datasets.picture_files import Found, Picture
from geomodel.datasets.reading import PIECE, check_shape, check_size

LARGEST_FILE = 2**26  # bytes of one encoded image
_LARGEST_LIST = 2**27  # bytes of a dataset.json; one for a million pictures takes 45 MB
_NAMED = 3  # files that a sentence about the rest names
MOST_SCANS = 100  # of a progressive JPEG, because each one is as much work as the whole image
_MODES = {"L": 1, "RGB": 3}
# What Pillow raises for damaged images; a warning is raised where a filter turns it into an error.
FAULTS = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, MemoryError, RuntimeError,
    AttributeError, AssertionError, struct.error, zlib.error, Image.DecompressionBombError, Warning,
)  # fmt: skip


def read(path: Path, progress: Progress) -> Dataset:
    """Images of one size and mode, grey or RGB, in the order of their names; the subfolder is the class."""
    with picture_files.found(path, progress) as found:
        pictures = sorted(found.pictures, key=lambda picture: picture.parts)
        if not pictures:
            kind = "is a folder" if path.is_dir() else "is an archive"
            raise DataError(
                f"{path.name!r} {kind} without pictures (or CIFAR-10 batches). "
                "Choose one that has them, or a file of points or images."
            )
        check_size(path.name, sum(picture.size for picture in pictures))
        labels, names, said = _classes(path.name, found, [picture.parts for picture in pictures])
        stored, several = _decoded(path.name, pictures, progress)
    remarks = (
        *said,
        *_remark("several frames, of which the first is taken", several, "picture has", "pictures have"),
        *_remark("left out, because only pictures are read", found.left, "file is", "files are"),
        *_remark("not followed, because the folder holds the link itself", found.loops, "link is", "links are"),
    )
    return Dataset(name=path.name, kind="images", stored=stored, labels=labels, label_names=names, remarks=remarks)


def _remark(what: str, names: list[str], one: str, many: str) -> tuple[str, ...]:
    """A sentence that counts files and names the first ones; none where there are none."""
    if not names:
        return ()
    named = ", ".join(sorted(names)[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    return (f"{len(names):,} {one if len(names) == 1 else many} {what}: {named}.",)


def _classes(
    name: str, found: Found, places: list[picture_classes.Place]
) -> tuple[Any, tuple[str, ...] | None, tuple[str, ...]]:
    """The classes, their names, and sentences about them. The list of an EDM archive stands above its folders."""
    found.lists.sort(key=lambda file: len(file.parts))
    for number, file in enumerate(found.lists):
        try:
            if file.size > _LARGEST_LIST:
                raise KeyError("labels")
            listed = picture_classes.listed(file.read())
        except KeyError:
            found.left.append(file.name)
            continue
        found.left += [other.name for other in found.lists[number + 1 :]]
        labels, said = picture_classes.from_list(name, listed, file.parts[:-1], places)
        return labels, None, said
    return *picture_classes.from_folders(places), ()


def _decoded(name: str, pictures: list[Picture], progress: Progress) -> tuple[Bytes, list[str]]:
    """All images, (N, C, H, W), and the names of those with several frames.

    Memory is allocated once the first image's header says how much is needed.
    """
    first, several = "", []
    header: tuple[int, ...] = ()
    stored = np.empty((0, 0, 0, 0), np.uint8)
    for number, picture in enumerate(pictures):
        opened = _opened(name, picture)
        size = sorted(opened.size)  # an orientation may exchange width and height
        shape = (_MODES.get(opened.mode) or _MODES["RGB"], *size)
        if number == 0:
            header = shape
            check_shape(name, (len(pictures), *shape))
            check_size(name, len(pictures) * math.prod(shape))
        elif shape[1:] != header[1:]:
            raise _unequal(name, first, _said(picture, opened))
        with _faults(name, picture):
            if getattr(opened, "is_animated", False):
                several.append(picture.name)
            image = _upright(opened)
        if image is None:
            raise DataError(f"{picture.name!r} in {name!r} has transparent parts. Give it a background.")
        pixels = np.asarray(image).reshape(image.height, image.width, -1).transpose(2, 0, 1)
        if number == 0:
            first = _said(picture, image)
            stored = np.empty((len(pictures), *pixels.shape), np.uint8)
        elif pixels.shape != stored.shape[1:]:
            raise _unequal(name, first, _said(picture, image))
        stored[number] = pixels
        if number % max(1, PIECE // math.prod(shape)) == 0:
            progress(number / len(pictures))
    return stored, several


def _said(picture: Picture, image: Image.Image) -> str:
    return f"{picture.name!r} is {image.width} × {image.height} {image.mode}"


def _unequal(name: str, first: str, found: str) -> DataError:
    return DataError(
        f"{name!r} holds images of several sizes or modes: {first}, {found}. Bring all images to one size and mode."
    )


def _opened(name: str, picture: Picture) -> Image.Image:
    """Opens an image and reads only its header."""
    if picture.size > LARGEST_FILE:
        raise DataError(
            f"{picture.name!r} in {name!r} has {memory.text(picture.size)}; an image file may have "
            f"{memory.text(LARGEST_FILE)}. Make it smaller."
        )
    content = picture.read()
    with _faults(name, picture):
        image = Image.open(io.BytesIO(content), formats=formats())
    if image.mode not in _MODES and (image.format, image.mode) != ("GIF", "P"):  # a GIF always has a palette
        raise DataError(
            f"{picture.name!r} in {name!r} is of mode {image.mode}. Expected grey (L) or RGB images; convert them."
        )
    if image.format in ("JPEG", "MPO") and content.count(b"\xff\xda") > MOST_SCANS:
        raise DataError(
            f"{picture.name!r} in {name!r} has more than {MOST_SCANS} scans, which no camera or program writes. "
            "Save it again."
        )
    return image


@cache
def formats() -> tuple[str, ...]:
    """The formats of the table that this computer's Pillow can open."""
    Image.init()
    return tuple(name for name in PICTURES if name in Image.OPEN)


def _upright(image: Image.Image) -> Image.Image | None:
    """The pixels as a viewer shows them, grey or RGB; None where some are transparent.

    The palette of a GIF becomes grey where all its colours are, so that a grey GIF fits beside other grey pictures.
    """
    image.load()
    if image.mode == "P":
        if any(index == image.info.get("transparency") for _, index in image.getcolors() or ()):
            return None
        colour = np.asarray(image.convert("RGB"))
        image = Image.fromarray(colour[..., 0] if (colour == colour[..., :1]).all() else colour)
    return ImageOps.exif_transpose(image)


@contextmanager
def _faults(name: str, picture: Picture) -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        raise DataError(
            f"{picture.name!r} in {name!r} is not a picture that can be read "
            f"({str(error).splitlines()[0][:100] if str(error) else type(error).__name__}). Repair or remove it."
        ) from error
