"""Many small images in a grid that scrolls. Only those in sight are fetched and painted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame

from app.plotting.image_card import show_card
from app.plotting.images import to_image
from app.plotting.montage_geometry import integer_zoom
from app.plotting.theme import Theme
from geomodel.arrays import Array, Integers

CELL, GAP = 56, 6  # pixels that an image takes at most, and between two
K = Qt.Key
Fetch = Callable[[Integers], Array]  # pixels (n, H, W[, 3]) uint8 of the images with these numbers


class Thumbnails(QAbstractScrollArea):
    """The arrows, Home, End and the page keys move; Enter or a double click takes the image."""

    current_changed = Signal(int)  # the number of the image, −1 for none
    taken = Signal(int)
    typed = Signal(str)  # a letter, which belongs to a search

    def __init__(self, theme: Theme, words: Callable[[int], str]) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Images")
        self._theme, self._words = theme, words
        self._numbers: Integers = np.empty(0, np.int64)
        self._fetch: Fetch | None = None
        self._at = 0
        self._size = (1, 1)  # width and height of an image, in its own pixels
        self._seen: tuple[Integers, Array] = np.empty(0, np.int64), np.empty((0, 1, 1), np.uint8)  # fetched last

    def set_images(self, numbers: Integers, fetch: Fetch, size: tuple[int, int], current: int) -> None:
        """Show the images with these numbers. `current` is chosen if it is among them, otherwise the first."""
        self._numbers, self._fetch, self._size = numbers, fetch, size
        found = np.flatnonzero(numbers == current)
        self._at = int(found[0]) if len(found) else 0
        self._lay_out()
        self._go(self._at)

    @property
    def current(self) -> int:
        """The number of the chosen image; −1 without images."""
        return int(self._numbers[self._at]) if len(self._numbers) else -1

    # ------------------------------------------------------------ places

    def _cell(self) -> tuple[float, float]:
        ratio, (width, height) = self.devicePixelRatioF(), self._size
        longest = max(width, height)
        zoom = integer_zoom(CELL * ratio, longest) / ratio if longest <= CELL * ratio else CELL / longest
        return width * zoom, height * zoom

    def columns(self) -> int:
        """Images in a row."""
        return max(1, int((self.viewport().width() - GAP) // (self._cell()[0] + GAP)))

    def rect_of(self, at: int) -> QRectF:
        """Where an image stands on the viewport."""
        (wide, high), columns = self._cell(), self.columns()
        top = GAP + at // columns * (high + GAP) - self.verticalScrollBar().value()
        return QRectF(round(GAP + at % columns * (wide + GAP)), round(top), wide, high)

    def _lay_out(self) -> None:
        pitch, rows = self._cell()[1] + GAP, -(-len(self._numbers) // self.columns())
        bar, high = self.verticalScrollBar(), self.viewport().height()
        bar.setPageStep(high)
        bar.setSingleStep(round(pitch))
        bar.setRange(0, max(0, round(rows * pitch + GAP) - high))
        self.viewport().update()

    def _in_sight(self) -> range:
        pitch, columns = self._cell()[1] + GAP, self.columns()
        first = int(self.verticalScrollBar().value() // pitch) * columns
        rows = int(self.viewport().height() // pitch) + 2
        return range(first, min(len(self._numbers), first + rows * columns))

    def _pixels(self, shown: range) -> Array:
        numbers = self._numbers[shown.start : shown.stop]
        if not np.array_equal(numbers, self._seen[0]) and self._fetch is not None:
            self._seen = numbers, self._fetch(numbers)
        return self._seen[1]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
        self._follow()

    # ------------------------------------------------------------ painting

    def set_theme(self, theme: Theme) -> None:
        """The colours of the ground and the frame."""
        self._theme = theme
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self._in_sight()
        with QPainter(self.viewport()) as painter:
            painter.fillRect(self.viewport().rect(), QColor(self._theme.base))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, max(self._size) > CELL)
            for at, pixels in zip(shown, self._pixels(shown), strict=False):
                painter.drawImage(self.rect_of(at), to_image(pixels))
            if self._at in shown:
                painter.setPen(QPen(QColor(self._theme.accent), 2))
                painter.drawRect(self.rect_of(self._at).adjusted(-2, -2, 2, 2))

    def viewportEvent(self, event: QEvent) -> bool:
        """Show the image under the mouse enlarged."""
        if isinstance(event, QHelpEvent):
            at, shown = self._at_point(event.pos().x(), event.pos().y()), self._in_sight()
            found = None
            if at is not None and at in shown:
                found = self._pixels(shown)[at - shown.start], self._words(int(self._numbers[at]))
            if show_card(event, self, found):
                return True
        return super().viewportEvent(event)

    # ------------------------------------------------------------ keys and mouse

    def _at_point(self, x: float, y: float) -> int | None:
        return next((at for at in self._in_sight() if self.rect_of(at).contains(x, y)), None)

    def _go(self, at: int) -> None:
        if len(self._numbers):
            self._at = max(0, min(at, len(self._numbers) - 1))
            self._follow()
        self.setAccessibleDescription(self._words(self.current) if len(self._numbers) else "no image")
        self.viewport().update()
        self.current_changed.emit(self.current)

    def _follow(self) -> None:
        """Scroll until the chosen image is in sight."""
        if len(self._numbers):
            place, bar = self.rect_of(self._at), self.verticalScrollBar()
            if place.top() < GAP:
                bar.setValue(round(bar.value() + place.top() - GAP))
            elif place.bottom() > self.viewport().height() - GAP:
                bar.setValue(round(bar.value() + place.bottom() - self.viewport().height() + GAP))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns, page = self.columns(), max(1, int(self.viewport().height() // (self._cell()[1] + GAP)))
        steps = {K.Key_Left: -1, K.Key_Right: 1, K.Key_Up: -columns, K.Key_Down: columns}
        steps |= {K.Key_PageUp: -page * columns, K.Key_PageDown: page * columns}
        key, last = K(event.key()), len(self._numbers) - 1
        if key in steps:
            self._go(self._at + steps[key])
        elif key in (K.Key_Home, K.Key_End):
            self._go(0 if key == K.Key_Home else last)
        elif key in (K.Key_Return, K.Key_Enter):
            if len(self._numbers):
                self.taken.emit(self.current)
        elif event.text().isprintable() and event.text():
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._at_point(event.position().x(), event.position().y())
        if at is not None:
            self._go(at)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self._at_point(event.position().x(), event.position().y())
        if at is not None:
            self.taken.emit(int(self._numbers[at]))
