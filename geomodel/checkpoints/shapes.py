"""Reads sizes off the names and shapes of a state dict."""

from __future__ import annotations

from collections.abc import Mapping

from geomodel.inert.values import Tensor

_DIGITS = 4


def shape_of(tensors: Mapping[str, Tensor], name: str, axes: int) -> tuple[int, ...]:
    """The shape of a tensor. ValueError (a clause) where it is missing or has another number of axes."""
    tensor = tensors.get(name)
    if tensor is None or len(tensor.shape) != axes:
        raise ValueError(f"it has no proper tensor {name}")
    return tensor.shape


def numbers_of(tensors: Mapping[str, Tensor], list_name: str) -> list[int]:
    """The numbers of the members of a list of modules, "blocks.7.…", rising."""
    parts = (name.split(".") for name in tensors if name.startswith(f"{list_name}."))
    numbers = {part[1] for part in parts if len(part) > 2}
    return sorted(int(number) for number in numbers if number.isascii() and number.isdigit() and len(number) <= _DIGITS)
