"""The plot of the compare view: errors of the lanes over σ or evaluations."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QBrush, QFont, QFontMetricsF, QMouseEvent, QPainterPath, QPen, QWheelEvent
from PySide6.QtWidgets import QGraphicsPathItem, QToolTip, QWidget

from app.plotting.axes_plot import AxesPlot
from app.plotting.bundles import Bundle
from app.plotting.measure_plot import band_path
from app.plotting.sigma_axis import SigmaAxis, positions
from app.plotting.theme import Theme
from app.plotting.value_axis import ValueAxis
from app.rooms.compare.lanes import (
    AXES,
    NEAR,
    THICK,
    THIN,
    LaneCurve,
    Plotted,
    distance,
    lane_curve,
    lane_hue,
    lane_symbol,
)
from app.rooms.compare.pictures import ComparePicture, LanePicture
from app.rooms.compare.ranges import across, beside, up
from geomodel.arrays import Array


def round_counts(low: float, high: float) -> list[list[int]]:
    """Sets of round counts from low to high, from dense to sparse."""
    if high < 10 * low:
        steps = [base * 10**power for power in range(6) for base in (1, 2, 5)]
        return [list(range(step * math.ceil(low / step), math.floor(high) + 1, step)) for step in steps]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    sets = [[k * 10**p for p in powers for k in parts] for parts in (range(1, 10), (1, 2, 5), (1,))]
    return [[count for count in counts if low <= count <= high] for counts in sets]


class LaneAxis(SigmaAxis):
    """Noise levels, or counts of evaluations over their logarithm."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        super().__init__(theme, font)
        self._counts = False
        self._width = QFontMetricsF(font).horizontalAdvance

    def show_counts(self, counts: bool) -> None:
        """Choose between the two."""
        self._counts = counts
        self.picture = None
        self.update()

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        if not self._counts:
            return super().tickValues(minVal, maxVal, size)
        unit = size / max(maxVal - minVal, 1e-9)
        sets = round_counts(10.0**minVal, 10.0**maxVal)
        fitting = (counts for counts in sets if all(self._apart(a, b, unit) for a, b in pairwise(counts)))
        self._texts = {math.log10(count): f"{count}" for count in next(fitting, [])}
        minor = [math.log10(count) for count in sets[0]] if len(sets[0]) * 4 < size else []
        return [(1.0, list(self._texts)), (1.0, minor)]

    def _apart(self, one: int, other: int, unit: float) -> bool:
        return math.log10(other / one) * unit >= self._width(f"{other}0")


class _Layer:
    """The items of one lane: band, line, symbols."""

    def __init__(self, box: pg.ViewBox) -> None:
        self.band = QGraphicsPathItem()
        self.band.setPen(QPen(Qt.PenStyle.NoPen))
        self.line = Bundle()
        self.dots = pg.ScatterPlotItem(pen=None, antialias=True)
        self.items = (self.band, self.line, self.dots)
        for item in self.items:
            box.addItem(item, ignoreBounds=True)

    def style(self, lane: LanePicture, theme: Theme, *, thick: bool) -> None:
        color = lane_hue(lane, theme)
        pen = QPen(color, THICK if thick else THIN)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        self.line.set_pen(pen)
        self.dots.setBrush(QBrush(color))
        self.dots.setSymbol(lane_symbol(lane))
        self.dots.setSize(10 if thick else 8)
        color.setAlphaF(0.26 if thick else 0.11)
        self.band.setBrush(QBrush(color))
        for depth, item in enumerate(self.items):
            item.setZValue(10 * depth + 5 * thick)

    def draw(self, curve: LaneCurve | None, bottom: float, dots: Array) -> None:
        for item in self.items:
            item.setVisible(curve is not None)
        if curve is None:
            return
        low = np.maximum(curve.low, bottom)
        ends = (np.stack((dots[:, 0], low), 1), np.stack((dots[:, 0], curve.high), 1))
        self.line.set_curves(np.concatenate(ends) if curve.bar else dots)
        self.band.setPath(QPainterPath() if curve.bar else band_path(dots[:, 0], low, curve.high))
        self.dots.setData(*dots[np.isfinite(dots).all(1)].T)


