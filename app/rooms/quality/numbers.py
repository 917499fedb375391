"""The numbers of the picked jump beside those of the whole run and of the control."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QWidget

from app.plotting.headings import Entry
from app.plotting.pens_and_numbers import Kind, tabular
from app.plotting.theme import Theme
from app.rooms.quality.text import TITLES, Line
from app.widgets.text import PlainLabel, tooltip
from geomodel.number_text import fixed
from geomodel.quality import QUALITIES

KINDS: tuple[Kind, ...] = ("denoising", "sampling", "reference")  # of the rows
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Numbers(QWidget):
    """A small table: one row for each kind of run, one column for each number."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._names = [Entry(kind, "", theme) for kind in KINDS]
        self._cells = [[PlainLabel(alignment=RIGHT) for _ in QUALITIES] for _ in KINDS]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for column, row in enumerate(QUALITIES, 1):
            heading = PlainLabel(TITLES[row.name].removesuffix(" distance"), alignment=RIGHT)
            heading.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            heading.setToolTip(tooltip(f"{row.title} ({row.unit})" if row.unit else row.title, row.formula))
            grid.addWidget(heading, 0, column)
            grid.setColumnMinimumWidth(column, heading.fontMetrics().horizontalAdvance("0.0000"))
        for at, (name, cells) in enumerate(zip(self._names, self._cells, strict=True), 1):
            grid.addWidget(name, at, 0)
            for column, cell in enumerate(cells, 1):
                cell.setFont(tabular(self.font()))
                grid.addWidget(cell, at, column)
        grid.setColumnStretch(0, 1)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of the samples of the curves."""
        for name in self._names:
            name.set_theme(theme)

    def display(self, lines: tuple[Line, ...]) -> None:
        """Show the numbers of each row."""
        for (short, whose, found), name, cells in zip(lines, self._names, self._cells, strict=True):
            name.set_label(short)
            name.setToolTip(whose)
            for row, cell in zip(QUALITIES, cells, strict=True):
                cell.setText(fixed(getattr(found, row.name), 3))
                cell.setAccessibleName(f"{whose}, {TITLES[row.name]}")
