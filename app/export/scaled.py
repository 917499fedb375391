"""A paint device that draws everything larger, including cosmetic pens.

A cosmetic pen has the same width in device pixels at every scale of the painter, so a picture that is drawn at 300 dpi
by scaling the painter has lines a third as thick as at 96 dpi. Here a widget draws as if on a 96 dpi device, and every
primitive is passed on to a painter on the larger image, with wider cosmetic pens.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QImage,
    QPaintDevice,
    QPaintEngine,
    QPaintEngineState,
    QPainter,
    QPainterPath,
    QPen,
    QTextItem,
    QTransform,
)

from app.export.paper import PaperDevice

Dirty = QPaintEngine.DirtyFlag


def scaled_device(image: QImage, width: int, height: int) -> PaperDevice:
    """A device with this many logical pixels. It draws over the whole of an image."""
    return PaperDevice(_ScaledEngine(image, image.width() / width, image.height() / height), width, height)


class _ScaledEngine(QPaintEngine):
    """Passes every primitive on to a painter on the image."""

    def __init__(self, image: QImage, across: float, down: float) -> None:
        super().__init__(QPaintEngine.PaintEngineFeature.AllFeatures)
        self._image = image
        self._scale = QTransform.fromScale(across, down)
        self._pens = down
        self._painter = QPainter()

    def type(self) -> QPaintEngine.Type:
        return QPaintEngine.Type.User

    def begin(self, device: QPaintDevice) -> bool:
        return self._painter.begin(self._image)

    def end(self) -> bool:
        return self._painter.end()

    def updateState(self, state: QPaintEngineState) -> None:
        dirty, painter = state.state(), self._painter
        if dirty & (Dirty.DirtyTransform | Dirty.DirtyClipPath | Dirty.DirtyClipRegion):
            painter.setTransform(state.transform() * self._scale)
        if dirty & Dirty.DirtyPen:
            painter.setPen(self._widened(state.pen()))
        if dirty & Dirty.DirtyBrush:
            painter.setBrush(state.brush())
        if dirty & Dirty.DirtyBrushOrigin:
            painter.setBrushOrigin(state.brushOrigin())
        if dirty & Dirty.DirtyFont:
            painter.setFont(state.font())
        if dirty & Dirty.DirtyBackground:
            painter.setBackground(state.backgroundBrush())
        if dirty & Dirty.DirtyBackgroundMode:
            painter.setBackgroundMode(state.backgroundMode())
        if dirty & Dirty.DirtyHints:
            painter.setRenderHints(painter.renderHints(), False)
            painter.setRenderHints(state.renderHints(), True)
        if dirty & Dirty.DirtyCompositionMode:
            painter.setCompositionMode(state.compositionMode())
        if dirty & Dirty.DirtyOpacity:
            painter.setOpacity(state.opacity())
        self._update_clip(state)

    def _update_clip(self, state: QPaintEngineState) -> None:
        dirty, painter = state.state(), self._painter
        if dirty & Dirty.DirtyClipRegion:
            painter.setClipRegion(state.clipRegion(), state.clipOperation())
        if dirty & Dirty.DirtyClipPath:
            painter.setClipPath(state.clipPath(), state.clipOperation())
        if dirty & Dirty.DirtyClipEnabled:
            painter.setClipping(state.isClipEnabled())

    def _widened(self, pen: QPen) -> QPen:
        if pen.isCosmetic():
            pen = QPen(pen)
            pen.setWidthF(max(pen.widthF(), 1.0) * self._pens)  # width 0 means one device pixel, and such a pen
            pen.setCosmetic(True)  # is cosmetic for that reason alone
        return pen

    def drawPath(self, path: QPainterPath) -> None:
        self._painter.drawPath(path)

    def drawPolygon(self, points: Any, mode: QPaintEngine.PolygonDrawMode) -> None:
        if mode == QPaintEngine.PolygonDrawMode.PolylineMode:
            self._painter.drawPolyline(points)
        else:
            winding = mode == QPaintEngine.PolygonDrawMode.WindingMode
            self._painter.drawPolygon(points, Qt.FillRule.WindingFill if winding else Qt.FillRule.OddEvenFill)

    def drawImage(self, target: Any, image: QImage, source: Any, flags: Any = None) -> None:
        self._painter.drawImage(target, image, source)

    def drawPixmap(self, target: Any, pixmap: Any, source: Any) -> None:
        self._painter.drawPixmap(target, pixmap, source)

    def drawTiledPixmap(self, target: Any, pixmap: Any, origin: Any) -> None:
        self._painter.drawTiledPixmap(target, pixmap, origin)

    def drawTextItem(self, position: Any, item: QTextItem) -> None:
        self._painter.drawTextItem(position, item)
