"""Keeps an error inside an override from ending the process.

Qt calls an override often out of a call from Python: `show()` calls `showEvent`, `grab()` calls `paintEvent`. If C code
raises an exception there, for an index out of range, for `int("x")` or for an object that Qt has deleted, PySide 6.10
under Python 3.11 reads the exception before Python has made an object of it. That is a segmentation fault. An
exception that was caught and raised again is an object, and PySide hands it to the caller.
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
AFFECTED = sys.version_info < (3, 12)
_DONE = "_raises_objects"


def guard() -> None:
    """Guard the overrides of every class that has been defined so far."""
    if not AFFECTED:
        return
    for kind in {*_subclasses(QObject), *_subclasses(QGraphicsItem)}:
        if not kind.__module__.startswith("PySide6"):
            for name, override in list(vars(kind).items()):
                overrides = name.endswith(ENDING) or name in OTHERS
                if overrides and isinstance(override, FunctionType) and not hasattr(override, _DONE):
                    setattr(kind, name, _raising_objects(override))


def _subclasses(kind: type[object]) -> Iterator[type[object]]:
    each: type[object]
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _raising_objects(override: Callable[..., object]) -> Callable[..., object]:
    @wraps(override)
    def guarded(*args: object, **kwargs: object) -> object:
        try:
            return override(*args, **kwargs)
        except BaseException:  # whatever it is: it is raised again
            raise

    setattr(guarded, _DONE, True)
    return guarded
