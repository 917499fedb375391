"""Keeps an error inside an override from ending the process.

Qt calls an override often out of a call from Python: `show()` calls `showEvent`, `grab()` calls `paintEvent`. An error
there should reach the caller. Two faults of PySide 6.10 make a segmentation fault of it.

- While an error is under way, each override that PySide looks for loses a reference: one for every new widget or
  drawing item. A function without references is destroyed although its class still has it. So a thousand references
  are held for each.
- Under Python 3.11, PySide reads an error of C code, for an index out of range, for `int("x")` or for an object that Qt
  has deleted, before Python has made an object of it. An error that was caught and raised again is an object.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from types import FunctionType

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QGraphicsItem

ENDING = "Event"  # of the names of nearly all overrides; the others are listed
OTHERS: tuple[str, ...] = ("event", "eventFilter", "paint", "boundingRect", "shape", "itemChange", "highlightBlock")
OTHERS += ("sizeHint", "minimumSizeHint", "hasHeightForWidth", "heightForWidth", "minimumSize", "setGeometry")
OTHERS += ("count", "addItem", "itemAt", "takeAt", "paintSection", "sectionSizeFromContents", "initStyleOption")
OTHERS += ("data", "setData", "setModelData", "createEditor", "updateEditorGeometry", "rowCount", "columnCount")
OTHERS += ("headerData", "flags", "index", "parent", "validate", "fixup", "stepBy", "stepEnabled")
RAISES_NO_OBJECTS = sys.version_info < (3, 12)
HELD = 1000  # references
_seen: set[type[object]] = set()  # a window is built in turns, and each room asks for its classes
_held: dict[Callable[..., object], list[Callable[..., object]]] = {}


def guard() -> None:
    """Guard the overrides of every class that has been defined so far."""
    for kind in _subclasses(QObject, QGraphicsItem):
        if kind not in _seen and not kind.__module__.startswith("PySide6"):
            for name, override in list(vars(kind).items()):
                overrides = name.endswith(ENDING) or name in OTHERS
                if overrides and isinstance(override, FunctionType) and override not in _held:
                    guarded = _raising_objects(override) if RAISES_NO_OBJECTS else override
                    _held[guarded] = [guarded] * HELD
                    setattr(kind, name, guarded)
        _seen.add(kind)


def _subclasses(*kinds: type[object]) -> Iterator[type[object]]:
    left = [*kinds]
    while left:
        below: list[type[object]] = left.pop().__subclasses__()
        left += below
        yield from below


def _raising_objects(override: Callable[..., object]) -> Callable[..., object]:
    @wraps(override)
    def guarded(*args: object, **kwargs: object) -> object:
        try:
            return override(*args, **kwargs)
        except BaseException:  # whatever it is: it is raised again
            raise

    return guarded
