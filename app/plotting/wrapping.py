"""Keeps PySide's memory of layout items apart from what Qt puts into their places.

`layout.addLayout(inner)` makes Python objects for the items of the inner layout, and the outer layout keeps them. When
Qt deletes such an item, because its widget moves or goes, PySide goes on believing that the item is there. Whatever
comes to its address is then taken for the item: an array of pyqtgraph, whose points cannot be painted, or a widget,
whose end crashes the program. So these objects are let go of as soon as they are made.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import shiboken6
from pyqtgraph.Qt import compat
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QLayout, QSpacerItem, QWidgetItem
from superqt import QFlowLayout

Kind = TypeVar("Kind")
ADDING = ((QBoxLayout, "addLayout"), (QBoxLayout, "insertLayout"), (QGridLayout, "addLayout"))


def wrapped(address: int, kind: type[Kind]) -> Kind:
    """The object of this kind at an address, whatever PySide believes to be there."""
    found = shiboken6.wrapInstance(address, kind)
    if not isinstance(found, kind):
        shiboken6.invalidate(found)  # then its place is free
        found = shiboken6.wrapInstance(address, kind)
    assert isinstance(found, kind)
    return found


def forgetting(add: Callable[..., Any]) -> Callable[..., Any]:
    """A method that adds a layout to a layout, which does not remember the items of it.

    Raises:
        ValueError: if a flow layout in it has items, which it needs because it is written in Python.
    """

    @wraps(add, assigned=("__name__", "__qualname__"))  # PySide would compose a help text where it is asked for one
    def added(layout: QLayout, *arguments: Any, **named: Any) -> Any:
        inner = next(each for each in (*arguments, *named.values()) if isinstance(each, QLayout))
        flows = (*inner.findChildren(QFlowLayout), inner)
        if any(isinstance(flow, QFlowLayout) and flow.count() for flow in flows):
            raise ValueError("Fill a flow layout after it was added: PySide would keep its items for good.")
        found = add(layout, *arguments, **named)
        for child in gc.get_referents(layout):
            if type(child) in (QWidgetItem, QSpacerItem):
                shiboken6.invalidate(child)
        return found

    return added


def install() -> None:
    """Let PySide and pyqtgraph work in this way. It may be called again."""
    if compat.wrapinstance is not wrapped:
        compat.wrapinstance = wrapped
        for kind, name in ADDING:
            setattr(kind, name, forgetting(getattr(kind, name)))
