"""The foot of the form: the button that runs it, with the time and size that the run will take."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.panels.run_button import RunButton
from app.widgets.elided import ElidedLabel


class RunBar(QWidget):
    """Always in sight, however long the form above it is."""

    def __init__(self, run: QAction) -> None:
        super().__init__()
        self._estimate = ElidedLabel()
        self._estimate.setAccessibleName("Time and size of the run")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        self._run = RunButton(run)
        row.addWidget(self._run)
        row.addWidget(self._estimate, 1)

    def set_estimate(self, text: str) -> None:
        """Time and size of the run."""
        self._estimate.setText(text)

    def set_changes(self, words: str) -> None:
        """Say at the button what Run would change; empty: nothing."""
        self._run.set_changes(words)