class ErrorChart(AxesPlot):
    """Errors of the lanes on logarithmic axes. A click picks the lane whose curve is near."""

    lane_picked = Signal(int)

    def __init__(self, theme: Theme, font: QFont, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        self._bottom, self._left = LaneAxis(theme, font), ValueAxis(theme, font)
        super().__init__(self._bottom, self._left, (0, 4, 12, 0), parent)
        self.setAccessibleName("Errors of the samplers")
        self.viewport().setMouseTracking(not print_mode)
        self.layers: list[_Layer] = []
        self._picture, self._plotted, self._lane = ComparePicture(), "sigma", -1
        self.curves: tuple[LaneCurve | None, ...] = ()
        self._shifts: list[float] = []
        self._zero: float | None = None
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.setBackground(theme.base)
        self._bottom.set_theme(theme)
        self._left.set_theme(theme)
        self._style()

    def set_lane(self, lane: int) -> None:
        """The lane that is drawn thick; −1 for none."""
        if lane != self._lane:
            self._lane = lane
            self._style()

    def _style(self) -> None:
        for at, (layer, lane) in enumerate(zip(self.layers, self._picture.lanes, strict=False)):
            layer.style(lane, self._theme, thick=at == self._lane)

    def display(self, picture: ComparePicture, plotted: Plotted) -> None:
        """Draw the curves, unless their values are the same as before."""
        old, self._picture = self._picture, picture
        if _shown(old) == _shown(picture) and plotted == self._plotted and self.layers:
            return
        self._plotted = plotted
        levels = [lane.sigmas for lane in picture.lanes if lane.errors is not None and lane.sigmas is not None]
        union = np.unique(np.concatenate(levels))[::-1] if levels else np.ones(1)
        places = positions(union)
        self.curves = tuple(lane_curve(lane, plotted, picture.sample, float(places.max())) for lane in picture.lanes)
        counts = plotted != "sigma"
        self._bottom.set_levels(np.ones(1) if counts else union)
        self._bottom.show_counts(counts)
        self._set_range(places)
        while len(self.layers) < len(picture.lanes):
            self.layers.append(_Layer(self.box))
        bottom = self.box.viewRange()[1][0]
        for at, layer in enumerate(self.layers):
            curve = self.curves[at] if at < len(self.curves) else None
            layer.draw(curve, bottom, self.places(at) if curve is not None else np.empty((0, 2)))
        titles_across, titles_up = AXES[plotted]
        self._bottom.set_titles(*titles_across)
        self._left.set_titles(*titles_up)
        self.plot.setVisible(any(self.curves))
        self._style()

    def _set_range(self, places: Array) -> None:
        """The ranges around everything that is drawn."""
        known = [curve for curve in self.curves if curve is not None]
        bottom, top, self._zero = up(known)
        self._left.set_kind(log=True, empty=not known)
        self._left.set_zero(self._zero)
        self.box.setYRange(bottom, top, padding=0)
        if self._plotted != "sigma":
            places = np.concatenate([curve.dots[:, 0] for curve in known] or [np.zeros(1)])
        shifts = beside(self.curves)
        left, right = across(places[np.isfinite(places)], shifts)
        self.box.setXRange(left, right, padding=0)
        self._shifts = [part * (right - left) for part in shifts]

    @property
    def titles(self) -> tuple[str, str]:
        """What stands along both axes: across and up."""
        return self._bottom.title, self._left.title

    def places(self, lane: int) -> Array:
        """Where a lane's symbols stand (m, 2), NaN where there is none."""
        curve = self.curves[lane]
        assert curve is not None
        dots: Array = curve.dots + np.array((self._shifts[lane], 0.0))
        dots[np.isneginf(dots[:, 1]), 1] = math.nan if self._zero is None else self._zero
        return dots

    # ------------------------------------------------------------ the mouse

    def nearest(self, at: QPointF) -> tuple[int, int]:
        """The lane whose curve is near a place on the plot, and its nearest symbol; (−1, 0) if there is none."""
        found, least = (-1, 0), float(NEAR)
        for lane, curve in enumerate(self.curves):
            if curve is None or self.box.width() <= 0:
                continue
            away = self._pixels(self.places(lane)) - (at.x(), at.y())
            near = distance(away)
            if near < least:
                found, least = (lane, int(np.nanargmin(np.hypot(*away.T)))), near
        return found

    def _pixels(self, points: Array) -> Array:
        corner, along = (self.box.mapViewToScene(QPointF(side, side)) for side in (0.0, 1.0))
        unit = np.array((along.x() - corner.x(), along.y() - corner.y()))
        return np.asarray(np.array((corner.x(), corner.y())) + points * unit)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        lane, dot = self.nearest(event.position())
        curve = self.curves[lane] if lane >= 0 else None
        text = f"{self._picture.lanes[lane].name}\n{curve.texts[dot]}" if curve else ""
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        lane, _ = self.nearest(event.position())
        if event.button() == Qt.MouseButton.LeftButton and lane >= 0:
            self.lane_picked.emit(lane)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def _shown(picture: ComparePicture) -> tuple[Any, ...]:
    """What the plot of errors depends on. Both pictures are alive when this is compared, so no identity is reused."""
    arrays = ((id(lane.errors), id(lane.sigmas), id(lane.evaluations_at)) for lane in picture.lanes)
    hues = ((lane.hue, lane.state == "done") for lane in picture.lanes)
    return picture.sample, tuple(arrays), tuple(hues)
