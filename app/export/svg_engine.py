"""A paint device that writes what is drawn on it as SVG.

Qt's own generator gives cosmetic pens the width of the data's units, and viewers scale pens under a transform
differently. So every line and area is mapped to pixels of the page here, and its pen is written as wide as it is there.
"""

from __future__ import annotations

import math
from base64 import b64encode
from typing import Any, cast

from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontInfo,
    QImage,
    QLinearGradient,
    QPaintDevice,
    QPaintEngine,
    QPaintEngineState,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
    QTextItem,
    QTransform,
)

from app.export.paper import DPI
from app.export.svg import Run, SvgPage, attributes, number

Dirty = QPaintEngine.DirtyFlag
CAPS = {Qt.PenCapStyle.FlatCap: "butt", Qt.PenCapStyle.SquareCap: "square", Qt.PenCapStyle.RoundCap: "round"}
JOINS = {Qt.PenJoinStyle.BevelJoin: "bevel", Qt.PenJoinStyle.RoundJoin: "round"}  # all others are mitred
FINE, LARGEST = 3, 4096  # pixels of an enlarged image in one of the page, and on its longer side
TABULAR = QFont.Tag("tnum")


class SvgEngine(QPaintEngine):
    """Writes every primitive on a page."""

    def __init__(self, page: SvgPage) -> None:
        super().__init__(QPaintEngine.PaintEngineFeature.AllFeatures)
        self._page = page
        self._transform, self._pen, self._brush = QTransform(), QPen(), QBrush()
        self._opacity, self._smooth = 1.0, False
        self._clip: QPainterPath | None = None

    def type(self) -> QPaintEngine.Type:
        return QPaintEngine.Type.User

    def begin(self, device: QPaintDevice) -> bool:
        return True

    def end(self) -> bool:
        return True

    def updateState(self, state: QPaintEngineState) -> None:
        dirty = state.state()
        self._transform = state.transform()
        self._pen, self._brush, self._opacity = state.pen(), state.brush(), state.opacity()
        self._smooth = bool(state.renderHints() & QPainter.RenderHint.SmoothPixmapTransform)
        if dirty & Dirty.DirtyClipRegion:
            path = QPainterPath()
            path.addRegion(state.clipRegion())
            self._clip_to(path, state.clipOperation())
        if dirty & Dirty.DirtyClipPath:
            self._clip_to(state.clipPath(), state.clipOperation())
        if dirty & (Dirty.DirtyClipRegion | Dirty.DirtyClipPath | Dirty.DirtyClipEnabled):
            clip = self._clip if state.isClipEnabled() else None
            self._page.clip("" if clip is None else path_data(clip) or "M0,0")

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
            return
        data = path_data(self._transform.map(path))
        if not data:
            return
        if self._filled():
            even = path.fillRule() == Qt.FillRule.OddEvenFill
            self._page.shape(self._fill(even) + self._stroke(), f'<path d="{data}"')
        elif self._stroked():
            self._page.path(attributes(fill="none") + self._stroke(), data, opaque=self._opaque())

    def drawPolygon(self, points: Any, mode: QPaintEngine.PolygonDrawMode) -> None:
        if mode != QPaintEngine.PolygonDrawMode.PolylineMode or len(points) < 2 or self._skewed_pen():
            self.drawPath(_polygon(points, mode))
        elif self._stroked():
            mapped = [self._transform.map(QPointF(point)) for point in points]
            line = [(point.x(), point.y()) for point in mapped]
            if all(map(math.isfinite, sum(line, ()))):
                solid = self._pen.style() == Qt.PenStyle.SolidLine
                look = attributes(fill="none") + self._stroke()
                self._page.line(look, line, opaque=self._opaque(), solid=solid)

    def drawEllipse(self, rect: Any) -> None:
        if self._transform.isRotating() or self._skewed_pen():
            path = QPainterPath()
            path.addEllipse(QRectF(rect))
            self.drawPath(path)
        elif self._filled() or self._stroked():
            mapped = self._transform.mapRect(QRectF(rect))
            middle, across, down = mapped.center(), number(mapped.width() / 2), number(mapped.height() / 2)
            centre = attributes(cx=number(middle.x()), cy=number(middle.y()))
            shape = f"<circle{centre}{attributes(r=across)}"
            if across != down:
                shape = f"<ellipse{centre}{attributes(rx=across, ry=down)}"
            self._page.shape(self._fill(even=False) + self._stroke(), shape)

    def _draw_outlined(self, path: QPainterPath) -> None:
        """Draw area and line as two areas, because the line is not equally wide in all directions."""
        pen, brush = self._pen, self._brush
        self._pen = QPen(Qt.PenStyle.NoPen)
        self.drawPath(path)
        self._brush = pen.brush()
        self.drawPath(QPainterPathStroker(pen).createStroke(path))
        self._pen, self._brush = pen, brush

    def _skewed_pen(self) -> bool:
        """Whether the transform makes the pen wider one way than the other."""
        if self._pen.isCosmetic() or not self._stroked():
            return False
        t = self._transform
        first, second = math.hypot(t.m11(), t.m12()), math.hypot(t.m21(), t.m22())
        skew = t.m11() * t.m21() + t.m12() * t.m22()
        return abs(first - second) > 1e-3 * max(first, second) or abs(skew) > 1e-3 * first * second

    # ------------------------------------------------------------ paint

    def _filled(self) -> bool:
        return self._brush.style() != Qt.BrushStyle.NoBrush

    def _stroked(self) -> bool:
        return self._pen.style() != Qt.PenStyle.NoPen

    def _opaque(self) -> bool:
        return self._pen.color().alpha() == 255 and self._opacity == 1

    def _fill(self, even: bool) -> str:
        rule = attributes(fill_rule="evenodd") if even and self._filled() else ""
        return self._paint("fill", self._brush) + rule

    def _paint(self, name: str, brush: QBrush) -> str:
        """The attributes of a brush: a colour, or a linear gradient. Other brushes become their colour."""
        if brush.style() == Qt.BrushStyle.NoBrush:
            return f' {name}="none"'
        if brush.style() == Qt.BrushStyle.LinearGradientPattern:
            gradient = cast(QLinearGradient, brush.gradient())
            start, end = (self._transform.map(at) for at in (gradient.start(), gradient.finalStop()))
            stops = [(offset, self._colour("stop", colour)) for offset, colour in cast(Any, gradient.stops())]
            paint = self._page.gradient((start.x(), start.y()), (end.x(), end.y()), stops)
            return f' {name}="{paint}"' + _opacity(name, self._opacity)
        return self._colour(name, brush.color())

    def _colour(self, name: str, colour: QColor) -> str:
        paint = "stop-color" if name == "stop" else name
        return f' {paint}="{colour.name()}"' + _opacity(name, colour.alphaF() * self._opacity)

    def _stroke(self) -> str:
        """The attributes of the pen, in pixels of the page."""
        if not self._stroked():
            return ""
        pen, scale = self._pen, 1.0
        if not pen.isCosmetic():
            scale = math.sqrt(abs(self._transform.determinant()))
        width = pen.widthF() * scale or 1.0  # a pen of width 0 draws one pixel
        style = {"stroke_width": number(width)}
        if pen.capStyle() != Qt.PenCapStyle.FlatCap:
            style["stroke_linecap"] = CAPS[pen.capStyle()]
        if pen.joinStyle() in JOINS:
            style["stroke_linejoin"] = JOINS[pen.joinStyle()]
        else:  # Qt measures a mitre from the corner, SVG from one tip to the other
            both = 1 if pen.joinStyle() == Qt.PenJoinStyle.SvgMiterJoin else 2
            style["stroke_miterlimit"] = number(both * pen.miterLimit())
        if pattern := pen.dashPattern():
            style["stroke_dasharray"] = " ".join(number(length * width) for length in pattern)
            if pen.dashOffset():
                style["stroke_dashoffset"] = number(pen.dashOffset() * width)
        return self._paint("stroke", pen.brush()) + attributes(**style)

    # ------------------------------------------------------------ text and images

    def drawTextItem(self, position: Any, item: QTextItem) -> None:
        font, place = item.font(), self._matrix()
        at = QPointF(position) if place else self._transform.map(QPointF(position))
        look = attributes(font_family=f"'{QFontInfo(font).family()}', sans-serif")
        if font.weight() != QFont.Weight.Normal:
            look += attributes(font_weight=str(font.weight().value))
        if font.italic():
            look += attributes(font_style="italic")
        if TABULAR in font.featureTags():
            look += attributes(style="font-variant-numeric:tabular-nums")
        size = font.pixelSize() if font.pixelSize() > 0 else font.pointSizeF() * DPI / 72
        look += self._paint("fill", self._pen.brush())
        self._page.text(Run(item.text(), at.x(), at.y(), item.width(), size, look), place)

    def drawImage(self, target: Any, image: QImage, source: Any, flags: Any = None) -> None:
        part = QRectF(source).toRect()
        if part != image.rect():
            image = image.copy(part)
        place = self._matrix()
        target = QRectF(target) if place else self._transform.mapRect(QRectF(target))
        if not self._smooth:
            image = _enlarged(image, self._transform.mapRect(target) if place else target)
        content = QBuffer()
        content.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(content, "PNG")  # type: ignore[call-overload]  # the stub forgets str
        names = {"x": target.x(), "y": target.y(), "width": target.width(), "height": target.height()}
        look = attributes(**{name: number(value) for name, value in names.items()}) + place
        self._page.image(b64encode(content.data().data()).decode("ascii"), look + _opacity("", self._opacity))

    def drawPixmap(self, target: Any, pixmap: Any, source: Any) -> None:
        self.drawImage(target, pixmap.toImage(), source)

    def drawTiledPixmap(self, target: Any, pixmap: Any, origin: Any) -> None:
        tiled = QImage(QRectF(target).size().toSize(), QImage.Format.Format_ARGB32_Premultiplied)
        tiled.fill(Qt.GlobalColor.transparent)
        with QPainter(tiled) as painter:
            painter.drawTiledPixmap(tiled.rect(), pixmap, QPointF(origin).toPoint())
        self.drawImage(target, tiled, QRectF(tiled.rect()))

    def _matrix(self) -> str:
        """The transform of an element as an attribute, or nothing if positions on the page can stand for it."""
        t = self._transform
        if not t.isScaling():
            return ""
        values = (f"{value:.7g}" for value in (t.m11(), t.m12(), t.m21(), t.m22(), t.dx(), t.dy()))
        return f' transform="matrix({" ".join(values)})"'


