"""Writes pickles as the code of EDM does: each module as a record of its class's text, its name and its attributes."""

from __future__ import annotations

import pickle
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from torch import nn

SOURCE = "raise SystemExit('the text of a class was run')\n"
HOOKS = ("_backward_hooks", "_forward_hooks", "_forward_pre_hooks", "_state_dict_hooks")


def _reconstruct_persistent_obj(meta: Any) -> Any:
    raise AssertionError("a record was made into an object")


class EasyDict(dict):  # type: ignore[type-arg]
    """EDM2's dict, which is pickled as an object without arguments and its entries."""


_reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
EasyDict.__module__ = "dnnlib.util"


class Persistent:
    """An object that is pickled as EDM pickles its own."""

    def __init__(self, name: str, state: Mapping[str, Any]) -> None:
        self.name, self.state = name, dict(state)

    def __reduce__(self) -> tuple[Any, ...]:
        meta = {
            "type": "class",
            "version": 6,
            "module_src": SOURCE,
            "class_name": self.name,
            "state": self.state,
        }
        return _reconstruct_persistent_obj, (meta,)


def persistent(module: nn.Module, name: str, *, old: bool = False, **attributes: Any) -> Persistent:
    """A module of torch's and those inside it as EDM's records, with further attributes of the outermost.

    `old` writes the tables of a module as torch 1.12 had them.
    """
    table = OrderedDict if old else dict
    state = {
        "training": False,
        "_parameters": table(module._parameters),
        "_buffers": table(module._buffers),
        "_non_persistent_buffers_set": set(module._non_persistent_buffers_set),
        "_modules": table((key, _inside(child, old)) for key, child in module._modules.items()),
        **{hook: OrderedDict() for hook in HOOKS},
        "_init_args": (),
        "_init_kwargs": {},
        **attributes,
    }
    return Persistent(name, state)


def _inside(module: nn.Module | None, old: bool) -> Any:
    """ModuleDict is pickled by torch itself; its members are records."""
    if not isinstance(module, nn.ModuleDict):
        return None if module is None else persistent(module, type(module).__name__, old=old)
    found = nn.ModuleDict()
    found.__dict__["_modules"] = {key: _inside(child, old) for key, child in module.items()}
    return found


def dumps(value: Any, protocol: int = 4) -> bytes:
    """The pickle of a value with such records in it."""
    with modules():
        return pickle.dumps(value, protocol)


@contextmanager
def modules() -> Iterator[None]:
    """The modules that the pickled names stand in are there while a pickle is written."""
    made = {name: ModuleType(name) for name in ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util")}
    made["torch_utils.persistence"].__dict__["_reconstruct_persistent_obj"] = _reconstruct_persistent_obj
    made["dnnlib.util"].__dict__["EasyDict"] = EasyDict
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]
