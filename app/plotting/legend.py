"""A legend beside the plot, so that it never covers it. Each sample is drawn like the item it stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QLinearGradient, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.plotting.bundles import draw_symbol
from app.plotting.pens_and_numbers import SAMPLE_WIDTH, Kind, curve_pen, hue, tabular
from app.plotting.sigma_colours import sigma_colours
from app.plotting.theme import Theme

GAP = 6  # between a sample and its text
SPACE = 18  # between entries
LONGER = 1.15  # how much longer the entries of a film may become


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a legend: its sample, its text, and what its tooltip says.

    The sample may be a colour such as #1b1f24, or ``line``, a hue of the theme and a symbol with colons between them.
    """

    sample: str
    text: str
    tip: str = ""
    layer: str = ""  # what it belongs to
    tint: tuple[tuple[str, str], ...] = ()  # colours in place of the theme's
    opacity: float = 1.0


FOOT = 4  # pixels under the last row, because its letters reach a little below it in print
LINE = "line:"  # what samples begin with that are a line and a symbol
REST = "rest"  # the sample of the entry that counts those without room


class Legend(QWidget):
    """Entries in rows as wide as the widget.

    On paper it is as high as its entries need. On a screen its height is given, so that the plot beside it stands
    still: entries without room are counted in the last place, whose tooltip lists them.
    """

    figure_part = "legend"  # what a figure can leave out

    def __init__(self, theme: Theme, *, print_mode: bool = False) -> None:
        super().__init__()
        self._theme, self._print = theme, print_mode
        self.entries: tuple[Entry, ...] = ()
        self._least = 0  # rows that are kept free
        self.setFont(tabular(self.font(), 0.92))
        down = QSizePolicy.Policy.Fixed if print_mode else QSizePolicy.Policy.Ignored
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, down)
        policy.setHeightForWidth(print_mode)
        self.setSizePolicy(policy)
        self.setAccessibleName("Legend")

    def display(self, entries: tuple[Entry, ...]) -> None:
        """Show these entries."""
        if entries == self.entries:
            return
        before = self._height(self.width())
        self.entries = entries
        self.setAccessibleDescription("; ".join(entry.text for entry in entries))
        if self._height(self.width()) != before:
            self.updateGeometry()
        self.update()

    def hold(self) -> None:
        """Keep as many rows as these entries take with longer numbers, so that other numbers move nothing."""
        advance = QFontMetricsF(self.font()).horizontalAdvance
        length = sum(SAMPLE_WIDTH + GAP + SPACE + advance(entry.text) for entry in self.entries)
        self._least = ceil(LONGER * length / max(1, self.width()))
        self.updateGeometry()

    def set_theme(self, theme: Theme) -> None:
        """Colours of the samples and the text."""
        self._theme = theme
        self.update()

    def hasHeightForWidth(self) -> bool:
        return self._print

    def heightForWidth(self, width: int) -> int:
        return self._height(width)

    def sizeHint(self) -> QSize:
        return QSize(400, self._height(max(400, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self._row())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A layout asks for a fixed height before it has given the width, so the height is part of the size hint."""
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def rows_height(self, count: int) -> int:
        """Of so many rows."""
        return count * self._row() + FOOT

    def _row(self) -> int:
        return round(QFontMetricsF(self.font()).height()) + 6

    def _height(self, width: int) -> int:
        places = self._places(width, self.entries)
        needed = round(places[-1].bottom()) + FOOT if places else self._row()
        return max(needed, self.rows_height(self._least)) if self._least else needed

    def shown(self) -> list[tuple[Entry, QRectF]]:
        """The entries that have room, with their places."""
        count = len(self.entries)
        while True:
            rest = self.entries[count:]
            tip = "; ".join(entry.text for entry in rest)
            entries = (*self.entries[:count], Entry(REST, f"{len(rest)} more", tip)) if rest else self.entries
            places = self._places(self.width(), entries)
            if self._print or count == 0 or places[-1].bottom() <= self.height():
                return list(zip(entries, places, strict=True))
            count -= 1

    def _places(self, width: float, entries: tuple[Entry, ...]) -> list[QRectF]:
        """Where each entry stands: from left to right, then in the next row."""
        advance, row = QFontMetricsF(self.font()).horizontalAdvance, self._row()
        x = y = 0.0
        places = []
        for entry in entries:
            need = SAMPLE_WIDTH + GAP + advance(entry.text)
            if x and x + need > width:
                x, y = 0.0, y + row
            places.append(QRectF(x, y, need, row))
            x += need + SPACE
        return places

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for entry, place in self.shown():
            painter.save()
            paint_sample(painter, QRectF(place.left(), place.top(), SAMPLE_WIDTH, place.height()), entry, self._theme)
            painter.restore()
            painter.setPen(QColor(self._theme.muted))
            text = place.adjusted(SAMPLE_WIDTH + GAP, 0, 2, 0)
            text.setRight(min(text.right(), self.width()))
            shown = QFontMetricsF(self.font()).elidedText(entry.text, Qt.TextElideMode.ElideRight, text.width())
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            for entry, place in self.shown():
                if place.contains(QPointF(event.pos())):
                    QToolTip.showText(event.globalPos(), entry.tip, self)
                    return True
            QToolTip.hideText()
            return True
        return super().event(event)


# ---------------------------------------------------------------- samples


def paint_sample(painter: QPainter, rect: QRectF, entry: Entry, theme: Theme) -> None:
    """Draws the sample of an entry: a line in a colour, or one of the table below."""
    theme = theme.tinted(entry.tint)
    painter.setOpacity(entry.opacity)
    if entry.sample.startswith("#"):
        _line(painter, rect, QPen(QColor(entry.sample), 2.5))
    elif entry.sample.startswith(LINE):
        _, name, symbol = entry.sample.split(":")
        _line(painter, rect, QPen(QColor(theme.hue(name)), 1.8))
        draw_mark(painter, QPointF(rect.right() - 6, rect.center().y()), symbol, 8, theme.hue(name), theme)
    else:
        _SAMPLES[entry.sample](painter, rect, theme)


def _line(painter: QPainter, rect: QRectF, pen: QPen) -> None:
    pen.setCosmetic(False)
    painter.setPen(pen)
    painter.drawLine(QPointF(rect.left(), rect.center().y()), QPointF(rect.right(), rect.center().y()))


def _symbol(painter: QPainter, at: QPointF, symbol: str, size: float, fill: str, outline: str | None = None) -> None:
    painter.setBrush(QColor(fill))
    pen = QPen(Qt.PenStyle.NoPen) if outline is None else QPen(QColor(outline), 2.0)
    draw_symbol(painter, symbol, at, size, pen)  # type: ignore[arg-type]


def draw_mark(painter: QPainter, at: QPointF, symbol: str, size: float, color: str, theme: Theme) -> None:
    """A symbol in a colour; a ring is filled with the ground."""
    if symbol == "ring":
        _symbol(painter, at, symbol, size, theme.base, color)
    else:
        _symbol(painter, at, symbol, size, color)


def _trajectory(kind: Kind, size: float) -> Callable[[QPainter, QRectF, Theme], None]:
    def paint(painter: QPainter, rect: QRectF, theme: Theme) -> None:
        _line(painter, rect, curve_pen(kind, theme, 2.0))
        for part in (0.15, 0.85):
            at = QPointF(rect.left() + part * rect.width(), rect.center().y())
            _symbol(painter, at, "disc", size, hue(kind, theme).name())

    return paint


def _segment(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    inner = rect.adjusted(4, 0, -4, 0)
    _line(painter, inner, QPen(QColor(theme.text), 1.4))
    _symbol(painter, QPointF(inner.left(), rect.center().y()), "disc", 8, theme.sampling)
    _symbol(painter, QPointF(inner.right(), rect.center().y()), "ring", 7, theme.base, theme.denoising)


def _data(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    for part, drop in ((0.2, 2.0), (0.5, -2.5), (0.8, 1.0)):
        _symbol(painter, rect.center() + QPointF((part - 0.5) * rect.width(), drop), "disc", 3.5, theme.data)


def _density(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _ramp(painter, rect, [QColor(color) for color in theme.density], theme)


def _sigma(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _ramp(painter, rect, sigma_colours(theme), theme)


def _ramp(painter: QPainter, rect: QRectF, colors: list[QColor], theme: Theme) -> None:
    bar = QRectF(rect.left(), rect.center().y() - 4.5, rect.width(), 9)
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    for index, color in enumerate(colors):
        gradient.setColorAt(index / (len(colors) - 1), color)
    painter.setPen(QPen(QColor(theme.muted), 0.6))
    painter.setBrush(gradient)
    painter.drawRect(bar)


def _arrow(painter: QPainter, rect: QRectF, color: str, width: float) -> None:
    painter.setPen(QPen(QColor(color), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    tip = QPointF(rect.right() - 2, rect.center().y())
    painter.drawLine(QPointF(rect.left() + 2, tip.y()), tip)
    for side in (-3.5, 3.5):
        painter.drawLine(tip, tip + QPointF(-7, side))


def _field(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _arrow(painter, rect, theme.text, 1.1)


def _slope(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _arrow(painter, rect, theme.text, 2.0)


def _history(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _arrow(painter, rect, theme.muted, 1.4)


def _optimal(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _arrow(painter, rect.adjusted(0, 0, -6, 0), theme.optimal, 2.0)
    _symbol(painter, QPointF(rect.right() - 4, rect.center().y()), "diamond", 10, theme.optimal)


def _network(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _line(painter, rect.adjusted(0, 0, -4, 0), QPen(QColor(theme.network), 1.6))
    _symbol(painter, QPointF(rect.right() - 4, rect.center().y()), "square", 9, theme.network)


def _fitted(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _symbol(painter, rect.center(), "square", 8, theme.base, theme.reference)


def _driver(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _symbol(painter, rect.center(), "ring", 8, theme.base, theme.denoising)


def _path(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    for part in range(5):
        at = QPointF(rect.left() + (0.1 + 0.2 * part) * rect.width(), rect.center().y())
        _symbol(painter, at, "disc", 3, theme.optimal)


def _weights(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    for part, size in ((0.12, 4.0), (0.42, 7.0), (0.8, 10.0)):
        at = QPointF(rect.left() + part * rect.width(), rect.center().y())
        pale = QColor(theme.optimal)
        pale.setAlphaF(0.4)
        painter.setBrush(pale)
        draw_symbol(painter, "disc", at, size, QPen(QColor(theme.optimal), 1.0))


def _basins(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    width = rect.width() / 3
    for part, color in enumerate(theme.classes[:3]):
        pale = QColor(color)
        pale.setAlphaF(2 * theme.tint)  # a small patch needs a stronger colour
        painter.fillRect(QRectF(rect.left() + part * width, rect.center().y() - 4.5, width, 9), pale)


def _exact(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _line(painter, rect, curve_pen("reference", theme, 2.0))


def _euler(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _line(painter, rect.adjusted(0, 0, -6, 0), QPen(QColor(theme.muted), 1.2))
    _symbol(painter, QPointF(rect.right() - 4, rect.center().y()), "ring", 7, theme.base, theme.muted)


def _stage(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _symbol(painter, rect.center(), "square", 8, theme.base, theme.sampling)


def _branch(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _line(painter, rect.adjusted(0, 0, -6, 0), QPen(QColor(theme.branch), 2.6))
    _symbol(painter, QPointF(rect.right() - 5, rect.center().y()), "disc", 9, theme.branch)


def _control(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _line(painter, rect.adjusted(0, 0, -10, 0), curve_pen("reference", theme, 2.2))
    _symbol(painter, QPointF(rect.right() - 5, rect.center().y()), "square", 8, theme.base, theme.reference)


def _rest(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    for part in (-6, 0, 6):
        _symbol(painter, rect.center() + QPointF(part, 0), "disc", 2.5, theme.muted)


def _end(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    _symbol(painter, rect.center(), "ring", 8, theme.base, theme.sampling)


_SAMPLES: dict[str, Callable[[QPainter, QRectF, Theme], None]] = {
    "sampling": _trajectory("sampling", 4.0),
    "denoising": _trajectory("denoising", 5.0),
    "segment": _segment,
    "data": _data,
    "density": _density,
    "sigma": _sigma,
    "field": _field,
    "optimal": _optimal,
    "network": _network,
    "driver": _driver,
    "fitted": _fitted,
    "path": _path,
    "weights": _weights,
    "basins": _basins,
    "exact": _exact,
    "euler": _euler,
    "stage": _stage,
    "slope": _slope,
    "history": _history,
    "end": _end,
    "branch": _branch,
    "control": _control,
    REST: _rest,
}
