"""Items of a plane plot. Each holds one layer: a bundle of curves, dots, or an image.

A bundle draws in data coordinates with cosmetic pens, which is fastest. Qt does not scale such pens with the screen or
with an exporter's painter, so `device_scale` does. The other items draw in pixels of the scene, where Qt scales pens.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QWidget

from app.plotting.long_lines import LongLine
from geomodel.arrays import Array

Symbol = Literal["disc", "ring", "diamond", "square", "handle"]
Rect = tuple[float, float, float, float]

FEW = 100  # up to so many symbols are drawn as outlines, which are sharp at any place and size


def device_scale(item: QGraphicsItem, painter: QPainter) -> float:
    """Device pixels in a pixel of the scene: the screen's ratio times the scale that an exporter has set on the
    painter. 1 in a plot without a width, as in a sliver of a picture, where nothing is to be seen.
    """
    there, here = painter.deviceTransform(), item.sceneTransform()
    along = math.hypot(here.m11(), here.m12())
    return math.hypot(there.m11(), there.m12()) / along if along else 1.0


class Bundle(LongLine):
    """Any number of curves as one item. NaN interrupts a curve.

    The pen's width and dash are in pixels of the scene. A hairline is one device pixel wide at every scale, because
    wider antialiased pens cost tens of times more; wider pens are for single curves.
    """

    def __init__(self, *, hairline: bool = False) -> None:
        super().__init__(antialias=True, skipFiniteCheck=True)
        self._hairline = hairline
        self._logical = QPen(Qt.PenStyle.NoPen)
        self._scale = 0.0
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_pen(self, pen: QPen) -> None:
        """The pen, in pixels of the scene."""
        self._logical, self._scale = pen, 0.0
        self.setSegmentedLineMode("on" if pen.style() == Qt.PenStyle.SolidLine else "off")
        self.update()

    def set_curves(self, curves: Array) -> None:
        """Show curves (levels, B, 2), or one curve (levels, 2)."""
        levels = len(curves)
        if not levels:
            self.clear_curves()
            return
        points = np.asarray(curves, np.float64).reshape(levels, -1, 2).transpose(1, 0, 2)  # one curve after the other
        finite: Array = np.asarray(np.isfinite(points).all(-1))
        connect = np.zeros(finite.shape, bool)
        connect[:, :-1] = finite[:, :-1] & finite[:, 1:]
        points = points[finite]
        self.setData(points[:, 0].copy(), points[:, 1].copy(), connect=connect[finite])

    def clear_curves(self) -> None:
        """Show nothing."""
        if self.xData is not None and len(self.xData):
            self.setData(np.empty(0), np.empty(0))

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None) -> None:
        scale = device_scale(self, painter)
        if scale != self._scale:
            self._scale = scale
            self.opts["pen"] = self._device_pen(scale)
        super().paint(painter, option, widget)

    def _device_pen(self, scale: float) -> QPen:
        pen = QPen(self._logical)
        width = 1.0 if self._hairline else pen.widthF() * scale
        if pen.style() == Qt.PenStyle.CustomDashLine:
            pen.setDashPattern([length * pen.widthF() * scale / width for length in pen.dashPattern()])
        pen.setCosmetic(True)
        pen.setWidthF(width)
        return pen


class Sketch(pg.GraphicsObject):
    """An item that draws in pixels of the scene."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def boundingRect(self) -> QRectF:
        return self.viewRect() or QRectF()

    def to_pixels(self, points: Array) -> Array:
        """Points (n, 2) of the item, in pixels of the scene."""
        t = self.sceneTransform()
        matrix = np.array([[t.m11(), t.m12()], [t.m21(), t.m22()]])
        mapped: Array = points @ matrix + (t.dx(), t.dy())
        return mapped

    def enter_pixels(self, painter: QPainter) -> None:
        """Make the painter's unit a pixel of the scene, whatever it paints on."""
        painter.setTransform(self.sceneTransform().inverted()[0], True)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)


