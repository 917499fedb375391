"""Checks what a file claims of a tensor: that it lies inside its storage and uses no number twice."""

from __future__ import annotations

import math
from typing import Any

from geomodel.inert.arrays import LARGEST_SIDE
from geomodel.inert.values import InertFault, Storage, Tensor

_MOST_AXES = 16


def looking_into(storage: Any, offset: Any, shape: Any, stride: Any) -> Tensor:
    """The tensor that looks into a storage. InertFault where a claim does not hold."""
    if not isinstance(storage, Storage):
        raise InertFault("it holds a tensor without numbers")
    if not _sizes(shape) or not _sizes(stride) or len(shape) != len(stride) or type(offset) is not int:
        raise InertFault("it holds a tensor without a proper shape")
    count = math.prod(shape)
    last = offset + sum((side - 1) * step for side, step in zip(shape, stride, strict=True))
    if not 0 <= offset <= storage.count or (count and last >= storage.count):
        raise InertFault(
            f"it holds a tensor of shape {shape} that reaches outside its storage of {storage.count:,} numbers"
        )
    reach = 1  # numbers from the first to the last of the axes so far
    for step, side in sorted((step, side) for side, step in zip(shape, stride, strict=True) if side > 1):
        if count and step < reach:
            raise InertFault(f"it holds a tensor of shape {shape} that uses the same numbers several times")
        reach += (side - 1) * step
    return Tensor(storage, offset, shape, stride)


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a tensor whose numbers lie one after the other, the last axis fastest."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def is_contiguous(tensor: Tensor) -> bool:
    """Whether the numbers lie one after the other in the file. Axes of length 1 may have any stride."""
    steps = zip(tensor.shape, tensor.stride, contiguous(tensor.shape), strict=True)
    return all(stride == expected for side, stride, expected in steps if side > 1)


def _sizes(value: Any) -> bool:
    """Whether a value is a tuple of a bounded number of bounded sizes."""
    if type(value) is not tuple or len(value) > _MOST_AXES:
        return False
    return all(type(size) is int and 0 <= size < LARGEST_SIDE for size in value)
