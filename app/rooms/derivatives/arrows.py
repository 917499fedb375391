"""Draws a few vectors of the plane from one origin, each in its own style, with their lengths and a scale bar."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.pens_and_numbers import Kind, curve_pen, hue, paint_sample, tabular
from app.plotting.theme import Theme
from geomodel.arrays import Array
from geomodel.number_text import fixed

KINDS: dict[str, Kind] = {"implied": "sampling", "true": "reference", "effective": "optimal"}  # by a vector's name
WIDTHS: dict[Kind, float] = {"sampling": 4.0, "optimal": 1.6, "reference": 2.0}  # the vectors may coincide
HEAD = 11.0  # pixels of an arrow's head
EDGE = 14.0  # pixels around the vectors
KEY = 164.0  # pixels of width for names and lengths
SAMPLE = 28.0
UNIT = "data units per unit of σ"


def round_length(most: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is at most `most`."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(part * power for part in (5.0, 2.0, 1.0) if part * power <= most * (1 + 1e-9))


def fit(vectors: Array, room: QRectF) -> tuple[QPointF, float]:
    """Where the origin stands and how many pixels a unit takes, so that origin and vectors (n, 2) fill the space."""
    ends = np.concatenate((np.zeros((1, 2)), vectors))
    low, high = ends.min(0), ends.max(0)
    spans = [side / span for side, span in zip((room.width(), room.height()), high - low, strict=True) if span > 0]
    scale = float(min(spans, default=1.0))
    x, y = (low + high) / 2 * scale
    return room.center() - QPointF(x, -y), scale


class Arrows(QWidget):
    """Vectors from one origin, y upwards, with one scale for both directions."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._arrows: tuple[tuple[str, Kind, Array], ...] = ()
        self.setMinimumSize(240, 66)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_arrows(self, arrows: tuple[tuple[str, Array], ...]) -> None:
        """Set vectors (2,) by the names in `KINDS`. Those that are not finite are left out."""
        self._arrows = tuple((name, KINDS[name], vector) for name, vector in arrows if np.isfinite(vector).all())
        self.setAccessibleDescription(", ".join(f"{name} {_length(vector)}" for name, _, vector in self._arrows))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 132)

    @property
    def _line(self) -> float:
        return 1.5 * self.fontMetrics().height()

    @property
    def _tall(self) -> bool:
        """Whether names stand above the drawing, because it is taller than wide."""
        return self.height() > self.width()

    def room(self) -> QRectF:
        """The area for vectors: above the scale bar, and under the names or right of them."""
        whole = QRectF(self.rect()).adjusted(EDGE, EDGE, -EDGE, -self._line - EDGE)
        if self._tall:
            whole.setTop(whole.top() + len(KINDS) * self._line)
            whole.setHeight(min(whole.height(), whole.width()))
        else:
            whole.setRight(whole.right() - KEY)
        return whole

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if not self._arrows:
                painter.setPen(QColor(self._theme.muted))
                text = "No vectors to draw at this step."
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)
                return
            origin, scale = fit(np.array([vector for *_, vector in self._arrows]), self.room())
            # The widest is drawn first, so that the others remain visible on it by their width and dash.
            for _, kind, vector in sorted(self._arrows, key=lambda arrow: -WIDTHS[arrow[1]]):
                x, y = (vector * scale).tolist()
                self._paint_arrow(painter, kind, origin, origin + QPointF(x, -y))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.text))
            painter.drawEllipse(origin, 3.0, 3.0)
            self._paint_key(painter)
            if any(vector.any() for *_, vector in self._arrows):
                self._paint_bar(painter, scale)

    def _paint_arrow(self, painter: QPainter, kind: Kind, tail: QPointF, tip: QPointF) -> None:
        along = tip - tail
        length = math.hypot(along.x(), along.y())
        if length < 1:
            return  # the legend says that it is zero
        along *= 1 / length
        across = QPointF(-along.y(), along.x())
        head = min(HEAD, 0.5 * length)
        pen = curve_pen(kind, self._theme, WIDTHS[kind])
        pen.setCosmetic(False)
        painter.setPen(pen)
        neck = tip - along * head
        painter.drawLine(tail, neck)
        outline = Qt.PenStyle.SolidLine if kind == "reference" else Qt.PenStyle.NoPen
        painter.setPen(QPen(hue(kind, self._theme), 1.5, outline))
        painter.setBrush(QColor(self._theme.base) if kind == "reference" else hue(kind, self._theme))
        middle = (tip + neck) * 0.5 if kind == "optimal" else neck  # where the head is widest: a diamond or an arrow
        across *= 0.42 * head
        painter.drawPolygon(QPolygonF([tip, middle + across, neck, middle - across]))

    def _paint_key(self, painter: QPainter) -> None:
        """Names and lengths."""
        font, line = tabular(self.font()), self._line
        left = EDGE if self._tall else self.width() - KEY
        top = 0.0 if self._tall else (self.height() - line * len(self._arrows)) / 2
        painter.setFont(font)
        for at, (name, kind, vector) in enumerate(self._arrows):
            row = QRectF(left, top + at * line, KEY - EDGE, line)
            paint_sample(painter, QRectF(row.left(), row.top(), SAMPLE, line), kind, self._theme)
            painter.setPen(QColor(self._theme.text))
            row.adjust(SAMPLE + 8, 0, 0, 0)
            painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, name)
            painter.drawText(row, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, _length(vector))

    def _paint_bar(self, painter: QPainter, scale: float) -> None:
        """A round length under the vectors."""
        room, metrics = self.room(), self.fontMetrics()
        length = round_length(0.4 * room.width() / scale)
        x, y, end = EDGE, room.bottom() + EDGE + self._line / 2, EDGE + length * scale
        painter.setPen(QPen(QColor(self._theme.muted), 1.5))
        painter.drawLine(QPointF(x, y), QPointF(end, y))
        for at in (x, end):
            painter.drawLine(QPointF(at, y - 4), QPointF(at, y + 4))
        words, right = fixed(length, 1), self.width() - (EDGE if self._tall else KEY)
        if end + 8 + metrics.horizontalAdvance(f"{words} {UNIT}") <= right:
            words = f"{words} {UNIT}"
        painter.drawText(QPointF(end + 8, y + (metrics.ascent() - metrics.descent()) / 2), words)


def _length(vector: Array) -> str:
    return fixed(float(np.linalg.norm(vector)), 3)
