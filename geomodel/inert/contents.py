"""Finds out what kind of file something is, by what it holds, and reads what it describes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from geomodel import memory
from geomodel.formats import beginning
from geomodel.inert import folder, pickle_file, safetensors_file, torch_stream, torch_zip
from geomodel.inert.files import opened
from geomodel.inert.operands import Budget
from geomodel.inert.values import Container, Contents, InertFault, Source, Value

_MOST_STEPS = 1_000_000  # 1,500 tensors with their average and Adam's state take 220,000
_MOST_TEXT = 2**26  # bytes
_BEGINNING = 512  # bytes, enough for a Git LFS pointer
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # older protocols begin like any text
_MAGIC = b"\x8a\x0a" + torch_stream.MAGIC.to_bytes(10, "little") + b"."

_READERS: dict[Container, Callable[[BinaryIO, Source, Budget], Value]] = {
    "pickle": pickle_file.read,
    "torch zip": torch_zip.read,
    "legacy torch": torch_stream.read,
}


def read(path: Path) -> Contents:
    """What a file or folder holds; no number of a tensor is read. Raises InertFault and OSError.

    A JSON file that belongs to a folder of diffusers stands for the folder.
    """
    budget = Budget(_MOST_STEPS, _MOST_TEXT)
    root = folder.of(path)
    if root is None:
        return _file(path, budget)
    value, sources = folder.read(root, lambda weights: _file(weights, budget))
    return Contents(path=root, container="folder", value=value, sources=sources)


def container(path: Path) -> Container | None:
    """What kind of file this is; None for none that holds tensors. Reads a bounded part. Raises OSError."""
    if folder.of(path) is not None:
        return "folder"
    return _kind(beginning(path, _BEGINNING), path.stat().st_size)


def _file(path: Path, budget: Budget) -> Contents:
    with opened(path) as (stream, source):
        start = stream.read(_BEGINNING)
        kind = _kind(start, source.size)
        if kind is None:
            raise InertFault(_instead(start))
        stream.seek(0)
        if kind == "safetensors":
            tensors, metadata = safetensors_file.read(stream, source)
            return Contents(path=path, container=kind, value=tensors, sources=(source,), metadata=metadata)
        value = _READERS[kind](stream, source, budget)
        return Contents(path=path, container=kind, value=value, sources=(source,))


def _kind(start: bytes, size: int) -> Container | None:
    """The kind of a file of `size` bytes that begins so. A header of 1,152 bytes begins like a pickle too."""
    fits = int.from_bytes(start[:8], "little") <= size - 8
    if start[8:9] == b"{" and (fits or start[:2] not in _PICKLES):
        return "safetensors"
    if start[:4] == b"PK\x03\x04":
        return "torch zip"
    if start[:2] in _PICKLES:
        return "legacy torch" if start[2:].startswith(_MAGIC) else "pickle"
    return None


def _instead(start: bytes) -> str:
    """What a file is that is none of these."""
    pointer = re.match(rb"version https://git-lfs\.github\.com/.*?^size (\d{1,15})$", start, re.DOTALL | re.MULTILINE)
    if pointer:
        return (
            f"it is a Git LFS pointer to a file of {memory.text(int(pointer[1]))} that was not downloaded; "
            "run git lfs pull in its folder"
        )
    if start.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        return "it is a web page, not the file that it was meant to be; download the file itself"
    return "it is not a safetensors file, nor a pickle or a file that torch.save writes"
