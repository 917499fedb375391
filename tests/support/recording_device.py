"""A device that computes nothing and sees everything: what an evaluation does on an accelerator, without one.

Its tensors are torch's `meta` tensors, which have a shape and a type and no numbers. A tensor that is taken to the CPU
becomes zeros. Whatever would fail or wait on a real device fails or is counted here: an operation on tensors of two
devices, a number read out of a tensor, a tensor moved in or out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

NAME = "meta"
_MOVES = {"aten::_to_copy", "aten::copy_"}  # the only operations that may meet two devices
_READS = {"aten::_local_scalar_dense", "aten::nonzero", "aten::equal"}  # they wait for the device


class WrongDevice(AssertionError):
    """An operation met tensors of the device and of the CPU."""


class _Items(TorchFunctionMode):
    """torch refuses `item` of its meta tensors before it looks for a mode, so it is answered here."""

    def __init__(self, read: list[str]) -> None:
        super().__init__()
        self._read = read

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if function is Tensor.item and args[0].device.type == NAME:
            self._read.append("item")
            return 0.0
        return function(*args, **(kwargs or {}))


class RecordingDevice(TorchDispatchMode):
    """Counts what crosses between the CPU and the device while it is entered.

    Attributes:
        moved_in, moved_out: shapes of the tensors that were moved.
        read: names of the operations that read numbers of the device, for which a real one is waited for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.moved_in: list[tuple[int, ...]] = []
        self.moved_out: list[tuple[int, ...]] = []
        self.read: list[str] = []
        self._items = _Items(self.read)

    def __enter__(self) -> RecordingDevice:
        self._items.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._items.__exit__(*error)

    def __torch_dispatch__(
        self, op: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given, name = dict(kwargs or {}), op._schema.name
        tensors = [leaf for leaf in tree_leaves((args, given)) if isinstance(leaf, Tensor)]
        away = [tensor for tensor in tensors if tensor.device.type == NAME]
        if name in _MOVES:
            return self._moved(op, args, given)
        if not away:
            return op(*args, **given)
        at_home = [tensor for tensor in tensors if tensor.device.type != NAME and tensor.ndim]
        if at_home:  # a number in a tensor without axes may stand beside tensors of any device
            raise WrongDevice(f"{name} met tensors of both devices, of shapes {[tuple(t.shape) for t in tensors]}")
        if name in _READS:
            self.read.append(name)
            return 0.0 if name != "aten::equal" else False
        return op(*args, **given)

    def _moved(self, op: Callable[..., Any], args: tuple[Any, ...], given: dict[str, Any]) -> Any:
        source, target = (args[1], args[0].device) if len(args) > 1 else (args[0], given.get("device"))
        target = source.device if target is None else torch.device(target)
        if source.device.type == target.type:
            return op(*args, **given)
        shapes = self.moved_in if target.type == NAME else self.moved_out
        shapes.append(tuple(source.shape))
        if target.type == NAME:
            return op(*args, **given)
        dtype = given.get("dtype") or source.dtype
        return torch.zeros(source.shape, dtype=dtype, device=target)
