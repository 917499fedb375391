"""Reads what stands behind an instruction in a pickle: numbers, lines and texts, each with a bound."""

from __future__ import annotations

import codecs
import re
import struct
import warnings
from typing import BinaryIO

from geomodel.inert.values import InertFault, Span

_LONGEST_LINE = 2**16  # characters of a name or a quoted text in the oldest pickles
_LONGEST_NUMBER = 255  # bytes, or digits
_LONGEST_BYTES = 100  # longer byte strings stay in the file; a file of torch's inside a pickle has 252 and more
_CUT = "it is cut off, or its instructions are damaged"


class Budget:
    """What reading one file may take, all its pickles together: instructions, and bytes of text."""

    def __init__(self, steps: int, text: int) -> None:
        self.most_steps = self.steps = steps
        self.most_text = self.text = text

    def spend_text(self, count: int) -> None:
        """InertFault where the texts are too long together."""
        self.text -= count
        if self.text < 0:
            raise InertFault(f"it holds more than {self.most_text:,} bytes of text")


class Operands:
    """The part of a stream up to byte `end`, read forward. InertFault where less is left than is asked for."""

    def __init__(self, stream: BinaryIO, end: int, budget: Budget) -> None:
        self._stream, self._end, self._budget = stream, end, budget

    def code(self) -> bytes:
        """The next instruction."""
        return self._stream.read(1)

    def raw(self, length: int) -> bytes:
        """Some bytes."""
        content = self._stream.read(length)
        if len(content) != length:
            raise InertFault(_CUT)
        return content

    def whole(self, width: int) -> int:
        """A number without a sign, of `width` bytes."""
        return int.from_bytes(self.raw(width), "little")

    def signed(self) -> int:
        """A number of four bytes."""
        return int.from_bytes(self.raw(4), "little", signed=True)

    def long(self) -> int:
        """A number of as many bytes as the first one says."""
        return int.from_bytes(self.raw(self.whole(1)), "little", signed=True)

    def fraction(self) -> float:
        """A number of eight bytes, the highest first."""
        (value,) = struct.unpack(">d", self.raw(8))
        return float(value)

    def line(self) -> str:
        """The rest of a line."""
        return self._line(_LONGEST_LINE).decode("utf-8")

    def number_line(self) -> str:
        """A line with one number."""
        return self._line(_LONGEST_NUMBER).decode("ascii")

    def quoted(self) -> str:
        """A line with a byte string as Python 2 wrote it, in quotes and with escapes."""
        match = re.fullmatch(rb"(['\"])(.*)\1", self._line(self._budget.text).strip())
        if match is None:
            raise InertFault(_CUT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # unknown escapes
            return codecs.escape_decode(match[2])[0].decode("latin-1")

    def escaped(self) -> str:
        """A line of text whose other characters are escapes."""
        return self._line(self._budget.text).decode("raw-unicode-escape")

    def text(self, width: int) -> str:
        """A text behind its length."""
        length = self._length(width)
        self._budget.spend_text(length)
        return self.raw(length).decode("utf-8", "surrogatepass")

    def byte_string(self, width: int) -> str | Span:
        """A byte string behind its length."""
        length = self._length(width)
        if length <= _LONGEST_BYTES:
            return self.raw(length).decode("latin-1")
        span = Span(self._stream.tell(), length)
        self._stream.seek(length, 1)
        return span

    def _length(self, width: int) -> int:
        length = self.whole(width)
        if length > self._end - self._stream.tell():
            raise InertFault(_CUT)
        return length

    def _line(self, longest: int) -> bytes:
        line = self._stream.readline(longest + 2)
        self._budget.spend_text(len(line))
        if not line.endswith(b"\n"):
            raise InertFault(_CUT)
        return line[:-1]