def _enlarged(image: QImage, place: QRectF) -> QImage:
    """The image with every pixel as a square of many, because viewers blur the edges between pixels."""
    wanted = math.ceil(FINE * place.width() / max(1, image.width()))
    factor = min(wanted, LARGEST // max(1, image.width(), image.height()))
    return image.scaled(image.size() * factor) if factor > 1 else image


def _opacity(name: str, value: float) -> str:
    prefix = f"{name}-" if name else ""
    return "" if value >= 1 else f' {prefix}opacity="{value:.3g}"'


def _polygon(points: Any, mode: QPaintEngine.PolygonDrawMode) -> QPainterPath:
    path = QPainterPath(QPointF(points[0]))
    for point in points[1:]:
        path.lineTo(QPointF(point))
    if mode != QPaintEngine.PolygonDrawMode.PolylineMode:
        path.closeSubpath()
    if mode == QPaintEngine.PolygonDrawMode.WindingMode:
        path.setFillRule(Qt.FillRule.WindingFill)
    return path


def path_data(path: QPainterPath) -> str:
    """A path in SVG's letters. A part that ends where it began is closed, so that its corners are joined."""
    kinds = QPainterPath.ElementType
    parts: list[str] = []
    start = last = ""
    letter = ""
    for index in range(path.elementCount()):
        element = path.elementAt(index)
        kind: Any = element.type
        last, before = f"{number(element.x)},{number(element.y)}", last
        if kind == kinds.MoveToElement:
            if parts and before == start and letter != "M":
                parts.append("Z")
            start, letter = last, "M"
            parts.append(f"M{last}")
        elif kind == kinds.LineToElement:
            parts.append(f" {last}" if letter == "L" else f"L{last}")
            letter = "L"
        elif kind == kinds.CurveToElement:
            parts.append(f"C{last}")
            letter = "C"
        else:
            parts.append(f" {last}")
    if parts and last == start and letter != "M":
        parts.append("Z")
    return "".join(parts)
