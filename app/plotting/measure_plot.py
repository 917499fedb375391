"""The plot of one measure: a band over the samples, the curves of the selected sample above it, and the playhead."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsPathItem, QWidget

from app.plotting.axes_plot import AxesPlot
from app.plotting.long_lines import LongLine
from app.plotting.pens_and_numbers import SYMBOLS, curve_pen, hue
from app.plotting.regions import Named, Regions
from app.plotting.sigma_axis import AXIS_TITLES, Scale, SigmaAxis, nearest, positions
from app.plotting.theme import Theme
from app.plotting.thinning import FEWEST, MOST, PRINTED, columns_of, enveloped, thinned
from app.plotting.tints import SHARE, Tints
from app.plotting.value_axis import ValueAxis
from app.plotting.values import Curve, Tint
from geomodel import measures
from geomodel.arrays import Array

LOG_DECADES = 1.5  # positive values that span more than this ratio get a logarithmic axis
NAMES = 0.2  # share of the height that is left for the names of regions
DOTTED_LEVELS = 64  # with more steps, their dots would merge into a bar
RIGHT = 20  # pixels beside the plot: half of the last label of the axis, such as 0.0029, lies there


def wants_log(values: Array) -> bool:
    """Whether finite values are all positive and span more than one and a half decades."""
    return bool(len(values) and values.min() > 0 and values.max() > values.min() * 10**LOG_DECADES)


def value_range(values: Array, log: bool) -> tuple[float, float]:
    """Axis limits around finite values. A linear axis starts at zero if zero is near, and never shows less than a
    twenty-fifth of the largest value, because its labels have few digits.
    """
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if not log and 0 < low < high / 3:
        low = 0.0
    margin = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    if not log:
        margin = max(margin, 0.02 * max(abs(low), abs(high)))
    return low - margin, high + margin


def band_path(x: Array, low: Array, high: Array, columns: int = MOST) -> QPainterPath:
    """The area between two curves, in one closed piece for each run of finite values."""
    path = QPainterPath()
    x, low, high, joined = enveloped(x, low, high, columns)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], joined))))
    for start, last in zip(edges[::2], edges[1::2], strict=True):
        piece = slice(start, last + 1)
        outline = np.concatenate((np.stack((x, high), 1)[piece], np.stack((x, low), 1)[piece][::-1]))
        path.addPolygon(QPolygonF([QPointF(*point) for point in outline.tolist()]))
        path.closeSubpath()
    return path


class _Layer:
    """The items of one curve: band, line, dots."""

    def __init__(self, box: pg.ViewBox) -> None:
        self.band = QGraphicsPathItem()
        self.band.setPen(QPen(Qt.PenStyle.NoPen))
        self.line = LongLine(antialias=True)
        self.dots = pg.ScatterPlotItem(pen=None, antialias=True)
        for depth, item in enumerate((self.band, self.line, self.dots)):
            item.setZValue(depth)
            box.addItem(item, ignoreBounds=True)

    def style(self, curve: Curve, theme: Theme, ratio: float) -> None:
        fill = hue(curve.kind, theme)
        self.dots.setBrush(QBrush(fill))
        self.line.setPen(curve_pen(curve.kind, theme, 2.0 * ratio))
        fill.setAlphaF(0.16)
        self.band.setBrush(QBrush(fill))

    def draw_band(self, x: Array, low: Array, high: Array, columns: int) -> None:
        self.band.setPath(band_path(x, low, high, columns))

    def draw_line(self, curve: Curve, x: Array, values: Array, columns: int) -> None:
        finite, (kept, joined) = np.isfinite(values), thinned(x, values, columns)
        self.line.setData(x[kept], np.where(finite, values, 0.0)[kept], connect=joined)
        dotted = finite & (len(x) <= DOTTED_LEVELS)
        symbol = SYMBOLS.get(curve.kind)
        self.dots.setVisible(symbol is not None)
        if symbol:
            self.dots.setData(x[dotted], values[dotted], symbol=symbol, size=5)

    def set_visible(self, visible: bool) -> None:
        for item in (self.band, self.line, self.dots):
            item.setVisible(visible)


class MeasureChart(AxesPlot):
    """Curves over the noise levels. A click or a drag picks the nearest level.

    The plot is kept as a pixmap without the playhead, because a cursor that moves in the scene would repaint every
    curve it crosses, eight plots at a time. A printed chart is painted from the scene, as vectors.
    """

    picked = Signal(int)

    def __init__(self, theme: Theme, font: QFont, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        self._bottom, self._left = SigmaAxis(theme, font), ValueAxis(theme, font)
        self._print, self._columns = print_mode, FEWEST  # before the first resize event, which comes at once
        self._curves: tuple[Curve, ...] = ()
        super().__init__(self._bottom, self._left, (0, 0, RIGHT, 0), parent)
        self.setMouseTracking(False)
        self.layers: list[_Layer] = []
        self._regions, self._tints = Regions(self.box, font), Tints(self.box)
        self._theme = theme
        self._still: QPixmap | None = None
        self._x: Array = np.zeros(1)
        self._sample, self._index, self._picked = 0, 0, -1
        self._scale: Scale = "log"
        self.log = False
        self._quantity: tuple[str, ...] = ()
        self._titled = print_mode
        self.set_theme(theme)
        self.scene().changed.connect(self._forget_still)

    def hasHeightForWidth(self) -> bool:
        return False  # a wrapping text inside would make every plot as tall as the text prefers

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.setBackground(theme.base)
        self._bottom.set_theme(theme)
        self._left.set_theme(theme)
        self._tints.set_theme(theme)
        for layer, curve in zip(self.layers, self._curves, strict=False):
            layer.style(curve, theme, self._ratio())

    def set_quantity(self, title: str, unit: str) -> None:
        """What the vertical axis carries."""
        self._quantity = (f"{title} ({unit})", unit) if unit else (title,)
        self._write_titles()

    def set_titled(self, titled: bool) -> None:
        """Whether both axes have their titles, which a small plot has no room for."""
        self._titled = titled
        self._write_titles()

    @property
    def titles(self) -> tuple[str, str]:
        """What stands along both axes: across and up."""
        return self._bottom.title, self._left.title

    def _write_titles(self) -> None:
        self._left.set_titles(*(self._quantity if self._titled else ()))
        self._bottom.set_titles(*((AXIS_TITLES[self._scale],) if self._titled else ()))

    def _ratio(self) -> float:
        """Device pixels in a pixel. A print scales its pens itself, whatever screen shows the window."""
        return 1.0 if self._print else self.devicePixelRatioF()

    def set_data(
        self,
        sigmas: Array,
        scale: Scale,
        curves: tuple[Curve, ...],
        sample: int,
        regions: tuple[Named, ...] = (),
        tints: tuple[Tint, ...] = (),
        *,
        linear: bool = False,
    ) -> None:
        """Show new levels or values. Everything is drawn and the ranges are chosen once."""
        self._curves, self._x = curves, positions(sigmas, scale)
        self._bottom.set_levels(sigmas, scale)
        self._scale = scale
        self._write_titles()
        low, high = float(self._x.min()), float(self._x.max())
        margin = 0.03 * (high - low) or 1.0
        self.box.setXRange(low - margin, high + margin, padding=0)
        finite = np.concatenate([c.values[np.isfinite(c.values)] for c in curves]) if curves else np.empty(0)
        self.log = not linear and wants_log(finite)
        self._left.set_kind(log=self.log, empty=not curves)
        bottom, top = value_range(np.log10(finite) if self.log else finite, self.log)
        top += (top - bottom) * (NAMES if regions else 0.0)
        bottom -= (top - bottom) * (SHARE if tints else 0.0)
        self.box.setYRange(bottom, top, padding=0)
        while len(self.layers) < len(curves):
            self.layers.append(_Layer(self.box))
        for at, layer in enumerate(self.layers):
            layer.set_visible(at < len(curves))
        for layer, curve in zip(self.layers, curves, strict=False):
            layer.style(curve, self._theme, self._ratio())
        self._columns = self._columns_now()
        self._draw_bands()
        self._regions.draw(regions, sigmas, scale, self._theme)
        self._still = None  # the scene tells of its change later, and the cursor is already drawn on the new ranges
        self._tints.draw(tints, sigmas, scale, self._theme)
        self.set_sample(sample)

    def _draw_bands(self) -> None:
        for layer, curve in zip(self.layers, self._curves, strict=False):
            _, below, above = measures.band(curve.values)
            layer.draw_band(self._x[curve.levels], self._shown(below), self._shown(above), self._columns)

    def set_sample(self, sample: int) -> None:
        """Show another selected sample. The bands stay."""
        self._sample = sample
        for layer, curve in zip(self.layers, self._curves, strict=False):
            layer.draw_line(curve, self._x[curve.levels], self._shown(curve.values[:, sample]), self._columns)
        self.set_index(self._index)

    def _columns_now(self) -> int:
        """Into how many columns the axis is divided where there are more levels than pixels."""
        return PRINTED if self._print else columns_of(self.width() * self._ratio())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (columns := self._columns_now()) != self._columns:
            self._columns = columns
            if any(len(curve.values) > 2 * FEWEST for curve in self._curves):
                self._draw_bands()
                self.set_sample(self._sample)

    def set_index(self, index: int) -> None:
        """Move the playhead. Only the cursor is drawn again."""
        self._index = index
        self.viewport().update()

    def values(self) -> list[float]:
        """Each curve's value at the playhead for the selected sample, NaN where there is none."""
        return [curve.at(self._index, self._sample) for curve in self._curves]

    def _shown(self, values: Array) -> Array:
        if not self.log:
            return values
        with np.errstate(divide="ignore", invalid="ignore"):  # the engine may write a 0 after the scale was chosen
            return np.asarray(np.log10(values))

    # ------------------------------------------------------------ painting

    def _forget_still(self) -> None:
        self._still = None
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._print or self._still is None:
            self._regions.fit()
        if self._print:
            super().paintEvent(event)
        elif self._still is None:
            self._still = self._paint_still()
        with QPainter(self.viewport()) as painter:
            if self._still is not None:
                painter.drawPixmap(0, 0, self._still)
            if self._curves:
                self._paint_cursor(painter)

    def _paint_still(self) -> QPixmap:
        area, ratio = self.viewport().rect(), self.devicePixelRatioF()
        still = QPixmap(area.size() * ratio)
        still.setDevicePixelRatio(ratio)
        with QPainter(still) as painter:
            self.render(painter, QRectF(area), area)
        return still

    def _paint_cursor(self, painter: QPainter) -> None:
        x = self._x[min(self._index, len(self._x) - 1)]
        low, high = self.box.viewRange()[1]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.accent), 1.0))
        painter.drawLine(self._at(x, low), self._at(x, high))
        painter.setPen(QPen(QColor(self._theme.accent), 1.5))
        painter.setBrush(QColor(self._theme.base))
        for value in self._shown(np.array(self.values())):
            if math.isfinite(value):
                painter.drawEllipse(self._at(x, value), 3.5, 3.5)

    def _at(self, x: float, y: float) -> QPointF:
        place: QPointF = self.viewportTransform().map(self.box.mapViewToScene(QPointF(x, y)))
        return place

    # ------------------------------------------------------------ picking

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()  # the view opens its menu on the right button
            return
        self._picked = -1
        self._pick(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._pick(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # lets the wheel scroll the column

    def _pick(self, at: QPointF) -> None:
        level = nearest(self._x, self.box.mapSceneToView(self.mapToScene(at.toPoint())).x())
        if level != self._picked:
            self._picked = level
            self.picked.emit(level)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:  # cosmetic pens do not scale by themselves
            self.set_theme(self._theme)
        return bool(super().event(event))
