"""Items of layouts that Qt deletes, and what comes into their places."""

from __future__ import annotations

import gc

import pytest
import shiboken6
from pyqtgraph.Qt import compat
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLayout,
    QLayoutItem,
    QPushButton,
    QSpacerItem,
    QVBoxLayout,
    QWidget,
    QWidgetItem,
)
from superqt import QFlowLayout

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


def test_a_layout_that_is_added_leaves_no_items_in_python(qtbot):
    """Nor after its widget has gone, when another object may come to the item's address."""
    wrapping.install()
    page = QWidget()
    qtbot.addWidget(page)
    column, row = QVBoxLayout(page), QHBoxLayout()
    row.addWidget(QPushButton())
    row.addStretch(1)
    plain = QVBoxLayout.addLayout.__wrapped__
    plain(column, row)
    assert kinds(column) == {QWidgetItem, QSpacerItem}  # the control: without the change PySide makes them
    other = QHBoxLayout()
    other.addWidget(QPushButton())
    column.addLayout(other)
    assert not any(shiboken6.isValid(item) for item in items(column))
    assert column.count() == 2
    assert other.count() == 1


def test_a_flow_layout_is_added_before_it_is_filled(qtbot):
    """It is written in Python and needs its items, so that the outer layout must not come to know them."""
    wrapping.install()
    page = QWidget()
    qtbot.addWidget(page)
    column, row, flow = QVBoxLayout(page), QHBoxLayout(), QFlowLayout()
    column.addLayout(flow)
    flow.addWidget(QPushButton())
    assert items(column) == []
    assert shiboken6.isValid(flow.itemAt(0))
    filled = QFlowLayout()
    filled.addWidget(QPushButton())
    with pytest.raises(ValueError, match="Fill a flow layout after it was added"):
        column.addLayout(filled)
    assert column.count() == 1
    empty = QFlowLayout()
    row.addLayout(empty)
    empty.addWidget(QPushButton())
    with pytest.raises(ValueError, match="Fill a flow layout"):
        column.addLayout(row)


def items(layout):
    return [
        each for each in gc.get_referents(layout) if isinstance(each, QLayoutItem) and not isinstance(each, QLayout)
    ]


def kinds(layout):
    return {type(each) for each in items(layout) if shiboken6.isValid(each)}
