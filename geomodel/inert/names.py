"""The functions and classes that a pickle may name, and the record that each stands for. None of them is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from geomodel.inert.arrays import scalar
from geomodel.inert.tensors import looking_into
from geomodel.inert.values import ArrayRecord, InertFault, Instance, Tensor, TypeRecord, Value


@dataclass(frozen=True, slots=True)
class Name:
    """A function or class that a pickle names."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def expect(value: Any, kind: type) -> Any:
    """The value. TypeError unless it is exactly of this type."""
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return value


def put(table: dict[str | int, Value], keys: list[Any], values: list[Any]) -> None:
    """Enter values. Only texts and whole numbers are keys: hashing nested tuples can take for ever."""
    for key, value in zip(keys, values, strict=True):
        if type(key) is not str and type(key) is not int:
            raise InertFault("it has a table whose keys are neither texts nor whole numbers")
        table[key] = value


def _table() -> Value:
    return {}


def _parameter(tensor: Any, requires_grad: Any, hooks: Any) -> Value:
    return expect(tensor, Tensor)  # type: ignore[no-any-return]


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, requires_grad: Any, hooks: Any) -> Value:
    return looking_into(storage, offset, shape, stride)


def _persistent(meta: Any) -> Value:
    """An object of EDM's, which brings the text of its class along."""
    kind, name, state, source = (expect(meta, dict).get(key) for key in ("type", "class_name", "state", "module_src"))
    if kind != "class":
        raise InertFault("it holds an object of EDM's whose record is not that of a class")
    return Instance("persistent", expect(name, str), expect(state, dict), expect(source, str))


def _dtype(code: Any, align: Any, copy: Any) -> Value:
    return TypeRecord(expect(code, str))


def _array(kind: Any, shape: Any, code: Any) -> Value:
    return ArrayRecord()


def _array_of(content: Any, dtype: Any, shape: Any, order: Any) -> Value:
    return ArrayRecord(shape, dtype, order == "F", content)


def _encoded(text: Any, encoding: Any) -> Value:
    """Bytes, written by Python 3 for Python 2."""
    if encoding != "latin1":
        raise InertFault("it encodes a text in another way than byte strings are")
    return expect(text, str)  # type: ignore[no-any-return]


def _no_bytes() -> Value:
    """An empty byte string, for which Python 3 writes a call where Python 2 is to read it."""
    return ""


def _listed(items: Any = ()) -> Value:
    return expect(items, list) if items != () else []


def _size(sizes: Any) -> Value:
    return expect(sizes, tuple)  # type: ignore[no-any-return]


def _numpy(module: str, name: str) -> tuple[tuple[str, str], ...]:
    """A function of NumPy 1 and of NumPy 2."""
    return (f"numpy.core.{module}", name), (f"numpy._core.{module}", name)


# What stands for a call → what it takes are the arguments of the call; unpacking refuses those that do not fit.
CALLS: dict[tuple[str, str], Callable[..., Value]] = {
    ("collections", "OrderedDict"): _table,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch", "Size"): _size,
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _persistent,
    ("numpy", "dtype"): _dtype,
    **dict.fromkeys(_numpy("multiarray", "scalar"), scalar),
    **dict.fromkeys(_numpy("multiarray", "_reconstruct"), _array),
    **dict.fromkeys(_numpy("numeric", "_frombuffer"), _array_of),
    ("_codecs", "encode"): _encoded,
    ("__builtin__", "bytes"): _no_bytes,
    ("builtins", "bytes"): _no_bytes,
    ("builtins", "set"): _listed,
    ("__builtin__", "set"): _listed,
}
# Classes whose objects are made without arguments and filled in afterwards.
OBJECTS: dict[tuple[str, str], Callable[[], Value]] = {
    ("dnnlib.util", "EasyDict"): dict,
    ("argparse", "Namespace"): lambda: Instance("argparse.Namespace", "Namespace"),
    ("torch.nn.modules.container", "ModuleDict"): lambda: Instance(
        "torch.nn.modules.container.ModuleDict", "ModuleDict"
    ),
}
# The classes of storages → the type of their numbers.
STORAGES = {
    ("torch", f"{name}Storage"): dtype
    for name, dtype in {
        "Float": "float32",
        "Half": "float16",
        "BFloat16": "bfloat16",
        "Double": "float64",
        "Long": "int64",
        "Int": "int32",
        "Short": "int16",
        "Char": "int8",
        "Byte": "uint8",
        "Bool": "bool",
    }.items()
}
EMBEDDED = ("torch.storage", "_load_from_bytes")  # a storage whose bytes are a file of torch's inside the pickle
_ONLY_NAMED = ("numpy", "ndarray")
KNOWN = {*CALLS, *OBJECTS, *STORAGES, EMBEDDED, _ONLY_NAMED}


def fill_in(built: Value, state: Any) -> None:
    """Give an object its attributes."""
    if isinstance(built, ArrayRecord):
        _, built.shape, built.dtype, built.fortran, built.content = state
    elif isinstance(built, TypeRecord):
        built.order = state[1]
    elif isinstance(built, Instance):
        built.state = expect(state, dict)
    elif not isinstance(built, dict):  # what torch notes beside a state dict adds nothing
        raise InertFault("it fills in an object that cannot be filled in")
