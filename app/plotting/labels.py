"""Small texts in a plane plot, each on a background of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from app.plotting.bundles import Sketch
from geomodel.arrays import Array


class Labels(Sketch):
    """Texts at the upper right of their points, or `centred` on them, if the earlier texts have left room there."""

    def __init__(self, *, centred: bool = False) -> None:
        super().__init__()
        self.points: Array = np.empty((0, 2))
        self.texts: tuple[str, ...] = ()
        self._centred = centred
        self._color, self._ground = QColor(), QColor()

    def set_look(self, color: str, ground: str) -> None:
        """The text and its background."""
        self._color, self._ground = QColor(color), QColor(ground)
        self._ground.setAlphaF(0.55)
        self.update()

    def set_labels(self, points: Array, texts: tuple[str, ...]) -> None:
        """Show texts at points (n, 2)."""
        self.points, self.texts = np.asarray(points, np.float64).reshape(-1, 2), texts
        self.update()

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None) -> None:
        pixels = self.to_pixels(self.points)
        self.enter_pixels(painter)
        metrics, taken = painter.fontMetrics(), list[QRect]()
        for (x, y), text in zip(pixels.tolist(), self.texts, strict=True):
            if max(abs(x), abs(y)) >= 1e5:
                continue
            box = metrics.boundingRect(text).adjusted(-3, -1, 3, 1)
            at = QPointF(x, y) - QPointF(box.center()) if self._centred else QPointF(x + 9, y - 7)
            place = box.translated(at.toPoint())
            if self._centred and any(map(place.intersects, taken)):
                continue
            taken.append(place)
            painter.fillRect(place, self._ground)
            painter.setPen(self._color)
            painter.drawText(at, text)
