"""A paint engine that hands everything on in pixels of the page.

Viewers differ in what they do with pens under a transform, and Qt turns such pens into areas when it writes PDF. So
lines and areas are mapped to the page here, and each pen has the width that it has there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QImage,
    QPaintDevice,
    QPaintEngine,
    QPaintEngineState,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
    QTransform,
)

from app.export.cropping import Point, Window, lines, pieces

Dirty = QPaintEngine.DirtyFlag
MARGIN = 50.0  # pixels around a picture in which lines are kept
NOTHING = QPen(Qt.PenStyle.NoPen)


class PageEngine(QPaintEngine):
    """Maps every primitive to the page. What writes a kind of file derives from it."""

    def __init__(self) -> None:
        super().__init__(QPaintEngine.PaintEngineFeature.AllFeatures)
        self._transform, self._pen, self._brush = QTransform(), QPen(), QBrush()
        self._opacity, self._smooth = 1.0, False
        self._clip: QPainterPath | None = None
        self._whole = QRectF()
        self._window: Window = (0.0, 0.0, 0.0, 0.0)  # what is shown, with a margin
        self._ready: QPen | None = None  # the pen on the page, once it is needed

    # ------------------------------------------------------------ what a kind of file writes, in pixels of the page

    def clip_page(self, clip: QPainterPath | None) -> None:
        """Clip what follows to a path."""
        raise NotImplementedError

    def draw_area(self, path: QPainterPath, pen: QPen, brush: QBrush) -> None:
        """Fill a path and draw its edge."""
        raise NotImplementedError

    def draw_lines(self, path: QPainterPath, pen: QPen) -> None:
        """Draw lines that are one path."""
        raise NotImplementedError

    def draw_line(self, points: Sequence[Point], pen: QPen) -> None:
        """Draw one open line."""
        raise NotImplementedError

    # ------------------------------------------------------------ the state

    def type(self) -> QPaintEngine.Type:
        return QPaintEngine.Type.User

    def begin(self, device: QPaintDevice) -> bool:
        self._whole = QRectF(0, 0, device.width(), device.height())
        self._window = _around(self._whole)
        return True

    def end(self) -> bool:
        return True

    def updateState(self, state: QPaintEngineState) -> None:
        dirty = state.state()
        self._transform, self._opacity = state.transform(), state.opacity()
        self._pen, self._brush, self._ready = state.pen(), state.brush(), None
        self._smooth = bool(state.renderHints() & QPainter.RenderHint.SmoothPixmapTransform)
        if dirty & Dirty.DirtyClipRegion:
            path = QPainterPath()
            path.addRegion(state.clipRegion())
            self._clip_to(path, state.clipOperation())
        if dirty & Dirty.DirtyClipPath:
            self._clip_to(state.clipPath(), state.clipOperation())
        if dirty & (Dirty.DirtyClipRegion | Dirty.DirtyClipPath | Dirty.DirtyClipEnabled):
            clip = self._clip if state.isClipEnabled() else None
            self._window = _around(self._whole if clip is None else clip.boundingRect())
            self.clip_page(clip)

    def _clip_to(self, path: QPainterPath, operation: Qt.ClipOperation) -> None:
        mapped = self._transform.map(path)
        if operation == Qt.ClipOperation.NoClip:
            self._clip = None
        elif operation == Qt.ClipOperation.IntersectClip and self._clip is not None:
            self._clip = self._clip.intersected(mapped)
        else:
            self._clip = mapped

    # ------------------------------------------------------------ lines and areas

    def drawPath(self, path: QPainterPath) -> None:
        if self._skewed_pen():
            self._draw_outlined(path)
        elif self._filled():
            self.draw_area(self._transform.map(path), self._page_pen(), self._page_brush())
        elif self._stroked():
            self._draw_lines(self._transform.map(path))

    def drawPolygon(self, points: Any, mode: QPaintEngine.PolygonDrawMode) -> None:
        if mode != QPaintEngine.PolygonDrawMode.PolylineMode or len(points) < 2 or self._skewed_pen():
            self.drawPath(_polygon(points, mode))
        elif self._stroked():  # most of a bundle, so it is quick
            t, pen = self._transform, self._page_pen()
            a, b, c, d, right, down = t.m11(), t.m12(), t.m21(), t.m22(), t.dx(), t.dy()
            at = [(point.x(), point.y()) for point in points]
            line = [(a * x + c * y + right, b * x + d * y + down) for x, y in at]
            for piece in pieces(line, self._window):
                self.draw_line(piece, pen)

    def drawEllipse(self, rect: Any) -> None:
        path = QPainterPath()
        path.addEllipse(QRectF(rect))
        self.drawPath(path)

    def _draw_lines(self, path: QPainterPath) -> None:
        """Draw a path without an area, and leave out what is far away."""
        box, pen = path.controlPointRect(), self._page_pen()
        left, top, right, bottom = self._window
        inside = left <= box.left() and box.right() <= right and top <= box.top() and box.bottom() <= bottom
        found = None if inside else lines(path)
        if found is not None:
            path = QPainterPath()
            for line in found:
                for start, *rest in pieces(line, self._window):
                    path.moveTo(*start)
                    for point in rest:
                        path.lineTo(*point)
        # A dash of no length would be an area of nothing, which readers of PDF call an error.
        if not path.isEmpty() and (pen.style() == Qt.PenStyle.SolidLine or path.length() > 1e-3):
            self.draw_lines(path, pen)

    def _draw_outlined(self, path: QPainterPath) -> None:
        """Draw area and line as two areas, because the line is not equally wide in all directions."""
        pen, brush = self._pen, self._brush
        self._pen = self._ready = NOTHING
        self.drawPath(path)
        self._brush = pen.brush()
        self.drawPath(QPainterPathStroker(pen).createStroke(path))
        self._pen, self._brush, self._ready = pen, brush, None

    def _skewed_pen(self) -> bool:
        """Whether the transform makes the pen wider one way than the other."""
        if self._ready is not None or self._pen.isCosmetic() or not self._stroked():
            return False
        t = self._transform
        first, second = math.hypot(t.m11(), t.m12()), math.hypot(t.m21(), t.m22())
        skew = t.m11() * t.m21() + t.m12() * t.m22()
        return abs(first - second) > 1e-3 * max(first, second) or abs(skew) > 1e-3 * first * second

    def _filled(self) -> bool:
        return self._brush.style() != Qt.BrushStyle.NoBrush

    def _stroked(self) -> bool:
        return self._pen.style() != Qt.PenStyle.NoPen

    def _page_pen(self) -> QPen:
        """The pen as wide as it is on the page. A pen of width 0 draws one pixel."""
        if self._ready is None:
            scale = 1.0 if self._pen.isCosmetic() else math.sqrt(abs(self._transform.determinant()))
            self._ready = QPen(self._pen)
            self._ready.setWidthF(self._pen.widthF() * scale or 1.0)
            self._ready.setCosmetic(False)
        return self._ready

    def _page_brush(self) -> QBrush:
        """The brush, whose gradient is on the page."""
        brush = QBrush(self._brush)
        if brush.gradient() is not None:
            brush.setTransform(self._transform)
        return brush

    # ------------------------------------------------------------ text and images

    def _place(self, position: Any) -> tuple[QPointF, QTransform | None]:
        """A position on the page; or as it is, with the transform that makes more of it than a position."""
        if self._transform.isScaling():  # which Qt says of a turn, too
            return QPointF(position), self._transform
        return self._transform.map(QPointF(position)), None

    def drawPixmap(self, target: Any, pixmap: Any, source: Any) -> None:
        self.drawImage(target, pixmap.toImage(), source)

    def drawTiledPixmap(self, target: Any, pixmap: Any, origin: Any) -> None:
        tiled = QImage(QRectF(target).size().toSize(), QImage.Format.Format_ARGB32_Premultiplied)
        tiled.fill(Qt.GlobalColor.transparent)
        with QPainter(tiled) as painter:
            painter.drawTiledPixmap(tiled.rect(), pixmap, QPointF(origin).toPoint())
        self.drawImage(target, tiled, QRectF(tiled.rect()))


def _around(shown: QRectF) -> Window:
    return (shown.left() - MARGIN, shown.top() - MARGIN, shown.right() + MARGIN, shown.bottom() + MARGIN)


def _polygon(points: Any, mode: QPaintEngine.PolygonDrawMode) -> QPainterPath:
    path = QPainterPath(QPointF(points[0]))
    for point in points[1:]:
        path.lineTo(QPointF(point))
    if mode != QPaintEngine.PolygonDrawMode.PolylineMode:
        path.closeSubpath()
    if mode == QPaintEngine.PolygonDrawMode.WindingMode:
        path.setFillRule(Qt.FillRule.WindingFill)
    return path
