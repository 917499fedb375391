"""Reads the plain values in a pickle without unpickling it.

A pickle is a program for a stack machine. `pickle.load` runs it, and no list of allowed names bounds its memory or its
time. Here a small machine knows only the instructions that strings, whole numbers, lists, tuples, dicts with strings as
keys and NumPy's byte arrays need. It calls nothing; where a pickle makes NumPy build an array, it makes an inert
record, whose bytes are counted afterwards. Byte strings become text in Latin-1, which is how Python 2 and its pickles
mix the two.
"""

from __future__ import annotations

import math
import pickletools
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from geomodel.arrays import Bytes

_MOST_STEPS = 1_000_000  # a batch of CIFAR-10 takes 40,000
_LARGEST = 2**40  # the largest size in a shape, because products of longer numbers take for ever


class PickleFault(ValueError):
    """The content of a pickle cannot be read; the message is a clause."""


class _Call(Enum):
    """The functions and types that a pickled array names. Here they are only names, which cannot be called."""

    RECONSTRUCT = "_reconstruct"
    FROM_BUFFER = "_frombuffer"
    ARRAY = "ndarray"
    DTYPE = "dtype"
    ENCODE = "encode"


_GLOBALS = {
    ("numpy.core.multiarray", "_reconstruct"): _Call.RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _Call.RECONSTRUCT,
    ("numpy.core.numeric", "_frombuffer"): _Call.FROM_BUFFER,
    ("numpy._core.numeric", "_frombuffer"): _Call.FROM_BUFFER,
    ("numpy", "ndarray"): _Call.ARRAY,
    ("numpy", "dtype"): _Call.DTYPE,
    ("_codecs", "encode"): _Call.ENCODE,
}


@dataclass(frozen=True, slots=True)
class _Type:
    """A pickled dtype, by its code."""

    code: str


@dataclass(slots=True, eq=False)
class PickledArray:
    """An array as a pickle describes it."""

    shape: Any = None
    dtype: Any = None
    fortran: Any = False
    content: Any = None

    def uint8(self) -> Bytes:
        """The array. PickleFault unless it holds bytes, and as many as its shape needs."""
        shape, content = self.shape, self.content
        if not isinstance(self.dtype, _Type) or self.dtype.code not in ("u1", "B", "uint8"):
            raise PickleFault("it holds an array of another type than unsigned bytes")
        if not isinstance(shape, tuple) or not len(shape) <= 4:
            raise PickleFault("it holds an array without a proper shape")
        if not all(type(size) is int and 0 < size < _LARGEST for size in shape):
            raise PickleFault("it holds an array without a proper shape")
        if not isinstance(content, str) or math.prod(shape) != len(content):
            raise PickleFault("it holds an array whose bytes are not as many as its shape asks for")
        try:
            flat = np.frombuffer(content.encode("latin-1"), np.uint8)
        except UnicodeEncodeError as error:
            raise PickleFault("it holds an array of characters that are not bytes") from error
        return flat.reshape(shape, order="F" if self.fortran else "C")


