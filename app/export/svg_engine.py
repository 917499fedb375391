"""Writes what is drawn as SVG. Qt's own generator gives cosmetic pens the width of the data's units."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontInfo,
    QImage,
    QLinearGradient,
    QPaintEngineState,
    QPainterPath,
    QPen,
    QTextItem,
    QTransform,
)

from app.export.cropping import Point
from app.export.page_engine import PageEngine
from app.export.paper import DPI
from app.export.svg import Run, SvgPage, attributes, number

CAPS = {Qt.PenCapStyle.FlatCap: "butt", Qt.PenCapStyle.SquareCap: "square", Qt.PenCapStyle.RoundCap: "round"}
JOINS = {Qt.PenJoinStyle.BevelJoin: "bevel", Qt.PenJoinStyle.RoundJoin: "round"}  # all others are mitred
FINE, LARGEST = 3, 4096  # pixels of an enlarged image in one of the page, and on its longer side
TABULAR = QFont.Tag("tnum")


class _Bundle(NamedTuple):
    """What is the same for all lines of a pen."""

    pen: QPen
    opacity: float
    look: str
    opaque: bool
    solid: bool


class SvgEngine(PageEngine):
    """Writes every primitive on a page."""

    def __init__(self, page: SvgPage) -> None:
        super().__init__()
        self._page = page
        self._bundle = _Bundle(QPen(), 1.0, "", True, True)
        self._inside = ""  # the attributes of an ellipse, until the state changes

    def updateState(self, state: QPaintEngineState) -> None:
        super().updateState(state)
        self._inside = ""

    def clip_page(self, clip: QPainterPath | None) -> None:
        self._page.clip("" if clip is None else path_data(clip) or "M0,0")

    # ------------------------------------------------------------ lines and areas

    def draw_area(self, path: QPainterPath, pen: QPen, brush: QBrush) -> None:
        if data := path_data(path):
            rule = attributes(fill_rule="evenodd") if path.fillRule() == Qt.FillRule.OddEvenFill else ""
            self._page.shape(self._paint("fill", brush) + rule + self._stroke(pen), f'<path d="{data}"')

    def draw_lines(self, path: QPainterPath, pen: QPen) -> None:
        self._page.path(attributes(fill="none") + self._stroke(pen), path_data(path), opaque=self._opaque(pen))

    def draw_line(self, points: Sequence[Point], pen: QPen) -> None:
        if pen is not self._bundle.pen or self._opacity != self._bundle.opacity:  # else one more line of a bundle
            look = attributes(fill="none") + self._stroke(pen)
            solid = pen.style() == Qt.PenStyle.SolidLine
            self._bundle = _Bundle(pen, self._opacity, look, self._opaque(pen), solid)
        self._page.line(self._bundle.look, points, opaque=self._bundle.opaque, solid=self._bundle.solid)

    def drawEllipse(self, rect: Any) -> None:
        if self._transform.isRotating() or self._skewed_pen():
            super().drawEllipse(rect)
        elif self._filled() or self._stroked():
            mapped = self._transform.mapRect(QRectF(rect))
            middle, across, down = mapped.center(), number(mapped.width() / 2), number(mapped.height() / 2)
            centre = f'cx="{number(middle.x())}" cy="{number(middle.y())}"'
            shape = f'<circle {centre} r="{across}"'
            if across != down:
                shape = f'<ellipse {centre} rx="{across}" ry="{down}"'
            if not self._inside:  # thousands of points have the same
                self._inside = self._paint("fill", self._page_brush()) + self._stroke(self._page_pen())
            self._page.shape(self._inside, shape)

    # ------------------------------------------------------------ paint

    def _opaque(self, pen: QPen) -> bool:
        return pen.color().alpha() == 255 and self._opacity == 1

    def _paint(self, name: str, brush: QBrush) -> str:
        """The attributes of a brush: a colour, or a linear gradient. Other brushes become their colour."""
        if brush.style() == Qt.BrushStyle.NoBrush:
            return f' {name}="none"'
        if brush.style() == Qt.BrushStyle.LinearGradientPattern:
            gradient = cast(QLinearGradient, brush.gradient())
            start, end = (brush.transform().map(at) for at in (gradient.start(), gradient.finalStop()))
            stops = [(offset, self._colour("stop", colour)) for offset, colour in cast(Any, gradient.stops())]
            return f' {name}="{self._page.gradient((start.x(), start.y()), (end.x(), end.y()), stops)}"'
        return self._colour(name, brush.color())

    def _colour(self, name: str, colour: QColor) -> str:
        paint = "stop-color" if name == "stop" else name
        return f' {paint}="{colour.name()}"' + _opacity(name, colour.alphaF() * self._opacity)

    def _stroke(self, pen: QPen) -> str:
        """The attributes of a pen of the page."""
        if pen.style() == Qt.PenStyle.NoPen:
            return ""
        width = pen.widthF()
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
        font, (at, transform) = item.font(), self._place(position)
        look = attributes(font_family=f"'{QFontInfo(font).family()}', sans-serif")
        if font.weight() != QFont.Weight.Normal:
            look += attributes(font_weight=str(font.weight().value))
        if font.italic():
            look += attributes(font_style="italic")
        if TABULAR in font.featureTags():
            look += attributes(style="font-variant-numeric:tabular-nums")
        size = font.pixelSize() if font.pixelSize() > 0 else font.pointSizeF() * DPI / 72
        look += self._paint("fill", self._pen.brush())
        self._page.text(Run(item.text(), at.x(), at.y(), item.width(), size, look), _matrix(transform))

    def drawImage(self, target: Any, image: QImage, source: Any, flags: Any = None) -> None:
        part, place = QRectF(source).toRect(), QRectF(target)
        if part != image.rect():
            image = image.copy(part)
        if not self._smooth:
            image = _enlarged(image, self._transform.mapRect(place))
        content = QBuffer()
        content.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(content, "PNG")  # type: ignore[call-overload]  # the stub forgets str
        t, transform = self._transform, None
        if t.isRotating() or t.m11() < 0 or t.m22() < 0:  # a square of one unit, because data units may be any size
            transform = QTransform(place.width(), 0, 0, place.height(), place.x(), place.y()) * t
            place = QRectF(0, 0, 1, 1)
        else:
            place = t.mapRect(place)
        names = {"x": place.x(), "y": place.y(), "width": place.width(), "height": place.height()}
        look = attributes(**{name: number(value) for name, value in names.items()})
        look += _matrix(transform) + _opacity("", self._opacity)
        self._page.image(b64encode(content.data().data()).decode("ascii"), look)


def _enlarged(image: QImage, place: QRectF) -> QImage:
    """The image with every pixel as a square of many, because viewers blur the edges between pixels."""
    wanted = math.ceil(FINE * place.width() / max(1, image.width()))
    factor = min(wanted, LARGEST // max(1, image.width(), image.height()))
    return image.scaled(image.size() * factor) if factor > 1 else image


def _matrix(transform: QTransform | None) -> str:
    if transform is None:
        return ""
    t = transform
    values = (f"{value:.7g}" for value in (t.m11(), t.m12(), t.m21(), t.m22(), t.dx(), t.dy()))
    return f' transform="matrix({" ".join(values)})"'


def _opacity(name: str, value: float) -> str:
    prefix = f"{name}-" if name else ""
    return "" if value >= 1 else f' {prefix}opacity="{value:.3g}"'


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
