"""Finds the recipe that a picture or a film of this program carries. Files may come from strangers.

Nothing is interpreted but the frame of the file: no XML is parsed, no PDF is run, no picture is decoded. What is read
is bounded, and a file that claims more than it holds only ends the search.
"""

from __future__ import annotations

import mmap
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from geomodel.files import read_error

LONGEST = 1 << 20  # bytes of a recipe
MOST_PARTS = 10_000  # of a file that are looked at
MOST_BYTES = 1 << 29  # of an SVG or a PDF
KEYWORD = b"recipe"
PATTERNS = ("*.png", "*.svg", "*.pdf", "*.gif", "*.mp4")
PNG = b"\x89PNG\r\n\x1a\n"
_OPENING = re.compile(rb"<geomodel:recipe\b[^<>]{0,300}>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))


class TooLong(ValueError):
    """A recipe of more than `LONGEST` bytes."""


def recipe_in(path: str) -> str | None:
    """The text of the recipe; None where the file carries none. ValueError, with a sentence, where it is too long or
    the file cannot be read.
    """
    try:
        if not os.path.isfile(path):  # a pipe would be waited for
            return None
        with open(path, "rb") as file:
            found = _found(file)
    except TooLong as error:
        raise ValueError(
            f"The recipe in {Path(path).name} has more than {LONGEST:,} bytes, so it is not read."
        ) from error
    except OSError as error:
        raise ValueError(read_error(path, error)) from error
    return None if found is None else found.decode("utf-8", "replace")


def _found(file: BinaryIO) -> bytes | None:
    head = file.read(512)
    file.seek(0)
    for fits, reader in _READERS:
        if fits(head):
            try:
                return reader(file)
            except (struct.error, IndexError, zlib.error):
                return None  # the file ends early, or lies
    return None


def _exactly(file: BinaryIO, count: int) -> bytes:
    """So many bytes. IndexError where the file ends before."""
    if count > LONGEST:
        raise TooLong
    found = file.read(count)
    if len(found) < count:
        raise IndexError
    return found


# ---------------------------------------------------------------- PNG


def _png(file: BinaryIO) -> bytes | None:
    file.seek(len(PNG))
    for _ in range(MOST_PARTS):
        length, kind = struct.unpack(">I4s", _exactly(file, 8))
        if kind == b"IEND":
            return None
        if kind in (b"tEXt", b"zTXt", b"iTXt") and length > len(KEYWORD):
            key = _exactly(file, len(KEYWORD) + 1)
            if key == KEYWORD + b"\0":
                return _png_text(kind, _exactly(file, length - len(key)))
            length -= len(key)
        file.seek(length + 4, 1)
    return None


def _png_text(kind: bytes, body: bytes) -> bytes:
    if kind == b"tEXt":
        return body.decode("latin-1").encode()
    if kind == b"zTXt":
        return _inflated(body[1:]).decode("latin-1").encode()
    packed, _language, _translated, text = body[0], *body[2:].split(b"\0", 2)
    return _inflated(text) if packed else text


def _inflated(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    found = inflater.decompress(packed, LONGEST + 1)
    if len(found) > LONGEST:
        raise TooLong
    return found


# ---------------------------------------------------------------- SVG and PDF


def _tagged(file: BinaryIO) -> bytes | None:
    """The text between the tags, wherever they stand: in the metadata of an SVG, or in the XMP packet of a PDF."""
    if file.seek(0, 2) > MOST_BYTES:
        return None
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        opening = _OPENING.search(whole)
        if opening is None:
            return None
        closing = b"</geomodel:recipe>"
        end = whole.find(closing, opening.end(), opening.end() + LONGEST + len(closing))
        if end < 0 and len(whole) - opening.end() > LONGEST:
            raise TooLong
        if end < 0:
            return None
        text = whole[opening.end() : end].decode("utf-8", "replace")
    return _ENTITY.sub(lambda entity: _ENTITIES[entity[0]], text).encode()


# ---------------------------------------------------------------- GIF


def _gif(file: BinaryIO) -> bytes | None:
    """The first comment. It stands before the first picture."""
    file.seek(6)
    screen = _exactly(file, 7)
    _skip_colours(file, screen[4])
    for _ in range(MOST_PARTS):
        block = _exactly(file, 1)
        if block != b"!":
            return None
        if _exactly(file, 1) == b"\xfe":
            text = b"".join(_blocks(file))
            return text if text.lstrip().startswith(b"{") else None
        for _part in _blocks(file):
            pass
    return None


def _skip_colours(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), 1)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    total = 0
    while length := _exactly(file, 1)[0]:
        total += length
        if total > LONGEST:
            raise TooLong
        yield _exactly(file, length)


# ---------------------------------------------------------------- MP4


def _mp4(file: BinaryIO) -> bytes | None:
    """The comment in moov ▸ udta ▸ meta ▸ ilst ▸ ©cmt ▸ data."""
    end = file.seek(0, 2)
    begin = 0
    for name, skipped in ((b"moov", 0), (b"udta", 0), (b"meta", 0), (b"ilst", 4), (b"\xa9cmt", 0), (b"data", 0)):
        box = _box(file, name, begin + skipped, end)
        if box is None:
            return None
        begin, end = box
    if end - begin > LONGEST + 8:
        raise TooLong
    file.seek(begin + 8)  # after the type and the language
    text = _exactly(file, max(0, end - begin - 8))
    return text if text.lstrip().startswith(b"{") else None


def _box(file: BinaryIO, name: bytes, begin: int, end: int) -> tuple[int, int] | None:
    """Where the content of a box of this name begins and ends among those of a part of the file."""
    for _ in range(MOST_PARTS):
        if begin + 8 > end:
            return None
        file.seek(begin)
        size, kind = struct.unpack(">I4s", _exactly(file, 8))
        head = 8
        if size == 1:
            (size,), head = struct.unpack(">Q", _exactly(file, 8)), 16
        last = end if size == 0 else begin + size
        if last > end or last < begin + head:
            return None
        if kind == name:
            return begin + head, last
        begin = last
    return None


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO], bytes | None]], ...] = (
    (lambda head: head.startswith(PNG), _png),
    (lambda head: head.startswith((b"GIF87a", b"GIF89a")), _gif),
    (lambda head: head[4:8] == b"ftyp", _mp4),
    (lambda head: head.startswith(b"%PDF-"), _tagged),
    (lambda head: b"<svg" in head or head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml"), _tagged),
)
