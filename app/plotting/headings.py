"""What stands over small plots: a header with the values at the playhead, and the entries of a shared legend."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.pens_and_numbers import SAMPLE_WIDTH, Kind, hue, paint_sample, tabular
from app.plotting.theme import Theme

SHORT = 16  # pixels that a curve's sample takes before a value
ONE_LINE = 320  # with less width, the values stand under the title


class Header(QWidget):
    """Title and unit at the left; at the right each curve's sample and its value at the playhead."""

    figure_part = "numbers"  # what a figure can leave out

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._title, self.unit = "", ""
        self.values: tuple[tuple[Kind, str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_title(self, title: str, unit: str) -> None:
        self._title, self.unit = title, unit
        self.setAccessibleName(title)
        self.update()

    def set_values(self, values: tuple[tuple[Kind, str], ...]) -> None:
        self.values = values
        self.update()

    @property
    def _line(self) -> float:
        return 1.35 * self.fontMetrics().height()

    @property
    def _two_lines(self) -> bool:
        return self.width() < ONE_LINE

    def sizeHint(self) -> QSize:
        return QSize(200, round(self._line * (2 if self._two_lines else 1)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            room = self._paint_values(painter)
            x = 4.0
            title, unit = tabular(self.font(), bold=True), tabular(self.font(), 0.9)
            for text, font, color in ((self._title, title, self._theme.text), (self.unit, unit, self._theme.muted)):
                metrics = QFontMetricsF(font)
                fits = metrics.horizontalAdvance(text) <= room - 8 - x
                if text is self._title or fits:  # the tooltip has a unit that does not fit
                    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0.0, room - 8 - x))
                    painter.setFont(font)
                    painter.setPen(QColor(color))
                    painter.drawText(QPointF(x, self._baseline(0)), text)
                x += metrics.horizontalAdvance(text) + 8

    def _baseline(self, line: int) -> float:
        metrics = QFontMetricsF(self.font())
        return line * self._line + (self._line + metrics.ascent() - metrics.descent()) / 2

    def _paint_values(self, painter: QPainter) -> float:
        """Draw the values from the right. Returns where the title must end."""
        font, line = tabular(self.font()), int(self._two_lines)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.text))
        room = metrics.horizontalAdvance("000.00")
        x = self.width() - 10.0
        for kind, text in reversed(self.values):
            width = metrics.horizontalAdvance(text)
            painter.drawText(QPointF(x - width, self._baseline(line)), text)
            x -= max(room, width) + SHORT + 6
            paint_sample(painter, QRectF(x, line * self._line, SHORT, self._line), kind, self._theme)
            x -= 10
        return self.width() if line else x


class Entry(QWidget):
    """One entry of the legend; without a kind it stands for the band."""

    figure_part = "legend"  # what a figure can leave out

    def __init__(self, kind: Kind | None, label: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind, self._label, self._theme = kind, label, theme
        self.setAccessibleName(label)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_label(self, label: str) -> None:
        self._label = label
        self.setAccessibleName(label)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(SAMPLE_WIDTH + 6 + metrics.horizontalAdvance(self._label) + 2, round(metrics.height() * 1.3))

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            sample = QRectF(0, 0, SAMPLE_WIDTH, self.height())
            if self._kind:
                paint_sample(painter, sample, self._kind, self._theme)
            else:
                shade = hue("reference", self._theme)
                shade.setAlphaF(0.2)
                painter.fillRect(sample.adjusted(0, 4, 0, -4), shade)
            painter.setPen(QColor(self._theme.muted))
            text = sample.adjusted(SAMPLE_WIDTH + 6, 0, self.width(), 0)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._label)
