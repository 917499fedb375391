"""Checks that what a pickle described is a bounded tree of plain values, so that later code may walk through it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from geomodel.inert.values import ArrayRecord, InertFault, Instance, Span, Storage, Tensor, TypeRecord, Value

_DEEPEST = 200  # a module takes four levels, and modules of real networks lie about ten deep
_LEAVES = (type(None), bool, int, float, str, Span, Storage, Tensor, TypeRecord)


def check_depth(value: Any) -> Value:
    """The value. InertFault where it is nested too deep, contains itself, or contains something else than values.

    Parts that occur in several places are looked at once.
    """
    heights: dict[int, int] = {}  # of the parts that are done, by their identity
    entered: set[int] = set()
    waiting = [value]
    while waiting:
        part = waiting[-1]
        inside = [child for child in _children(part) if type(child) not in _LEAVES]
        if id(part) not in entered:
            entered.add(id(part))
            for child in inside:
                if id(child) not in heights:
                    if id(child) in entered:
                        raise InertFault("it holds a value that contains itself")
                    waiting.append(child)
        else:
            waiting.pop()
            heights[id(part)] = 1 + max((heights[id(child)] for child in inside), default=0)
            if heights[id(part)] > _DEEPEST:
                raise InertFault(f"it holds values nested more than {_DEEPEST} deep")
    found: Value = value
    return found


def _children(part: Any) -> Iterable[Any]:
    if isinstance(part, dict):
        return part.values()
    if isinstance(part, list | tuple):
        return part
    if isinstance(part, Instance):
        return (part.state,)
    if isinstance(part, ArrayRecord):
        return (part.shape, part.dtype, part.fortran, part.content)
    if isinstance(part, _LEAVES):
        return ()
    raise InertFault(f"it holds {str(part)[:80]!r} where a value is expected")
