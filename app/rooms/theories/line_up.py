"""The line-up: the same noise driven to the end by the run and by each theory, a row of images each."""

from __future__ import annotations

from math import ceil

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)

from app.plotting.image_card import show_card
from app.plotting.images import to_image
from app.plotting.montage_geometry import integer_zoom
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.theories.pictures import Ends
from app.widgets.panel_grid import Flowing, refit
from app.widgets.sample_grid import KEYS

GAP, BESIDE = 4, 12  # pixels between images, and between a row's text and its images
EDGE = 2  # pixels above the first row and below the last for the frames


class LineUp(Flowing):
    """One row for the run and for each theory, one column for each sample. The selected sample is framed in every row,
    and a click selects another. A row that has no room for all its samples goes on in the next line.
    """

    sample_picked = Signal(int)

    def __init__(self, theme: Theme, largest: int) -> None:
        """An image takes at most `largest` pixels, but at least one true pixel."""
        super().__init__(theme)
        self._largest = largest
        self._rows: tuple[Ends, ...] = ()
        self._samples: tuple[int, ...] = ()
        self._selected = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Ends of the run and of each theory from the same noise")

    def set_rows(self, rows: tuple[Ends, ...], samples: tuple[int, ...], selected: int) -> None:
        """Show rows of images of the samples, and which sample is selected."""
        if rows is self._rows and (samples, selected) == (self._samples, self._selected):
            return
        before = self.heightForWidth(self.width())
        self._rows, self._samples, self._selected = rows, samples, selected
        self.setAccessibleDescription("; ".join(f"{row.caption} {row.note}".strip() for row in rows))
        refit(self, before)
        self.update()

    def heightForWidth(self, width: int) -> int:
        return ceil(len(self._rows) * self._measure(width)[3] - GAP + 2 * EDGE) if self._rows else 0

    def _small(self) -> QFont:
        return tabular(self.font(), 0.85)

    def _text(self) -> tuple[float, float]:
        """Width and height of the largest text of a row."""
        large, small = QFontMetricsF(self.font()), QFontMetricsF(self._small())
        widths = (max(large.horizontalAdvance(r.caption), small.horizontalAdvance(r.note)) for r in self._rows)
        return max(widths), large.height() + small.height()

    def _measure(self, width: int) -> tuple[int, int, float, float]:
        """Zoom in device pixels, images in a line, where they begin and the height of a row, in pixels."""
        ratio, (wide, tall) = self.devicePixelRatioF(), self._text()
        left = wide + BESIDE
        count, (high, across) = len(self._samples), self._rows[0].images.shape[1:3]
        most = integer_zoom(self._largest * ratio, max(high, across))
        if self._enlarged:
            most = integer_zoom((self.height() - EDGE) * ratio / len(self._rows) - GAP * ratio, high)
        fit = integer_zoom((width - left + GAP) / count * ratio - GAP * ratio, across)
        zoom = min(most, fit)
        columns = max(1, min(count, int((width - left + GAP) // (across * zoom / ratio + GAP))))
        lines = ceil(count / columns)
        return zoom, columns, left, max(tall, lines * (high * zoom / ratio + GAP) - GAP) + GAP

    def rect_of(self, row: int, column: int) -> QRectF:
        """Where an image stands, at whole device pixels."""
        zoom, columns, left, height = self._measure(self.width())
        ratio, (high, across) = self.devicePixelRatioF(), self._rows[0].images.shape[1:3]
        size = (across * zoom / ratio, high * zoom / ratio)
        line, place = divmod(column, columns)
        x, y = left + place * (size[0] + GAP), EDGE + row * height + line * (size[1] + GAP)
        return QRectF(round(x * ratio) / ratio, round(y * ratio) / ratio, *size)

    def _at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and column under a point."""
        places = ((row, column) for row in range(len(self._rows)) for column in range(len(self._samples)))
        return next((place for place in places if self.rect_of(*place).contains(point)), None)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            for at in range(len(self._rows)):
                self._paint_row(painter, at)

    def _paint_row(self, painter: QPainter, at: int) -> None:
        row, line = self._rows[at], QFontMetricsF(self.font()).height()
        top = self.rect_of(at, 0).top()
        for font, colour, text, below in (
            (self.font(), self._theme.text, row.caption, 0.0),
            (self._small(), self._theme.muted, row.note, line),
        ):
            painter.setFont(font)
            painter.setPen(QColor(colour))
            painter.drawText(QPointF(0, top + below + QFontMetricsF(font).ascent()), text)
        for column, image in enumerate(row.images):
            rect = self.rect_of(at, column)
            painter.drawImage(rect, to_image(image))
            if self._samples[column] == self._selected:
                painter.setPen(QPen(QColor(self._theme.accent), 2))
                painter.drawRect(rect.adjusted(-1, -1, 1, 1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position())
        if place is not None:
            self.sample_picked.emit(self._samples[place[1]])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = KEYS.get(Qt.Key(event.key()))
        at = int(np.searchsorted(self._samples, self._selected)) + (step or 0)
        if step is None or event.modifiers() or not 0 <= at < len(self._samples):
            super().keyPressEvent(event)
        else:
            self.sample_picked.emit(self._samples[at])

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and (place := self._at(QPointF(event.pos()))) is not None:
            row, sample = self._rows[place[0]], self._samples[place[1]]
            words = f"{row.caption}, sample {sample}: {row.shares[place[1]]}click to select"
            return show_card(event, self, (row.images[place[1]], words))
        return super().event(event)
