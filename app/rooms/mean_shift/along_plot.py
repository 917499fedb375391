"""Plots what D* is made of over the noise levels: effective neighbours above, the posterior of the classes below."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.bundles import draw_symbol
from app.plotting.measure_plot import DOTTED_LEVELS, band_path
from app.plotting.pens_and_numbers import curve_pen, hue, tabular
from app.plotting.shares import Band, named
from app.plotting.sigma_axis import (
    SIGMA_TITLE,
    break_at,
    draw_break,
    labels,
    minor_ticks,
    nearest,
    positions,
    sigma_text,
)
from app.plotting.theme import Theme
from app.plotting.thinning import columns_of, thinned
from app.rooms.mean_shift.pictures import AlongPicture
from geomodel.arrays import Array

PART = 7.0  # the height of each part in lines of text
SHADES = (0.5, 0.22)  # opacities, so that neighbouring bands of one hue differ
REST = 0.10
INSIDE = 0.6  # share of a name's width that must lie in its band; a class that leads only briefly still gets its name


class AlongPlot(QWidget):
    """Two parts over one axis of noise levels, named levels across both, and the playhead.

    The plot is kept as a pixmap without the playhead. A printed plot is painted anew, as vectors.
    """

    picked = Signal(int)  # the level nearest to a click
    sighted = Signal()  # the plot was painted, and levels are missing

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._theme, self._print = theme, print_mode
        self._enlarged = False
        self._still: QPixmap | None = None
        self._picture = AlongPicture(sigmas=np.array([1.0, 0.1]), effective=np.full(2, np.nan), total=1)
        self._sigma, self._effective = math.nan, math.nan
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._forget_still()

    def set_picture(self, picture: AlongPicture) -> None:
        """Show new curves."""
        self._picture = picture
        self.setAccessibleDescription(picture.note)
        self.updateGeometry()
        self._forget_still()

    def set_cursor(self, sigma: float, effective: float) -> None:
        """Move the playhead, and show the effective neighbours there."""
        self._sigma, self._effective = sigma, effective
        self.update()

    # ------------------------------------------------------------ places

    def sizeHint(self) -> QSize:
        return QSize(232, math.ceil(self._part(self._parts, PART * self._line).bottom() + self._foot))

    def set_enlarged(self, enlarged: bool) -> None:
        """Whether both parts fill whatever height it is given."""
        self._enlarged = enlarged
        down = QSizePolicy.Policy.Expanding if enlarged else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Expanding, down)
        self._forget_still()

    @property
    def _titled(self) -> bool:
        return self._print or self._enlarged

    @property
    def _parts(self) -> int:
        return 1 if self._picture.classes is None else 2

    @property
    def _foot(self) -> float:
        """Pixels under the lower part, for the axis and its title."""
        return (3.0 if self._titled else 1.8) * self._line

    @property
    def _height(self) -> float:
        """Pixels that each part is high."""
        if not self._enlarged:
            return PART * self._line
        return (self.height() - self._part(self._parts, 0.0).bottom() - self._foot) / self._parts

    @property
    def _line(self) -> float:
        return QFontMetricsF(tabular(self.font(), 0.85)).height()

    def _part(self, part: int, height: float | None = None) -> QRectF:
        """Effective neighbours (1) and posterior (2), under their titles; the first also under the levels' names."""
        metrics = QFontMetricsF(tabular(self.font(), 0.85))
        left = max(metrics.horizontalAdvance(text) for text in (f"{self._picture.total:,}", "100 %")) + 6
        right = self.width() - max(metrics.horizontalAdvance(sigma_text(self._picture.sigmas[-1])) / 2, 6)
        high = max(1.0, self._height) if height is None else height
        top = (1.4 + len(self._shown_marks())) * self._line + (part - 1) * (high + 1.9 * self._line)
        return QRectF(left, round(top), max(1.0, right - left), round(high))

    def _across(self, places: Array | float) -> Array:
        """Pixels of positions on the axis."""
        ends, area = positions(self._picture.sigmas), self._part(1)
        pixels: Array = area.left() + area.width() * (np.asarray(places) - ends[0]) / max(ends[-1] - ends[0], 1e-9)
        return pixels

    def x_of(self, sigma: float) -> float:
        """Where a noise level stands."""
        place = positions(np.array([sigma]))[0] if sigma > 0 else positions(self._picture.sigmas)[-1]
        return float(np.clip(self._across(place), self._part(1).left(), self._part(1).right()))

    def y_of(self, effective: float) -> float:
        """Where a number of effective neighbours stands: 1 at the bottom, all data at the top."""
        area, decades = self._part(1), max(math.log10(self._picture.total), 1e-9)
        return area.bottom() - area.height() * math.log10(max(effective, 1.0)) / decades

    def _shown_marks(self) -> tuple[tuple[str, float], ...]:
        positive = self._picture.sigmas[self._picture.sigmas > 0]
        return tuple(mark for mark in self._picture.marks if positive[-1] <= mark[1] <= positive[0])

    def shown_bands(self) -> list[tuple[Band, tuple[float, float] | None]]:
        """The bands that have room for their names, from the bottom, and the rest."""
        assert self._picture.classes is not None
        metrics, x = QFontMetricsF(tabular(self.font(), 0.85)), self._across(positions(self._picture.sigmas))
        shares, height = self._picture.classes, self._part(2).height()

        def size(member: int) -> tuple[float, float]:
            return INSIDE * metrics.horizontalAdvance(self._name(member, shares.shape[1])), metrics.height()

        return named(shares, x, size, height)

    def _name(self, member: int, others: int) -> str:
        return f"{others} others" if member < 0 else self._picture.names[member]

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            if self._print:
                self._paint_still(painter)
            else:
                painter.drawPixmap(0, 0, self._kept_still())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_cursor(painter)
        if np.isnan(self._picture.effective).any():
            self.sighted.emit()  # Qt paints only what a person can see

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.FontChange, QEvent.Type.DevicePixelRatioChange):
            self._forget_still()
        return super().event(event)

    def _forget_still(self) -> None:
        self._still = None
        self.update()

    def _kept_still(self) -> QPixmap:
        if self._still is None:
            ratio = self.devicePixelRatioF()
            self._still = QPixmap(self.size() * ratio)
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(QColor(self._theme.base))
            with QPainter(self._still) as painter:
                self._paint_still(painter)
        return self._still

    def _paint_still(self, painter: QPainter) -> None:
        painter.setFont(tabular(self.font(), 0.85))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_scale(painter, 1, self._counts())
        if self._picture.classes is not None:
            shares = [(self._share(part), f"{100 * part:.0f} %") for part in (0.0, 0.5, 1.0)]
            self._paint_scale(painter, 2, shares)
            self._paint_classes(painter)
        self._paint_levels(painter)
        self._paint_marks(painter)
        units = (", data points", ", share of the weight") if self._titled else ("", "")
        self._paint_title(painter, 0.0, f"effective neighbours N_eff{units[0]}")
        if self._picture.classes is not None:
            self._paint_title(painter, self._part(2).top() - 1.5 * self._line, f"posterior of the classes{units[1]}")
        if self._titled:
            area = self._part(self._parts)
            room = QRectF(area.left(), self.height() - 1.2 * self._line, area.width(), self._line)
            painter.setPen(QColor(self._theme.text))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, SIGMA_TITLE)
        self._paint_neighbours(painter)

    def _counts(self) -> list[tuple[float, str]]:
        """Powers of ten that do not touch, and the number of data."""
        total, room = self._picture.total, 1.2 * self._line
        decades = [10**k for k in range(int(math.log10(total)) + 1)]
        apart = [n for n in decades if self.y_of(n) - self.y_of(total) >= room]
        every = max(1, math.ceil(room / (self.y_of(1) - self.y_of(10))))
        return [(self.y_of(n), f"{n:,}") for n in (*apart[::every], total)]

    def _share(self, share: float) -> float:
        area = self._part(2)
        return area.bottom() - area.height() * share

    def _paint_scale(self, painter: QPainter, part: int, ticks: list[tuple[float, str]]) -> None:
        area, high = self._part(part), self._line
        for y, text in ticks:
            painter.setPen(QColor(self._theme.line))
            painter.drawLine(QPointF(area.left(), _sharp(y)), QPointF(area.right(), _sharp(y)))
            painter.setPen(QColor(self._theme.muted))
            room = QRectF(0, y - high / 2, area.left() - 5, high)
            painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_title(self, painter: QPainter, top: float, title: str) -> None:
        """Write a title on a background of its own, because the named levels pass through between the parts."""
        room = QRectF(self._part(1).left(), top, painter.fontMetrics().horizontalAdvance(title) + 4, self._line)
        painter.fillRect(room, QColor(self._theme.base))
        painter.setPen(QColor(self._theme.muted))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, title)

    def _paint_levels(self, painter: QPainter) -> None:
        sigmas, metrics = self._picture.sigmas, QFontMetricsF(painter.font())
        area = self._part(self._parts)
        places, y = positions(sigmas), area.bottom()
        painter.setPen(QColor(self._theme.muted))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        for x in self._across(minor_ticks(sigmas, "log")).tolist():
            painter.drawLine(QPointF(x, y), QPointF(x, y + 3))
        per_decade = area.width() / max(float(places[-1] - places[0]), 1e-9)
        for place, text in labels(sigmas, "log", metrics.horizontalAdvance, per_decade):
            x = float(self._across(place))
            painter.drawLine(QPointF(x, y), QPointF(x, y + 4))
            room = QRectF(x - 40, y + 0.6 * self._line, 80, self._line)  # stays below the lowest number beside the axis
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, text)
        at = break_at(sigmas, "log")
        if at is not None:
            ink, ground = QColor(self._theme.muted), QColor(self._theme.base)
            draw_break(painter, QPointF(float(self._across(at)), y), ink, ground)

    def _paint_marks(self, painter: QPainter) -> None:
        """Write each name on a line of its own beside its level, from the top down, so that no level crosses an
        earlier name.
        """
        marks, high = self._shown_marks(), self._line
        bottom = self._part(self._parts).bottom()
        for row, (name, sigma) in enumerate(marks):
            x, y = _sharp(self.x_of(sigma)), (1.2 + row) * high
            painter.setPen(QPen(QColor(self._theme.text), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, y), QPointF(x, bottom))
            width = painter.fontMetrics().horizontalAdvance(name) + 8
            room = QRectF(min(x + 1, self.width() - width), y, width, high)
            painter.fillRect(room, QColor(self._theme.base))
            painter.setPen(QColor(self._theme.text))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, name)

    def _paint_neighbours(self, painter: QPainter) -> None:
        picture = self._picture
        known = np.isfinite(picture.effective)
        across, effective = self._across(positions(picture.sigmas))[known], picture.effective[known]
        kept = thinned(across, effective, columns_of(self.width())).kept
        shown = [QPointF(x, self.y_of(n)) for x, n in zip(across[kept].tolist(), effective[kept].tolist(), strict=True)]
        painter.setPen(curve_pen("optimal", self._theme, 2.0 * self.devicePixelRatioF()))
        painter.drawPolyline(QPolygonF(shown))
        if len(picture.sigmas) <= DOTTED_LEVELS:
            painter.setBrush(hue("optimal", self._theme))
            for at in shown:
                draw_symbol(painter, "diamond", at, 6.0, QPen(Qt.PenStyle.NoPen))

    def _paint_classes(self, painter: QPainter) -> None:
        area, x = self._part(2), self._across(positions(self._picture.sigmas))
        found = self.shown_bands()
        others = self._picture.classes.shape[1] - len(found) + 1  # type: ignore[union-attr]
        for order, (band, at) in enumerate(found):
            rest = band.member < 0
            ink = QColor(self._theme.muted) if rest else hue("optimal", self._theme)
            fill = QColor(ink)
            fill.setAlphaF(REST if rest else SHADES[order % 2])
            low, high = (area.bottom() - area.height() * edge for edge in (band.low, band.high))
            columns, known = columns_of(self.width()), np.isfinite(high)
            painter.fillPath(band_path(x, high, low, columns), fill)
            painter.setPen(QPen(ink, 1.2))
            if not rest:
                kept = np.flatnonzero(known)[thinned(x[known], high[known], columns).kept]
                edge = zip(x[kept].tolist(), high[kept].tolist(), strict=True)
                painter.drawPolyline(QPolygonF([QPointF(*point) for point in edge]))
            if at is not None and others + (not rest):
                painter.setPen(QColor(self._theme.text))
                name = self._name(band.member, others)
                half = painter.fontMetrics().horizontalAdvance(name) / 2 + 2
                middle = min(max(at[0], area.left() + half), area.right() - half)
                room = QRectF(middle - half, self._share(at[1]) - self._line / 2, 2 * half, self._line)
                painter.drawText(room, Qt.AlignmentFlag.AlignCenter, name)

    def _paint_cursor(self, painter: QPainter) -> None:
        if math.isnan(self._sigma):
            return
        x = _sharp(self.x_of(self._sigma))
        painter.setPen(QPen(QColor(self._theme.accent), 1.0))
        for part in (1,) if self._picture.classes is None else (1, 2):
            area = self._part(part)
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        if math.isfinite(self._effective):
            painter.setPen(QPen(QColor(self._theme.accent), 1.5))
            painter.setBrush(QColor(self._theme.base))
            painter.drawEllipse(QPointF(x, self.y_of(self._effective)), 3.5, 3.5)

    # ------------------------------------------------------------ picking

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(nearest(self._across(positions(self._picture.sigmas)), event.position().x()))
        else:
            event.ignore()


def _sharp(place: float) -> float:
    """The middle of a pixel, so that a line along it is not spread over two."""
    return math.floor(place) + 0.5
