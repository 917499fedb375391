"""Makes NumPy's arrays and numbers from their records, after every claim has been checked."""

from __future__ import annotations

import math
from typing import Any, BinaryIO

import numpy as np

from geomodel.arrays import Array
from geomodel.inert.values import ArrayRecord, InertFault, Span, TypeRecord, Value

LARGEST_SIDE = 2**40  # in a shape, because products of longer numbers take for ever
_MOST_AXES = 8
# The codes of dtypes that are read. "B" and "uint8" come from old pickles.
_CODES = {
    "u1": "u1",
    "B": "u1",
    "uint8": "u1",
    **{code: code for code in ("b1", "i1", "i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")},
}


def array(record: Value, stream: BinaryIO | None = None) -> Array:
    """The array that a record describes; `stream` is the file, needed where the numbers were left there.

    InertFault unless it is an array of numbers, as many as its shape needs.
    """
    if not isinstance(record, ArrayRecord):
        raise InertFault("it holds something else than an array")
    dtype, shape, content = _dtype(record.dtype), record.shape, record.content
    if not isinstance(shape, tuple) or len(shape) > _MOST_AXES:
        raise InertFault("it holds an array without a proper shape")
    if not all(type(side) is int and 0 < side < LARGEST_SIDE for side in shape):
        raise InertFault("it holds an array without a proper shape")
    sides: tuple[Any, ...] = shape
    if not isinstance(content, str | Span) or math.prod(sides) * dtype.itemsize != _length(content):
        raise InertFault("it holds an array whose bytes are not as many as its shape asks for")
    flat = np.frombuffer(_bytes(content, stream), dtype)
    return flat.reshape(sides, order="F" if record.fortran is True else "C")


def scalar(kind: Value, content: Value) -> int | float | bool:
    """The number of a NumPy scalar."""
    dtype = _dtype(kind)
    if not isinstance(content, str) or len(content) != dtype.itemsize:
        raise InertFault("it holds a number of NumPy's whose bytes do not fit its type")
    value: int | float | bool = np.frombuffer(_bytes(content, None), dtype)[0].item()
    return value


def _dtype(record: Value) -> np.dtype[Any]:
    if not isinstance(record, TypeRecord) or record.code not in _CODES:
        raise InertFault("it holds an array of another type than numbers")
    if record.order not in ("|", "<", "="):
        raise InertFault("it holds an array whose bytes are in another order than on this computer")
    return np.dtype(_CODES[record.code]).newbyteorder("<")


def _length(content: str | Span) -> int:
    return content.length if isinstance(content, Span) else len(content)


def _bytes(content: str | Span, stream: BinaryIO | None) -> bytes:
    if isinstance(content, Span):
        if stream is None:
            raise InertFault("it holds a long array where a short one is expected")
        stream.seek(content.place)
        return stream.read(content.length)
    try:
        return content.encode("latin-1")
    except UnicodeEncodeError as error:
        raise InertFault("it holds an array of characters that are not bytes") from error
