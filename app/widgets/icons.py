"""Icons of the transport. They are drawn, so that no font or file can be missing and they take the theme's colours."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from app.plotting.theme import Theme

GRID = 16  # icons are drawn on a square of so many units
SIZES = (16, 20, 32, 40, 48, 60)


def icon(name: str, theme: Theme) -> QIcon:
    """The icon in the theme's text colour, muted if disabled and in the accent colour if checked."""
    result = QIcon()
    states = (
        (theme.text, QIcon.Mode.Normal, QIcon.State.Off),
        (theme.accent, QIcon.Mode.Normal, QIcon.State.On),
        (theme.line, QIcon.Mode.Disabled, QIcon.State.Off),
        (theme.line, QIcon.Mode.Disabled, QIcon.State.On),
    )
    for color, mode, state in states:
        for size in SIZES:
            result.addPixmap(_pixmap(name, QColor(color), size), mode, state)
    return result


def _pixmap(name: str, color: QColor, size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(size / GRID, size / GRID)
        filled, stroked = ICONS[name]()
        painter.fillPath(filled, color)
        painter.strokePath(stroked, QPen(color, 1.6, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
    return pixmap


Paths = tuple[QPainterPath, QPainterPath]  # filled, stroked


def _triangles(*spans: tuple[float, float], bar: float | None = None, half: float = 4.5) -> Paths:
    """Triangles from x to x', which point towards x', and a bar."""
    path = QPainterPath()
    for base, tip in spans:
        path.addPolygon(QPolygonF([QPointF(base, 8 - half), QPointF(tip, 8), QPointF(base, 8 + half)]))
        path.closeSubpath()
    if bar is not None:
        path.addRect(QRectF(bar, 8 - half, 1.6, 2 * half))
    return path, QPainterPath()


def _pause() -> Paths:
    path = QPainterPath()
    path.addRect(QRectF(4, 3, 2.8, 10))
    path.addRect(QRectF(9.2, 3, 2.8, 10))
    return path, QPainterPath()


def _loop() -> Paths:
    arc, head = QPainterPath(), QPainterPath()
    circle = QRectF(3, 3, 10, 10)
    arc.arcMoveTo(circle, 60)
    arc.arcTo(circle, 60, -300)
    head.addPolygon(QPolygonF([QPointF(8.2, 0.2), QPointF(8.2, 5.8), QPointF(12.2, 3.0)]))
    return head, arc


def _inside() -> Paths:
    """A step between its two ends, with a stage in the middle."""
    ends, stage = QPainterPath(), QPainterPath()
    for x, turn in ((2.5, 1), (13.5, -1)):
        ends.moveTo(x + 2.2 * turn, 3)
        ends.lineTo(x, 3)
        ends.lineTo(x, 13)
        ends.lineTo(x + 2.2 * turn, 13)
    stage.addEllipse(QPointF(8, 8), 2.4, 2.4)
    return stage, ends


ICONS: dict[str, Callable[[], Paths]] = {
    "start": lambda: _triangles((8.3, 3.6), (13.5, 8.8), bar=1.8),
    "back": lambda: _triangles((12.5, 5.2), bar=3.2),
    "play": lambda: _triangles((4.0, 13.5), half=5.5),
    "pause": _pause,
    "forward": lambda: _triangles((3.5, 10.8), bar=11.2),
    "end": lambda: _triangles((2.5, 7.2), (7.7, 12.4), bar=12.6),
    "loop": _loop,
    "inside": _inside,
}
