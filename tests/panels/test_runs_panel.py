"""The list of runs, driven with keys and clicks as a person would."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gestures import choose_entry, entry_of, open_menu, open_window, right_click
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeWidget

from app.panels.runs import PINNED, RunRow, RunsPanel
from app.plotting.theme import DARK

Key = Qt.Key


@pytest.fixture
def runs(qtbot):
    panel = open_window(qtbot, RunsPanel(DARK, QAction("Save run…", parent=QApplication.instance())))
    panel.resize(300, 200)
    panel.set_runs(_rows())
    return panel


def _rows(**changes):
    first = RunRow(id=7, name="Heun 18 · two moons", status="complete", color="#0072b2", pinned=True)
    second = RunRow(id=9, name="Euler 36 · rings", status="computing 7/36", selected=True)
    return (first, replace(second, **changes))


def _recorded(panel):
    found = []
    for name in ("run_selected", "pin_toggled", "remove_wanted", "settings_wanted", "code_wanted"):
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


def test_a_key_takes_the_settings_of_the_run_over(runs):
    found = _recorded(runs)
    QTest.keyClick(runs.findChild(QTreeWidget), Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert found == [("settings_wanted", 9)]


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("Pin", ("pin_toggled", 9, True)),
        ("Use these settings", ("settings_wanted", 9)),
        ("Remove", ("remove_wanted", 9)),
    ],
)
def test_the_menu_by_keyboard_is_of_the_current_run(runs, qtbot, title, wanted):
    found = _recorded(runs)
    tree = runs.findChild(QTreeWidget)
    tree.setFocus()
    QApplication.sendEvent(tree, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), QPoint(5, 5)))
    assert not entry_of(open_menu(qtbot), "Select").isEnabled()  # it is selected
    choose_entry(qtbot, title)
    assert found == [wanted]


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("Select", ("run_selected", 7)),
        ("Pin", ("pin_toggled", 7, False)),
        ("Use these settings", ("settings_wanted", 7)),
        ("Copy as Python", ("code_wanted", 7, "python")),
        ("Copy as command line", ("code_wanted", 7, "command")),
        ("Remove", ("remove_wanted", 7)),
    ],
)
def test_a_right_click_opens_the_menu_of_the_run_under_it_and_selects_nothing(runs, qtbot, title, wanted):
    found = _recorded(runs)
    tree = runs.findChild(QTreeWidget)
    right_click(tree.viewport(), tree.visualItemRect(tree.topLevelItem(0)).center())
    assert entry_of(open_menu(qtbot), "Pin").isChecked()
    assert tree.currentItem() is tree.topLevelItem(1)
    assert found == []
    choose_entry(qtbot, title)
    assert found == [wanted]


def test_a_run_without_code_says_why(runs, qtbot):
    runs.set_runs(_rows(no_code="The run is not finished yet."))
    tree = runs.findChild(QTreeWidget)
    right_click(tree.viewport(), tree.visualItemRect(tree.topLevelItem(1)).center())
    menu = open_menu(qtbot)
    for title in ("Copy as Python", "Copy as command line"):
        entry = entry_of(menu, title)
        assert (entry.isEnabled(), entry.toolTip()) == (False, "The run is not finished yet.")
    assert menu.toolTipsVisible()
    menu.close()


def test_to_save_a_run_is_to_select_it_first(runs, qtbot):
    found = _recorded(runs)
    runs._save.triggered.connect(lambda: found.append("saved"))
    tree = runs.findChild(QTreeWidget)
    right_click(tree.viewport(), tree.visualItemRect(tree.topLevelItem(0)).center())
    choose_entry(qtbot, "Save run…")
    assert found == [("run_selected", 7), "saved"]


def test_beside_the_runs_there_is_no_menu(runs, qtbot):
    viewport = runs.findChild(QTreeWidget).viewport()
    right_click(viewport, QPoint(20, viewport.height() - 5))
    QApplication.processEvents()
    assert QApplication.activePopupWidget() is None
