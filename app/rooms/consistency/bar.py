"""The buttons of the consistency view: train, pause or continue; discard."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.plotting.pens_and_numbers import tabular
from app.rooms.consistency.actions import CONTINUE, DISCARD, DISCARD_TIP, PAUSE, START, TIP
from app.widgets.elided import ElidedLabel
from app.widgets.text import tooltip


class TrainingBar(QWidget):
    """Two buttons and one line beside them."""

    start_wanted = Signal()
    pause_wanted = Signal()
    discard_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._running = False
        self._button = QPushButton(CONTINUE, autoDefault=False)
        self._button.setToolTip(tooltip(START, f"{TIP}. Ctrl+F11"))
        self._button.setFixedWidth(self._button.sizeHint().width() + 8)  # for each of its words
        self._discard = QPushButton(DISCARD, autoDefault=False)
        self._discard.setToolTip(tooltip(DISCARD, DISCARD_TIP))
        self._button.clicked.connect(self._clicked)
        self._discard.clicked.connect(self.discard_wanted)
        self._line = ElidedLabel()
        self._line.setFont(tabular(self.font(), 0.92))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._button)
        row.addWidget(self._discard)
        row.addWidget(self._line, 1)

    def display(self, *, start: str, ready: bool, running: bool, begun: bool, words: str) -> None:
        """Show what the training is doing and what can be done."""
        self._running = running
        text = PAUSE if running else start
        if text != self._button.text():
            self._button.setText(text)
        self._button.setAccessibleName(text)
        self._button.setEnabled(ready or running)
        self._discard.setEnabled(begun)
        self._line.setText(words)

    def release(self) -> None:
        """Let go of the buttons."""
        self._button.clicked.disconnect(self._clicked)
        self._discard.clicked.disconnect(self.discard_wanted)

    def _clicked(self) -> None:
        (self.pause_wanted if self._running else self.start_wanted).emit()
