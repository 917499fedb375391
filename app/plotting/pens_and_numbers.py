"""The pens of each kind of curve, the same in every view, and the font of numbers."""

from __future__ import annotations

from typing import Literal

from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen

from app.plotting.theme import Theme

# The runs.k are the hues of things that are compared, in their order.
Kind = Literal[
    "sampling",
    "denoising",
    "optimal",
    "network",
    "reference",
    "runs.0",
    "runs.1",
    "runs.2",
    "runs.3",
    "runs.4",
    "runs.5",
    "runs.6",
]

# Each kind has a symbol at the steps, so that the kinds differ in grey print too.
SYMBOLS: dict[Kind, str] = {
    "denoising": "o",
    "optimal": "d",
    "network": "s",
    "runs.0": "o",
    "runs.1": "s",
    "runs.2": "t1",
    "runs.3": "d",
    "runs.4": "+",
    "runs.5": "t",
    "runs.6": "star",
}
SAMPLE_WIDTH = 24  # pixels that a curve's sample takes


def hue(kind: Kind, theme: Theme) -> QColor:
    """The hue, which says whose curve it is."""
    return QColor(theme.hue(kind))


def curve_pen(kind: Kind, theme: Theme, width: float) -> QPen:
    """A cosmetic pen, whose dash says which kind of curve it is."""
    pen = QPen(hue(kind, theme), width)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if kind == "denoising":
        pen.setDashPattern([3.5, 2.0])
    elif kind == "reference":
        pen.setDashPattern([1.0, 1.5])
    return pen


def paint_sample(painter: QPainter, rect: QRectF, kind: Kind, theme: Theme) -> None:
    """A short piece of the curve, for a legend."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = curve_pen(kind, theme, 2.0)
    pen.setCosmetic(False)  # in a legend the width follows the text, at every scale
    painter.setPen(pen)
    middle = rect.center()
    painter.drawLine(QPointF(rect.left(), middle.y()), QPointF(rect.right(), middle.y()))
    if symbol := SYMBOLS.get(kind):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(hue(kind, theme))
        painter.translate(middle)
        drawSymbol(painter, symbol, 6.0, QPen(Qt.PenStyle.NoPen), QBrush(hue(kind, theme)))
    painter.restore()


def tabular(font: QFont, factor: float = 1.0, *, bold: bool = False) -> QFont:
    """The font with digits of one width, so that changing numbers do not jitter."""
    result = QFont(font)
    result.setFeature(QFont.Tag("tnum"), 1)
    result.setBold(bold)
    if font.pixelSize() > 0:
        result.setPixelSize(round(font.pixelSize() * factor))
    else:
        result.setPointSizeF(font.pointSizeF() * factor)
    return result