class Dots(Sketch):
    """Symbols of one style at many points. One pixmap is drawn many times, or outlines if they are few or printed."""

    def __init__(self, symbol: Symbol, size: float, *, vector: bool = False) -> None:
        super().__init__()
        self._symbol, self._size, self._vector = symbol, size, vector
        self._fill, self._pen = QColor(), QPen(Qt.PenStyle.NoPen)
        self.points: Array = np.empty((0, 2))
        self._sizes: Array | None = None
        self._stamp: QPixmap | None = None
        self._fragments = PrimitiveArray(QPainter.PixmapFragment, 10)

    def set_look(self, fill: QColor | str, outline: QColor | str | None = None, width: float = 1.5) -> None:
        """The colour inside, and an outline if it has one."""
        self._fill = QColor(fill)
        self._pen = QPen(Qt.PenStyle.NoPen) if outline is None else QPen(QColor(outline), width)
        self._stamp = None
        self.update()

    def set_points(self, points: Array, sizes: Array | None = None) -> None:
        """Show points (n, 2). If sizes (n,) are given, they replace the common diameter in pixels."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        finite: Array = np.asarray(np.isfinite(points).all(-1))
        self.points, self._sizes = points[finite], None if sizes is None else np.asarray(sizes)[finite]
        self.update()

    def set_size(self, size: float) -> None:
        """The common diameter in pixels."""
        if size != self._size:
            self._size, self._stamp = size, None
            self.update()

    def clear_points(self) -> None:
        """Show nothing."""
        if len(self.points):
            self.set_points(np.empty((0, 2)))

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None) -> None:
        visible = self._in_sight()
        if not visible.any():
            return
        pixels = self.to_pixels(self.points[visible])
        scale = device_scale(self, painter)
        self.enter_pixels(painter)
        if self._vector or self._sizes is not None or len(pixels) <= FEW:
            sizes = np.full(len(pixels), self._size) if self._sizes is None else self._sizes[visible]
            painter.setBrush(self._fill)
            for (x, y), size in zip(pixels.tolist(), sizes.tolist(), strict=True):
                draw_symbol(painter, self._symbol, QPointF(x, y), size, self._pen)
            return
        stamp = self._stamp_at(scale)
        self._fragments.resize(len(pixels))
        rows = self._fragments.ndarray()
        rows[:, :2] = pixels
        rows[:, 2:] = (0, 0, stamp.width(), stamp.height(), 1 / scale, 1 / scale, 0, 1)
        draw: Any = painter.drawPixmapFragments  # the typed overload takes no raw memory
        draw(*self._fragments.drawargs(), stamp)

    def _in_sight(self) -> Array:
        """Which points have a symbol in the view. Points far outside would overflow Qt's integers."""
        view = self.viewRect()
        if view is None or not len(self.points):
            return np.zeros(len(self.points), bool)
        x, y = self.points.T
        dx, dy = view.width() / 10, view.height() / 10
        inside: Array = (
            (x > view.left() - dx) & (x < view.right() + dx) & (y > view.top() - dy) & (y < view.bottom() + dy)
        )
        return inside

    def _stamp_at(self, scale: float) -> QPixmap:
        side = math.ceil((self._size + 2) * scale)
        if self._stamp is None or self._stamp.width() != side:
            self._stamp = QPixmap(side, side)
            self._stamp.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._stamp)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(scale, scale)
            painter.setBrush(self._fill)
            draw_symbol(painter, self._symbol, QPointF(0.5 * side / scale, 0.5 * side / scale), self._size, self._pen)
            painter.end()
        return self._stamp


def draw_symbol(painter: QPainter, symbol: Symbol, at: QPointF, size: float, pen: QPen) -> None:
    """One symbol of a diameter in pixels, filled with the painter's brush."""
    painter.setPen(pen)
    r = size / 2
    if symbol in ("disc", "ring"):
        painter.drawEllipse(at, r, r)
    elif symbol == "square":
        painter.drawRect(QRectF(at.x() - 0.85 * r, at.y() - 0.85 * r, 1.7 * r, 1.7 * r))
    elif symbol == "diamond":
        corners = (QPointF(0, -r), QPointF(r, 0), QPointF(0, r), QPointF(-r, 0))
        painter.drawPolygon(QPolygonF([at + corner for corner in corners]))
    else:  # the probe's handle: a ring with a cross hair that leaves its middle free
        painter.drawEllipse(at, r, r)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            way = QPointF(dx, dy)
            painter.drawLine(at + way * (0.4 * r), at + way * (1.5 * r))


class ImageItem(pg.GraphicsObject):
    """An image in a rectangle of the plane, smooth or in cells. It is enlarged for paper, where viewers show its
    pixels.
    """

    def __init__(self, enlarge: int = 1, *, smooth: bool = True) -> None:
        super().__init__()
        self._enlarge, self._smooth = enlarge, smooth
        self._rect, self._image = QRectF(), QImage()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_image(self, colours: Array, rect: Rect) -> None:
        """Show uint8 colours (rows, columns, 3), or 4 with alpha, row 0 at the smallest y."""
        rows, columns, channels = colours.shape
        # Qt's smooth scaling is several times slower on a mirrored painter, so the rows are flipped and drawn upright.
        pixels = np.full((rows, columns, 4), 255, np.uint8)
        pixels[..., :3] = colours[::-1, :, 2::-1]
        if channels == 4:
            pixels[..., 3] = colours[::-1, :, 3]
        layout = QImage.Format.Format_RGB32 if channels == 3 else QImage.Format.Format_ARGB32
        image = QImage(pixels.tobytes(), columns, rows, 4 * columns, layout)
        size = image.size() * self._enlarge
        mode = Qt.TransformationMode
        how = mode.SmoothTransformation if self._smooth else mode.FastTransformation
        self._image = image.scaled(size, mode=how).copy()
        self.prepareGeometryChange()
        self._rect = QRectF(*rect)
        self.update()

    def clear_image(self) -> None:
        """Show nothing."""
        self.prepareGeometryChange()
        self._rect, self._image = QRectF(), QImage()

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None) -> None:
        if self._image.isNull():
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
        painter.scale(1, -1)
        painter.drawImage(QRectF(self._rect.left(), -self._rect.bottom(), *self._rect.size().toTuple()), self._image)
