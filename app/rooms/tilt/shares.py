"""Bars of the components' shares: four for each component, in the order of the table."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.plotting.pens_and_numbers import hue, tabular
from app.plotting.theme import Theme
from app.rooms.tilt.messages import TiltRow
from app.rooms.tilt.text import HELP, KINDS
from app.widgets.text import tooltip
from geomodel.number_text import percent

HEIGHT = 110  # pixels at least
LEFT = 40  # for the scale
GAP = 0.3  # of a group's width, between it and the next


class ShareBars(QWidget):
    """One group a component; the scale runs from 0 to 100 %."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[TiltRow, ...] = ()
        self._names: tuple[str, ...] = ()
        self.setFont(tabular(self.font(), 0.85))
        self.setAccessibleName("Shares of the components")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(HEIGHT)

    def sizeHint(self) -> QSize:
        return QSize(280, HEIGHT)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.update()

    def show_shares(self, rows: tuple[TiltRow, ...], names: tuple[str, ...]) -> None:
        """Show the shares of each row."""
        self._rows, self._names = rows, names
        self.setAccessibleDescription(
            "; ".join(
                f"{density.name}: " + ", ".join(percent(float(share)) for share in row.shares)
                for density, row in zip(KINDS, rows, strict=False)
            )
        )
        self.update()

    # ------------------------------------------------------------ drawing

    def _area(self) -> QRectF:
        below = QFontMetricsF(self.font()).height() + 4
        return QRectF(LEFT, 6, max(1.0, self.width() - LEFT - 4.0), max(1.0, self.height() - below - 6))

    def _group(self, k: int) -> QRectF:
        area = self._area()
        width = area.width() / max(1, len(self._names))
        return QRectF(area.left() + k * width, area.top(), width, area.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        area, metrics = self._area(), QFontMetricsF(self.font())
        with QPainter(self) as painter:
            for share in (0.0, 0.5, 1.0):
                y = area.bottom() - share * area.height()
                painter.setPen(QPen(QColor(self._theme.line), 1))
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
                painter.setPen(QColor(self._theme.muted))
                place = QRectF(0, y - metrics.height() / 2, LEFT - 6, metrics.height())
                painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{share:.0%}")
            for k in range(len(self._names)):
                self._paint_group(painter, k, metrics)

    def _paint_group(self, painter: QPainter, k: int, metrics: QFontMetricsF) -> None:
        group = self._group(k)
        width = min(14.0, group.width() * (1 - GAP) / len(KINDS))
        left = group.center().x() - width * len(KINDS) / 2
        for place, (density, row) in enumerate(zip(KINDS, self._rows, strict=False)):
            height = float(row.shares[k]) * group.height()
            bar = QRectF(left + place * width, group.bottom() - height, max(1.0, width - 1), height)
            color = hue(density.kind, self._theme)
            if density.kind == "optimal":  # in closed form, as the outlines in the plane
                painter.setPen(QPen(color, 1.2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(bar)
            else:
                painter.fillRect(bar, color)
        painter.setPen(QColor(self._theme.muted))
        text = str(k)
        painter.drawText(QPointF(group.center().x() - metrics.horizontalAdvance(text) / 2, self.height() - 4.0), text)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = QPointF(event.pos())
            k = next((k for k in range(len(self._names)) if self._group(k).contains(at)), None)
            if k is None or not self._rows:
                QToolTip.showText(event.globalPos(), tooltip("Shares", HELP["shares"]), self)
            else:
                found = (
                    f"{density.name} {percent(float(row.shares[k]))}"
                    for density, row in zip(KINDS, self._rows, strict=False)
                )
                QToolTip.showText(event.globalPos(), tooltip(self._names[k], "; ".join(found)), self)
            return True
        return super().event(event)
