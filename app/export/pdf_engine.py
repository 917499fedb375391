"""Draws on a page of a PDF. Letters stay letters, and a line stays a line with a pen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF
from PySide6.QtGui import QBrush, QImage, QPaintDevice, QPainter, QPainterPath, QPdfWriter, QPen, QPolygonF, QTextItem

from app.export.cropping import Point
from app.export.page_engine import PageEngine


class PdfEngine(PageEngine):
    """Passes everything on to a painter of Qt's writer, which has as many pixels as the page.

    Qt writes a pen as a pen only if it is not cosmetic. Otherwise it writes every dash as an area of its own.
    """

    def __init__(self, writer: QPdfWriter) -> None:
        super().__init__()
        self._writer, self._painter = writer, QPainter()

    def begin(self, device: QPaintDevice) -> bool:
        return super().begin(device) and self._painter.begin(self._writer)

    def end(self) -> bool:
        return self._painter.end()

    def clip_page(self, clip: QPainterPath | None) -> None:
        if clip is None:
            self._painter.setClipping(False)
        else:
            self._painter.setClipPath(clip)

    def draw_area(self, path: QPainterPath, pen: QPen, brush: QBrush) -> None:
        self._painter.setOpacity(self._opacity)
        self._painter.setPen(pen)
        self._painter.setBrush(brush)
        self._painter.drawPath(path)

    def draw_lines(self, path: QPainterPath, pen: QPen) -> None:
        self._painter.setOpacity(self._opacity)
        self._painter.strokePath(path, pen)

    def draw_line(self, points: Sequence[Point], pen: QPen) -> None:
        self._painter.setOpacity(self._opacity)
        self._painter.setPen(pen)
        self._painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))

    def drawTextItem(self, position: Any, item: QTextItem) -> None:
        at, transform = self._place(position)
        self._painter.setOpacity(self._opacity)
        self._painter.setPen(self._pen)
        if transform is not None:
            self._painter.setTransform(transform)
        self._painter.drawTextItem(at, item)
        self._painter.resetTransform()

    def drawImage(self, target: Any, image: QImage, source: Any, flags: Any = None) -> None:
        self._painter.setOpacity(self._opacity)
        self._painter.setTransform(self._transform)
        self._painter.drawImage(target, image, source)
        self._painter.resetTransform()
