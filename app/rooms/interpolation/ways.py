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


class WayLine(QWidget):
    """The sample of a way's curve, its name, and its numbers at the picked amount."""

    def __init__(self, kind: int, title: str, theme: Theme) -> None:
        super().__init__()
        self._kind, self._title, self._theme, self.numbers = kind, title, theme, ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.update()

    def set_numbers(self, numbers: str) -> None:
        """Show other numbers."""
        self.numbers = numbers
        self.setAccessibleDescription(numbers)
        self.setToolTip(numbers)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, round(2.5 * self.fontMetrics().height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        line = self.height() / 2
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            hue = way_hue(self._kind, self._theme)
            painter.setPen(QPen(hue, 2.0))
            painter.drawLine(QPointF(0, line / 2), QPointF(SAMPLE_WIDTH, line / 2))
            painter.setBrush(hue)
            draw_symbol(painter, SYMBOLS[self._kind], QPointF(SAMPLE_WIDTH / 2, line / 2), 8.0, QPen(Qt.PenStyle.NoPen))
            painter.setPen(QColor(self._theme.text))
            left = SAMPLE_WIDTH + 6
            for at, (text, font) in enumerate(((self._title, self.font()), (self.numbers, tabular(self.font(), 0.92)))):
                room = QRectF(left if at == 0 else 0, at * line, self.width() - (left if at == 0 else 0), line)
                painter.setFont(font)
                words = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
                painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
