"""The clocks of all families as knots on one σ axis, with Euler's errors beside them."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.long_lines import draw_lines, uprights
from app.plotting.pens_and_numbers import hue, tabular
from app.plotting.sigma_axis import labels
from app.plotting.theme import Theme
from app.rooms.families.pictures import ClockRow
from app.rooms.families.text import COLUMNS
from geomodel.arrays import Array
from geomodel.number_text import fixed

GAP = 10.0  # pixels between the columns
LEAST = 120.0  # pixels of the knots beside names and numbers; with less, they stand on a line of their own
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
        self._placed: dict[tuple[str, float, float], Array] = {}  # knots, by row and ends
        self.setAccessibleName("Clocks over σ")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.update()

    def show_rows(self, rows: tuple[ClockRow, ...], levels: Array, sigma: float) -> None:
        """Show the rows over the axis of levels, with the playhead at σ."""
        if rows is not self._rows or levels is not self._levels:
            self._placed.clear()
        self._rows, self._levels, self._sigma = rows, levels, sigma
        self._fit()
        self.update()

    # ------------------------------------------------------------ places

    @property
    def _fonts(self) -> tuple[QFont, QFont]:
        return tabular(self.font(), 0.92), tabular(self.font(), 0.92, bold=True)

    @property
    def _line(self) -> float:
        return round(1.35 * self.fontMetrics().height())

    @property
    def _known(self) -> bool:
        return any(math.isfinite(row.own) for row in self._rows)

    def _layout(self) -> tuple[float, float, float, int]:
        """Where the knots begin and end, the width of a column, and how many lines a row has."""
        plain, bold = (QFontMetricsF(font) for font in self._fonts)
        names = max((bold.horizontalAdvance(row.title) for row in self._rows), default=0.0)
        column = plain.horizontalAdvance("0.0000")
        left = names + GAP + HALF
        right = self.width() - HALF - GAP - (len(COLUMNS) * (column + GAP) if self._known else 0.0)
        if right - left >= LEAST or not self._known:
            return left, right, column, 1
        return HALF, self.width() - HALF - GAP, column, 2

    def _fit(self) -> None:
        height = self.sizeHint().height()
        if self.height() != height or self.minimumHeight() != height:
            self.setFixedHeight(height)

    def sizeHint(self) -> QSize:
        return QSize(320, round(self._line * (self._layout()[3] * len(self._rows) + 2)))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def row_rect(self, at: int) -> QRectF:
        """Where a row stands; the heading is above row 0."""
        high = self._layout()[3] * self._line
        return QRectF(0, self._line + at * high, self.width(), high)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        here = (row.name for at, row in enumerate(self._rows) if self.row_rect(at).contains(event.position()))
        name = next(here, "")
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()  # the view opens its menu on the right button
        elif name:
            self.picked.emit(name)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        plain, bold = self._fonts
        left, right, column, _ = self._layout()
        with QPainter(self) as painter:
            painter.setFont(plain)
            painter.setPen(QColor(self._theme.muted))
            if self._known:
                self._paint_numbers(painter, 0.0, COLUMNS, column)
            for at, row in enumerate(self._rows):
                painter.setFont(bold if row.picked else plain)
                painter.setPen(QColor(self._theme.text))
                rect = self.row_rect(at)
                painter.drawText(QRectF(rect.topLeft(), QSizeF(rect.width(), self._line)), LEFT, row.title)
                if math.isfinite(row.own):
                    texts = tuple(fixed(value, 2) for value in (row.own, row.same, row.run))
                    self._paint_numbers(painter, rect.top(), texts, column)
                self._paint_knots(painter, row, rect.bottom() - self._line / 2, left, right)
            painter.setFont(plain)
            self._paint_axis(painter, left, right)

    def _paint_numbers(self, painter: QPainter, top: float, texts: tuple[str, ...], column: float) -> None:
        for at, text in enumerate(reversed(texts)):
            x = self.width() - column - at * (column + GAP)
            painter.drawText(QRectF(x - GAP, top, column + GAP, self._line), RIGHT, text)

    def _places(self, sigmas: Array, left: float, right: float) -> Array:
        top, bottom = math.log(self._levels[0]), math.log(self._levels[-1])
        return left + (right - left) * (top - np.log(sigmas)) / (top - bottom)

    def _paint_knots(self, painter: QPainter, row: ClockRow, y: float, left: float, right: float) -> None:
        places = self._knots(row, left, right)
        shade = hue("runs.3" if row.picked else "reference", self._theme)
        painter.setPen(QPen(QColor(self._theme.line), 1.0))
        painter.drawLine(QPointF(places[0], y), QPointF(places[-1], y))
        painter.setPen(QPen(shade, 2.0 if row.picked else 1.0))
        draw_lines(painter, uprights(places, y, HALF))

    def _knots(self, row: ClockRow, left: float, right: float) -> Array:
        """Where a row has knots. Of those that share a pixel, the first stands for all."""
        of = (row.name, left, right)
        if of not in self._placed:
            places = self._places(row.sigmas, left, right)
            apart = np.diff(np.round(places), prepend=np.nan) != 0
            apart[-1] = True
            self._placed[of] = places[apart]
        return self._placed[of]

    def _paint_axis(self, painter: QPainter, left: float, right: float) -> None:
        foot = QRectF(0, self.row_rect(len(self._rows)).top(), self.width(), self._line)
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
