"""The card that offers what can be done with the recipe of a picture. It lies over the window and waits for nobody."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.plotting.pens_and_numbers import tabular
from app.widgets.text import PlainLabel, blend, tooltip

WAYS: tuple[tuple[str, str, str], ...] = (  # name, title, tip
    ("everything", "Restore everything", "Open its data and network, compute its run again, and show what it shows."),
    ("sampler", "Only the sampler", "Take over its solver and schedule; data, network and noise stay."),
    ("lane", "Add as a lane", "Add its sampler to those that are compared."),
    ("away", "Put away", "Change nothing (Esc)."),
)
MARGIN, TOP = 12, 48  # pixels inside, and under the top of the window
WIDTH = 560


class RecipeCard(QWidget):
    """A sentence and a button for each way. Esc puts it away, and the focus returns to where it was."""

    chosen = Signal(str)

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.hide()
        self.setAccessibleName("Recipe of a picture")
        self._window = window
        self._before: QWidget | None = None
        self.title, self.about = PlainLabel(), PlainLabel(wordWrap=True)
        self.title.setFont(tabular(self.font(), bold=True))
        self.about.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        for name, title, tip in WAYS:
            button = self.buttons[name] = QPushButton(title, autoDefault=True)
            button.setAccessibleName(title)
            button.setToolTip(tooltip(title, tip))
            button.clicked.connect(lambda _checked=False, name=name: self._choose(name))
            row.addWidget(button)
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
        self.buttons["everything"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose(self, name: str) -> None:
        self.leave()
        if name != "away":
            self.chosen.emit(name)

    def leave(self) -> None:
        """Hide, and give the focus back to where it was."""
        before, focus = self._before, QApplication.focusWidget()
        if focus is not None and self.isAncestorOf(focus) and before is not None and isValid(before):
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()

    def event(self, event: QEvent) -> bool:
        """Esc is this card's before it is a shortcut of the window."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self.leave()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go from button to button."""
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        elif (self.focusNextChild if step > 0 else self.focusPreviousChild)():
            event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, roles = self.palette(), QPalette.ColorRole
        with QPainter(self) as painter:
            painter.setBrush(colors.color(roles.Window))
            painter.setPen(blend(colors, roles.WindowText, roles.Window, 0.5))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
