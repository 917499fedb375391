"""Which control a key belongs to."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QComboBox


class KeyKeeper(QObject):
    """Leaves Space and the arrows to the control that has the focus where it uses them itself."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt asks here whether a key is a shortcut or belongs to the control."""
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(watched, QAbstractButton | QComboBox):
            return False
        assert isinstance(event, QKeyEvent)
        arrows = (Qt.Key.Key_Up, Qt.Key.Key_Down) if isinstance(watched, QComboBox) else ()
        if event.key() not in (Qt.Key.Key_Space, *arrows):
            return False
        event.accept()
        return True
