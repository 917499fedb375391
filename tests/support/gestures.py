"""What a person does to a widget: open its window, type into a field, choose a line."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu


def open_window(qtbot, widget):
    """Show a widget as the active window, so that its fields can have the focus."""
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


def right_click(widget, pos):
    """The press, and then what the system sends after it: the offscreen platform sends that only once."""
    QTest.mouseClick(widget, Qt.MouseButton.RightButton, pos=pos)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, pos, widget.mapToGlobal(pos))
    QApplication.sendEvent(widget, event)


def open_menu(qtbot):
    """The menu that has popped up, by the titles of its entries."""
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    return QApplication.activePopupWidget()


def entries(menu):
    """The actions of a menu and of its menus. What `QAction.menu()` gives would be deleted with its last name."""
    return [action for each in (menu, *menu.findChildren(QMenu)) for action in each.actions()]


def entry_of(menu, title):
    """The entry of a menu or of one of its menus, whatever key is written beside it."""
    return next((action for action in entries(menu) if action.text().partition("\t")[0] == title), None)


def choose_entry(qtbot, title):
    """Go down the open menu to an entry and press Enter."""
    menu = open_menu(qtbot)
    wanted = entry_of(menu, title)
    for _ in menu.actions():
        if menu.activeAction() is not wanted:
            QTest.keyClick(menu, Qt.Key.Key_Down)
    assert menu.activeAction() is wanted, title
    QTest.keyClick(menu, Qt.Key.Key_Return)


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
