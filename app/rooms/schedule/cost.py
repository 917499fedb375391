"""Shows the cost matrix of a designed schedule: the cost of each Euler jump between noise levels, and the chosen
path.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import sigma_text
from app.plotting.theme import Theme
from app.rooms.schedule.pictures import CostPicture
from app.rooms.schedule.scale import Scaling, ramp, ticks
from app.widgets.text import tooltip
from geomodel.arrays import Array
from geomodel.number_text import fixed

LEFT, TOP, RIGHT, BOTTOM = 8.0, 24.0, 56.0, 20.0
TITLE = 18.0  # for the title of an axis
LEAST = 188  # least pixels of height in a window
LOW = 120.0  # with fewer pixels of height, only the tooltip describes the cell
HINT = "A cell is one Euler jump from the σ of its row to the σ of its column."
HELP = "Dots are the chosen intervals. ↑, ↓ go through them."
KEYS: dict[int, int] = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}  # the left and right keys move the playhead


def _is_ours(event: QKeyEvent) -> bool:
    return event.key() in KEYS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier


class CostMap(QWidget):
    """A map over the fine levels. Rows are where a jump starts, columns are where it lands.

    The matrix is empty below its diagonal, so the legend and the description of the cell under the mouse stand there.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._theme, self._print = theme, print_mode
        self._cost: CostPicture | None = None
        self._scaling = Scaling(0.0, 1.0, False)
        self._image = QImage()
        self._cell: tuple[int, int] | None = None
        self._titled = print_mode
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Cost of every jump between fine levels")
        self.setToolTip(tooltip("Cost of a jump", f"{HINT} {HELP}"))

    def show_cost(self, cost: CostPicture) -> None:
        """Show another matrix. Its image is made once."""
        if cost is self._cost:
            return
        self._cost, self._scaling, self._cell = cost, Scaling.of(cost.cost), None
        self._make_image()
        self._say()

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self._make_image()
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 160) if self._print else QSize(280, round(LEAST + (TITLE if self._titled else 0)))

    def sizeHint(self) -> QSize:
        return QSize(480, 400)

    @property
    def words(self) -> str:
        """The cell under the mouse or of the chosen interval."""
        if self._cost is None or self._cell is None:
            return ""
        start, end = (sigma_text(self._cost.sigmas[at]) for at in self._cell)
        return f"σ {start} → {end}: cost {fixed(float(self._cost.cost[self._cell]), 3)}"

    def _say(self) -> None:
        self.setAccessibleDescription(self.words or HINT)
        self.update()

    def _make_image(self) -> None:
        if self._cost is None:
            return
        share = self._scaling.share(self._cost.cost[:-1, 1:])  # the last row and the first column have no jumps
        known = np.isfinite(share)
        rgba = np.zeros((*share.shape, 4), np.uint8)
        rgba[known, :3] = ramp(self._theme)[np.rint(share[known] * 255).astype(np.intp)]
        rgba[known, 3] = 255
        height, width = share.shape
        self._image = QImage(rgba.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()

    # ------------------------------------------------------------ where things stand

    @property
    def area(self) -> QRectF:
        """The map: rows 0 … M − 1 and columns 1 … M."""
        title = TITLE if self._titled else 0.0
        return QRectF(LEFT, TOP + title, self.width() - LEFT - RIGHT - title, self.height() - TOP - title - BOTTOM)

    def set_titled(self, titled: bool) -> None:
        """Whether both axes have a whole title."""
        self._titled = titled
        self.updateGeometry()
        self.update()

    @property
    def _fine(self) -> int:
        return 0 if self._cost is None else len(self._cost.sigmas) - 1

    def middle(self, row: float, column: float) -> QPointF:
        """The middle of a cell."""
        area, count = self.area, self._fine
        return QPointF(
            area.left() + (column - 0.5) / count * area.width(), area.top() + (row + 0.5) / count * area.height()
        )

    def cell_at(self, point: QPointF) -> tuple[int, int] | None:
        """The jump at a point."""
        area, count = self.area, self._fine
        if self._cost is None or not area.contains(point):
            return None
        row = min(int((point.y() - area.top()) / area.height() * count), count - 1)
        column = min(int((point.x() - area.left()) / area.width() * count), count - 1) + 1
        return (row, column) if np.isfinite(self._cost.cost[row, column]) else None

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._cost is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawImage(self.area, self._image)
            self._paint_negative(painter, self._cost.cost)
            self._paint_axes(painter, self._cost)
            self._paint_path(painter, self._cost.path)
            self._paint_legend(painter)
            self._paint_cell(painter)

    def _paint_negative(self, painter: QPainter, cost: Array) -> None:
        if not self._scaling.log:
            return
        painter.setPen(QPen(QColor(self._theme.text), 1))
        for row, column in np.argwhere(cost < 0).tolist():
            middle = self.middle(row, column)
            painter.drawLine(middle - QPointF(1.5, 0), middle + QPointF(1.5, 0))

    def _paint_axes(self, painter: QPainter, cost: CostPicture) -> None:
        area, count, font = self.area, self._fine, tabular(self.font(), 0.85)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.muted))
        for column in ticks(count, area.width(), metrics.horizontalAdvance("0.0000")):
            at = self.middle(0, column + 1)
            painter.drawLine(QPointF(at.x(), area.top() - 4), QPointF(at.x(), area.top() - 1))
            text = sigma_text(cost.sigmas[column + 1])
            painter.drawText(QRectF(at.x() - 40, area.top() - 21, 80, 16), Qt.AlignmentFlag.AlignHCenter, text)
        for row in ticks(count, area.height(), metrics.height() + 2):
            at = self.middle(row, count)
            painter.drawLine(QPointF(area.right() + 1, at.y()), QPointF(area.right() + 4, at.y()))
            text = sigma_text(cost.sigmas[row])
            room = QRectF(area.right() + 8, at.y() - 8, RIGHT - 8, 16)
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        self._paint_titles(painter)

    def _paint_titles(self, painter: QPainter) -> None:
        area, metrics = self.area, QFontMetricsF(painter.font())
        if not self._titled:
            painter.drawText(QRectF(area.right(), area.top() - 21, RIGHT - 4, 16), Qt.AlignmentFlag.AlignRight, "to σ")
            painter.drawText(QPointF(area.right() + 8, area.bottom() + metrics.ascent() + 4), "from σ")
            return
        painter.setPen(QColor(self._theme.text))
        above = QRectF(area.left(), 0, area.width(), TITLE)
        painter.drawText(above, Qt.AlignmentFlag.AlignCenter, "to noise level σ, where the jump lands")
        painter.save()
        painter.translate(self.width() - TITLE, area.center().y())
        painter.rotate(-90)
        beside = QRectF(-area.height() / 2, 0, area.height(), TITLE)
        painter.drawText(beside, Qt.AlignmentFlag.AlignCenter, "from noise level σ")
        painter.restore()

    def _paint_path(self, painter: QPainter, path: Array) -> None:
        """Draw the path: down to a level's row, along it to the next level's column, where the interval's dot
        stands.
        """
        stops = [int(at) for at in path]
        corners = [QPointF(self.area.left(), self.middle(0, 1).y())]
        for start, end in pairwise(stops):
            corners += [self.middle(start, end), self.middle(end, end)]
        corners[-1] = QPointF(corners[-1].x(), self.area.bottom())
        line, dots = QPolygonF(corners), corners[1::2]
        ink, ground = QColor(self._theme.text), QColor(self._theme.base)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((ground, 3.5), (ink, 1.5)):  # the outline makes it visible on every cell
            painter.setPen(QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin))
            painter.drawPolyline(line)
        painter.setPen(QPen(ground, 1.5))
        painter.setBrush(ink)
        for dot in dots:
            painter.drawEllipse(dot, 4.5, 4.5)

    def _paint_legend(self, painter: QPainter) -> None:
        """Draw in the empty corner: the description above, the colour ramp with its numbers below."""
        area, font = self.area, tabular(self.font(), 0.85)
        metrics = QFontMetricsF(font)
        line, width = metrics.height(), min(0.5 * area.width(), 220.0)
        left, bottom = area.left(), area.bottom()
        colors = QImage(ramp(self._theme).tobytes(), 256, 1, 768, QImage.Format.Format_RGB888)
        painter.drawImage(QRectF(left, bottom - line - 12, width, 10), colors)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.muted))
        (_, least), (_, middle), (_, most) = self._scaling.marks
        texts = [(0.0, f"≤ {least}" if self._scaling.log else least), (1.0, most), (0.5, middle)]
        if sum(metrics.horizontalAdvance(text) + 20 for _, text in texts) > width:
            texts = texts[:2]
        for share, text in texts:
            advance = metrics.horizontalAdvance(text)
            painter.drawText(QPointF(left + share * (width - advance), bottom - metrics.descent()), text)
        negative = self._cost is not None and bool((self._cost.cost < 0).any())
        title = (
            "cost, linear scale" if not self._scaling.log else "|cost|, log scale" if negative else "cost, log scale"
        )
        if self._scaling.log and negative:
            title += ", − below 0"
        painter.drawText(QPointF(left, bottom - line - 16 - metrics.descent()), title)
        if self._print or area.height() < LOW:
            return
        painter.setFont(tabular(self.font()))
        painter.setPen(QColor(self._theme.text if self.words else self._theme.muted))
        height = 3 * QFontMetricsF(self.font()).height()
        room = QRectF(left, bottom - 2 * line - 24 - height, 0.42 * area.width(), height)
        flags = Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap
        words = self.words or HINT
        if painter.boundingRect(room, flags, words).height() <= height:  # else the tooltip says it
            painter.drawText(room, flags, words)

    def _paint_cell(self, painter: QPainter) -> None:
        if self._cell is None:
            return
        size = QPointF(self.area.width() / self._fine / 2, self.area.height() / self._fine / 2)
        middle = self.middle(*self._cell)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((self._theme.base, 4.0), (self._theme.accent, 2.0)):
            painter.setPen(QPen(QColor(color), width, j=Qt.PenJoinStyle.MiterJoin))
            painter.drawRect(QRectF(middle - size, middle + size))

    # ------------------------------------------------------------ hands

    def _point_at(self, cell: tuple[int, int] | None) -> None:
        if cell != self._cell:
            self._cell = cell
            self._say()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self.cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The up and down keys go through the chosen intervals."""
        if self._cost is None or not _is_ours(event):
            super().keyPressEvent(event)
            return
        chosen = list(pairwise(self._cost.path.tolist()))
        at = chosen.index(self._cell) + KEYS[event.key()] if self._cell in chosen else 0
        self._point_at(chosen[min(max(at, 0), len(chosen) - 1)])

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._point_at(None)
        super().focusOutEvent(event)
