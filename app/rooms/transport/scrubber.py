"""A slider that stops only at the noise levels of the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QWidget

from app.plotting.long_lines import draw_lines, uprights
from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import Scale, break_at, draw_break, labels, nearest, positions, sigma_text
from app.plotting.theme import Theme
from geomodel.arrays import Array, Integers

MARGIN = 24.0  # the end labels reach half their width beyond the track
NOTCH = 120  # eighths of a degree: one click of a mouse wheel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Laid:
    """The levels on a scrubber of some width."""

    of: tuple[int, str] = (-1, "")  # the width and the font
    radius: float = 0.0
    levels: Integers = field(default_factory=lambda: np.empty(0, np.int64))  # those with a tick
    places: Array = field(default_factory=lambda: np.empty(0))  # x of these
    labels: tuple[tuple[float, str], ...] = ()
    gap: float | None = None  # on the scale


class Scrubber(QAbstractSlider):
    """Ticks at the levels, filled if computed and hollow if not. The handle stops at computed levels only.

    `valueChanged` reports what a person did; `set_index` emits nothing.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, orientation=Qt.Orientation.Horizontal)
        self._theme = theme
        self.sigmas = self._given = np.empty(0)
        self._scale: Scale = "log"
        self._spread: Array = np.empty(0)  # where the levels stand on the scale
        self._ends = (0.0, 0.0)  # of that
        self._laid = _Laid()
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
        if committed == self._committed and (sigmas is self._given or np.array_equal(sigmas, self.sigmas)):
            return
        if sigmas is not self._given:
            self._given, self.sigmas = sigmas, np.array(sigmas, np.float64)
            self.set_scale(self._scale)
        self._committed = committed
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
        self._scale, self._spread, self._laid = scale, positions(self.sigmas, scale), _Laid()
        self._ends = (float(self._spread.min()), float(self._spread.max())) if len(self.sigmas) else (0.0, 0.0)
        self.update()

    # ------------------------------------------------------------ painting

    def sizeHint(self) -> QSize:
        return QSize(320, 44)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 44)

    def places(self) -> Array:
        """The levels' x on the widget."""
        places: Array = self._along(self._spread)
        return places

    def _along(self, at: Any) -> Any:
        low, high = self._ends
        return MARGIN + (at - low) / ((high - low) or 1.0) * (self.width() - 2 * MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if len(self.sigmas):
                self._paint_track(painter)
                self._paint_labels(painter)
                self._paint_handle(painter)

    def _laid_out(self) -> _Laid:
        """What stands where, which depends on neither the playhead nor on how much is computed."""
        of = (self.width(), self._font.toString())
        if self._laid.of == of:
            return self._laid
        x = self.places()
        radius = min(4.0, 0.4 * float(np.median(np.diff(x)))) if len(x) > 1 else 4.0
        # of the levels that share a pixel, the first stands for all
        shown = np.flatnonzero(np.diff(np.round(x), prepend=-1.0)) if radius <= 2 else np.arange(len(x))
        low, high = self._ends
        per_unit = (self.width() - 2 * MARGIN) / ((high - low) or 1.0)
        width = QFontMetricsF(self._font).horizontalAdvance
        texts = labels(self.sigmas, self._scale, width, per_unit)
        self._laid = _Laid(
            of=of,
            radius=radius,
            levels=shown,
            places=x[shown],
            labels=tuple((float(self._along(place)), text) for place, text in texts),
            gap=break_at(self.sigmas, self._scale),
        )
        return self._laid

    def _paint_track(self, painter: QPainter) -> None:
        done, laid, track = self._committed, self._laid_out(), self._track
        first, last = (float(self._along(self._spread[at])) for at in (0, -1))
        painter.setPen(QPen(QColor(self._theme.line), 2))
        painter.drawLine(QPointF(first, track), QPointF(last, track))
        ink, ground = QColor(self._theme.muted), self.palette().window().color()
        if done > 1:
            painter.setPen(QPen(ink, 2))
            painter.drawLine(QPointF(first, track), QPointF(float(self._along(self._spread[done - 1])), track))
        if laid.gap is not None:
            line = ink if done == len(self.sigmas) else QColor(self._theme.line)
            draw_break(painter, QPointF(float(self._along(laid.gap)), track), line, ground)
        painter.setPen(QPen(ink, 1.4 if laid.radius > 2 else 1.0))
        if laid.radius > 2:
            for level, place in zip(laid.levels.tolist(), laid.places.tolist(), strict=True):
                painter.setBrush(ink if level < done else ground)
                painter.drawEllipse(QPointF(place, track), laid.radius, laid.radius)
        else:  # rings would merge, so long ticks are computed levels and short ones are not
            halves = np.where(laid.levels < done, 5.0, 1.5)
            draw_lines(painter, uprights(laid.places, track, halves))

    @property
    def _font(self) -> QFont:
        return tabular(self.font(), 0.8)

    def _paint_labels(self, painter: QPainter) -> None:
        painter.setFont(self._font)
        painter.setPen(QColor(self._theme.muted))
        for middle, text in self._laid_out().labels:
            room = QRectF(middle - 40, self._track + 11, 80, 16)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)

    def _paint_handle(self, painter: QPainter) -> None:
        x = float(self._along(self._spread[self.value()]))
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
