"""Draws the lines of the command palette: title with the typed letters bold, what it does, key and kind."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.shell.palette_search import Match, PaletteEntry
from app.widgets.text import blend

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
EDGE, GAP, HEIGHT = 8, 12, 8  # pixels beside a line, between its parts, above and below its words together
LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
TICK = "✓"
WIDEST_KIND = "View ▸ Plane of images"


def spoken(entry: PaletteEntry) -> str:
    """An entry in words, for those who hear it."""
    state = "" if entry.checked is None else "on" if entry.checked else "off"
    return ", ".join(filter(None, (entry.title, state, *entry.keys[:1], entry.kind, entry.reason or entry.tip)))


class Lines(QAbstractListModel):
    """The entries that were found."""

    def __init__(self) -> None:
        super().__init__()
        self.matches: Sequence[Match] = ()

    def show_matches(self, matches: Sequence[Match]) -> None:
        """Replace all lines."""
        self.beginResetModel()
        self.matches = matches
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.matches)

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:
        match = self.matches[index.row()]
        match role:
            case Role.DisplayRole:
                return match.entry.title
            case Role.AccessibleTextRole:
                return spoken(match.entry)
            case Role.UserRole:
                return match
        return None


class LinePainter(QStyledItemDelegate):
    """Draws a line. One that cannot be chosen is pale and has the reason in place of what it does."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, option.fontMetrics.height() + HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        match: Match = index.data(Role.UserRole)
        colors, rect = option.palette, option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        colors.setCurrentColorGroup(QPalette.ColorGroup.Active)  # the field has the focus, not the list
        roles = QPalette.ColorRole
        words, ground = (roles.HighlightedText, roles.Highlight) if chosen else (roles.Text, roles.Base)
        pale = blend(colors, words, ground, 0.75)
        painter.save()
        painter.fillRect(rect, colors.color(ground))
        painter.setFont(option.font)
        self._paint_words(painter, rect, match, pale if match.entry.reason else colors.color(words), pale)
        painter.restore()

    def _paint_words(self, painter: QPainter, rect: QRect, match: Match, color: QColor, pale: QColor) -> None:
        entry, metrics = match.entry, painter.fontMetrics()
        inside = rect.adjusted(EDGE, 0, -EDGE, 0)
        painter.setPen(pale)
        tick = metrics.horizontalAdvance(TICK) + GAP // 2
        if entry.checked:
            painter.drawText(inside, LEFT, TICK)
        inside.setLeft(inside.left() + tick)
        kind = metrics.horizontalAdvance(WIDEST_KIND)
        painter.drawText(inside, RIGHT | Qt.AlignmentFlag.AlignVCenter, _cut(metrics, entry.kind, kind))
        inside.setRight(inside.right() - kind - GAP)
        if entry.keys:
            painter.setPen(color)
            painter.drawText(inside, RIGHT | Qt.AlignmentFlag.AlignVCenter, entry.keys[0])
            inside.setRight(inside.right() - metrics.horizontalAdvance(entry.keys[0]) - GAP)
        title = _title(match, painter.font(), inside.width())
        painter.setPen(color)
        title.draw(painter, QPointF(inside.left(), inside.top() + (inside.height() - metrics.height()) / 2))
        inside.setLeft(inside.left() + round(title.lineAt(0).naturalTextWidth()) + GAP)
        painter.setPen(pale)
        painter.drawText(inside, LEFT, _cut(metrics, entry.reason or entry.tip, inside.width()))


def _cut(metrics: QFontMetrics, text: str, width: int) -> str:
    return metrics.elidedText(" ".join(text.split()), Qt.TextElideMode.ElideRight, width) if width > 2 * GAP else ""


def _title(match: Match, font: QFont, width: int) -> QTextLayout:
    """The title on one line that is no wider, with its marks bold."""
    bold = QFont(font)
    bold.setBold(True)
    layout = QTextLayout(QFontMetrics(bold).elidedText(match.entry.title, Qt.TextElideMode.ElideRight, width), font)
    strong = QTextCharFormat()
    strong.setFontWeight(QFont.Weight.Bold)
    ranges = []
    for at in match.marks:
        part = QTextLayout.FormatRange()
        part.start, part.length, part.format = at, 1, strong
        ranges.append(part)
    layout.setFormats(ranges)
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
    return layout
