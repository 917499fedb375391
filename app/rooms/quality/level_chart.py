"""The chart of the jump, on which a drag goes to any noise level, computed or not."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen

from app.plotting.measure_plot import MeasureChart
from app.plotting.sigma_axis import nearest, sigma_text

SNAP = 6.0  # pixels within which a drag keeps to a level that is computed
GAP = 4  # pixels between the line and its text


class LevelChart(MeasureChart):
    """`picked` tells a computed level, while the mouse moves; `wanted` another σ, when the mouse is released there."""

    wanted = Signal(float)

    _dragged: float | None = None  # σ under the mouse
    _under_way: float | None = None  # σ that is being computed

    def set_under_way(self, sigma: float | None) -> None:
        """Mark a level that is being computed."""
        if sigma != self._under_way:
            self._under_way = sigma
            self.viewport().update()

    def _pick(self, at: QPointF) -> None:
        x = self.box.mapSceneToView(self.mapToScene(at.toPoint())).x()
        x = min(max(x, float(self._x.min())), float(self._x.max()))
        level = self._x[nearest(self._x, x)]
        far = abs(self._at(level, 0.0).x() - self._at(x, 0.0).x()) > SNAP
        self._dragged = 10**-x if far else None
        if not far:
            super()._pick(at)
        self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        sigma, self._dragged = self._dragged, None
        if sigma is not None and event.button() == Qt.MouseButton.LeftButton:
            self.wanted.emit(sigma)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        sigma = self._under_way if self._dragged is None else self._dragged
        if sigma is None or not len(self._x):
            return
        low, high = self.box.viewRange()[1]
        top, bottom = (self._at(-math.log10(sigma), y) for y in (high, low))
        said = "computing" if self._dragged is None else "release to compute"
        text = f"σ {sigma_text(sigma)}, {said}"
        with QPainter(self.viewport()) as painter:
            painter.setPen(QPen(QColor(self._theme.accent), 1.0, Qt.PenStyle.DashLine))
            painter.drawLine(top, bottom)
            painter.setPen(QColor(self._theme.text))
            metrics = painter.fontMetrics()
            width = metrics.horizontalAdvance(text)
            right = top.x() + GAP + width < self.viewport().width()
            x = top.x() + GAP if right else top.x() - GAP - width
            ground = QColor(self._theme.base)
            ground.setAlphaF(0.85)  # a curve may pass behind it
            painter.fillRect(QRectF(x, top.y(), width, metrics.height()), ground)
            painter.drawText(QPointF(x, top.y() + metrics.ascent()), text)