class _Machine:
    """The stack and the memory of a pickle's program."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # the stacks under the marks
        self.memory: dict[int, Any] = {}

    def since_mark(self) -> list[Any]:
        """Takes the last mark and everything above it off the stack; returns the latter."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def step(self, name: str, argument: Any) -> None:
        """Carry out one instruction. Raises Python's own errors for an empty stack or a value of another type."""
        push, pop = self.stack.append, self.stack.pop
        match name:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "MARK":
                self.below.append(self.stack)
                self.stack = []
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                push({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "INT" | "BININT" | "BININT1" | "BININT2" | "LONG" | "LONG1":
                push(argument)
            case "STRING" | "BINSTRING" | "SHORT_BINSTRING" | "UNICODE" | "BINUNICODE" | "SHORT_BINUNICODE":
                push(argument)
            case "BINBYTES" | "SHORT_BINBYTES" | "BINBYTES8" | "BYTEARRAY8":
                push(argument.decode("latin-1"))
            case "EMPTY_TUPLE" | "EMPTY_LIST" | "EMPTY_DICT":
                push({"EMPTY_TUPLE": (), "EMPTY_LIST": [], "EMPTY_DICT": {}}[name])
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                taken = [pop() for _ in range(int(name[-1]))]
                push(tuple(reversed(taken)))
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self.memory[argument] = self.stack[-1]
            case "MEMOIZE":
                self.memory[len(self.memory)] = self.stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                push(self.memory[argument])
            case "TUPLE" | "LIST" | "DICT" | "APPEND" | "APPENDS" | "SETITEM" | "SETITEMS":
                self._collect(name)
            case "GLOBAL":
                push(_global(*argument.split(" ")))
            case "STACK_GLOBAL":
                function = pop()
                push(_global(pop(), function))
            case "REDUCE":
                arguments = pop()
                push(_called(pop(), arguments))
            case "BUILD":
                state = pop()
                _build(self.stack[-1], state)
            case _:
                raise PickleFault(f"it uses the instruction {name}, which plain values do not need")

    def _collect(self, name: str) -> None:
        """Put the values on the stack into a tuple, list or dict."""
        single = {"APPEND": 1, "SETITEM": 2}.get(name)
        items = [self.stack.pop() for _ in range(single)][::-1] if single else self.since_mark()
        if name == "TUPLE":
            self.stack.append(tuple(items))
        elif name == "LIST":
            self.stack.append(items)
        elif name in ("APPEND", "APPENDS"):
            _expect(self.stack[-1], list).extend(items)
        else:
            if name == "DICT":
                self.stack.append({})
            table = _expect(self.stack[-1], dict)
            for key, value in zip(items[::2], items[1::2], strict=True):
                table[_expect(key, str)] = value


def _expect(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return value


def _global(module: Any, function: Any) -> _Call:
    _expect(module, str)  # checked before hashing, because nested tuples can take for ever to hash
    _expect(function, str)
    if (module, function) not in _GLOBALS:
        asked = f"{module}.{function}"[:80]
        raise PickleFault(f"it asks for {asked!r}, which was not run")
    return _GLOBALS[module, function]


def _called(call: Any, arguments: Any) -> Any:
    """The inert record for a call. Unpacking raises an error for arguments that do not fit."""
    match call:
        case _Call.RECONSTRUCT:
            return PickledArray()
        case _Call.DTYPE:
            code, _, _ = arguments
            return _Type(_expect(code, str))
        case _Call.ENCODE:  # bytes, written by Python 3 for Python 2
            text, encoding = arguments
            if encoding == "latin1":
                return _expect(text, str)
        case _Call.FROM_BUFFER:
            content, dtype, shape, order = arguments
            return PickledArray(shape, dtype, order == "F", content)
    raise PickleFault("it makes a call that plain values do not need")


def _build(built: Any, state: Any) -> None:
    if isinstance(built, PickledArray):
        _, built.shape, built.dtype, built.fortran, built.content = state
    elif not isinstance(built, _Type):  # the state of a type of single bytes adds nothing
        raise PickleFault("it fills in an object that plain values do not need")


def values(content: bytes) -> Any:
    """The value that a pickle describes. PickleFault for anything but plain values, or a damaged pickle."""
    machine = _Machine()
    try:
        for count, (instruction, argument, _) in enumerate(pickletools.genops(content)):
            if count == _MOST_STEPS:
                raise PickleFault(f"it takes more than {_MOST_STEPS:,} steps")
            machine.step(instruction.name, argument)
        return machine.stack.pop()
    except PickleFault:
        raise
    # A damaged pickle gives a value of another type or an empty stack. The warning is about escapes in old strings.
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, Warning) as error:
        raise PickleFault("its instructions are damaged or cut off") from error
