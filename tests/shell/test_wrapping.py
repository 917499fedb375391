"""Memory that Qt has given back and an array of pyqtgraph has got."""

from __future__ import annotations

import shiboken6
from pyqtgraph.Qt import compat
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget, QWidgetItem

from app.plotting import wrapping


def test_an_item_that_qt_has_deleted_does_not_hide_what_came_after_it(qtbot):
    """PySide goes on believing in the item of a layout; the control shows that it does."""
    page, button = QWidget(), QPushButton()
    qtbot.addWidget(page)
    layout = QVBoxLayout(page)
    layout.addWidget(button)
    item = layout.itemAt(0)
    (address,) = shiboken6.getCppPointer(item)
    button.setParent(None)  # Qt deletes the item
    assert layout.count() == 0
    assert isinstance(shiboken6.wrapInstance(address, QPainter.PixmapFragment), QWidgetItem)
    assert isinstance(wrapping.wrapped(address, QPainter.PixmapFragment), QPainter.PixmapFragment)
    button.deleteLater()


def test_pyqtgraph_wraps_in_this_way():
    wrapping.install()
    assert compat.wrapinstance is wrapping.wrapped
    array = PrimitiveArray(QPainter.PixmapFragment, 10)
    array.resize(3)
    assert isinstance(array.drawargs()[0], QPainter.PixmapFragment)
