"""The numbers of the four densities: one row each, which also is their legend."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QGridLayout, QWidget

from app.plotting.bundles import draw_symbol
from app.plotting.pens_and_numbers import hue, tabular
from app.plotting.theme import Theme
from app.rooms.tilt.messages import TiltRow
from app.rooms.tilt.text import HELP, KINDS, Density, kl_text, reward_text
from app.widgets.text import PlainLabel, tooltip
from geomodel.number_text import percent

COLUMNS = (("reward", "mean r", "0.00 ± 0.00"), ("kl", "KL", "≥ 0.00"), ("largest", "share", "100 %"))
SYMBOL = 18  # pixels for a symbol
SMALLER = 0.92  # of the font, so that the table fits a narrow column
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Name(QWidget):
    """The symbol of a density as the plane draws it, and its name. The exact tilt is a larger ring, its outline."""

    def __init__(self, density: Density, theme: Theme) -> None:
        super().__init__()
        self._density, self._theme = density, theme
        self.setFont(tabular(self.font(), SMALLER))
        self.setAccessibleName(density.name)
        self.setToolTip(tooltip(density.name, density.help))

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(SYMBOL + metrics.horizontalAdvance(self._density.name) + 2, round(1.25 * metrics.height()))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        color, ring = hue(self._density.kind, self._theme), self._density.symbol == "ring"
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(QColor(self._theme.base) if ring else color)
            outlined = self._density.kind == "optimal"
            pen = QPen(color, 1.6) if ring else QPen(Qt.PenStyle.NoPen)
            at = QPointF(SYMBOL / 2 - 3, self.height() / 2)
            draw_symbol(painter, self._density.symbol, at, 11.0 if outlined else 7.0, pen)
            painter.setPen(QColor(self._theme.text))
            left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(self.rect().adjusted(SYMBOL, 0, 0, 0), left, self._density.name)


class Table(QWidget):
    """Mean reward, KL and largest share of the control, the exact tilt, its samples and the plug-in."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._names = [Name(density, theme) for density in KINDS]
        self._cells = [[PlainLabel(alignment=RIGHT) for _ in COLUMNS] for _ in KINDS]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        font = tabular(self.font(), SMALLER)
        for column, (name, title, widest) in enumerate(COLUMNS, 1):
            heading = PlainLabel(title, alignment=RIGHT)
            heading.setFont(font)
            heading.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            heading.setToolTip(tooltip(title, HELP[name]))
            grid.addWidget(heading, 0, column)
            grid.setColumnMinimumWidth(column, heading.fontMetrics().horizontalAdvance(widest))
        for at, (density, entry, cells) in enumerate(zip(KINDS, self._names, self._cells, strict=True), 1):
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
