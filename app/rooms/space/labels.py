"""The edges of a box of Space, the names of its axes, and below it their ranges and how much larger each is drawn."""

from __future__ import annotations

from itertools import product

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from app.plotting.theme import Theme
from app.rooms.space.camera import Box
from app.rooms.space.frame import Frame
from geomodel.arrays import Array
from geomodel.number_text import general

NAMES = ("along", "PC 1", "PC 2")
AWAY = 12.0  # pixels from an edge to its label
EDGE = 4.0  # pixels from a label to the border
BETWEEN = "   ·   "  # two ranges in a line
BACKWARDS = (True, False, False)  # along is written from noise to data, as it is drawn


def plain(value: float, digits: int) -> str:
    """A number with so many significant digits, in full where that is short: 2,380, 15.8, 0.044, 3×10⁻⁷."""
    if 1e-4 < abs(value) < 1e6:
        return f"{float(f'{value:.{digits}g}'):,.10g}".replace("-", "−")
    return general(value, digits)


def axis_text(box: Box, axis: int) -> str:
    """The name of an axis, its range in data units, and its exaggeration over the displacement."""
    span = float(box.high[axis] - box.low[axis])
    # an end that is 0 but for rounding is 0
    low, high = (plain(value if abs(value) > 1e-6 * span else 0.0, 3) for value in (box.low[axis], box.high[axis]))
    ends = f"{high} … {low}" if BACKWARDS[axis] else f"{low} … {high}"
    larger = "" if axis == 0 else f", × {plain(float(box.exaggeration[axis]), 2)}"
    return f"{NAMES[axis]} {ends}{larger}"


def range_lines(box: Box, metrics: QFontMetricsF, width: float) -> tuple[str, ...]:
    """The ranges of the axes in as few lines as fit: at the axes they would lie over the curves."""
    lines = [axis_text(box, 0)]
    for axis in (1, 2):
        longer = f"{lines[-1]}{BETWEEN}{axis_text(box, axis)}"
        if metrics.horizontalAdvance(longer) <= width - 2 * AWAY:
            lines[-1] = longer
        else:
            lines.append(axis_text(box, axis))
    return tuple(lines)


def paint_ranges(painter: QPainter, lines: tuple[str, ...], theme: Theme, bottom: float) -> None:
    """Write lines at the left, the last one above the bottom."""
    metrics = QFontMetricsF(painter.font())
    painter.setPen(QColor(theme.muted))
    for row, line in enumerate(reversed(lines)):
        painter.drawText(QPointF(AWAY, bottom - EDGE - metrics.descent() - row * metrics.height()), line)


def inset_lines(box: Box, shares: str) -> tuple[str, str, str]:
    """What the inset shows, in three lines."""
    first, second = (plain(float(value), 2) for value in box.exaggeration[1:])
    return "D, in its own complement", shares, f"drawn × {first} and × {second}"


def paint_title(painter: QPainter, lines: tuple[str, ...], theme: Theme, width: float) -> None:
    """Write lines into the upper left corner."""
    metrics = QFontMetricsF(painter.font())
    painter.setPen(QColor(theme.muted))
    for row, line in enumerate(lines):
        text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, width - 2 * AWAY)
        painter.drawText(QPointF(AWAY, 2 * EDGE + row * metrics.height() + metrics.ascent()), text)


def paint_frame(painter: QPainter, frame: Frame, theme: Theme) -> None:
    """Draw the edges."""
    pixels, _ = frame.look(frame.box.corners())
    painter.setPen(QPen(QColor(theme.line), 1.0))
    for start, end in _edges(pixels):
        painter.drawLine(QPointF(*start), QPointF(*end))


def paint_labels(painter: QPainter, frame: Frame, theme: Theme, taken: QRectF) -> None:
    """Write the name of each axis, outside of a part of the drawing that is taken."""
    pixels, _ = frame.look(frame.box.corners())
    painter.setPen(QColor(theme.muted))
    ground = QColor(theme.base)
    ground.setAlphaF(0.7)  # curves pass behind a label where there is little room
    metrics, places = QFontMetricsF(painter.font()), [taken]
    for axis in range(3):
        text = NAMES[axis]
        width, height = metrics.horizontalAdvance(text), metrics.height()
        place = _place(pixels, axis, (width, height), frame.area)
        for other in places:
            if place.intersects(other):
                place.moveTop(other.bottom())
        places.append(place)
        painter.fillRect(place, ground)
        painter.drawText(QPointF(place.left(), place.top() + metrics.ascent()), text)


def _edges(corners: Array) -> list[tuple[list[float], list[float]]]:
    """The twelve edges of corners (2, 2, 2, 2) in pixels."""
    found = []
    for axis in range(3):
        turned = np.moveaxis(corners, axis, 0)
        found += [(turned[0][at].tolist(), turned[1][at].tolist()) for at in product((0, 1), repeat=2)]
    return found


def _place(corners: Array, axis: int, size: tuple[float, float], area: QRectF) -> QRectF:
    """Where the label of an axis stands: outside of that of its edges which lies at the rim of the drawing."""
    turned = np.moveaxis(corners, axis, 0)
    middles = ((turned[0] + turned[1]) / 2).reshape(4, 2)
    centre = corners.reshape(8, 2).mean(axis=0)
    # the lowest edge for what lies flat, the rightmost for the upright, which the inset leaves free, and between them
    rim = (middles[:, 1], middles[:, 0], middles[:, 0] + middles[:, 1])[axis]
    middle = middles[int(np.argmax(rim))]
    out = middle - centre
    out = out / max(float(np.linalg.norm(out)), 1e-9)
    at = middle + out * (AWAY + 0.5 * abs(float(out[0])) * size[0])
    place = QRectF(float(at[0]) - size[0] / 2, float(at[1]) - size[1] / 2, *size)
    inner = area.adjusted(EDGE, EDGE, -EDGE, -EDGE)
    place.moveLeft(min(max(place.left(), inner.left()), max(inner.left(), inner.right() - size[0])))
    place.moveTop(min(max(place.top(), inner.top()), max(inner.top(), inner.bottom() - size[1])))
    return place
