"""The list of layers: one row each, the front one on top. Its rows say what the legend says."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from app.plotting.legend import Entry, paint_sample
from app.plotting.pens_and_numbers import SAMPLE_WIDTH, tabular
from app.plotting.theme import Theme
from app.widgets.text import tooltip

EYE, GAP, SIDE = 22, 8, 6  # pixels: the eye's place, between parts of a row, at both ends of it
STEP = 0.1  # of opacity, that a key changes
K, Type = Qt.Key, QEvent.Type
FADES = {K.Key_Plus: STEP, K.Key_Equal: STEP, K.Key_Minus: -STEP}
MOVES = {K.Key_Up: 1, K.Key_Down: -1}  # with Alt: to the front, to the back
ALT = Qt.KeyboardModifier.AltModifier


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """A layer as the list shows it."""

    name: str
    title: str
    sample: Entry  # as the legend draws it
    says: str = ""  # what the legend says of it now
    tip: str = ""
    shown: bool = True
    opacity: float = 1.0
    color: str = ""  # of its own; empty for the theme's
    colored: bool = True  # whether it can have one
    keys: str = ""

    @property
    def words(self) -> str:
        """The row for a screen reader."""
        parts = (self.title, "shown" if self.shown else "hidden", f"opacity {self.opacity:.0%}", self.color, self.says)
        return ", ".join(filter(None, parts))


class LayerList(QWidget):
    """The arrows move from row to row, Space shows and hides, + and − change the opacity, and Alt with an arrow moves
    the layer to the front or the back.
    """

    toggled = Signal(str)
    faded = Signal(str, float)  # by how much
    moved = Signal(str, int)  # by how many places to the front
    color_wanted = Signal(str)
    usual_wanted = Signal(str)
    chosen = Signal()  # another row
    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[LayerRow, ...] = ()
        self._at = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFont(tabular(self.font(), 0.92))
        self.setAccessibleName("Layers")

    @property
    def row(self) -> LayerRow | None:
        """The row that the keys work on."""
        return self._rows[self._at] if self._rows else None

    def named(self, name: str) -> LayerRow | None:
        """The row of a layer."""
        return next((row for row in self._rows if row.name == name), None)

    def set_theme(self, theme: Theme) -> None:
        """Colours of the samples; those of words are the palette's."""
        self._theme = theme
        self.update()

    def display(self, rows: tuple[LayerRow, ...]) -> None:
        """Show rows. The chosen layer stays chosen wherever it stands now."""
        before, count = self.row, len(self._rows)
        self._rows = rows
        names = [row.name for row in rows]
        if before is not None and before.name in names:
            self._at = names.index(before.name)
        self._at = max(0, min(self._at, len(rows) - 1))
        if len(rows) != count:
            self.updateGeometry()
        self._say()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, self._high() * max(1, len(self._rows)))

    def _high(self) -> int:
        return QFontMetrics(self.font()).height() + 10

    def rect_of(self, at: int) -> QRect:
        """Where a row stands."""
        return QRect(0, at * self._high(), self.width(), self._high())

    def _say(self) -> None:
        row = self.row
        self.setAccessibleDescription("" if row is None else f"{row.words}; row {self._at + 1} of {len(self._rows)}")

    def _go(self, at: int) -> None:
        if self._rows and 0 <= at < len(self._rows):
            self._at = at
            self.follow()
            self._say()
            self.update()
            self.chosen.emit()

    def follow(self) -> None:
        """Scroll until the chosen row is in view."""
        parent = self.parentWidget()
        around = None if parent is None else parent.parentWidget()
        if isinstance(around, QScrollArea):
            middle = self.rect_of(self._at).center()
            around.ensureVisible(middle.x(), middle.y(), 0, self._high())

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for at, row in enumerate(self._rows):
                self._paint_row(painter, row, self.rect_of(at), chosen=at == self._at)

    def _paint_row(self, painter: QPainter, row: LayerRow, rect: QRect, *, chosen: bool) -> None:
        colors = self.palette()
        text, muted = (colors.color(role) for role in (QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText))
        if chosen:
            ground = colors.color(QPalette.ColorRole.Highlight)
            ground.setAlphaF(0.22)
            painter.fillRect(rect, ground)
        inner = rect.adjusted(SIDE, 0, -SIDE, 0)
        eye = QRectF(inner.left(), inner.top(), EYE, inner.height())
        _paint_eye(painter, eye, text if row.shown else muted, is_open=row.shown)
        left = inner.left() + EYE + GAP
        painter.save()
        paint_sample(painter, QRectF(left, inner.top(), SAMPLE_WIDTH, inner.height()), row.sample, self._theme)
        painter.restore()
        left += SAMPLE_WIDTH + GAP
        metrics, middle = painter.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        right = inner.right()
        part = "" if row.opacity == 1 else f"{row.opacity:.0%}"
        for words, color in ((row.keys, muted), (part, text)):
            wide = metrics.horizontalAdvance(words)
            if words:
                painter.setPen(color)
                painter.drawText(QRectF(right - wide, inner.top(), wide + 1, inner.height()), middle, words)
                right -= wide + GAP
        painter.setPen(text if row.shown else muted)
        title = metrics.elidedText(row.title, Qt.TextElideMode.ElideRight, right - left)
        painter.drawText(QRectF(left, inner.top(), right - left, inner.height()), middle, title)

    # ------------------------------------------------------------ keys and mouse

    def event(self, event: QEvent) -> bool:
        """Keep the keys that work the list, which are shortcuts of the window otherwise."""
        if isinstance(event, QKeyEvent) and event.type() == Type.ShortcutOverride and self._takes(event):
            event.accept()
            return True
        if isinstance(event, QHelpEvent):
            row = self._row_at(event.pos().y())
            QToolTip.showText(event.globalPos(), "" if row is None else tooltip(row.says or row.title, row.tip), self)
            return True
        return super().event(event)

    def _takes(self, event: QKeyEvent) -> bool:
        alt = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        if alt == ALT:
            return event.key() in MOVES
        keys = (K.Key_Space, K.Key_Escape, K.Key_Home, K.Key_End, K.Key_C, K.Key_Delete, *MOVES, *FADES)
        return not alt and event.key() in keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, key = self.row, K(event.key())
        if row is None or not self._takes(event):
            super().keyPressEvent(event)
        elif event.modifiers() & ALT:
            self.moved.emit(row.name, MOVES[key])
            self.follow()
        elif key in FADES:
            self.faded.emit(row.name, FADES[key])
        elif key == K.Key_Space:
            self.toggled.emit(row.name)
        elif key == K.Key_C:
            self.color_wanted.emit(row.name)
        elif key == K.Key_Delete:
            self.usual_wanted.emit(row.name)
        elif key == K.Key_Escape:
            self.left.emit()
        else:
            last = len(self._rows) - 1
            self._go({K.Key_Home: 0, K.Key_End: last}.get(key, self._at - MOVES.get(key, 0)))

    def _row_at(self, y: float) -> LayerRow | None:
        at = int(y // self._high())
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().y())
        if row is None:
            return
        self._go(self._rows.index(row))
        if event.position().x() < SIDE + EYE + GAP / 2:
            self.toggled.emit(row.name)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second press of a quick pair counts as one too."""
        self.mousePressEvent(event)


def _paint_eye(painter: QPainter, rect: QRectF, color: QColor, *, is_open: bool) -> None:
    middle = rect.center()
    painter.setPen(QPen(color, 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    lens = QRectF(middle.x() - 8, middle.y() - 5, 16, 10)
    if is_open:
        painter.drawEllipse(lens)
        painter.setBrush(color)
        painter.drawEllipse(middle, 2.6, 2.6)
    else:
        painter.drawArc(lens, 180 * 16, 180 * 16)
        for way in (-1, 0, 1):
            foot = QPointF(middle.x() + 5 * way, middle.y() + (4 if way else 5))
            painter.drawLine(foot, foot + QPointF(1.6 * way, 3.0))
