"""The data that D* is made of, as images with their posterior weights."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.image_card import Found, show_card
from app.plotting.images import to_image
from app.plotting.montage_geometry import integer_zoom
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from geomodel.arrays import Array
from geomodel.number_text import percent

THUMBNAIL = 44  # pixels that a neighbour takes at most
PANEL = 232  # pixels of width that several of them like to have


class Neighbours(QWidget):
    """The nearest data with their posterior weights: as many as there is room for, the heaviest first."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, largest: int = THUMBNAIL) -> None:
        super().__init__(parent)
        self._theme, self._largest = theme, largest
        self._images: Array = np.empty((0, 1, 1), np.uint8)
        self._weights: Array = np.empty(0)
        self._labels: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Nearest data")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_neighbours(self, images: Array, weights: Array, labels: tuple[str, ...]) -> None:
        """Images (k, H, W[, 3]), their weights (k,) in descending order, and a label for each, or none."""
        self._images, self._weights, self._labels = images, weights, labels
        self.setAccessibleDescription(", ".join(percent(weight) for weight in weights))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(PANEL, 112)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setFont(tabular(self.font(), 0.85))
            line, width = self._cell()[2], self._pitch()[0] - 8
            for at, place in enumerate(self._places()):
                self._paint_one(painter, at, place, width, line)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and show_card(event, self, self._found(QPointF(event.pos()))):
            return True
        return super().event(event)

    def _found(self, at: QPointF) -> Found | None:
        """The image at a point, with its class and weight."""
        for k, rect in enumerate(self._places()):
            if rect.contains(at):
                label = f"{self._labels[k]}, " if self._labels else ""
                return self._images[k], f"{label}weight {percent(float(self._weights[k]))}"
        return None

    def _places(self) -> list[QRectF]:
        """Where the images stand that have room."""
        if not len(self._images):
            return []
        ratio = self.devicePixelRatioF()
        wide, high, _ = self._cell()
        pitch, tall = self._pitch()
        columns = max(1, int((self.width() + 8) // pitch))
        count = min(len(self._images), columns * max(1, int((self.height() + 8) // tall)))
        # Whole device pixels: an image pixel must not fall between two of them.
        places = ((at % columns * pitch, at // columns * tall) for at in range(count))
        return [QRectF(round(x * ratio) / ratio, round(y * ratio) / ratio, wide, high) for x, y in places]

    def _cell(self) -> tuple[float, float, float]:
        """Width and height of an image, and the height of a line of text."""
        ratio, (height, width) = self.devicePixelRatioF(), self._images.shape[1:3]
        zoom = integer_zoom(self._largest * ratio, height)
        return width * zoom / ratio, height * zoom / ratio, QFontMetricsF(tabular(self.font(), 0.85)).height()

    def _pitch(self) -> tuple[float, float]:
        """From one neighbour to the next, across and down."""
        wide, high, line = self._cell()
        least = QFontMetricsF(tabular(self.font(), 0.85)).horizontalAdvance("< 0.1 %")
        return max(wide, least) + 8, high + 8 + line * (2 if self._labels else 1) + 8

    def _paint_one(self, painter: QPainter, at: int, image: QRectF, width: float, line: float) -> None:
        painter.drawImage(image, to_image(self._images[at]))
        weight = float(self._weights[at])
        bar = QRectF(image.left(), image.bottom() + 3, width, 3)
        painter.fillRect(bar, QColor(self._theme.line))
        bar.setWidth(width * weight)
        painter.fillRect(bar, QColor(self._theme.optimal))
        text = QRectF(image.left(), bar.bottom() + 2, width, line)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft, percent(weight))
        if self._labels:
            label = painter.fontMetrics().elidedText(self._labels[at], Qt.TextElideMode.ElideRight, int(width))
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(text.translated(0, line), Qt.AlignmentFlag.AlignLeft, label)
