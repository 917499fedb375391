"""The card that offers what can be done with the recipe of a picture. It lies over the window and waits for nobody."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.plotting.pens_and_numbers import tabular
from app.widgets.elided import ElidedLabel
from app.widgets.overlay import Overlay
from app.widgets.text import PlainLabel, tooltip

WAYS: tuple[tuple[str, str, str], ...] = (  # name, title, tip
    ("everything", "Restore everything", "Open its data and network, compute its run again, and show what it shows."),
    ("sampler", "Only the sampler", "Take over its solver and schedule; data, network and noise stay."),
    ("lane", "Add as a lane", "Add its sampler to those that are compared."),
    ("away", "Put away", "Change nothing (Esc)."),
)
MARGIN, TOP = 12, 48  # pixels inside, and under the top of the window
WIDTH = 560


class RecipeCard(Overlay):
    """A sentence and a button for each way. Esc puts it away, and the focus returns to where it was."""

    chosen = Signal(str)

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.hide()
        self.setAccessibleName("Recipe of a picture")
        self._window = window
        self._before: QWidget | None = None
        self.title, self.about = ElidedLabel(Qt.TextElideMode.ElideMiddle), PlainLabel(wordWrap=True)
        self.title.setFont(tabular(self.font(), bold=True))
        self.about.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        for name, title, tip in WAYS:
            button = self.buttons[name] = QPushButton(title, autoDefault=False)
            button.setAccessibleName(title)
            button.setToolTip(tooltip(title, tip))
            button.installEventFilter(self)
            button.clicked.connect(lambda _checked=False, name=name: self._choose(name))
            row.addWidget(button)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._focus_moved)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.about)
        column.addLayout(row)

    def offer(self, title: str, about: str) -> None:
        """Show the card, with the focus on its first button."""
        self.title.setText(title)
        self.about.setText(about)
        self.setAccessibleDescription(f"{title}. {about}")
        if self.isHidden():
            self._before = QApplication.focusWidget()
        window = self._window
        width = min(max(WIDTH, self.sizeHint().width()), window.width() - 2 * MARGIN)
        self.resize(width, max(self.heightForWidth(width), self.sizeHint().height()))
        self.move((window.width() - width) // 2, TOP)
        self.show()
        self.raise_()
        window.activateWindow()
        self.buttons["everything"].setFocus(Qt.FocusReason.TabFocusReason)

    def _choose(self, name: str) -> None:
        self.leave()
        if name != "away":
            self.chosen.emit(name)

    def release(self) -> None:
        """Stop following the focus, because the window closes."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.disconnect(self._focus_moved)

    def leave(self) -> None:
        """Hide, and give the focus back to where it was."""
        before, focus = self._before, QApplication.focusWidget()
        if focus is not None and self.isAncestorOf(focus) and before is not None and isValid(before):
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys on the buttons are this card's before they are shortcuts of the window."""
        if not isinstance(event, QKeyEvent) or event.key() not in OWN or not isinstance(watched, QPushButton):
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            self._press(watched, Qt.Key(event.key()))
        return True

    def _press(self, button: QPushButton, key: Qt.Key) -> None:
        if key == Qt.Key.Key_Escape:
            self.leave()
        elif key in STEPS:
            buttons = list(self.buttons.values())
            buttons[(buttons.index(button) + STEPS[key]) % len(buttons)].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            button.click()

    def _focus_moved(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Whoever goes on with the window has put the card away. Another program or a dialog leaves it there."""
        if now is not None and now.window() is self._window and not self.isAncestorOf(now):
            self.hide()


STEPS = {Qt.Key.Key_Right: 1, Qt.Key.Key_Tab: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Backtab: -1}
OWN = (*STEPS, Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
