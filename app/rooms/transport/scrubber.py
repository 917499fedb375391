"""A slider that stops only at the noise levels of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import Scale, break_at, draw_break, labels, nearest, positions, sigma_text
from app.plotting.theme import Theme
from geomodel.arrays import Array

MARGIN = 24.0  # the end labels reach half their width beyond the track
NOTCH = 120  # eighths of a degree: one click of a mouse wheel


class Scrubber(QAbstractSlider):
    """Ticks at the levels, filled if computed and hollow if not. The handle stops at computed levels only.

    `valueChanged` reports what a person did; `set_index` emits nothing.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, orientation=Qt.Orientation.Horizontal)
        self._theme = theme
        self.sigmas: Array = np.empty(0)
        self._scale: Scale = "log"
        self._committed = 0
        self._turned = 0  # the wheel's turn, less than a notch
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setPageStep(10)
        self.setRange(0, 0)
        self.setAccessibleName("Playhead over the noise levels")
        self.setToolTip("Drag to a noise level (←, → one level; Page Up, Page Down ten; Home, End)")

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of track, ticks and handle."""
        self._theme = theme
        self.update()

    def set_levels(self, sigmas: Array, committed: int) -> None:
        """Set the noise levels, and how many of them are computed."""
        if committed == self._committed and np.array_equal(sigmas, self.sigmas):
            return
        self.sigmas, self._committed = np.array(sigmas, np.float64), committed
        with QSignalBlocker(self):
            self.setMaximum(max(0, committed - 1))
            if not committed:
                self.setSliderDown(False)  # the run went while it was dragged
        self.update()

    def set_index(self, index: int) -> None:
        """Move the playhead."""
        with QSignalBlocker(self):
            self.setValue(index)
        if len(self.sigmas):
            self.setAccessibleDescription(f"level {index}, σ {sigma_text(self.sigmas[self.value()])}")

    def set_scale(self, scale: Scale) -> None:
        """Spread the levels by index, log σ or σ."""
        self._scale = scale
        self.update()

    # ------------------------------------------------------------ painting

    def sizeHint(self) -> QSize:
        return QSize(320, 44)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 44)

    def places(self) -> Array:
        """The levels' x on the widget."""
        places: Array = self._along(positions(self.sigmas, self._scale))
        return places

    def _along(self, at: Any) -> Any:
        ends = positions(self.sigmas, self._scale)
        span = (ends.max() - ends.min()) or 1.0
        return MARGIN + (at - ends.min()) / span * (self.width() - 2 * MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if len(self.sigmas):
                self._paint_track(painter)
                self._paint_labels(painter)
                self._paint_handle(painter)

    def _paint_track(self, painter: QPainter) -> None:
        x, done = self.places(), self._committed
        painter.setPen(QPen(QColor(self._theme.line), 2))
        painter.drawLine(QPointF(x[0], self._track), QPointF(x[-1], self._track))
        ink, ground = QColor(self._theme.muted), self.palette().window().color()
        if done > 1:
            painter.setPen(QPen(ink, 2))
            painter.drawLine(QPointF(x[0], self._track), QPointF(x[done - 1], self._track))
        at = break_at(self.sigmas, self._scale)
        if at is not None:
            line = ink if done == len(x) else QColor(self._theme.line)
            draw_break(painter, QPointF(float(self._along(at)), self._track), line, ground)
        radius = min(4.0, 0.4 * float(np.median(np.diff(x)))) if len(x) > 1 else 4.0
        painter.setPen(QPen(ink, 1.4 if radius > 2 else 1.0))
        # of the levels that share a pixel, the first stands for all
        shown = np.flatnonzero(np.diff(np.round(x), prepend=-1.0)) if radius <= 2 else np.arange(len(x))
        for level, place in zip(shown.tolist(), x[shown].tolist(), strict=True):
            if radius > 2:
                painter.setBrush(ink if level < done else ground)
                painter.drawEllipse(QPointF(place, self._track), radius, radius)
            else:  # rings would merge, so long ticks are computed levels and short ones are not
                half = 5.0 if level < done else 1.5
                painter.drawLine(QPointF(place, self._track - half), QPointF(place, self._track + half))

    def _paint_labels(self, painter: QPainter) -> None:
        font = tabular(self.font(), 0.8)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.muted))
        at = positions(self.sigmas, self._scale)
        per_unit = (self.width() - 2 * MARGIN) / (float(at.max() - at.min()) or 1.0)
        width = QFontMetricsF(font).horizontalAdvance
        for place, text in labels(self.sigmas, self._scale, width, per_unit):
            middle = float(self._along(place))
            room = QRectF(middle - 40, self._track + 11, 80, 16)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)

    def _paint_handle(self, painter: QPainter) -> None:
        x = float(self.places()[self.value()])
        handle = QRectF(x - 4, self._track - 10, 8, 20)
        painter.setPen(QPen(self.palette().window().color(), 2))
        painter.setBrush(QColor(self._theme.accent))
        painter.drawRoundedRect(handle, 4, 4)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._theme.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(handle.adjusted(-3, -3, 3, 3), 6, 6)

    @property
    def _track(self) -> float:
        return 16.0

    # ------------------------------------------------------------ hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._committed:
            self.setSliderDown(True)
            self._go_to(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._go_to(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)

    def _go_to(self, event: QMouseEvent) -> None:
        self.setValue(nearest(self.places(), event.position().x()))  # the maximum is the last computed level

    def wheelEvent(self, event: QWheelEvent) -> None:
        """One level for each notch; up moves forward."""
        self._turned += event.angleDelta().y() or event.angleDelta().x()
        notches = int(self._turned / NOTCH)
        self._turned -= notches * NOTCH
        self.setValue(self.value() + notches)
        event.accept()
