"""How the three ways are told apart: hue, symbol, and a sample of the curve before the name."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.bundles import Symbol, draw_symbol
from app.plotting.pens_and_numbers import SAMPLE_WIDTH, tabular
from app.plotting.theme import Theme

SYMBOLS: tuple[Symbol, ...] = ("disc", "square", "diamond")


def way_hue(kind: int, theme: Theme) -> QColor:
    """The hue, which says whose curve it is."""
    return QColor(theme.runs[kind % len(theme.runs)])


class WayName(QWidget):
    """The sample of a way's curve and its name."""

    def __init__(self, kind: int, title: str, theme: Theme) -> None:
        super().__init__()
        self._kind, self._title, self._theme = kind, title, theme
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, round(1.3 * self.fontMetrics().height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        middle, hue = self.height() / 2, way_hue(self._kind, self._theme)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(hue, 2.0))
            painter.drawLine(QPointF(0, middle), QPointF(SAMPLE_WIDTH, middle))
            painter.setBrush(hue)
            draw_symbol(painter, SYMBOLS[self._kind], QPointF(SAMPLE_WIDTH / 2, middle), 8.0, QPen(Qt.PenStyle.NoPen))
            painter.setPen(QColor(self._theme.text))
            painter.setFont(tabular(self.font(), bold=True))
            room = QRectF(SAMPLE_WIDTH + 6, 0, self.width() - SAMPLE_WIDTH - 6, self.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._title)
