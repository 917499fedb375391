"""Reads the header of a safetensors file and checks every claim in it, before any number is read.

Layout: 8 bytes (little-endian length n), n bytes of JSON, then the numbers. The JSON maps each tensor's name to its
dtype, shape and place {"data_offsets": [begin, end]} in the numbers, and "__metadata__" to a dict of strings.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
from msgspec import Meta

from geomodel.inert.tensors import contiguous
from geomodel.inert.values import ITEM_SIZES, InertFault, Source, Storage, Tensor, Value

MAX_HEADER = 4 << 20  # a million characters hold 10,000 tensors; parsed JSON takes about 30 times its length
MAX_TENSORS = 10_000
DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}")
_Count = Annotated[int, Meta(ge=0, le=1 << 40)]


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a tensor lies in the file."""

    dtype: str
    shape: Annotated[tuple[_Count, ...], Meta(max_length=8)]
    data_offsets: tuple[_Count, _Count]


def recognises(path: Path) -> bool:
    """Whether a file begins with the header of a safetensors file. Raises nothing but OSError."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        try:
            _decode(file.read(_length(file.read(8), size)), dict[str, msgspec.Raw])
        except InertFault:
            return False
    return True


def read(stream: BinaryIO, source: Source) -> tuple[dict[str | int, Value], dict[str, str]]:
    """The tensors by their names, and the texts beside them. No more than the header is read."""
    length = _length(stream.read(8), source.size)
    entries = _decode(stream.read(length), dict[str, msgspec.Raw])
    metadata = _decode(entries.pop("__metadata__", msgspec.Raw(b"{}")), dict[str, str])
    if len(entries) > MAX_TENSORS:
        raise InertFault(f"it claims {len(entries)} tensors; at most {MAX_TENSORS} are allowed")
    if not entries:
        raise InertFault("it holds no tensors, so there is no network in it")
    parsed = {key: _decode(raw, _Entry) for key, raw in entries.items()}
    _check_places(parsed, source.size - 8 - length)
    return {key: _tensor(entry, source, 8 + length) for key, entry in parsed.items()}, metadata


def _tensor(entry: _Entry, source: Source, start: int) -> Tensor:
    storage = Storage(DTYPES[entry.dtype], math.prod(entry.shape), source, start + entry.data_offsets[0])
    return Tensor(storage, 0, entry.shape, contiguous(entry.shape))


def _length(start: bytes, size: int) -> int:
    """Length of the JSON. InertFault where it makes no sense."""
    length = int.from_bytes(start, "little")
    if size < 10 or not 2 <= length <= MAX_HEADER:
        raise InertFault(
            f"it is not a safetensors file: its first 8 bytes give a header of {length} bytes "
            f"(2 to {MAX_HEADER} are allowed, and the file has {size})"
        )
    if 8 + length > size:
        raise InertFault(f"it is truncated: its header takes {length} bytes but the file has {size}; copy it again")
    return length


def _decode(raw: Any, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InertFault(f"it has a header that is not that of a safetensors file: {error}") from error


def _check_places(tensors: dict[str, _Entry], available: int) -> None:
    """Every tensor's bytes match its shape, and the tensors fill the file without overlap or hole."""
    expected = 0
    for key, entry in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        if not _NAME.fullmatch(key):
            raise InertFault(
                f"it has a tensor named {key[:60]!r}; names of letters, digits, '.', '_' and '-' are expected"
            )
        if entry.dtype not in DTYPES:
            raise InertFault(f"it has a tensor {key} of type {entry.dtype[:20]!r}, which is not known here")
        if 0 in entry.shape:
            raise InertFault(f"it has a tensor {key} of shape {entry.shape}, which holds no numbers")
        begin, end = entry.data_offsets
        claimed = math.prod(entry.shape) * ITEM_SIZES[DTYPES[entry.dtype]]
        if claimed != end - begin:
            raise InertFault(
                f"it does not fit together: tensor {key} of shape {entry.shape} needs {claimed} bytes "
                f"but the header gives it {end - begin}"
            )
        if begin != expected:
            raise InertFault(
                f"it does not fit together: tensor {key} starts at byte {begin} where {expected} was expected"
            )
        expected = end
    if expected != available:
        raise InertFault(
            f"it is damaged: its header describes {expected} bytes of numbers but the file has {available}; "
            "copy it again"
        )
