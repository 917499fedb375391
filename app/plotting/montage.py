"""Rows of images over the noise levels, with true pixels at an integer zoom and one column for each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.plotting.pens_and_numbers import SAMPLE_WIDTH, paint_sample, tabular
from app.plotting.sigma_axis import sigma_text
from app.plotting.theme import Theme
from app.plotting.values import ImageRow
from geomodel.arrays import Array

GAP = 4  # pixels between columns, where the playhead's frame has room
ROW_GAP = 6
CAPTION_WIDTH = 120
LARGEST = 96  # pixels that a cell takes at most


def to_image(pixels: Array) -> QImage:
    """An image (H, W) grey or (H, W, 3) colour of uint8 pixels. It owns its memory."""
    pixels = np.ascontiguousarray(pixels, np.uint8)
    kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], kind).copy()


def integer_zoom(room: float, size: int) -> int:
    """The largest whole factor at which `size` pixels fit into the room, at least 1."""
    return max(1, int(room // size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Where everything stands, in device pixels of the widget."""

    zoom: int
    cell: tuple[int, int]  # width, height of an image
    pitch: int  # from column to column
    row: int  # from row to row
    left: int  # where the columns begin
    labels: int  # height of the labels under the columns


class Montage(QAbstractScrollArea):
    """Paints captions at the left, which stay, and columns, which scroll and follow the playhead."""

    level_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._theme, self._print = theme, print_mode
        self._sigmas: Array = np.empty(0)
        self._levels: Array = np.empty(0, int)  # of the images, which have one for each of some levels
        self._rows: tuple[ImageRow, ...] = ()
        self._columns: Array = np.empty(0, int)  # the images that are shown
        self._index, self._picked = 0, -1
        self._note = ""
        self._size = (1, 1)
        self._geometry = self._measure()
        self.setAccessibleName("Images over the noise levels")
        self.viewport().setMouseTracking(True)  # the tooltip names the column under the mouse
        if print_mode:
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of captions, labels and the playhead."""
        self._theme = theme
        self.viewport().update()

    def set_rows(self, sigmas: Array, rows: tuple[ImageRow, ...], levels: Array | None = None) -> None:
        """Show new images, one for each of `levels` (None: every level). The scroll position follows the playhead."""
        self._levels = np.arange(len(sigmas)) if levels is None else levels
        self._sigmas, self._rows = sigmas[self._levels], rows
        shapes = [row.images.shape[1:3] for row in rows]
        self._size = (max((w for _, w in shapes), default=1), max((h for h, _ in shapes), default=1))
        self._lay_out()

    def set_index(self, index: int, note: str = "") -> None:
        """Move the playhead, and show a note about the second row there."""
        self._index, self._note = max(0, int(np.searchsorted(self._levels, index, side="right")) - 1), note
        self._follow()
        self.viewport().update()

    # ------------------------------------------------------------ geometry

    def _measure(self) -> Geometry:
        """Choose the zoom from the available height, whether or not a scroll bar is shown, so that the two do not
        alternate.
        """
        ratio = self.devicePixelRatioF()
        width, height = self._size
        labels = self._label_metrics().height() + 6
        room = self.height() - self.horizontalScrollBar().sizeHint().height() - labels
        count = max(1, len(self._rows))
        zoom = integer_zoom(min(room / count - ROW_GAP, LARGEST) * ratio, height)
        left = min(CAPTION_WIDTH, self.width() // 3)
        smallest = QFontMetricsF(self.font()).height() + QFontMetricsF(tabular(self.font(), 0.85)).height()
        return Geometry(
            zoom=zoom,
            cell=(width * zoom, height * zoom),
            pitch=width * zoom + round(GAP * ratio),
            row=round(max(height * zoom, smallest * ratio) + ROW_GAP * ratio),
            left=round((left + GAP) * ratio),
            labels=round(labels * ratio),
        )

    def _lay_out(self) -> None:
        g, ratio = self._measure(), self.devicePixelRatioF()
        self._geometry = g
        view = self.viewport().size() * ratio
        levels = len(self._sigmas)
        self._columns = np.arange(levels)
        if self._print and levels:  # a printed strip cannot scroll, so it shows as many levels as fit, evenly chosen
            fit = max(1, (view.width() - g.left) // g.pitch)
            self._columns = np.unique(np.linspace(0, levels - 1, min(levels, fit)).round().astype(int))
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setPageStep(max(1, view.width() - g.left))
        across.setSingleStep(g.pitch)
        across.setRange(0, max(0, g.left + len(self._columns) * g.pitch - view.width()))
        down.setPageStep(view.height())
        down.setSingleStep(g.row // 2)
        down.setRange(0, max(0, len(self._rows) * g.row + g.labels - view.height()))
        self._follow()
        self.viewport().update()

    def _follow(self) -> None:
        """Scroll until the playhead's column and its neighbour are in view."""
        g, bar = self._geometry, self.horizontalScrollBar()
        at = self._index * g.pitch
        last = at + 2 * g.pitch - bar.pageStep()
        bar.setValue(max(last, min(bar.value(), at - g.pitch)))

    def column_rect(self, row: int, image: int) -> QRectF:
        """Where an image of a row stands on the viewport, in device pixels."""
        g = self._geometry
        at = int(np.searchsorted(self._columns, image))
        x = g.left + at * g.pitch - self.horizontalScrollBar().value()
        return QRectF(x, self._top(g, row), *g.cell)

    def _top(self, g: Geometry, row: int) -> int:
        return round(GAP * self.devicePixelRatioF()) + row * g.row - self.verticalScrollBar().value()

    def level_at(self, x: float) -> int | None:
        """The level whose column is at x on the viewport; None beside the columns."""
        g = self._geometry
        device = x * self.devicePixelRatioF()
        at = int((device - g.left + self.horizontalScrollBar().value() + (g.pitch - g.cell[0]) / 2) // g.pitch)
        if device < g.left - (g.pitch - g.cell[0]) or not 0 <= at < len(self._columns):
            return None
        return int(self._levels[self._columns[at]])

    def _label_metrics(self) -> QFontMetricsF:
        return QFontMetricsF(tabular(self.font(), 0.85, bold=True))

    def sizeHint(self) -> QSize:
        return QSize(640, 240)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self.viewport()) as painter:
            if not self._print:  # paper has its own ground
                painter.fillRect(self.viewport().rect(), QColor(self._theme.base))
            if len(self._sigmas) and self._rows:
                g, ratio = self._geometry, self.devicePixelRatioF()
                self._paint_captions(painter, g, ratio)
                # From here on the unit is a device pixel, so that an image pixel is a whole number of them.
                painter.scale(1 / ratio, 1 / ratio)
                right = self.viewport().width() * ratio
                painter.setClipRect(QRectF(g.left - GAP * ratio, 0, right, self.viewport().height() * ratio))
                first = max(0, (self.horizontalScrollBar().value() - g.pitch) // g.pitch)
                shown = self._columns[first : first + int(right // g.pitch) + 2]
                for row, images in enumerate(row.images for row in self._rows):
                    self._paint_row(painter, row, images, shown)
                self._paint_labels(painter, g, ratio, shown)

    def _paint_captions(self, painter: QPainter, g: Geometry, ratio: float) -> None:
        """Write beside each row the sample and name of its curve, and below them a note."""
        plain, small = self.font(), tabular(self.font(), 0.85)
        high, width = QFontMetricsF(plain).height(), g.left / ratio - GAP - 10
        for at, row in enumerate(self._rows):
            line = QRectF(4, self._top(g, at) / ratio, width, high)
            paint_sample(painter, QRectF(line.left(), line.top(), SAMPLE_WIDTH, high), row.kind, self._theme)
            note = self._note if at == 1 else row.note
            beside = line.adjusted(SAMPLE_WIDTH + 6, 0, 0, 0)
            for text, font, room, color in (
                (row.caption, plain, beside, self._theme.text),
                (note, small, line.translated(0, high), self._theme.muted),
            ):
                painter.setFont(font)
                painter.setPen(QColor(color))
                fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
                painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)

    def _paint_row(self, painter: QPainter, row: int, images: Array, shown: Array) -> None:
        painter.setPen(QPen(QColor(self._theme.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for image in shown:
            rect = self.column_rect(row, image)
            if image < len(images):
                painter.drawImage(rect, to_image(images[image]))
            else:
                painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))  # nothing is computed for this place yet

    def _paint_labels(self, painter: QPainter, g: Geometry, ratio: float, shown: Array) -> None:
        """Write σ under as many columns as fit. The playhead's is always there, in bold, under its frame."""
        view = self.viewport().size() * ratio
        bottom = self._top(g, len(self._rows) - 1) + g.row - ROW_GAP * ratio
        bottom = min(bottom, view.height() - g.labels)  # stays in view even if the rows do not
        painter.fillRect(QRectF(0, bottom + ratio, view.width(), g.labels), QColor(self._theme.base))
        plain, bold = tabular(self.font(), 0.85), tabular(self.font(), 0.85, bold=True)
        metrics = QFontMetricsF(bold)
        taken: list[QRectF] = []
        ends = (0, len(self._sigmas) - 1)
        order = sorted(shown, key=lambda image: (image != self._index, image not in ends, image))
        for image in order:
            x = self.column_rect(0, image).center().x() / ratio
            text = sigma_text(self._sigmas[image])
            room = QRectF(0, 0, metrics.horizontalAdvance(text) + 2, g.labels / ratio)
            room.moveCenter(QPointF(x, bottom / ratio + room.height() / 2))
            if any(room.adjusted(-3, 0, 3, 0).intersects(other) for other in taken):
                continue
            taken.append(room)
            here = image == self._index
            painter.save()
            painter.scale(ratio, ratio)
            painter.setFont(bold if here else plain)
            painter.setPen(QColor(self._theme.text if here else self._theme.muted))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)
            painter.restore()
        if self._index in shown:
            half = GAP * ratio / 2
            column = self.column_rect(0, self._index)
            column.setBottom(bottom)
            painter.setPen(QPen(QColor(self._theme.accent), 2 * ratio, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
            painter.drawRect(column.adjusted(-half, -half, half, half))

    # ------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._picked = -1
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        level = self.level_at(event.position().x())
        self.viewport().setToolTip("" if level is None else self._named(level))
        if event.buttons() & Qt.MouseButton.LeftButton and level is not None and level != self._picked:
            self._picked = level
            self.level_picked.emit(level)

    def _named(self, level: int) -> str:
        return f"step {level}, σ = {self._sigmas[np.searchsorted(self._levels, level)]:.4g}"

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The up and down keys scroll the rows if they do not fit, otherwise the columns."""
        vertical = self.verticalScrollBar().maximum() > 0 and not event.angleDelta().x()
        (self.verticalScrollBar() if vertical else self.horizontalScrollBar()).event(event)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._lay_out()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
