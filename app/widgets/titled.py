"""A plot under its title."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.widgets.text import PlainLabel, tooltip


class Title(PlainLabel):
    """One bold line that names a plot."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setFont(tabular(self.font(), bold=True))
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setAccessibleName(text)


class Titled(QWidget):
    """A title over a plot, both with one tooltip."""

    def __init__(self, text: str, help_text: str, body: QWidget) -> None:
        super().__init__()
        self.title = Title(text)
        for widget in (self.title, body):
            widget.setToolTip(tooltip(text, help_text))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(body, 1)
