"""The list of runs, driven with keys and clicks as a person would."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gestures import open_window
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeWidget

from app.panels.runs import PINNED, RunRow, RunsPanel
from app.plotting.theme import DARK

Key = Qt.Key


@pytest.fixture
def runs(qtbot):
    panel = open_window(qtbot, RunsPanel(DARK))
    panel.resize(300, 200)
    panel.set_runs(_rows())
    return panel


def _rows(**changes):
    first = RunRow(id=7, name="Heun 18 · two moons", status="complete", color="#0072b2", pinned=True)
    second = RunRow(id=9, name="Euler 36 · rings", status="computing 7/36", selected=True)
    return (first, replace(second, **changes))


def _recorded(panel):
    found = []
    for name in ("run_selected", "pin_toggled", "remove_wanted"):
        getattr(panel, name).connect(lambda *values, name=name: found.append((name, *values)))
    return found


def test_the_list_shows_the_runs(runs):
    tree = runs.findChild(QTreeWidget)
    assert [tree.topLevelItem(i).text(0) for i in range(2)] == ["Heun 18 · two moons", "Euler 36 · rings"]
    assert tree.currentItem() is tree.topLevelItem(1)
    assert [tree.topLevelItem(i).checkState(PINNED) is Qt.CheckState.Checked for i in (0, 1)] == [True, False]
    assert tree.accessibleName() == "Runs"
    assert not runs._empty.isVisible()
    runs.set_runs(())
    assert runs._empty.isVisible()
    assert not tree.isVisible()


def test_setting_runs_tells_nothing_and_keeps_the_items(runs):
    found = _recorded(runs)
    tree = runs.findChild(QTreeWidget)
    item = tree.topLevelItem(1)
    runs.set_runs(_rows(status="complete", pinned=True))
    assert tree.topLevelItem(1) is item
    assert item.checkState(PINNED) is Qt.CheckState.Checked
    runs.set_runs((_rows()[0],))
    runs.set_runs(_rows(selected=False))
    assert found == []


def test_clicks_and_keys_ask_for_what_they_mean(runs, qtbot):
    found = _recorded(runs)
    tree = runs.findChild(QTreeWidget)
    viewport, first, second = tree.viewport(), tree.topLevelItem(0), tree.topLevelItem(1)
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=tree.visualItemRect(first).center())
    assert found == [("run_selected", 7)]
    box = tree.visualRect(tree.indexFromItem(second, PINNED))
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(box.left() + 10, box.center().y()))
    assert found[1:] == [("pin_toggled", 9, True)]  # a tick does not select
    QTest.keyClick(tree, Key.Key_Down)
    QTest.keyClick(tree, Key.Key_Delete)
    assert found[2:] == [("run_selected", 9), ("remove_wanted", 9)]


def test_the_menu_does_by_keyboard_what_the_ticks_do(runs, qtbot):
    found = _recorded(runs)
    tree = runs.findChild(QTreeWidget)
    tree.setFocus()
    for downs, wanted in ((1, ("pin_toggled", 9, True)), (2, ("remove_wanted", 9))):
        QApplication.sendEvent(tree, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), QPoint(5, 5)))
        qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
        menu = QApplication.activePopupWidget()
        for _ in range(downs):
            QTest.keyClick(menu, Key.Key_Down)
        QTest.keyClick(menu, Key.Key_Return)
        assert found[-1] == wanted
