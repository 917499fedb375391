"""Reads the few numbers of a file that say what its network is, such as a table of noise levels."""

from __future__ import annotations

from io import FileIO

import numpy as np

from geomodel.arrays import Floats
from geomodel.inert.files import check_same
from geomodel.inert.tensors import is_contiguous
from geomodel.inert.values import ITEM_SIZES, InertFault, Tensor

_MOST = 100_000


def numbers(name: str, tensor: Tensor) -> Floats:
    """The numbers of a small tensor. InertFault where they cannot be read or are not finite, and OSError."""
    if tensor.count > _MOST or tensor.dtype not in ("float16", "float32", "float64") or not is_contiguous(tensor):
        raise InertFault(f"it has tensor {name} of type {tensor.dtype} and shape {tensor.shape}, which is no table")
    width, source = ITEM_SIZES[tensor.dtype], tensor.storage.source
    with FileIO(source.path) as file:
        check_same(file, source)
        file.seek(tensor.storage.place + tensor.offset * width)
        content = file.read(tensor.count * width)
    if len(content) != tensor.count * width:
        raise InertFault("it became shorter while it was read")
    values = np.frombuffer(content, np.dtype(tensor.dtype).newbyteorder("<")).astype(np.float64)
    if not np.isfinite(values).all():
        raise InertFault(f"it has numbers that are not finite, in tensor {name}")
    return values.reshape(tensor.shape)
