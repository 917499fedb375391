"""Files as torch.save writes them, put together by hand so that any claim in them can be false."""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import edm_pickles
import numpy as np
import torch

from geomodel.inert import numbers
from geomodel.inert.values import Contents, Tensor

KINDS = ["torch zip", "legacy torch", "pickle"]
MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


class Stored:
    """A reference to the numbers of a storage; each part of it may be any value."""

    def __init__(self, key: Any = "0", count: Any = 6, kind: Any = torch.FloatStorage, word: Any = "storage") -> None:
        self.reference = (word, kind, key, "cpu", count)


class Call:
    """Is pickled as the call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


def claimed(stored: Any, shape: Any = (2, 3), stride: Any = (3, 1), offset: Any = 0) -> Call:
    """A tensor as a pickle describes it."""
    return Call(torch._utils._rebuild_tensor_v2, stored, offset, shape, stride, False, OrderedDict())


class _Pickler(pickle._Pickler):  # the one in Python, which accepts classes of torch's under any name
    def __init__(self, file: io.BytesIO, protocol: int, legacy: bool) -> None:
        super().__init__(file, protocol)
        self._legacy = legacy

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, Stored):
            return (*obj.reference, None) if self._legacy else obj.reference
        return None


def pickled(value: Any, protocol: int = 2, *, legacy: bool = False) -> bytes:
    file = io.BytesIO()
    _Pickler(file, protocol, legacy).dump(value)
    return file.getvalue()


def entries(value: Any, storages: Mapping[str, bytes], protocol: int = 2) -> dict[str, bytes]:
    """The files in a zip archive of torch.save."""
    numbers = {f"archive/data/{key}": content for key, content in storages.items()}
    head = {"archive/data.pkl": pickled(value, protocol), "archive/byteorder": b"little"}
    return {**head, **numbers, "archive/version": b"3\n"}


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def legacy(value: Any, storages: Mapping[str, tuple[int, bytes]], system: Any = SYSTEM, keys: Any = None) -> bytes:
    """An old file of torch.save; a storage is its count and its bytes."""
    head = [MAGIC, 1001, system, value, list(storages) if keys is None else keys]
    body = b"".join(count.to_bytes(8, "little") + content for count, content in storages.values())
    return b"".join(pickled(part, legacy=True) for part in head) + body


def saved(path: Path, value: Any, kind: str) -> Path:
    """A value written as one kind of file."""
    if kind == "pickle":
        path.write_bytes(edm_pickles.dumps(value))
    else:
        torch.save(value, path, _use_new_zipfile_serialization=kind == "torch zip")
    return path


def filled(found: Contents, tensors: Mapping[str, Tensor], dtype: str | None = None) -> dict[str, Any]:
    """The arrays of tensors by name, in their own type or in another."""
    own = {name: "float32" if tensor.dtype == "bfloat16" else tensor.dtype for name, tensor in tensors.items()}
    wanted = [
        numbers.Wanted(name, tensor, np.full(tensor.shape, 7).astype(dtype or own[name]))
        for name, tensor in tensors.items()
    ]
    digests = numbers.fill(wanted, found.sources, lambda fraction: None)
    for source in found.sources:
        assert digests[source.path] == hashlib.sha256(source.path.read_bytes()).hexdigest()
    return {item.name: item.array for item in wanted}
