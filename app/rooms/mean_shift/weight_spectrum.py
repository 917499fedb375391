"""Plots the posterior weights in descending order on logarithmic axes, to show how many data make up D*."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.pens_and_numbers import curve_pen, tabular
from app.plotting.theme import Theme
from geomodel.arrays import Array
from geomodel.number_text import power_of_ten

SMALLEST = -12.0  # decades; smaller weights have no visible part in D* either


class WeightSpectrum(QWidget):
    """A curve from the heaviest point to the lightest, and a line where the effective neighbours end."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ranks, self._weights, self._effective = np.ones(0), np.ones(0), math.nan
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Weights in descending order")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_spectrum(self, ranks: Array, weights: Array, effective: float) -> None:
        """Set ranks from 1 to the number of data, their weights, and the effective neighbours."""
        self._ranks, self._weights, self._effective = ranks, weights, effective
        above = int(np.searchsorted(-weights, -1e-3))
        count = int(ranks[above - 1]) if above else 0
        self.setAccessibleDescription(f"{count:,} of {int(ranks[-1]):,} weigh more than a thousandth")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(232, 148)

    def set_enlarged(self, enlarged: bool) -> None:
        """Whether it fills whatever height it is given."""
        down = QSizePolicy.Policy.Expanding if enlarged else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Expanding, down)

    def point(self, rank: float, weight: float) -> QPointF:
        """Where a rank and a weight stand."""
        area, decades, depth = self._area(), max(math.log10(self._ranks[-1]), 1e-9), self._depth()
        down = math.log10(max(weight, 10**SMALLEST)) / depth
        return QPointF(area.left() + area.width() * math.log10(rank) / decades, area.top() + area.height() * down)

    def _depth(self) -> float:
        """The lowest decade in view, negative."""
        least = math.log10(max(float(self._weights[-1]), 10**SMALLEST))
        return float(min(math.floor(least), -1))

    def _area(self) -> QRectF:
        metrics = QFontMetricsF(tabular(self.font(), 0.85))
        left, below = metrics.horizontalAdvance("10⁻¹² "), 2.5 * metrics.height()
        return QRectF(self.rect()).adjusted(left, 1.5 * metrics.height(), -left / 3, -below)

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self._ranks) < 2:
            return
        with QPainter(self) as painter:
            painter.setFont(tabular(self.font(), 0.85))
            self._paint_axes(painter)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(curve_pen("optimal", self._theme, 2.0 * self.devicePixelRatioF()))
            shown = [self.point(*pair) for pair in zip(self._ranks.tolist(), self._weights.tolist(), strict=True)]
            painter.drawPolyline(QPolygonF(shown))
            if 1 <= self._effective <= self._ranks[-1]:
                at = self.point(self._effective, 1.0)
                painter.setPen(QPen(QColor(self._theme.muted), 1, Qt.PenStyle.DotLine))
                painter.drawLine(at, QPointF(at.x(), self._area().bottom()))

    def _paint_axes(self, painter: QPainter) -> None:
        area, depth, high = self._area(), self._depth(), painter.fontMetrics().height()
        every = max(1, math.ceil(-depth * 1.4 * high / max(area.height(), 1)))
        for decade in range(0, int(-depth) + 1, every):
            y = self.point(1, 10.0**-decade).y()
            painter.setPen(QColor(self._theme.line))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(self._theme.muted))
            room = QRectF(0, y - high / 2, area.left() - 4, high)
            painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, power_of_ten(-decade))
        for decade in range(int(math.log10(self._ranks[-1])) + 1):
            x = self.point(10.0**decade, 1.0).x()
            room = QRectF(x - 24, area.bottom() + 2, 48, high)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, power_of_ten(decade))
        painter.setPen(QColor(self._theme.text))
        painter.drawText(QRectF(0, 0, self.width(), high), Qt.AlignmentFlag.AlignLeft, "posterior weight wᵢ")
        room = QRectF(area.left(), area.bottom() + 2 + high, area.width(), high)
        painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, "rank of the data point (dotted: effective neighbours)")
