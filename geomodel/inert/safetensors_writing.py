"""Writes a safetensors file a piece at a time, and reads it back, so that no second copy of a network takes memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from geomodel.arrays import Bytes
from geomodel.inert.safetensors_file import DTYPES
from geomodel.inert.values import ITEM_SIZES, Progress

if TYPE_CHECKING:
    from torch import Tensor

_PIECE = 2**20  # bytes
_ALIGNED = 8  # the numbers begin at a multiple of this
_CODES = {name: code for code, name in DTYPES.items()}


def write(file: IO[bytes], tensors: Mapping[str, Tensor], metadata: Mapping[str, str], progress: Progress) -> None:
    """Write tensors and texts. `progress` is called at every piece and may raise to stop. OSError as writing does."""
    ordered = _ordered(tensors)
    file.write(_header(ordered, metadata))
    whole, done = sum(map(_size, ordered.values())), 0
    for tensor in ordered.values():
        for piece in _pieces(tensor):
            progress(done / whole)
            file.write(piece.data)
            done += len(piece)


def same(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str], progress: Progress) -> str | None:
    """The SHA-256 of a file if it is, bit by bit, what `write` writes; None if it is not. OSError as reading does."""
    ordered = _ordered(tensors)
    header = _header(ordered, metadata)
    whole, done = sum(map(_size, ordered.values())), 0
    with path.open("rb") as file:
        if file.read(len(header)) != header:
            return None
        digest = hashlib.sha256(header)
        for tensor in ordered.values():
            for piece in _pieces(tensor):
                progress(done / whole)
                stored = file.read(len(piece))
                if stored != piece.data:
                    return None
                digest.update(stored)
                done += len(piece)
        return None if file.read(1) else digest.hexdigest()


def _ordered(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """In the order of the safetensors library: the widest numbers first, then by name."""
    return dict(sorted(tensors.items(), key=lambda item: (-ITEM_SIZES[_dtype(item[1])], item[0])))


def _header(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    entries: dict[str, object] = {"__metadata__": dict(metadata)}
    place = 0
    for name, tensor in tensors.items():
        end = place + _size(tensor)
        entries[name] = {"dtype": _CODES[_dtype(tensor)], "shape": list(tensor.shape), "data_offsets": [place, end]}
        place = end
    text = msgspec.json.encode(entries)
    text += b" " * (-len(text) % _ALIGNED)
    return len(text).to_bytes(8, "little") + text


def _pieces(tensor: Tensor) -> Iterator[Bytes]:
    import torch

    octets = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return (octets[start : start + _PIECE] for start in range(0, len(octets), _PIECE))


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _size(tensor: Tensor) -> int:
    return tensor.numel() * ITEM_SIZES[_dtype(tensor)]
