"""The numbers beside the drawing as a grid: one row a number, one column an owner."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from app.plotting.pens_and_numbers import tabular
from app.rooms.space.pictures import OWNERS, SpacePicture
from app.widgets.text import PlainLabel, tooltip

MOST_COLUMNS = len(OWNERS) - 1  # a pinned run has its numbers when it is selected
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Numbers(QWidget):
    """Shows the rows of a picture. Its labels are made once, so that new numbers move nothing."""

    figure_part = "numbers"  # what a figure can leave out

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.setAccessibleName("Numbers of the common shape")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(2)
        self._heads = [PlainLabel(alignment=RIGHT) for _ in range(MOST_COLUMNS)]
        self._titles = [PlainLabel() for _ in range(rows)]
        self._values = [[PlainLabel(alignment=RIGHT) for _ in range(MOST_COLUMNS)] for _ in range(rows)]
        for column, head in enumerate(self._heads, 1):
            head.setFont(tabular(self.font(), 0.92, bold=True))
            self._grid.addWidget(head, 0, column)
        for row, (title, values) in enumerate(zip(self._titles, self._values, strict=True), 1):
            title.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            for column, label in enumerate((title, *values)):
                label.setFont(tabular(self.font(), 0.92))
                self._grid.addWidget(label, row, column)
        self._grid.setColumnStretch(MOST_COLUMNS + 1, 1)

    def display(self, picture: SpacePicture) -> None:
        """Show the numbers."""
        for column, head in enumerate(self._heads):
            head.setText(OWNERS[picture.owners[column]] if column < len(picture.owners) else "")
        for title, values, row in zip(self._titles, self._values, picture.rows, strict=False):
            title.setText(row.title)
            tip = tooltip(row.title, row.tip)
            for label in (title, *values):
                label.setToolTip(tip)
            for column, label in enumerate(values):
                label.setText(row.values[column] if column < len(row.values) else "")
        self.setAccessibleDescription("; ".join(f"{row.title}: {', '.join(row.values)}" for row in picture.rows))
