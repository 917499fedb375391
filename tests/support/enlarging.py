"""Enlarging a plot as a person does: by the mouse and by keys on its title, there and back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

LEFT = Qt.MouseButton.LeftButton
EDGE = 40  # pixels of a view that margins and a scroll bar may take from its enlarged part


def title_of(view, name):
    """The title by which a part is enlarged; the part is what it stands in."""
    tab = Qt.FocusPolicy.TabFocus
    found = [w for w in view.findChildren(QWidget) if w.focusPolicy() == tab and w.accessibleName() == name]
    assert len(found) == 1, found
    return found[0]


def double_click(title):
    QTest.mouseDClick(title, LEFT, pos=title.rect().center())


def is_large(view, part):
    """Alone in the view, over all of its width and nearly all of its height."""
    if not part.isVisible():
        return False
    corner = part.mapTo(view, part.rect().topLeft())
    room = view.size() - part.size()
    return max(corner.x(), corner.y()) <= EDGE and max(room.width(), room.height()) <= EDGE


def assert_enlarges(qtbot, view, title):
    """Double click and Esc, Enter and Enter, Enter and Esc, double click and double click."""
    part = title.parentWidget()
    before = part.size()
    assert title.toolTip().removesuffix("</qt>").endswith("Double click or Enter: enlarge")
    assert title.accessibleName()
    assert title.focusPolicy() & Qt.FocusPolicy.TabFocus

    def enter():
        title.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(view.window().focusWidget(), Qt.Key.Key_Return)

    def escape():
        QTest.keyClick(view.window().focusWidget(), Qt.Key.Key_Escape)

    for there, back in ((double_click, escape), (enter, enter), (enter, escape), (double_click, double_click)):
        there(title) if there is double_click else there()
        qtbot.waitUntil(lambda: is_large(view, part))
        assert title.toolTip().removesuffix("</qt>").endswith("Esc: back")
        back(title) if back is double_click else back()
        qtbot.waitUntil(lambda: part.size() == before and part.isVisible())
