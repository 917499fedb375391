"""The numbers of the four densities: one row each, which also is their legend."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QWidget

from app.plotting.headings import Entry
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.tilt.messages import TiltRow
from app.rooms.tilt.text import HELP, KINDS, kl_text, reward_text
from app.widgets.text import PlainLabel, tooltip
from geomodel.number_text import percent

COLUMNS = (("reward", "mean r", "0.00 ± 0.00"), ("kl", "KL", "≥ 0.00"), ("largest", "share", "100 %"))
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Table(QWidget):
    """Mean reward, KL and largest share of the control, the exact tilt, its samples and the plug-in."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._names = [Entry(density.kind, density.name, theme) for density in KINDS]
        self._cells = [[PlainLabel(alignment=RIGHT) for _ in COLUMNS] for _ in KINDS]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(1)
        font = tabular(self.font())
        for column, (name, title, widest) in enumerate(COLUMNS, 1):
            heading = PlainLabel(title, alignment=RIGHT)
            heading.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            heading.setToolTip(tooltip(title, HELP[name]))
            grid.addWidget(heading, 0, column)
            grid.setColumnMinimumWidth(column, heading.fontMetrics().horizontalAdvance(widest))
        for at, (density, entry, cells) in enumerate(zip(KINDS, self._names, self._cells, strict=True), 1):
            entry.setToolTip(tooltip(density.name, density.help))
            grid.addWidget(entry, at, 0)
            for column, cell in enumerate(cells, 1):
                cell.setFont(font)
                cell.setAccessibleName(f"{density.name}, {COLUMNS[column - 1][1]}")
                grid.addWidget(cell, at, column)
        grid.setColumnStretch(0, 1)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of the samples of the curves."""
        for entry in self._names:
            entry.set_theme(theme)

    def display(self, rows: tuple[TiltRow, ...]) -> None:
        """Show the numbers; dashes where there are none."""
        for at, (density, cells) in enumerate(zip(KINDS, self._cells, strict=True)):
            texts = ("–", "–", "–")
            if rows:
                row = rows[at]
                texts = (reward_text(row), kl_text(row, density), percent(float(row.shares.max())))
            for cell, text in zip(cells, texts, strict=True):
                cell.setText(text)
