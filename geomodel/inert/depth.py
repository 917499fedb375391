"""Checks that what a pickle described is a bounded tree of plain values, so that later code may walk through it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from geomodel.inert.values import ArrayRecord, InertFault, Instance, Span, Storage, Tensor, TypeRecord, Value

_DEEPEST = 200  # a module takes four levels, and modules of real networks lie about ten deep
_LEAVES = frozenset((type(None), bool, int, float, str, Span, Storage, Tensor, TypeRecord))


def check_depth(value: Any) -> Value:
    """The value. InertFault where it is nested too deep, contains itself, or contains something else than values.

    Parts that occur in several places are looked at once.
    """
    heights: dict[int, int] = {}  # of the parts that are done, by their identity
    entered: set[int] = set()
    waiting = [value]
    while waiting:
        part = waiting[-1]
        if id(part) in heights:
            waiting.pop()
            continue
        inside = [child for child in _children(part) if type(child) not in _LEAVES]
        if inside and id(part) not in entered:
            entered.add(id(part))
            for child in inside:
                if id(child) in entered and id(child) not in heights:
                    raise InertFault("it holds a value that contains itself")
            waiting += inside
        else:
            waiting.pop()
            heights[id(part)] = 1 + max((heights[id(child)] for child in inside), default=0)
            if heights[id(part)] > _DEEPEST:
                raise InertFault(f"it holds values nested more than {_DEEPEST} deep")
    found: Value = value
    return found


def _children(part: Any) -> Iterable[Any]:
    kind = type(part)
    if kind is dict:
        return part.values()  # type: ignore[no-any-return]
    if kind is list or kind is tuple:
        return part  # type: ignore[no-any-return]
    if kind is Instance:
        return (part.state,)
    if kind is ArrayRecord:
        return (part.shape, part.dtype, part.fortran, part.content)
    if kind in _LEAVES:
        return ()
    raise InertFault(f"it holds {str(part)[:80]!r} where a value is expected")
