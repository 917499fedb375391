"""How the table of the compare view is painted: headings and cells."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPalette
from PySide6.QtWidgets import QHeaderView, QSpinBox, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.plotting.pens_and_numbers import SAMPLE_WIDTH
from app.plotting.theme import Theme
from app.rooms.compare.columns import LEFT, NAME, STATE
from app.rooms.compare.lanes import paint_lane
from app.rooms.compare.pictures import LanePicture
from app.widgets.text import blend

Index = QModelIndex | QPersistentModelIndex
LANE_ROLE = Qt.ItemDataRole.UserRole
HEADING_ROLES = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.TextAlignmentRole)
ROW_HEIGHT = 28
MOST = 9999  # steps or evaluations that can be typed
PAD = 8
BESIDE_NAME = SAMPLE_WIDTH + 3 * PAD
ARROW = 8  # pixels beside a heading for the arrow of the sorting


class Header(QHeaderView):
    """Headings over a line. An arrow shows which column sorts the rows."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.theme = theme

    def sectionSizeFromContents(self, section: int) -> QSize:
        words = self.model().headerData(section, Qt.Orientation.Horizontal)
        size = self.fontMetrics().size(0, words)
        return QSize(size.width() + 2 * PAD + ARROW, size.height() + 6)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        about = (self.model().headerData(section, Qt.Orientation.Horizontal, role) for role in HEADING_ROLES)
        words, alignment = about
        painter.fillRect(rect, QColor(self.theme.base))
        painter.setPen(QColor(self.theme.line))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.setPen(QColor(self.theme.muted))
        painter.drawText(rect.adjusted(PAD, 0, -PAD, -1), alignment, words)
        if section == self.sortIndicatorSection():
            up = self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
            size = self.fontMetrics().horizontalAdvance(words.split("\n")[0])
            x = rect.left() + PAD + size + ARROW if alignment == LEFT else rect.right() - PAD - size - ARROW
            middle = rect.center().y() - (self.fontMetrics().height() // 2 if "\n" in words else 0)
            tip, foot = (middle - 2, middle + 2) if up else (middle + 2, middle - 2)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(painter.pen().color())
            painter.drawPolygon([QPoint(x - 3, foot), QPoint(x + 3, foot), QPoint(x, tip)])


class Delegate(QStyledItemDelegate):
    """Draws a piece of the lane's curve before its name, and a thin bar for its progress."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.name_width = 0  # pixels of the column of names, which decides how many lines they take

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self.initStyleOption(option, index)
        colors, roles = option.palette, QPalette.ColorRole
        # The selection is pale, so that the symbol keeps its colour and the text its contrast.
        colors.setColor(roles.Highlight, blend(colors, roles.Highlight, roles.Base, 0.2))
        colors.setColor(roles.HighlightedText, colors.color(roles.Text))
        words, option.text = option.text, ""
        option.state &= ~QStyle.StateFlag.State_HasFocus
        option.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        lane: LanePicture = index.data(LANE_ROLE)
        rect = QRectF(option.rect).adjusted(PAD, 0, -PAD, 0)
        painter.save()
        painter.setFont(option.font)
        if index.column() == NAME:
            paint_lane(painter, QRectF(rect.left(), rect.top(), SAMPLE_WIDTH, rect.height()), lane, self.theme)
            rect.setLeft(rect.left() + SAMPLE_WIDTH + PAD)
        elif index.column() == STATE and lane.state == "running":
            bar = QRectF(rect.left(), rect.bottom() - 5, rect.width(), 3)
            painter.fillRect(bar, QColor(self.theme.line))
            bar.setWidth(bar.width() * lane.fraction)
            painter.fillRect(bar, QColor(self.theme.accent))
            rect.setBottom(rect.bottom() - 3)
        wrong = index.column() == STATE and lane.state == "failed"
        quiet = index.column() == STATE and not wrong
        painter.setPen(QColor(self.theme.error if wrong else self.theme.muted if quiet else self.theme.text))
        alignment = index.data(Qt.ItemDataRole.TextAlignmentRole)
        if index.column() == NAME:
            alignment |= Qt.TextFlag.TextWordWrap
        else:
            words = option.fontMetrics.elidedText(words, Qt.TextElideMode.ElideRight, int(rect.width()) + 1)
        painter.drawText(rect, alignment, words)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QSpinBox(parent)
        editor.setRange(1, MOST)
        editor.setFrame(False)
        editor.setAutoFillBackground(True)  # else the old number shines through
        editor.setAccessibleName(index.data(Qt.ItemDataRole.AccessibleTextRole))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        width = max(option.rect.width(), editor.sizeHint().width())
        editor.setGeometry(option.rect.right() - width + 1, option.rect.top(), width, option.rect.height())

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        words, metrics = index.data() or "", QFontMetricsF(option.font)
        width = round(metrics.horizontalAdvance(words)) + 2 * PAD + 2
        if index.column() != NAME:
            return QSize(width, ROW_HEIGHT)
        room = QRectF(0, 0, self.name_width - BESIDE_NAME, 1000)
        lines = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, words).height()
        return QSize(width + SAMPLE_WIDTH + PAD, max(ROW_HEIGHT, ceil(lines) + PAD))
