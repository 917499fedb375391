"""Puts a "?" on every view, which opens the page of that view."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QToolButton

from app.widgets.text import tooltip

FLOAT = "qt_dockwidget_floatbutton"  # Qt's name of the button beside which the "?" stands


class HelpButton(QToolButton):
    """A "?". It takes no focus, because Shift+F1 opens the page of the view that has it."""

    def __init__(self, title: str, show: Callable[[], object]) -> None:
        super().__init__(autoRaise=True)
        self.setText("?")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.clicked.connect(lambda _checked=False: show())
        self.name(title)

    def name(self, title: str) -> None:
        """Set the view that it is about."""
        self.setAccessibleName(f"Help on {title}")
        self.setToolTip(tooltip(f"Help on {title}", "What it shows, with formulas and sources (Shift+F1)."))


class TitleHelp(QObject):
    """Keeps a "?" in the title of a dock, left of Qt's own buttons."""

    def __init__(self, dock: QDockWidget, button: HelpButton) -> None:
        super().__init__(dock)
        button.setParent(dock)
        beside = dock.findChild(QAbstractButton, FLOAT)
        assert beside is not None
        self._button, self._beside = button, beside
        beside.installEventFilter(self)
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the button of Qt to its new place."""
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide):
            self._follow()
        return False

    def _follow(self) -> None:
        place = self._beside.geometry()
        self._button.setGeometry(place.translated(-place.width() - 2, 0))
        self._button.setVisible(not self._beside.isHidden())
