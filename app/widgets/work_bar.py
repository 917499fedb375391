"""The button that starts long work and cancels it, with how much of it is done."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.plotting.pens_and_numbers import tabular
from app.widgets.elided import ElidedLabel
from app.widgets.text import tooltip


class WorkBar(QWidget):
    """One button and one line beside it. Other controls of the work can stand between them."""

    start_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(self, title: str, tip: str) -> None:
        super().__init__()
        self._title, self._running = title, False
        self._button = QPushButton(title, autoDefault=False)
        self._button.setToolTip(tooltip(title, tip))
        self._button.setMinimumWidth(self._button.sizeHint().width() + 16)  # for either word
        self._button.clicked.connect(self._clicked)
        self._line = ElidedLabel()
        self._line.setFont(tabular(self.font(), 0.92))
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        self.row.addWidget(self._button)
        self.row.addWidget(self._line, 1)

    def add(self, widget: QWidget) -> None:
        """A control of the work, before the line."""
        self.row.insertWidget(self.row.count() - 1, widget)

    def display(self, *, enabled: bool, running: bool, words: str) -> None:
        """Show whether the work can start or runs, and a few words about it."""
        self._running = running
        text = "Cancel" if running else self._title
        if text != self._button.text():
            self._button.setText(text)
        self._button.setAccessibleName(text)
        self._button.setEnabled(enabled or running)
        self._line.setText(words)

    def release(self) -> None:
        """Let go of the button."""
        self._button.clicked.disconnect(self._clicked)

    def _clicked(self) -> None:
        (self.cancel_wanted if self._running else self.start_wanted).emit()
