"""Thick lines of any number of points, drawn in parts, or as their dashes.

Qt makes one outline of a whole thick line and finds where it meets itself, which takes seconds for a thousand points to
and fro. So long straight pieces are drawn alone, and of short ones, which would leave no ink alone, some together.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QPaintEngine, QPainter, QPen
from PySide6.QtWidgets import QWidget

from geomodel.arrays import Array, Floats

FEW = 512  # points of a line that Qt draws as one
LONG = 8.0  # pixels of a straight piece that is drawn alone
TOGETHER = 64  # shorter pieces
MOST = 50_000  # dashes; with more, as far into a picture as a person can zoom, each piece of the line has its own
APART = 1e-6  # pixels between ends that are not the same
FAR = 1e5  # pixels; beyond this the end of a line would overflow Qt's integers


class LongLine(pg.PlotCurveItem):
    """A curve item for cosmetic pens without opacity."""

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None) -> None:
        pen, count = self.opts["pen"], 0 if self.xData is None else len(self.xData)
        thick = pen.style() != Qt.PenStyle.NoPen and pen.isCosmetic() and pen.widthF() > 1
        if count > FEW and thick and painter.paintEngine().type() == QPaintEngine.Type.Raster:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_pieces(painter, np.stack((self.xData, self.yData), axis=1), self.opts["connect"], pen)
        else:
            super().paint(painter, option, widget)


def draw_pieces(painter: QPainter, points: Array, joined: Array, pen: QPen) -> None:
    """Draw the line through points (n, 2) of the painter's coordinates, each joined to the next one or not."""
    t, scale = painter.worldTransform(), pixel_scale(painter)  # a window adds where a widget lies, so not the whole one
    pixels = points @ np.array([[t.m11(), t.m12()], [t.m21(), t.m22()]]) + (t.dx(), t.dy())
    near = (np.abs(pixels) < FAR).all(axis=1)
    steps = joined[:-1] & near[:-1] & near[1:]
    lines = np.concatenate((pixels[:-1], pixels[1:]), axis=1)[steps]
    lengths = np.hypot(*(lines[:, 2:] - lines[:, :2]).T)
    pattern = [part * pen.widthF() / scale for part in pen.dashPattern()]
    pen, bent = QPen(pen), list[Array]()
    if not pattern:
        alone, bent = bends(lines[lengths <= LONG], TOGETHER)
        lines = np.concatenate((lines[lengths > LONG], alone))
    elif lengths.sum() < MOST * sum(pattern):
        pen.setStyle(Qt.PenStyle.SolidLine)
        lines, bent = bends(dashes(pixels, steps, pattern))
    painter.save()
    painter.resetTransform()
    painter.setPen(pen)
    draw_lines(painter, lines)
    if not pattern:
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)  # a polygon goes on where another ends, in any direction
        painter.setPen(pen)
    for polygon in bent:
        painter.drawPolyline(pg.functions.arrayToQPolygonF(*np.ascontiguousarray(polygon.T)))
    painter.restore()


def bends(lines: Array, together: int | None = None) -> tuple[Array, list[Array]]:
    """Straight lines (m, 4) that stand alone, and polygons (k, 2) of those that begin where the one before ends, of so
    many lines at most.
    """
    begins = np.append(True, np.abs(lines[1:, :2] - lines[:-1, 2:]).max(axis=1, initial=0.0) > APART)[: len(lines)]
    if together is not None:
        begins[::together] = True
    ends = np.append(np.flatnonzero(begins), len(lines))
    alone = np.diff(ends) == 1
    bent = zip(ends[:-1][~alone].tolist(), ends[1:][~alone].tolist(), strict=True)
    polygons = [np.concatenate((lines[begin, None, :2], lines[begin:end, 2:])) for begin, end in bent]
    return lines[ends[:-1][alone]], polygons


def pixel_scale(painter: QPainter) -> float:
    """Device pixels in a unit that is left when the painter's transformations are reset; 1 where nothing has a size."""
    whole, own = (abs(t.determinant()) for t in (painter.deviceTransform(), painter.worldTransform()))
    return math.sqrt(whole / own) if own else 1.0


def draw_lines(painter: QPainter, lines: Array) -> None:
    """Draw straight lines (m, 4), x and y of both ends of each, in one call."""
    pieces = PrimitiveArray(QLineF, 4)
    pieces.resize(len(lines))
    pieces.ndarray()[:] = lines
    draw: Any = painter.drawLines  # the typed overloads take no raw memory
    draw(*pieces.drawargs())


def uprights(places: Array, middle: float, half: Array | float) -> Floats:
    """Upright lines at places (m,), each as far to both sides of the middle, for `draw_lines`."""
    return np.stack(np.broadcast_arrays(places, middle - half, places, middle + half), axis=1).astype(np.float64)


def dashes(points: Array, there: Array, pattern: list[float]) -> Floats:
    """The straight pieces (m, 4) of the dashes along a polygon (n, 2), of which each step (n − 1,) is there or not: x
    and y of both ends. The pattern is in the units of the points, and waits where there is no step.
    """
    steps = np.where(there, np.linalg.norm(np.diff(points, axis=0), axis=1), 0.0)
    along, marks = np.concatenate(([0.0], np.cumsum(steps))), np.cumsum(pattern)
    rounds = np.arange(int(along[-1] // marks[-1]) + 1)[:, None] * marks[-1]
    ends = np.unique(np.concatenate((along, (rounds + marks).ravel())))
    ends = ends[ends <= along[-1]]
    middles = (ends[1:] + ends[:-1]) / 2
    on = np.searchsorted(marks, middles % marks[-1], side="right") % 2 == 0
    step = np.searchsorted(along, middles[on], side="right") - 1
    way = (points[step + 1] - points[step]) / steps[step, None]
    both = [points[step] + (at[on] - along[step])[:, None] * way for at in (ends[:-1], ends[1:])]
    return np.concatenate(both, axis=1)
