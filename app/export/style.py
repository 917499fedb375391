"""What a figure leaves out: its ground, its heading, its legend, the numbers beside its plots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QGraphicsView, QWidget

from app.plotting.headings import Entry, Header
from app.plotting.legend import Legend
from app.rooms.space.table import Numbers

Part = Literal["title", "legend", "numbers"]
LEGENDS, NUMBERS = (Legend, Entry), (Header, Numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a figure differs from the view. `without` names parts of it that are left out."""

    transparent: bool = False
    without: frozenset[Part] = frozenset()


PLAIN = Style()


def parts(view: Any) -> frozenset[Part]:
    """The parts that a view has, and that a figure of it can leave out."""
    found: set[Part] = set()
    if getattr(view.picture, "title", ""):
        found.add("title")
    if any(isinstance(widget, LEGENDS) for widget in _all(view)):
        found.add("legend")
    if any(isinstance(widget, NUMBERS) for widget in _all(view)):
        found.add("numbers")
    return frozenset(found)


def styled(picture: Any, style: Style) -> Any:
    """The picture that the figure shows."""
    if "title" not in style.without or not is_dataclass(picture) or not hasattr(picture, "title"):
        return picture
    blank = {name: "" for name in ("title", "caption") if hasattr(picture, name)}
    return replace(picture, **blank)  # type: ignore[type-var]


def apply(view: QWidget, style: Style) -> None:
    """Take from a view that shows its picture what the figure leaves out."""
    for widget in _all(view):
        if "numbers" in style.without and isinstance(widget, Header):
            widget.set_values(())
        elif ("legend" in style.without and isinstance(widget, LEGENDS)) or (
            "numbers" in style.without and isinstance(widget, Numbers)
        ):
            widget.hide()
    if style.transparent:
        for widget in _all(view):
            widget.setAutoFillBackground(False)
            if isinstance(widget, QGraphicsView):
                widget.setBackgroundBrush(QBrush(Qt.BrushStyle.NoBrush))
                widget.viewport().setAutoFillBackground(False)


def _all(view: QWidget) -> Iterable[QWidget]:
    return (view, *view.findChildren(QWidget))
