"""Lets pyqtgraph wrap its own memory, where PySide takes it for something that Qt has deleted."""

from __future__ import annotations

from typing import TypeVar

import shiboken6
from pyqtgraph.Qt import compat

Kind = TypeVar("Kind")


def wrapped(address: int, kind: type[Kind]) -> Kind:
    """The object of this kind at an address.

    PySide remembers where the items of a layout were, also after Qt has deleted them. If an array of pyqtgraph gets
    such a place, `wrapInstance` answers with the old item, and a plot could not paint its points.
    """
    found = shiboken6.wrapInstance(address, kind)
    if not isinstance(found, kind):
        shiboken6.invalidate(found)  # then its place is free
        found = shiboken6.wrapInstance(address, kind)
    assert isinstance(found, kind)
    return found


def install() -> None:
    """Let pyqtgraph wrap in this way. It may be called again."""
    compat.wrapinstance = wrapped
