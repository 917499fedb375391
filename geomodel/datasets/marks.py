"""The marks by which the content of a data file shows its format, whatever the file is called."""

from __future__ import annotations

import zlib
from pathlib import Path

from geomodel.formats import beginning
from geomodel.zip_files import glance

# The formats that Pillow reads without another program's help, and how their files are called.
PICTURES = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".mpo",),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "JPEG2000": (".jp2", ".j2k"),
    "AVIF": (".avif",),
}
PICTURE_SUFFIXES = tuple(suffix for suffixes in PICTURES.values() for suffix in suffixes)
GZIP = b"\x1f\x8b"
IDX_BYTES = b"\0\0\x08"  # then the number of axes; 8 is the code of unsigned bytes
_PACKED_BEGINNING = 2**16  # bytes of a gzip file that are unpacked to recognise it; a header may hold a long name
_TAR_BLOCK = 512


def npy(path: Path) -> bool:
    """Whether a file is a NumPy array, which begins with its own magic bytes."""
    return beginning(path, 6) == b"\x93NUMPY"


def npz(path: Path) -> bool:
    """Whether a file is a zip archive that holds NumPy arrays."""
    return any(name.endswith(".npy") for name in glance(path))


def pictures(path: Path) -> bool:
    """Whether this is a folder, or a zip archive that holds pictures."""
    return path.is_dir() or any(name.lower().endswith(PICTURE_SUFFIXES) for name in glance(path))


def idx(path: Path) -> bool:
    """Whether a file begins with the header of idx bytes, plain or packed."""
    start = _unpacked(path, 4)
    return len(start) == 4 and start.startswith(IDX_BYTES) and 1 <= start[3] <= 4


def pickled(start: bytes) -> bool:
    """Whether the first bytes are those of a Python pickle of protocol 2 to 5."""
    return start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


def packed(path: Path) -> bool:
    """Whether a file is a gzip file."""
    return beginning(path, 2) == GZIP


def packed_tar(path: Path) -> bool:
    """Whether a file is a tar archive in a gzip file. The first block of a tar archive holds the sum of its own
    bytes.
    """
    block = _unpacked(path, _TAR_BLOCK) if packed(path) else b""
    if len(block) < _TAR_BLOCK:
        return False
    try:
        stated = int(block[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    return stated == sum(block[:148]) + 8 * ord(" ") + sum(block[156:])


def _unpacked(path: Path, count: int) -> bytes:
    """The first bytes of a file, or of what a gzip file unpacks to; fewer where it is damaged."""
    start = beginning(path, _PACKED_BEGINNING)
    if not start.startswith(GZIP):
        return start[:count]
    try:
        return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress(start, count)
    except zlib.error:
        return b""
