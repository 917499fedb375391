"""The clocks of all families as knots on one σ axis, with Euler's errors beside them."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.pens_and_numbers import hue, tabular
from app.plotting.sigma_axis import labels
from app.plotting.theme import Theme
from app.rooms.families.pictures import ClockRow
from app.rooms.families.text import COLUMNS
from geomodel.arrays import Array
from geomodel.number_text import fixed

GAP = 10.0  # pixels between the columns
HALF = 5.0  # pixels of a knot above and below its line
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class Clocks(QWidget):
    """One line a family, and one for the levels of the run. A click on a line picks its family."""

    picked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[ClockRow, ...] = ()
        self._levels: Array = np.array([1.0, 0.1])
        self._sigma = 0.0  # at the playhead
        self.setAccessibleName("Clocks over σ")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.update()

    def show_rows(self, rows: tuple[ClockRow, ...], levels: Array, sigma: float) -> None:
        """Show the rows over the axis of levels, with the playhead at σ."""
        if len(rows) != len(self._rows):
            self.updateGeometry()
        self._rows, self._levels, self._sigma = rows, levels, sigma
        self.update()

    @property
    def _line(self) -> float:
        return round(1.35 * self.fontMetrics().height())

    def sizeHint(self) -> QSize:
        return QSize(320, round(self._line * (len(self._rows) + 2)))

    def row_rect(self, at: int) -> QRectF:
        """Where a row stands; the heading is above row 0."""
        return QRectF(0, self._line * (at + 1), self.width(), self._line)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = int(event.position().y() // self._line) - 1
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()  # the view opens its menu on the right button
        elif 0 <= at < len(self._rows) and self._rows[at].name:
            self.picked.emit(self._rows[at].name)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        plain, bold = tabular(self.font(), 0.92), tabular(self.font(), 0.92, bold=True)
        names = max(QFontMetricsF(bold).horizontalAdvance(row.title) for row in self._rows)
        column = QFontMetricsF(plain).horizontalAdvance("0.0000")
        known = any(math.isfinite(row.own) for row in self._rows)
        numbers = len(COLUMNS) * (column + GAP) if known else 0.0
        left, right = names + GAP + HALF, self.width() - numbers - HALF - GAP
        with QPainter(self) as painter:
            painter.setFont(plain)
            painter.setPen(QColor(self._theme.muted))
            if known:
                self._paint_numbers(painter, 0, COLUMNS, column)
            for at, row in enumerate(self._rows):
                painter.setFont(bold if row.picked else plain)
                painter.setPen(QColor(self._theme.text))
                rect = self.row_rect(at)
                painter.drawText(rect, LEFT, row.title)
                if math.isfinite(row.own):
                    texts = tuple(fixed(value, 2) for value in (row.own, row.same, row.run))
                    self._paint_numbers(painter, at + 1, texts, column)
                self._paint_knots(painter, row, rect.center().y(), left, right)
            painter.setFont(plain)
            self._paint_axis(painter, left, right)

    def _paint_numbers(self, painter: QPainter, line: int, texts: tuple[str, ...], column: float) -> None:
        for at, text in enumerate(reversed(texts)):
            x = self.width() - column - at * (column + GAP)
            painter.drawText(QRectF(x - GAP, line * self._line, column + GAP, self._line), RIGHT, text)

    def _places(self, sigmas: Array, left: float, right: float) -> Array:
        top, bottom = math.log(self._levels[0]), math.log(self._levels[-1])
        return left + (right - left) * (top - np.log(sigmas)) / (top - bottom)

    def _paint_knots(self, painter: QPainter, row: ClockRow, y: float, left: float, right: float) -> None:
        places = self._places(row.sigmas, left, right)
        shade = hue("runs.3" if row.picked else "reference", self._theme)
        painter.setPen(QPen(QColor(self._theme.line), 1.0))
        painter.drawLine(QPointF(places[0], y), QPointF(places[-1], y))
        painter.setPen(QPen(shade, 2.0 if row.picked else 1.0))
        for x in places.tolist():
            painter.drawLine(QPointF(x, y - HALF), QPointF(x, y + HALF))

    def _paint_axis(self, painter: QPainter, left: float, right: float) -> None:
        foot = self.row_rect(len(self._rows))
        metrics = painter.fontMetrics()
        tops = -np.log10(self._levels)
        per_unit = (right - left) / float(tops[-1] - tops[0])
        painter.setPen(QColor(self._theme.muted))
        for place, text in labels(self._levels, "log", lambda text: float(metrics.horizontalAdvance(text)), per_unit):
            x, width = left + (place - float(tops[0])) * per_unit, metrics.horizontalAdvance(text)
            painter.drawText(QRectF(x - width / 2, foot.top(), width + 1, foot.height()), LEFT, text)
        if self._levels[-1] <= self._sigma <= self._levels[0]:
            x = float(self._places(np.array([self._sigma]), left, right)[0])
            painter.setPen(QPen(QColor(self._theme.accent), 1.0))
            painter.drawLine(QPointF(x, self._line), QPointF(x, foot.top()))
