"""The foot of the form: the button that runs it, with the time and size that the run will take."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.widgets.elided import ElidedLabel
from app.widgets.form import ActionButton


class RunBar(QWidget):
    """Always in sight, however long the form above it is."""

    def __init__(self, run: QAction) -> None:
        super().__init__()
        self._estimate = ElidedLabel()
        self._estimate.setAccessibleName("Time and size of the run")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(ActionButton(run, primary=True))
        row.addWidget(self._estimate, 1)

    def set_estimate(self, text: str) -> None:
        """Time and size of the run."""
        self._estimate.setText(text)
