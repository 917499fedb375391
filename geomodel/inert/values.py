"""What a file describes, as values that can do nothing: plain ones, and records for tensors, arrays and objects."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Progress = Callable[[float], None]  # called with the fraction done, 0 to 1; what it raises stops the work


class InertFault(ValueError):
    """What a file holds cannot be read, or is refused; the message is a clause: "its instructions are damaged"."""


class UnknownName(InertFault):
    """A pickle asks for a function or class that is not among the known ones."""

    def __init__(self, module: str, name: str) -> None:
        super().__init__(f"it asks for {f'{module}.{name}'[:80]!r}, which was not run")


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was when it was looked at. It is refused later if it is another one by then."""

    path: Path
    size: int
    changed: int  # nanoseconds
    number: int  # of the file on its disk; another file under the same name has another one


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A long byte string that stays where it is: `length` bytes from byte `place` of the file on."""

    place: int
    length: int


# The types of stored numbers, by NumPy's names and one that NumPy lacks → bytes of one number.
ITEM_SIZES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
FRACTIONS = ("float64", "float32", "float16", "bfloat16")


@dataclass(slots=True, eq=False)
class Storage:
    """A row of `count` numbers in a file, which one or several tensors look into.

    `dtype` is one of `ITEM_SIZES`. `place` is the first byte; some files say it only after they have said everything
    about the tensors, so it is filled in later.
    """

    dtype: str
    count: int
    source: Source
    place: int = -1


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor that was not read. It lies inside its storage, and no number of it is used twice.

    `offset` and `stride` count numbers, as in torch.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def dtype(self) -> str:
        return self.storage.dtype

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """Bytes of its numbers as they are stored."""
        return self.count * ITEM_SIZES[self.dtype]


@dataclass(slots=True, eq=False)
class ArrayRecord:
    """An array of NumPy's as a pickle describes it; `geomodel.inert.arrays` checks it and makes its numbers."""

    shape: Value = None
    dtype: Value = None
    fortran: Value = False
    content: Value = None


@dataclass(slots=True, eq=False)
class TypeRecord:
    """A dtype of NumPy's: its code, "f8", and the order of its bytes, "<" or "|"."""

    code: str
    order: Value = "|"


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a class that was neither imported nor run.

    Attributes:
        kind: the class's module and name as the file gives them: "argparse.Namespace"; "persistent" for the objects
            of EDM, which bring the text of their class along.
        name: the name of the class: "EDMPrecond".
        state: its attributes.
        source: the text of the class, where the file brings it along. It is only text.
    """

    kind: str
    name: str
    state: dict[str | int, Value] = field(default_factory=dict)
    source: str = ""


# Lists stand for sets too, and dicts for OrderedDict and EasyDict. A number of NumPy becomes a plain number. Byte
# strings are text in Latin-1, which is how Python 2 and its pickles mix the two; long ones are a Span.
Value: TypeAlias = (
    "bool | int | float | str | Span | Storage | Tensor | ArrayRecord | TypeRecord | Instance"
    " | tuple[Value, ...] | list[Value] | dict[str | int, Value] | None"
)

Container = Literal["safetensors", "pickle", "torch zip", "legacy torch", "folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a file or a folder holds.

    Attributes:
        path: the file or folder that was picked.
        container: what kind of file it is; its content decides, never its suffix.
        value: what the file describes. Of safetensors, the tensors by name. Of a folder, a dict from each file's name
            to what it describes (JSON as plain values), and from each folder's name to such a dict.
        metadata: the texts beside the tensors of a safetensors file.
        sources: the files that were looked at.
    """

    path: Path
    container: Container
    value: Value
    sources: tuple[Source, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name, for sentences."""
        return self.path.name
