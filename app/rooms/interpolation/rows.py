"""A row of images over the amounts. The picked amount is framed; a click or a drag picks another."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.image_card import Found, show_card
from app.plotting.images import to_image
from app.plotting.montage_geometry import integer_zoom
from app.plotting.theme import Theme
from geomodel.arrays import Array

GAP = 4  # pixels between images, where the frame has room


class AmountRow(QWidget):
    """True pixels at the largest integer zoom at which the row fits; if none does, every second image or fewer."""

    picked = Signal(int)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._images: Array = np.empty((0, 1, 1), np.uint8)
        self._at = 0
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """The colour of the frame."""
        self._theme = theme
        self.update()

    def show_images(self, images: Array, at: int) -> None:
        """Show images (A, H, W[, 3]) uint8 and frame one."""
        new = images is not self._images
        self._images, self._at = images, at
        if new:
            self._fit()
        self.update()

    # ------------------------------------------------------------ places

    def _layout(self) -> tuple[int, Array]:
        """The zoom, and which images are shown, in device pixels. The picked one is always among them."""
        ratio, count = self.devicePixelRatioF(), len(self._images)
        width, gap = self._images.shape[2], round(GAP * ratio)
        room = round(self.width() * ratio) - gap
        zoom = integer_zoom(room / max(1, count) - gap, width)
        fit = max(2, room // (width * zoom + gap))
        shown = np.unique(np.linspace(0, count - 1, min(count, fit)).round().astype(int))
        if self._at not in shown:
            shown[np.abs(shown - self._at).argmin()] = self._at
        return zoom, shown

    def rect_of(self, place: int, zoom: int) -> QRectF:
        """Where an image stands, in device pixels."""
        gap = round(GAP * self.devicePixelRatioF())
        height, width = (size * zoom for size in self._images.shape[1:3])
        return QRectF(gap + place * (width + gap), gap, width, height)

    def _fit(self) -> None:
        if len(self._images):
            ratio = self.devicePixelRatioF()
            zoom, _ = self._layout()
            self.setFixedHeight(round(self._images.shape[1] * zoom / ratio) + 2 * GAP)

    def sizeHint(self) -> QSize:
        return QSize(320, 40)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._fit()
        if isinstance(event, QHelpEvent) and show_card(event, self, self._found(QPointF(event.pos()))):
            return True
        return super().event(event)

    def _found(self, at: QPointF) -> Found | None:
        """The image under a point."""
        if not len(self._images):
            return None
        (zoom, shown), device = self._layout(), at * self.devicePixelRatioF()
        here = (k for place, k in enumerate(shown.tolist()) if self.rect_of(place, zoom).contains(device))
        k = next(here, None)
        return None if k is None else (self._images[k], f"{self.accessibleName()}, {k + 1} of {len(self._images)}")

    # ------------------------------------------------------------ painting and picking

    def paintEvent(self, event: QPaintEvent) -> None:
        if not len(self._images):
            return
        zoom, shown = self._layout()
        with QPainter(self) as painter:
            ratio = self.devicePixelRatioF()
            painter.scale(1 / ratio, 1 / ratio)
            for place, at in enumerate(shown.tolist()):
                rect = self.rect_of(place, zoom)
                painter.drawImage(rect, to_image(self._images[at]))
                if at == self._at:
                    half = GAP * ratio / 2
                    painter.setPen(QPen(QColor(self._theme.accent), 2 * ratio))
                    painter.drawRect(rect.adjusted(-half, -half, half, half))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not len(self._images) or not event.buttons() & Qt.MouseButton.LeftButton:
            event.ignore()
            return
        zoom, shown = self._layout()
        x = event.position().x() * self.devicePixelRatioF()
        places = [self.rect_of(place, zoom).center().x() for place in range(len(shown))]
        self.picked.emit(int(shown[np.abs(np.array(places) - x).argmin()]))
