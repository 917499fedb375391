"""Rows of images over the noise levels, one column for each level: all of them at once, or large and scrolling."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.plotting.image_card import Found, show_card
from app.plotting.images import to_image
from app.plotting.montage_geometry import GAP, ROW_GAP, Geometry, Room, scrolled, whole
from app.plotting.pens_and_numbers import SAMPLE_WIDTH, paint_sample, tabular
from app.plotting.sigma_axis import sigma_text
from app.plotting.theme import Theme
from app.plotting.values import ImageRow
from geomodel.arrays import Array

NOTCH = 120  # units of a wheel's turn


class Montage(QAbstractScrollArea):
    """Paints captions at the left, which stay, and columns: all of them in a few lines, or large ones in one line that
    scrolls and follows the playhead. A long run has too many levels for the first.
    """

    level_picked = Signal(int)
    enlarge_wanted = Signal()  # Enter, or a double click

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._theme, self._print, self._large = theme, print_mode, True
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

    def set_large(self, large: bool) -> None:
        """Show large images that scroll, or all of them."""
        self._large = large
        self._lay_out()

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
        if self._print:  # the columns depend on it
            self._lay_out()
        self._follow()
        self.viewport().update()

    # ------------------------------------------------------------ geometry

    def _measure(self) -> Geometry:
        """Choose the zoom from the available height, whether or not a scroll bar is shown, so that the two do not
        alternate.
        """
        name = QFontMetricsF(self.font()).height()
        room = Room(
            width=self.width(),
            height=self.height(),
            bar=self.horizontalScrollBar().sizeHint().height(),
            ratio=self.devicePixelRatioF(),
            image=self._size,
            rows=len(self._rows),
            captions=name + QFontMetricsF(tabular(self.font(), 0.85)).height(),
            name=name,
            labels=self._label_metrics().height() + 6,
        )
        levels = len(self._sigmas)
        found = None if self._large or self._print or not levels else whole(room, levels)
        return found or scrolled(room, levels)

    def _lay_out(self) -> None:
        g, ratio = self._measure(), self.devicePixelRatioF()
        self._geometry = g
        view = self.viewport().size() * ratio
        levels = len(self._sigmas)
        self._columns = np.arange(levels)
        if self._print and levels:
            # a printed strip cannot scroll, so it shows as many levels as fit, evenly chosen
            fit = max(1, (view.width() - g.left) // g.pitch)
            self._columns = np.unique(np.linspace(0, levels - 1, min(levels, fit)).round().astype(int))
            inner = self._columns[1:-1]
            if len(inner) and self._index not in self._columns:  # that of the playhead stands for the nearest
                inner[np.abs(inner - self._index).argmin()] = self._index
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setPageStep(max(1, view.width() - g.left))
        across.setSingleStep(g.pitch)
        wide = g.left + min(g.columns, len(self._columns)) * g.pitch
        across.setRange(0, max(0, wide - view.width()) if g.columns >= levels else 0)
        down.setPageStep(view.height())
        down.setSingleStep(g.row // 2)
        high = len(self._rows) * g.row + g.labels
        down.setRange(0, max(0, high - view.height()) if g.columns >= levels else 0)
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
        line, at = divmod(int(np.searchsorted(self._columns, image)), g.columns)
        x = g.left + at * g.pitch - self.horizontalScrollBar().value()
        return QRectF(x, self._top(g, row, line), *g.cell)

    def _top(self, g: Geometry, row: int, line: int = 0) -> int:
        top = round(GAP * self.devicePixelRatioF()) + row * g.row + line * g.line
        return top - self.verticalScrollBar().value()

    def _lines(self, g: Geometry) -> range:
        return range(max(1, -(-len(self._columns) // g.columns)))

    def level_at(self, x: float, y: float = 0.0) -> int | None:
        """The level whose column is at a point of the viewport; None beside the columns."""
        image = self._image_at(x, y)
        return None if image is None else int(self._levels[image])

    def _image_at(self, x: float, y: float) -> int | None:
        g, ratio = self._geometry, self.devicePixelRatioF()
        device, line = x * ratio, min(int(max(0.0, y) * ratio // g.line), len(self._lines(g)) - 1)
        at = int((device - g.left + self.horizontalScrollBar().value() + (g.pitch - g.cell[0]) / 2) // g.pitch)
        if device < g.left - (g.pitch - g.cell[0]) or not 0 <= at < g.columns:
            return None
        at += line * g.columns
        return int(self._columns[at]) if at < len(self._columns) else None

    def _found(self, x: float, y: float) -> Found | None:
        """The image under a point, with the name of its row and its level."""
        image, ratio = self._image_at(x, y), self.devicePixelRatioF()
        if image is None:
            return None
        for row, shown in enumerate(self._rows):
            if image < len(shown.images) and self.column_rect(row, image).contains(x * ratio, y * ratio):
                return shown.images[image], f"{shown.caption}, {self._named(int(self._levels[image]))}"
        return None

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
                last = first + int(right // g.pitch) + 2 if len(self._lines(g)) == 1 else len(self._columns)
                shown = self._columns[first:last]
                for row, images in enumerate(row.images for row in self._rows):
                    self._paint_row(painter, row, images, shown)
                for line in self._lines(g):
                    here = (
                        (shown >= line * g.columns) & (shown < (line + 1) * g.columns)
                        if len(self._lines(g)) > 1
                        else shown >= 0
                    )
                    self._paint_labels(painter, g, ratio, shown[here], line)

    def _paint_captions(self, painter: QPainter, g: Geometry, ratio: float) -> None:
        """Write beside each row the sample and name of its curve, and below them a note where it has room."""
        plain, small = self.font(), tabular(self.font(), 0.85)
        high, width = QFontMetricsF(plain).height(), g.left / ratio - GAP - 10
        both = g.row / ratio >= high + QFontMetricsF(small).height()
        for line_at in self._lines(g):
            for at, row in enumerate(self._rows):
                line = QRectF(4, self._top(g, at, line_at) / ratio, width, high)
                paint_sample(painter, QRectF(line.left(), line.top(), SAMPLE_WIDTH, high), row.kind, self._theme)
                note = self._note if at == 1 else row.note
                beside = line.adjusted(SAMPLE_WIDTH + 6, 0, 0, 0)
                for text, font, room, color in (
                    (row.caption, plain, beside, self._theme.text),
                    (note if both else "", small, line.translated(0, high), self._theme.muted),
                ):
                    painter.setFont(font)
                    painter.setPen(QColor(color))
                    fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
                    painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)

    def _paint_row(self, painter: QPainter, row: int, images: Array, shown: Array) -> None:
        painter.setPen(QPen(QColor(self._theme.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._geometry.zoom < 1)
        for image in shown:
            rect = self.column_rect(row, image)
            if image < len(images):
                painter.drawImage(rect, to_image(images[image]))
            else:
                painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))  # nothing is computed for this place yet

    def _paint_labels(self, painter: QPainter, g: Geometry, ratio: float, shown: Array, line: int) -> None:
        """Write σ under as many columns of a line as fit. The playhead's is always there, in bold, under its frame."""
        view = self.viewport().size() * ratio
        bottom = self._top(g, len(self._rows) - 1, line) + g.row - ROW_GAP * ratio
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
        level = self.level_at(event.position().x(), event.position().y())
        self.viewport().setToolTip("" if level is None else self._named(level))
        if event.buttons() & Qt.MouseButton.LeftButton and level is not None and level != self._picked:
            self._picked = level
            self.level_picked.emit(level)

    def _named(self, level: int) -> str:
        return f"step {level}, σ = {self._sigmas[np.searchsorted(self._levels, level)]:.4g}"

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.level_at(event.position().x(), event.position().y()) is not None:
            self.enlarge_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._rows:
            self.enlarge_wanted.emit()
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Show the image under the mouse beside it."""
        if isinstance(event, QHelpEvent) and show_card(event, self, self._found(event.pos().x(), event.pos().y())):
            return True
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the rows if they do not fit, otherwise the columns, level by level."""
        across = self.horizontalScrollBar()
        if self.verticalScrollBar().maximum() > 0 and not event.angleDelta().x():
            self.verticalScrollBar().event(event)
            return
        turn, pitch = event.angleDelta().x() or event.angleDelta().y(), self._geometry.pitch
        if abs(turn) < NOTCH:  # a touchpad, which scrolls finely
            across.event(event)
        elif across.maximum():
            level = round(across.value() / pitch) - round(turn / NOTCH)
            across.setValue(level * pitch)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._lay_out()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
