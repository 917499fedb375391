"""Looks at every widget of a window that is shown: is its text whole, is it inside, does it lie on its neighbour."""

from __future__ import annotations

from itertools import combinations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QLabel, QLayout, QMainWindow, QToolButton, QWidget
from superqt import QElidingLabel

from app.shell.welcome import Card
from app.widgets.elided import ElidedLabel

ROOM = 8  # pixels of a button beside its text, at the least


def faults(window: QMainWindow) -> list[str]:
    """What is cut, covered or outside, in words; nothing where all is well."""
    parts = window.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    found = [f"The window has {text}" for text in _overlaps([p for p in parts if not p.visibleRegion().isEmpty()])]
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.window() is window and not widget.visibleRegion().isEmpty():
            found += [f"{_name(widget)} {fault}" for fault in (*_text(widget), *_place(widget), *_neighbours(widget))]
    return found


def _name(widget: QWidget) -> str:
    text = getattr(widget, "text", None)
    own = (text() if callable(text) else "") or widget.accessibleName() or widget.objectName()
    around = widget.parentWidget()
    return f"{type(widget).__name__} {own!r:.50} in {type(around).__name__}"


def _text(widget: QWidget):
    if isinstance(widget, QLabel) and not isinstance(widget, ElidedLabel | QElidingLabel) and widget.text():
        needed = widget.heightForWidth(widget.width()) if widget.wordWrap() else widget.sizeHint().height()
        if needed > widget.height():
            yield f"is {widget.height()} high and needs {needed}"
        if not widget.wordWrap() and widget.sizeHint().width() > widget.width():
            yield f"is {widget.width()} wide and needs {widget.sizeHint().width()}"
    elif isinstance(widget, QAbstractButton) and widget.text() and not _is_icon(widget):
        needed = widget.fontMetrics().horizontalAdvance(widget.text().replace("&", "")) + ROOM
        if needed > widget.width():
            yield f"is {widget.width()} wide and needs {needed}"


def _is_icon(button: QAbstractButton) -> bool:
    return isinstance(button, QToolButton) and button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly


def _place(widget: QWidget):
    """Inside its parent; of what scrolls, across alone."""
    around = widget.parentWidget()
    inside = around.rect()
    area = around.parentWidget()
    place = widget.geometry()
    if isinstance(area, QAbstractScrollArea) and area.viewport() is around:
        place = QRect(place.left(), 0, place.width(), 1)
    if not inside.contains(place):
        yield f"stands at {place.getRect()} outside of {inside.getRect()}"


def _neighbours(widget: QWidget):
    """The widgets of one layout do not lie on each other, nor do the parts of the window."""
    layout = widget.layout()
    shown = [] if layout is None else [part for part in _laid_out(layout) if part.isVisible()]
    shown = [part for part in shown if not isinstance(part, Card)]  # it lies over the picture
    yield from (f"has {text}" for text in _overlaps(shown))


def _overlaps(widgets: list[QWidget]):
    for one, other in combinations(widgets, 2):
        if one.isVisible() and other.isVisible() and one.geometry().intersects(other.geometry()):
            yield f"{_name(one)} on {_name(other)}"


def _laid_out(layout: QLayout):
    for at in range(layout.count()):
        item = layout.itemAt(at)
        if widget := item.widget():
            yield widget
        elif inner := item.layout():
            yield from _laid_out(inner)
