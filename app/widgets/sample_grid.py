"""Shows every sample of a run as a small image. The selected one is framed, and a click selects another."""

from __future__ import annotations

from math import ceil

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.image_card import show_card
from app.plotting.images import to_image
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from geomodel.arrays import Array

GAP = 4
LARGEST = 4  # an image pixel takes at most this many device pixels at scale 1
KEYS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}  # the left and right keys move the playhead


class SampleGrid(QWidget):
    """True pixels at the largest integer zoom at which all samples fit; if none does, as many samples as fit."""

    sample_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._sample = theme, 0
        self._images: Array = np.empty((0, 1, 1), np.uint8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("All samples at the playhead")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_samples(self, images: Array, sample: int) -> None:
        """Show images (B, H, W[, 3]) uint8, and the selected one; −1 for none."""
        self._images, self._sample = images, sample
        selected = f"sample {sample} of {len(images)} is selected" if sample >= 0 else f"{len(images)} images"
        self.setAccessibleDescription(selected)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(232, 112)

    def _layout(self) -> tuple[int, int, int]:
        """Zoom, columns and number of images that are shown, in device pixels."""
        ratio = self.devicePixelRatioF()
        count, (height, width) = len(self._images), self._images.shape[1:3]
        room, tall, gap = self.width() * ratio, self.height() * ratio, GAP * ratio
        zoom = max(1, int(LARGEST * ratio))
        while True:
            columns = max(1, int((room - gap) // (width * zoom + gap)))
            rows = max(1, int((tall - gap) // (height * zoom + gap)))
            if zoom == 1 or ceil(count / columns) <= rows:
                return zoom, columns, min(count, columns * rows)
            zoom -= 1

    def rect_of(self, sample: int) -> QRectF:
        """Where a sample stands, in device pixels."""
        zoom, columns, _ = self._layout()
        height, width = (size * zoom for size in self._images.shape[1:3])
        gap = round(GAP * self.devicePixelRatioF())
        return QRectF(gap + sample % columns * (width + gap), gap + sample // columns * (height + gap), width, height)

    def sample_at(self, x: float, y: float) -> int | None:
        """The sample under a point of the widget."""
        ratio = self.devicePixelRatioF()
        shown = range(self._layout()[2]) if len(self._images) else ()
        return next((at for at in shown if self.rect_of(at).contains(x * ratio, y * ratio)), None)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not len(self._images):
            return
        with QPainter(self) as painter:
            ratio = self.devicePixelRatioF()
            painter.scale(1 / ratio, 1 / ratio)
            shown, count = self._layout()[2], len(self._images)
            for at in range(shown):
                painter.drawImage(self.rect_of(at), to_image(self._images[at]))
            if shown < count:  # the last place says how many more there are
                rest = self.rect_of(shown - 1)
                painter.fillRect(rest, QColor(self._theme.base))
                painter.setFont(tabular(self.font(), 0.85 * ratio))
                painter.setPen(QColor(self._theme.muted))
                painter.drawText(rest, Qt.AlignmentFlag.AlignCenter, f"+{count - shown + 1}")
            if 0 <= self._sample < shown:
                half = GAP * ratio / 2
                painter.setPen(QPen(QColor(self._theme.accent), 2 * ratio))
                painter.drawRect(self.rect_of(self._sample).adjusted(-half, -half, half, half))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self.sample_at(event.position().x(), event.position().y())
        if at is not None:
            self.sample_picked.emit(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = KEYS.get(Qt.Key(event.key()))
        if step is None or event.modifiers() or not 0 <= self._sample + step < len(self._images):
            super().keyPressEvent(event)
        else:
            self.sample_picked.emit(self._sample + step)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            at = self.sample_at(event.pos().x(), event.pos().y())
            show_card(event, self, None if at is None else (self._images[at], f"sample {at}: click to select"))
            return True
        return super().event(event)
