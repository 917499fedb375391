"""A machine that carries out a pickle's instructions and calls nothing.

A pickle is a program for a stack machine. `pickle.load` runs it, and no list of allowed names bounds its memory or its
time. This machine knows only the instructions that plain values, arrays and tensors need. Where a pickle calls a
function or makes an object, the names must be among those of `geomodel.inert.names`, and the machine makes a record.
Steps, texts and depth are bounded, keys of tables are texts or whole numbers, and long byte strings stay in the file.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from geomodel.inert.depth import check_depth
from geomodel.inert.names import CALLS, EMBEDDED, KNOWN, OBJECTS, Name, expect, fill_in, put
from geomodel.inert.operands import Budget, Operands
from geomodel.inert.values import InertFault, Span, Storage, UnknownName, Value

# What a damaged pickle causes: a value of another type, an empty stack, a number or a text that cannot be read.
_DAMAGE = (LookupError, TypeError, ValueError, OverflowError, AttributeError, struct.error)


class Machine:
    """The stack and the memory of one pickle.

    `stored` makes the storage for a reference to numbers elsewhere in the file, `embedded` that for a file of torch's
    inside the pickle. Where one is None, a pickle may not ask for it.
    """

    def __init__(
        self,
        stream: BinaryIO,
        end: int,
        budget: Budget,
        *,
        stored: Callable[[Any], Storage] | None = None,
        embedded: Callable[[Span], Storage] | None = None,
    ) -> None:
        self.read = Operands(stream, end, budget)
        self._budget, self._stored, self._embedded = budget, stored, embedded
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []  # the stacks under the marks
        self._memory: dict[int, Any] = {}

    def run(self) -> Value:
        """The value that the pickle describes. InertFault where it is damaged, or asks for more than values."""
        budget, code = self._budget, self.read.code
        try:
            while (instruction := code()) != _STOP:
                budget.steps -= 1
                if budget.steps < 0:
                    raise InertFault(f"it takes more than {budget.most_steps:,} steps")
                if instruction not in _TABLE:
                    raise InertFault(_unknown(instruction))
                _TABLE[instruction](self)
            value = self.stack.pop()
        except InertFault:
            raise
        except _DAMAGE as error:
            raise InertFault("its instructions are damaged") from error
        return check_depth(value)

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self._below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        """Takes the last mark and everything above it off the stack; returns the latter."""
        items, self.stack = self.stack, self._below.pop()
        return items

    def tuple_of(self, count: int) -> None:
        items = self.stack[-count:]
        if len(items) != count:
            raise IndexError
        self.stack[-count:] = [tuple(items)]

    def append(self, items: list[Any]) -> None:
        expect(self.stack[-1], list).extend(items)

    def set_items(self, items: list[Any]) -> None:
        put(expect(self.stack[-1], dict), items[::2], items[1::2])

    def one(self) -> list[Any]:
        return [self.stack.pop()]

    def pair(self) -> list[Any]:
        value = self.stack.pop()
        return [self.stack.pop(), value]

    def table(self) -> None:
        items = self.since_mark()
        self.push({})
        self.set_items(items)

    def keep(self, place: int) -> None:
        self._memory[place] = self.stack[-1]

    def memoize(self) -> None:
        self.keep(len(self._memory))

    def recall(self, place: int) -> None:
        self.push(self._memory[place])

    def name(self, module: Any, name: Any) -> None:
        key = expect(module, str), expect(name, str)  # checked before hashing
        if key not in KNOWN or (key == EMBEDDED and self._embedded is None):
            raise UnknownName(*key)
        self.push(Name(*key))

    def name_on_stack(self) -> None:
        module, name = self.pair()
        self.name(module, name)

    def call(self) -> None:
        name, arguments = self.pair()
        key = (expect(name, Name).module, name.name)
        expect(arguments, tuple)
        if key == EMBEDDED and self._embedded is not None:
            (content,) = arguments
            self.push(self._embedded(expect(content, Span)))
        elif key in CALLS:
            self.push(CALLS[key](*arguments))
        else:
            raise InertFault(f"it calls {name}, which plain values do not need")

    def make(self) -> None:
        name, arguments = self.pair()
        key = (expect(name, Name).module, name.name)
        if key not in OBJECTS or arguments != ():
            raise InertFault(f"it makes an object of {name}, which plain values do not need")
        self.push(OBJECTS[key]())

    def build(self) -> None:
        state = self.stack.pop()
        fill_in(self.stack[-1], state)

    def reference(self) -> None:
        if self._stored is None:
            raise InertFault("it refers to numbers that are not in it")
        self.push(self._stored(self.stack.pop()))


def _unknown(instruction: bytes) -> str:
    if not instruction:
        return "it is cut off"
    named = next((code.name for code in pickletools.opcodes if code.code.encode("latin-1") == instruction), None)
    return (
        f"it uses the instruction {named}, which plain values do not need" if named else "its instructions are damaged"
    )


def _ignore(argument: bytes) -> None:
    """Do nothing with what was read."""


def _boolean_or_number(text: str) -> int | bool:
    return {"00": False, "01": True}[text] if text in ("00", "01") else int(text)


_STOP = b"."
_TABLE: dict[bytes, Callable[[Machine], None]] = {
    b"\x80": lambda m: _ignore(m.read.raw(1)),  # PROTO
    b"\x95": lambda m: _ignore(m.read.raw(8)),  # FRAME
    b"(": Machine.mark,
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"I": lambda m: m.push(_boolean_or_number(m.read.number_line())),
    b"J": lambda m: m.push(m.read.signed()),
    b"K": lambda m: m.push(m.read.whole(1)),
    b"M": lambda m: m.push(m.read.whole(2)),
    b"L": lambda m: m.push(int(m.read.number_line().removesuffix("L"))),
    b"\x8a": lambda m: m.push(m.read.long()),
    b"F": lambda m: m.push(float(m.read.number_line())),
    b"G": lambda m: m.push(m.read.fraction()),
    b"S": lambda m: m.push(m.read.quoted()),
    b"T": lambda m: m.push(m.read.byte_string(4)),
    b"U": lambda m: m.push(m.read.byte_string(1)),
    b"B": lambda m: m.push(m.read.byte_string(4)),
    b"C": lambda m: m.push(m.read.byte_string(1)),
    b"\x8e": lambda m: m.push(m.read.byte_string(8)),
    b"\x96": lambda m: m.push(m.read.byte_string(8)),
    b"V": lambda m: m.push(m.read.escaped()),
    b"X": lambda m: m.push(m.read.text(4)),
    b"\x8c": lambda m: m.push(m.read.text(1)),
    b"\x8d": lambda m: m.push(m.read.text(8)),
    b")": lambda m: m.push(()),
    b"t": lambda m: m.push(tuple(m.since_mark())),
    b"\x85": lambda m: m.tuple_of(1),
    b"\x86": lambda m: m.tuple_of(2),
    b"\x87": lambda m: m.tuple_of(3),
    b"]": lambda m: m.push([]),
    b"l": lambda m: m.push(m.since_mark()),
    b"a": lambda m: m.append(m.one()),
    b"e": lambda m: m.append(m.since_mark()),
    b"}": lambda m: m.push({}),
    b"d": Machine.table,
    b"s": lambda m: m.set_items(m.pair()),
    b"u": lambda m: m.set_items(m.since_mark()),
    b"\x8f": lambda m: m.push([]),  # a set
    b"\x90": lambda m: m.append(m.since_mark()),
    b"p": lambda m: m.keep(int(m.read.number_line())),
    b"q": lambda m: m.keep(m.read.whole(1)),
    b"r": lambda m: m.keep(m.read.whole(4)),
    b"\x94": Machine.memoize,
    b"g": lambda m: m.recall(int(m.read.number_line())),
    b"h": lambda m: m.recall(m.read.whole(1)),
    b"j": lambda m: m.recall(m.read.whole(4)),
    b"c": lambda m: m.name(m.read.line(), m.read.line()),
    b"\x93": Machine.name_on_stack,
    b"R": Machine.call,
    b"\x81": Machine.make,
    b"b": Machine.build,
    b"Q": Machine.reference,
}
