"""Reads and checks the header of a safetensors file, before any library reads the file.

Layout: 8 bytes (little-endian length n), n bytes of JSON, then the numbers. The JSON maps each tensor's name to its
dtype, shape and place {"data_offsets": [begin, end]} in the numbers, and "__metadata__" to a dict of strings.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from geomodel.checkpoints.info import CheckpointError
from geomodel.files import read_error

MAX_FILE = 1 << 30
MAX_HEADER = 4 << 20  # a million characters hold 10,000 tensors; parsed JSON takes about 30 times its length
MAX_TENSORS = 10_000
ITEM_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}")
_Count = Annotated[int, Meta(ge=0, le=1 << 40)]


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """Where a tensor lies in the file."""

    dtype: str
    shape: Annotated[tuple[_Count, ...], Meta(max_length=8)]
    data_offsets: tuple[_Count, _Count]


@dataclass(frozen=True, slots=True)
class Header:
    """The checked header of a file."""

    metadata: dict[str, str]
    tensors: dict[str, TensorEntry]


def recognises(path: Path) -> bool:
    """Whether a file begins with the header of a safetensors file. Raises nothing but OSError."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        try:
            start = file.read(9)
            length = _length(path.name, start, size)
            _decode(path.name, start[8:] + file.read(length - 1), dict[str, msgspec.Raw])
        except CheckpointError:
            return False
    return True


def read_header(path: Path) -> Header:
    """The header of a file. No more than the header is read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            start = file.read(8)
            return parse_header(path.name, start + file.read(min(_length(path.name, start, size), size)), size)
    except OSError as error:
        raise CheckpointError(read_error(path.name, error)) from error


def read_file(path: Path) -> tuple[Header, bytes]:
    """The checked header and the whole content of a file. It is read once, so that both belong together."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise CheckpointError(read_error(path.name, error)) from error
    if len(content) > MAX_FILE:
        raise CheckpointError(f"{path.name} is larger than {MAX_FILE >> 30} GiB; no Geomodel network is that large.")
    return parse_header(path.name, content, len(content)), content


def parse_header(name: str, content: bytes, size: int) -> Header:
    """The header at the start of `content`, from a file of `size` bytes. CheckpointError where anything is wrong."""
    length = _length(name, content, size)
    entries = _decode(name, content[8 : 8 + length], dict[str, msgspec.Raw])
    metadata = _decode(name, entries.pop("__metadata__", msgspec.Raw(b"{}")), dict[str, str])
    if len(entries) > MAX_TENSORS:
        raise CheckpointError(f"{name} claims {len(entries)} tensors; at most {MAX_TENSORS} are allowed.")
    if not entries:
        raise CheckpointError(f"{name} holds no tensors, so there is no network in it.")
    tensors = {key: _decode(name, raw, TensorEntry) for key, raw in entries.items()}
    _check_places(name, tensors, size - 8 - length)
    return Header(metadata, tensors)


def _length(name: str, start: bytes, size: int) -> int:
    """Length of the JSON. CheckpointError, saying what the file seems to be instead, only where the length makes no
    sense: a valid header of 1152 characters starts with the same bytes as a pickle.
    """
    length = int.from_bytes(start[:8], "little")
    if size >= 10 and 2 <= length <= MAX_HEADER and 8 + length <= size and start[8:9] in (b"", b"{"):
        return length
    if start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise CheckpointError(
            f"{name} is a Python pickle, not a safetensors file; it was not opened (pickles run code)."
        )
    if start[:4] == b"PK\x03\x04":
        raise CheckpointError(f"{name} is a zip archive (torch.save and NPZ write those), not a safetensors file.")
    if size >= 10 and 2 <= length <= MAX_HEADER and 8 + length > size:
        raise CheckpointError(
            f"{name} is truncated: its header takes {length} bytes but the file has {size}; copy it again."
        )
    raise CheckpointError(
        f"{name} is not a safetensors file: its first 8 bytes give a header of {length} bytes "
        f"(2 to {MAX_HEADER} are allowed, and the file has {size})."
    )


def _decode(name: str, raw: Any, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CheckpointError(f"{name} has a header that is not that of a safetensors file: {error}.") from error


def _check_places(name: str, tensors: dict[str, TensorEntry], available: int) -> None:
    """Every tensor's bytes match its shape, and the tensors fill the file without overlap or hole."""
    expected = 0
    for key, entry in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        if not _NAME.fullmatch(key):
            raise CheckpointError(
                f"{name} has a tensor named {key[:60]!r}; names of letters, digits, '.', '_' and '-' are expected."
            )
        if entry.dtype not in ITEM_SIZES:
            raise CheckpointError(f"{name} has a tensor {key} of type {entry.dtype[:20]!r}, which is not known here.")
        if 0 in entry.shape:
            raise CheckpointError(f"{name} has a tensor {key} of shape {entry.shape}, which holds no numbers.")
        begin, end = entry.data_offsets
        claimed = math.prod(entry.shape) * ITEM_SIZES[entry.dtype]
        if claimed != end - begin:
            raise CheckpointError(
                f"{name} does not fit together: tensor {key} of shape {entry.shape} needs {claimed} bytes "
                f"but the header gives it {end - begin}."
            )
        if begin != expected:
            raise CheckpointError(
                f"{name} does not fit together: tensor {key} starts at byte {begin} where {expected} was expected."
            )
        expected = end
    if expected != available:
        raise CheckpointError(
            f"{name} is damaged: its header describes {expected} bytes of numbers but the file has {available}; "
            "copy it again."
        )
