"""The map of the distance over steps and dimensions."""

from __future__ import annotations

from typing import cast

import numpy as np
from contourpy import contour_generator
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.plotting.images import to_image
from app.plotting.theme import Theme
from app.rooms.error_bounds.dials import D_STOPS, T_STOPS
from app.rooms.error_bounds.plot import Axis, Plot
from geomodel.arrays import Array

LEVELS = (0.01, 0.03, 0.1, 0.3, 0.9)  # of the lines
ROWS, COLUMNS = 80, 112  # cells of the picture
STEPS_AXIS = Axis(title="steps T", low=50, high=6400, labels=(50, 100, 200, 400, 800, 1600, 3200, 6400), log=True)
DIMENSION_AXIS = Axis(title="dimensions d", low=1, high=1024, labels=(1, 4, 16, 64, 256, 1024), log=True)


class HeatMap(Plot):
    """Colour from the ground at 0 to the ODE sampler's hue at 1, with lines of equal distance and a ring."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Distance over steps and dimensions", STEPS_AXIS, DIMENSION_AXIS)
        self._values: Array = np.zeros((len(T_STOPS), len(D_STOPS)))
        self._ring = (T_STOPS[0], D_STOPS[0])
        self._contours: list[tuple[str, Array]] = []

    def show_map(self, values: Array, steps: float, dimension: float) -> None:
        """Show the distance (T, D) at all stops, and the place of the sliders."""
        if values is not self._values:
            self._values = values
            made = contour_generator(np.log(T_STOPS), np.log(D_STOPS), values.T)
            lines = ((level, cast("list[Array]", made.lines(level))) for level in LEVELS)
            self._contours = [(f"{level:g}", np.exp(line)) for level, found in lines for line in found]
        self._ring = (steps, dimension)
        self.update()

    def paint_ground(self, painter: QPainter) -> None:
        """The colours. Each pixel has the value of the nearest stop."""
        rows = _nearest(D_STOPS, DIMENSION_AXIS, ROWS)[::-1]
        columns = _nearest(T_STOPS, STEPS_AXIS, COLUMNS)
        part = self._values[columns][:, rows].T[..., None]
        low, high = _colour(self._theme.base), _colour(self._theme.runs[0])
        painter.drawImage(self.area(), to_image(np.round(low + part * (high - low))))

    def paint_place(self, painter: QPainter) -> None:
        """The lines of equal distance with their values, and the ring."""
        metrics, taken = painter.fontMetrics(), list[QRectF]()
        painter.setPen(QPen(QColor(self._theme.text), 1.0))
        labels = []
        for text, line in self._contours:
            pixels = self.places(line[:, 0], line[:, 1])
            painter.drawPolyline(QPolygonF([QPointF(*place) for place in pixels.tolist()]))
            labels.append((text, pixels[len(pixels) // 2]))
        for text, (x, y) in labels:
            size = metrics.horizontalAdvance(text) + 6, metrics.height()
            box = QRectF(x - size[0] / 2, y - size[1] / 2, *size)
            if not self.area().contains(box) or any(box.intersects(other) for other in taken):
                continue
            taken.append(box)
            painter.fillRect(box, QColor(self._theme.base))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        at = QPointF(*self.places(np.array(self._ring[0]), np.array(self._ring[1])).tolist())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((self._theme.base, 4.0), (self._theme.accent, 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawEllipse(at, 6.0, 6.0)


def _colour(name: str) -> Array:
    colour = QColor(name)
    return np.array([colour.red(), colour.green(), colour.blue()], np.float64)


def _nearest(stops: Array, axis: Axis, count: int) -> Array:
    """The stop that is nearest to each of so many even places of an axis."""
    places = axis.part(stops)
    return np.asarray(np.abs(places[None] - ((np.arange(count) + 0.5) / count)[:, None]).argmin(axis=1))
