"""Draws schedules as rows of dots over one axis of noise levels. The draft's dots are knobs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import SIGMA_TITLE, draw_break, labels, minor_ticks, sigma_text
from app.plotting.theme import Theme
from app.rooms.schedule.levels import Axis
from app.rooms.schedule.pictures import ScheduleRow
from geomodel.arrays import Array

MARGIN = 24.0  # the end labels reach half their width beyond the axis
AXIS = 32.0  # pixels under the rows for the axis and its labels
TITLE = 18.0  # and for its title
KNOB, DOT = 6.0, 3.5  # the largest radii
SPREAD = 24.0  # pixels by which rows may move apart if there is room


class Spot(NamedTuple):
    """A level of a row."""

    row: int
    level: int


class SchedulePlot(QWidget):
    """Paints the rows and knows where they stand. It handles no input."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._theme, self._print = theme, print_mode
        self._rows: tuple[ScheduleRow, ...] = ()
        self._note = ""
        self._axis = Axis.over(())
        self._editable = False
        self._index = 0
        self._focused = 0  # knob
        self._spot: Spot | None = None  # the level under the mouse
        self._foot = AXIS + TITLE if print_mode else AXIS
        self._lines = 1  # height of the text over the draft's knobs
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.update()

    def set_titled(self, titled: bool) -> None:
        """Whether the axis has a title."""
        self._foot = AXIS + TITLE if titled else AXIS
        self.updateGeometry()
        self.update()

    @property
    def draft(self) -> int | None:
        """The index of the draft's row."""
        return next((at for at, row in enumerate(self._rows) if row.hue < 0), None)

    # ------------------------------------------------------------ where things stand

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._wrap()

    def _wrap(self) -> None:
        """How many lines of text stand over the draft's knobs: one if the end error fits beside the name."""
        self._lines = 1
        draft = self.draft
        if draft is not None and self._note:
            item, width = self._rows[draft], self.width()
            metrics = QFontMetricsF(tabular(self.font(), bold=True))
            if metrics.horizontalAdvance(f"{item.name} {len(item.sigmas) - 1} steps {self._note}") + 64 >= width:
                metrics = QFontMetricsF(tabular(self.font()))
                room = QRectF(0, 0, width - 16, 1000)
                taken = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, self._note).height()
                self._lines = 1 + round(taken / metrics.height())
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(480, self.needed)

    def minimumSizeHint(self) -> QSize:
        if self._print:
            return QSize(0, 0)  # a print cannot grow
        return QSize(200, self.needed)

    @property
    def needed(self) -> int:
        """The height below which rows would touch."""
        return math.ceil(sum(self._height(at) for at in range(len(self._rows))) + self._foot)

    def _height(self, row: int) -> float:
        line = QFontMetricsF(self.font()).height()
        return line * self._lines + 28 if row == self.draft else line + 18

    def _tops(self) -> list[float]:
        """The rows' upper edges, and the lower edge of the last."""
        heights = [self._height(at) for at in range(len(self._rows))]
        spare = (self.height() - self._foot - sum(heights)) / max(1, len(heights))
        spare = min(spare, SPREAD)  # negative if a print has no room for its rows
        return [0.0, *np.cumsum(np.array(heights) + spare).tolist()]

    def line_of(self, row: int) -> float:
        """The y of a row's line."""
        top, below = self._tops()[row : row + 2]
        lines = self._lines if row == self.draft else 1
        text = QFontMetricsF(self.font()).height() * lines
        return min(top + text + (14 if row == self.draft else 9), below - 4)

    def along(self, position: Any) -> Any:
        """The x of positions on the axis."""
        low, high = self._axis.ends
        return MARGIN + (position - low) / ((high - low) or 1.0) * (self.width() - 2 * MARGIN)

    def position_at(self, x: float) -> float:
        """The position on the axis at an x."""
        low, high = self._axis.ends
        return low + (x - MARGIN) / (self.width() - 2 * MARGIN) * (high - low)

    def places(self, row: int) -> Array:
        """The x of a row's levels."""
        return np.asarray(self.along(self._axis.at(self._rows[row].sigmas)))

    def _radius(self, row: int, places: Array) -> float:
        largest = KNOB if row == self.draft else DOT
        near = float(np.quantile(np.diff(places), 0.25)) if len(places) > 1 else largest
        return min(largest, max(0.42 * near, largest / 2))

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_axis(painter)
            self._paint_guide(painter)
            for row in range(len(self._rows)):
                self._paint_words(painter, row)
                self._paint_row(painter, row)
            self._paint_tag(painter)

    def _paint_axis(self, painter: QPainter) -> None:
        theme, y = self._theme, self._tops()[-1] + 4
        font = tabular(self.font(), 0.85)
        painter.setFont(font)
        left, right = (float(x) for x in self.along(np.array(self._axis.ends)))
        per_unit = (right - left) / ((self._axis.ends[1] - self._axis.ends[0]) or 1.0)
        marked = labels(self._axis.sigmas, "log", QFontMetricsF(font).horizontalAdvance, per_unit)
        painter.setPen(QPen(QColor(theme.line), 1))
        for place, _ in marked:
            painter.drawLine(QPointF(self.along(place), 4), QPointF(self.along(place), y))
        painter.setPen(QPen(QColor(theme.muted), 1))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        for x in self.along(minor_ticks(self._axis.sigmas, "log")):
            painter.drawLine(QPointF(x, y), QPointF(x, y + 3))
        for place, text in marked:
            x = float(self.along(place))
            painter.drawLine(QPointF(x, y), QPointF(x, y + 5))
            room = QRectF(x - 40, y + 7, 80, 18)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
        if self._foot > AXIS:
            painter.setPen(QColor(theme.text))
            room = QRectF(left, y + AXIS - 8, right - left, TITLE)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, SIGMA_TITLE)
        if self._axis.sigmas[-1] == 0 and self._axis.sigmas[0] > 0:
            draw_break(
                painter, QPointF(self.along(self._axis.brink), y), QColor(theme.muted), self.palette().window().color()
            )

    def _paint_words(self, painter: QPainter, row: int) -> None:
        item, top, is_draft = self._rows[row], self._tops()[row], row == self.draft
        left, width, line = 8.0, self.width() - 16.0, QFontMetricsF(self.font()).height()
        steps = f"{len(item.sigmas) - 1} step" + ("s" if len(item.sigmas) != 2 else "")
        font = tabular(self.font(), bold=is_draft)
        metrics, small = QFontMetricsF(font), QFontMetricsF(self.font())
        name = metrics.elidedText(item.name, Qt.TextElideMode.ElideRight, width - small.horizontalAdvance(steps) - 16)
        ground = self.palette().window().color()
        x = left
        for text, style, ink in ((name, font, self._theme.text), (steps, tabular(self.font()), self._theme.muted)):
            advance = QFontMetricsF(style).horizontalAdvance(text)
            painter.fillRect(QRectF(x - 3, top + 2, advance + 6, line), ground)  # the grid lines pass behind the text
            painter.setFont(style)
            painter.setPen(QColor(ink))
            painter.drawText(QPointF(x, top + 2 + metrics.ascent()), text)
            x += advance + 12
        if is_draft and self._note:
            self._paint_note(painter)

    def note_room(self) -> QRectF:
        """Where the draft's end error is written: right of its name, or under it."""
        metrics, width = QFontMetricsF(tabular(self.font())), self.width() - 16.0
        top = self._tops()[self.draft or 0] + 2
        if self._lines > 1:
            return QRectF(8.0, top + metrics.height(), width, (self._lines - 1) * metrics.height())
        width = metrics.horizontalAdvance(self._note) + 1  # rounded down, the text would wrap
        return QRectF(self.width() - 8 - width, top, width, metrics.height())

    def _paint_note(self, painter: QPainter) -> None:
        room, flags = self.note_room(), Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        painter.setFont(tabular(self.font()))
        taken = painter.boundingRect(room, flags, self._note)
        painter.fillRect(taken.adjusted(-3, 0, 3, 0), self.palette().window().color())
        painter.setPen(QColor(self._theme.text))
        painter.drawText(room, flags, self._note)

    def _paint_row(self, painter: QPainter, row: int) -> None:
        item, places, y = self._rows[row], self.places(row), self.line_of(row)
        is_draft = row == self.draft
        ink = QColor(self._theme.text if is_draft else self._theme.runs[item.hue % len(self._theme.runs)])
        radius = self._radius(row, places)
        to_zero = item.sigmas[-1] == 0
        last = places[-2 if to_zero else -1]
        painter.setPen(QPen(ink, 1.5))
        painter.drawLine(QPointF(places[0], y), QPointF(last, y))
        if to_zero:
            painter.setPen(QPen(ink, 1.5, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(last, y), QPointF(places[-1], y))
        ground = self.palette().window().color()
        painter.setPen(QPen(ground, 1))  # keeps neighbours apart
        for level, x in enumerate(places.tolist()):
            here = is_draft and not self._print and level == self._index
            fixed = is_draft and self._editable and not self._print and not 0 < level < len(places) - 1
            painter.setBrush(QColor(self._theme.accent) if here else ink)
            if fixed:
                painter.drawRect(QRectF(x - 2.5, y - radius - 1, 5, 2 * radius + 2))
            elif radius > 2.0:
                painter.drawEllipse(QPointF(x, y), radius, radius)
            else:  # dots would merge
                painter.drawRect(QRectF(x - 1.25, y - 5, 2.5, 10))
        if is_draft and self.hasFocus():
            painter.setPen(QPen(QColor(self._theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(places[self._focused], y), KNOB + 4, KNOB + 4)

    # ------------------------------------------------------------ the level that is pointed at

    @property
    def marked(self) -> Spot | None:
        """The level under the mouse, otherwise the focused knob."""
        if self._spot is None and self.hasFocus() and self.draft is not None:
            return Spot(self.draft, self._focused)
        return self._spot

    def words_of(self, spot: Spot) -> str:
        """Index and σ of a level."""
        here = ", at the playhead" if spot == (self.draft, self._index) else ""
        return f"level {spot.level}, σ {self._rows[spot.row].sigmas[spot.level]:.6g}{here}"

    def _paint_guide(self, painter: QPainter) -> None:
        """Draw a line from the level through every row to the axis."""
        if self.marked is not None:
            x = self.places(self.marked.row)[self.marked.level]
            painter.setPen(QPen(QColor(self._theme.accent), 1))
            painter.drawLine(QPointF(x, 4), QPointF(x, self._tops()[-1] + 4))

    def _paint_tag(self, painter: QPainter) -> None:
        """Write its σ on the axis."""
        if self.marked is None:
            return
        sigma = float(self._rows[self.marked.row].sigmas[self.marked.level])
        font = tabular(self.font(), 0.85, bold=True)
        text = f"σ {sigma:.3g}" if sigma < 1000 else f"σ {sigma_text(sigma)}"
        width = QFontMetricsF(font).horizontalAdvance(text) + 12
        x = float(self.places(self.marked.row)[self.marked.level])
        left = min(max(x - width / 2, 2.0), self.width() - width - 2)
        box = QRectF(left, self._tops()[-1] + 7, width, 20)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.accent))
        painter.drawRoundedRect(box, 4, 4)
        painter.setFont(font)
        painter.setPen(self.palette().highlightedText().color())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
