"""Paints curves on two axes whose ends are fixed, so that nothing jumps while a slider moves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.pens_and_numbers import SYMBOLS, Kind, curve_pen, hue, tabular
from app.plotting.theme import Theme
from geomodel.arrays import Array

Right, Centre = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignHCenter
PREFERRED, LEAST = (320, 170), 150  # pixels
EVERY = 4  # points between two symbols of a curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """From where to where an axis goes, with the values that have labels."""

    title: str
    low: float
    high: float
    labels: tuple[float, ...]
    log: bool = False

    @property
    def ends(self) -> Array:
        """Both of them, (2,)."""
        return np.array([self.low, self.high])

    def part(self, values: Array) -> Array:
        """Where values stand, 0 at the low end and 1 at the high one."""
        if self.log:
            with np.errstate(divide="ignore"):
                return np.asarray(np.log(values / self.low) / math.log(self.high / self.low))
        return np.asarray((values - self.low) / (self.high - self.low))

    def value(self, part: float) -> float:
        """The value at a place."""
        part = min(max(part, 0.0), 1.0)
        return self.low * (self.high / self.low) ** part if self.log else self.low + part * (self.high - self.low)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One curve."""

    kind: Kind
    x: Array
    y: Array


class Plot(QWidget):
    """Curves, and a line across at the place of the slider. A click or a drag picks another place."""

    picked = Signal(float, float)

    def __init__(self, theme: Theme, name: str, across: Axis, up: Axis) -> None:
        super().__init__()
        self._theme, self.across, self.up = theme, across, up
        self.lines: tuple[Line, ...] = ()
        self.at: float | None = None
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.update()

    def show_lines(self, lines: tuple[Line, ...], at: float | None = None) -> None:
        """Show these curves, and the place of the slider."""
        self.lines, self.at = lines, at
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 0)

    # ------------------------------------------------------------ places

    def area(self) -> QRectF:
        """Where the curves stand."""
        metrics = QFontMetricsF(tabular(self.font(), 0.85))
        left = max(metrics.horizontalAdvance(_label(value)) for value in self.up.labels) + 8
        right = metrics.horizontalAdvance(_label(self.across.labels[-1])) / 2 + 4
        return QRectF(self.rect()).adjusted(left, metrics.height() / 2 + 2, -right, -2.3 * metrics.height() - 4)

    def places(self, x: Array, y: Array) -> Array:
        """Pixels of points, (n, 2)."""
        area = self.area()
        across, down = self.across.part(np.asarray(x, float)), 1 - self.up.part(np.asarray(y, float))
        far = np.clip(np.stack([across, down], axis=-1), -9, 9)  # Qt's integers end somewhere
        return np.asarray(far * (area.width(), area.height()) + (area.left(), area.top()))

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setFont(tabular(self.font(), 0.85))
            self.paint_ground(painter)
            self._paint_axes(painter)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setClipRect(self.area().adjusted(-1, -1, 1, 1))
            for line in self.lines:
                self._paint_line(painter, line)
            self.paint_place(painter)

    def paint_ground(self, painter: QPainter) -> None:
        """What stands behind everything."""

    def paint_place(self, painter: QPainter) -> None:
        """The place of the slider, with a ring on each curve."""
        if self.at is None:
            return
        area = self.area()
        x = self.places(np.array([self.at]), np.array([self.up.high]))[0, 0]
        painter.setPen(QPen(QColor(self._theme.accent), 1.0))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setPen(QPen(QColor(self._theme.accent), 1.5))
        painter.setBrush(QColor(self._theme.base))
        for line in self.lines:
            near = int(np.abs(self.across.part(line.x) - self.across.part(np.array([self.at]))).argmin())
            if line.kind != "reference":
                painter.drawEllipse(QPointF(*self.places(line.x[near], line.y[near]).tolist()), 3.5, 3.5)

    def _paint_line(self, painter: QPainter, line: Line) -> None:
        pixels = self.places(line.x, line.y)
        pen = curve_pen(line.kind, self._theme, 2.0)
        pen.setCosmetic(False)  # its width follows the painter's scale
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF([QPointF(*place) for place in pixels.tolist()]))
        symbol = SYMBOLS.get(line.kind)
        if symbol is None or len(pixels) > 100:
            return
        brush = QBrush(hue(line.kind, self._theme))
        for place in pixels[::EVERY].tolist():
            painter.save()
            painter.translate(QPointF(*place))
            drawSymbol(painter, symbol, 6.0, QPen(Qt.PenStyle.NoPen), brush)
            painter.restore()

    def _paint_axes(self, painter: QPainter) -> None:
        area, high = self.area(), painter.fontMetrics().height()
        for value in self.up.labels:
            y = self.places(np.array([self.across.low]), np.array([value]))[0, 1]
            painter.setPen(QColor(self._theme.line))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(QRectF(0, y - high / 2, area.left() - 6, high), Right, _label(value))
        for value in self.across.labels:
            x = self.places(np.array([value]), np.array([self.up.low]))[0, 0]
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            painter.drawText(QRectF(x - 40, area.bottom() + 3, 80, high), Centre, _label(value))
        painter.setPen(QColor(self._theme.text))
        painter.drawText(QRectF(area.left(), area.bottom() + 3 + high, area.width(), high), Centre, self.across.title)

    # ------------------------------------------------------------ picking

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()  # the view opens its menu on the right button
            return
        self._pick(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._pick(event.position())

    def _pick(self, at: QPointF) -> None:
        area = self.area()
        across = (at.x() - area.left()) / max(area.width(), 1.0)
        up = (area.bottom() - at.y()) / max(area.height(), 1.0)
        self.picked.emit(self.across.value(across), self.up.value(up))


def _label(value: float) -> str:
    return f"{value:,g}".replace("-", "−")
