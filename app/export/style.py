"""What a figure leaves out: its ground, its heading, its legend, the numbers beside its plots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QGraphicsView, QWidget

from app.plotting.headings import Header

Part = Literal["title", "legend", "numbers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a figure differs from the view. `without` names parts of it that are left out."""

    transparent: bool = False
    without: frozenset[Part] = frozenset()


PLAIN = Style()


def parts(view: Any) -> frozenset[Part]:
    """The parts that a view has, and that a figure of it can leave out."""
    found = {part for widget in _all(view) if (part := _part(widget)) is not None}
    if getattr(view.picture, "title", ""):
        found.add("title")
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
        if _part(widget) not in style.without:
            continue
        if isinstance(widget, Header):
            widget.set_values(())  # it has the title too
        else:
            widget.hide()
    if style.transparent:
        for widget in _all(view):
            widget.setAutoFillBackground(False)
            if isinstance(widget, QGraphicsView):
                widget.setBackgroundBrush(QBrush(Qt.BrushStyle.NoBrush))
                widget.viewport().setAutoFillBackground(False)


def _part(widget: QWidget) -> Part | None:
    """Which part of a figure a widget is, as its class says."""
    return getattr(widget, "figure_part", None)


def _all(view: QWidget) -> Iterable[QWidget]:
    return (view, *view.findChildren(QWidget))
