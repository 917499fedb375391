"""What a person does to a widget: open its window, type into a field, choose a line."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication


def open_window(qtbot, widget):
    """Show a widget as the active window, so that its fields can have the focus."""
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


def type_into(field, text, end=Qt.Key.Key_Return):
    """Replace a field's text with keys, and end with one."""
    field.setFocus()
    field.editor.selectAll()
    QTest.keyClicks(field.editor, text)
    if end is not None:
        QTest.keyClick(field.editor, end)


def paste_into(field, text, end=Qt.Key.Key_Return):
    """Replace a field's text with one from the clipboard, which may be any, and end with a key."""
    QApplication.clipboard().setText(text)
    field.setFocus()
    field.editor.selectAll()
    QTest.keyClick(field.editor, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    if end is not None:
        QTest.keyClick(field.editor, end)


def choose(field, value):
    """Choose a line by its value; neighbours in the table do not matter."""
    row = [choice.value for choice in field.choices].index(value)
    field.editor.setCurrentIndex(row)
    field.editor.activated.emit(row)
