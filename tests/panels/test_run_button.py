"""The Run button says that the settings have changed, and stays as wide as it is."""

from __future__ import annotations

from gestures import open_window
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest

from app.panels.run_button import RunButton


def test_it_says_what_has_changed_without_moving(qtbot):
    pressed = []
    action = QAction("Run")
    action.setShortcut("F5")
    action.triggered.connect(lambda: pressed.append(True))
    button = open_window(qtbot, RunButton(action))
    width = button.width()
    assert button.text() == "Run  F5"
    button.set_changes("steps 18 → 30")
    assert button.text() == "Run  F5 · changed"
    assert "steps 18 → 30" in button.toolTip()
    assert button.accessibleName() == "Run, settings changed"
    assert button.width() == width
    assert button.fontMetrics().horizontalAdvance(button.text()) < width
    action.setEnabled(False)  # what the action tells is shown beside it
    assert button.text() == "Run  F5 · changed"
    action.setEnabled(True)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert pressed == [True]
    button.set_changes("")
    assert button.text() == "Run  F5"
    assert button.width() == width
    assert button.isDefault()
