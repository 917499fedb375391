"""Enlarged plots in the real window: whose Esc is, where the focus goes, what Tab reaches."""

from __future__ import annotations

import pytest
from enlarging import double_click, is_large, title_of
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from real_window import closed, opened

from app.shell.tab_order import reading_order
from app.widgets.measure_cell import Cell

Key = Qt.Key


@pytest.fixture
def window(qtbot):
    window = opened(qtbot)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window
    closed(window)


def press(key):
    QTest.keyClick(QApplication.focusWidget(), key)


def clicked_level(window, cell, share):
    """The level that a click at this share of the plot's width leads to."""
    viewport = cell.chart.viewport()
    place = QPoint(round(share * viewport.width()), viewport.height() // 2)
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    return window.state.selection.index


def test_an_enlarged_plot_in_the_window(window, qtbot):
    view = window.views.measures
    qtbot.waitUntil(lambda: len(view.findChildren(Cell)) == len(view.visible_measures))
    cell, plane = view.findChildren(Cell)[0], window.views.plane

    double_click(cell.header)
    qtbot.waitUntil(lambda: is_large(view, cell))
    assert view.isAncestorOf(QApplication.focusWidget())
    press(Key.Key_Right)  # time goes on by the keys of the window
    assert is_large(view, cell)
    assert clicked_level(window, cell, 0.3) != clicked_level(window, cell, 0.7)
    press(Key.Key_Escape)  # a click in the plot has left the keyboard there
    qtbot.waitUntil(lambda: not is_large(view, cell))
    qtbot.waitUntil(lambda: QApplication.focusWidget() is plane)  # nothing was working with the keyboard

    cell.header.setFocus(Qt.FocusReason.TabFocusReason)
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: is_large(view, cell))
    assert QApplication.focusWidget() is cell.header
    stops = list(reading_order(window))
    assert cell.header in stops
    assert not [other for other in view.findChildren(Cell) if other is not cell and other.header in stops]

    field = window.panels.sampler.fields["steps"]
    field.setFocus(Qt.FocusReason.TabFocusReason)
    press(Key.Key_Escape)  # it is the field's
    assert is_large(view, cell)
    assert window.focusWidget() is plane
    cell.header.setFocus(Qt.FocusReason.TabFocusReason)
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: not is_large(view, cell))
    assert QApplication.focusWidget() is cell.header


def test_the_main_view_keeps_the_keyboard_while_a_part_of_it_is_enlarged(window, qtbot):
    window.layout_of_docks.switch("solvers")
    window.rooms.compare.add_current()
    view = window.views.compare
    part = view.chart.parentWidget()
    qtbot.waitUntil(part.isVisible)
    double_click(title_of(view, "Error"))
    qtbot.waitUntil(lambda: is_large(view, part))
    field = window.panels.sampler.fields["steps"]
    field.setFocus(Qt.FocusReason.TabFocusReason)
    press(Key.Key_Return)  # back to the main view
    press(Key.Key_Escape)
    qtbot.waitUntil(lambda: not is_large(view, part))
    qtbot.waitUntil(lambda: QApplication.focusWidget() is view)
