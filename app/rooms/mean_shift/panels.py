"""Paints the parts of the mean-shift view beside its images: weighted neighbours, and bars of shares."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.widgets.neighbours import Neighbours
from app.widgets.panel_grid import Flowing, flow, refit
from geomodel.arrays import Array
from geomodel.number_text import percent

NEIGHBOUR_ROWS = 2
NEIGHBOUR, ENLARGED = 64, 256  # pixels that a neighbour takes at most
LEAST_SHARE, MOST_CLASSES = 0.001, 10
BAR = 8  # pixels of a bar's height


class NeighbourRows(Neighbours):
    """The nearest data, in up to two rows."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, largest=NEIGHBOUR)
        self._enlarged = False
        flow(self)

    def set_enlarged(self, enlarged: bool) -> None:
        """Every neighbour, as large as the room allows."""
        self._enlarged = enlarged
        self._fit()
        self.updateGeometry()
        self.update()

    def _fit(self) -> None:
        sizes = range(ENLARGED, NEIGHBOUR, -8) if self._enlarged else ()
        for self._largest in (*sizes, NEIGHBOUR):
            pitch, tall = self._pitch()
            rows = ceil(len(self._images) / max(1, int((self.width() + 8) // pitch)))
            if pitch - 8 <= self.width() and rows * tall <= self.height() + 8:
                return

    def set_neighbours(self, images: Array, weights: Array, labels: tuple[str, ...]) -> None:
        super().set_neighbours(images, weights, labels)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def heightForWidth(self, width: int) -> int:
        if self._enlarged:
            return 0  # it fits itself to any height
        pitch, tall = self._pitch()
        rows = ceil(len(self._images) / max(1, int((width + 8) // pitch)))
        return ceil(max(1, min(NEIGHBOUR_ROWS, rows)) * tall)


class ClassBars(Flowing):
    """The posterior share of each class, the largest first; the whole track is 100 %."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._known: tuple[tuple[str, float], ...] = ()

    def set_classes(self, classes: tuple[tuple[str, float], ...]) -> None:
        """Names and shares. Shares below a thousandth are left out."""
        before = self.heightForWidth(self.width())
        shown = [line for line in classes if line[1] >= LEAST_SHARE]
        self._known = tuple(sorted(shown, key=lambda line: -line[1]))
        self.setAccessibleDescription(", ".join(f"{name} {percent(share)}" for name, share in self._shown))
        refit(self, before)
        self.update()

    @property
    def _shown(self) -> tuple[tuple[str, float], ...]:
        return self._known if self._enlarged else self._known[:MOST_CLASSES]

    def heightForWidth(self, width: int) -> int:
        return ceil(len(self._shown) * self._line())

    def _line(self) -> float:
        return QFontMetricsF(self.font()).height() + 4

    def track(self, row: int) -> QRectF:
        """Where a bar of 100 % stands, between name and number."""
        metrics = QFontMetricsF(tabular(self.font()))
        longest = max((metrics.horizontalAdvance(name) for name, _ in self._shown), default=0.0)
        left = min(ceil(longest), int(0.4 * self.width())) + 8
        right = self.width() - metrics.horizontalAdvance("0.00 %") - 8
        top = row * self._line() + (self._line() - BAR) / 2
        return QRectF(left, round(top), max(1, round(right) - left), BAR)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setFont(tabular(self.font()))
            for row, (name, share) in enumerate(self._shown):
                track = self.track(row)
                painter.fillRect(track, QColor(self._theme.line))
                painter.fillRect(
                    QRectF(track.left(), track.top(), track.width() * share, BAR), QColor(self._theme.optimal)
                )
                line = QRectF(0, row * self._line(), track.left() - 8, self._line())
                shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(line.width()))
                painter.setPen(QColor(self._theme.text))
                painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, shown)
                line.setRight(self.width())
                painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, percent(share))
