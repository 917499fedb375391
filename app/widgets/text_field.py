"""A field for a line of text. While it has the focus, letters are typed into it and are no keys of the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPaintEvent
from PySide6.QtWidgets import QLineEdit

from app.widgets.form import Field
from app.widgets.text import outline_widget
from geomodel.settings import Limits

UNDO, REDO = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo


class _Line(QLineEdit):
    """Enter and Esc reach the window too, which takes the focus. Undo is the window's while nothing was typed."""

    dismissed = Signal()

    def event(self, event: QEvent) -> bool:
        asks = event.type() == QEvent.Type.ShortcutOverride
        if asks and not self.isModified() and _undoes(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismissed.emit()
            event.ignore()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        outline_widget(self, self.rect())


def _undoes(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and (event.matches(UNDO) or event.matches(REDO))


class TextField(Field):
    """A text that is taken over when it is complete: with Enter, or when the focus goes elsewhere."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._line = _Line()
        super().__init__(name, limits, self._line)
        self._value = ""
        self._line.editingFinished.connect(self.commit)
        self._line.dismissed.connect(self._show_value)

    def set_placeholder(self, text: str) -> None:
        """Set the text that stands in the empty line."""
        self._line.setPlaceholderText(text)

    def commit(self) -> bool:
        self._line.setModified(False)
        self._tell(self._line.text().strip())
        return True

    def _show_value(self) -> None:
        self._line.setText(self._value)
