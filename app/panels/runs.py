"""The list of runs: which one is selected, which are pinned, which are drawn."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.plotting.theme import Theme, palette
from app.widgets.text import Message, blend, outline, tooltip

NAME, PINNED = range(2)
COLUMNS = (
    ("Run", "The run, and under it how far it is. Delete removes the run from the list."),
    ("Pin", "A pinned run stays in the list when another is computed."),
)
ROW_HEIGHT = 40
STATUS_ROLE = Qt.ItemDataRole.UserRole
COLOR_ROLE = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run as the list shows it."""

    id: int
    name: str  # "Heun 18 · two moons"
    status: str  # "computing 7/18"
    color: str = ""  # its hue in comparisons
    pinned: bool = False
    selected: bool = False


class RunsPanel(QWidget):
    """The runs in the given order. Signals carry the run's id and what a person wants for it."""

    run_selected = Signal(int)
    pin_toggled = Signal(int, bool)
    remove_wanted = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[RunRow, ...] = ()
        self._silent = False
        self._list = _List()
        self._list.remove_wanted.connect(self._remove)
        self._list.currentItemChanged.connect(self._selected)
        self._list.itemChanged.connect(self._ticked)
        self._empty = Message()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self._empty)
        layout.addWidget(self._list, 1)
        layout.addStretch()
        self.set_theme(theme)
        self.set_runs(())

    def set_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.setPalette(palette(theme))

    def set_runs(self, rows: tuple[RunRow, ...]) -> None:
        """Show the runs and emit nothing."""
        self._silent = True
        if [row.id for row in rows] != [row.id for row in self._rows]:
            self._list.clear()
            self._list.addTopLevelItems([QTreeWidgetItem() for _ in rows])
            self._rows = ()
        for at, row in enumerate(rows):
            item = self._list.topLevelItem(at)
            assert item is not None
            if not self._rows or row != self._rows[at]:
                _fill(item, row)
            if row.selected:
                self._list.setCurrentItem(item)
        self._rows = rows
        self._silent = False
        self._empty.say("" if rows else "There are no runs yet. Press Run.")
        self._list.setVisible(bool(rows))

    def _selected(self, current: QTreeWidgetItem | None) -> None:
        if current is not None and not self._silent:
            self.run_selected.emit(self._id(current))

    def _ticked(self, item: QTreeWidgetItem, column: int) -> None:
        if self._silent:
            return
        if column == PINNED:
            self.pin_toggled.emit(self._id(item), item.checkState(column) == Qt.CheckState.Checked)

    def _remove(self, item: QTreeWidgetItem) -> None:
        self.remove_wanted.emit(self._id(item))

    def _id(self, item: QTreeWidgetItem) -> int:
        return self._rows[self._list.indexOfTopLevelItem(item)].id


def _fill(item: QTreeWidgetItem, row: RunRow) -> None:
    item.setText(NAME, row.name)
    item.setData(NAME, STATUS_ROLE, row.status)
    item.setData(NAME, COLOR_ROLE, row.color)
    item.setData(NAME, Qt.ItemDataRole.AccessibleTextRole, f"{row.name}, {row.status}")
    item.setToolTip(NAME, tooltip(row.name, row.status))
    item.setCheckState(PINNED, Qt.CheckState.Checked if row.pinned else Qt.CheckState.Unchecked)
    item.setData(PINNED, Qt.ItemDataRole.AccessibleTextRole, f"{COLUMNS[PINNED][0]} {row.name}")
    item.setToolTip(PINNED, tooltip(*COLUMNS[PINNED]))


class _List(QTreeWidget):
    """The ticks have a menu for the keyboard, because Space and the arrows belong to the playhead."""

    remove_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Runs")
        self.setColumnCount(len(COLUMNS))
        self.setHeaderLabels([title for title, _ in COLUMNS])
        for column, about in enumerate(COLUMNS):
            self.headerItem().setToolTip(column, tooltip(*about))
        self.setItemDelegate(_Delegate(self))
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.currentItem() is not None:
            self.remove_wanted.emit(self.currentItem())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        item: QTreeWidgetItem | None = self.currentItem()  # None in an empty list, whatever the binding's types say
        if item is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        pin = menu.addAction(COLUMNS[PINNED][0])
        pin.setCheckable(True)
        pin.setChecked(item.checkState(PINNED) == Qt.CheckState.Checked)
        menu.addAction("Remove")
        menu.triggered.connect(self._chosen)
        menu.popup(event.globalPos())

    def _chosen(self, action: QAction) -> None:
        item: QTreeWidgetItem | None = self.currentItem()  # None in an empty list, whatever the binding's types say
        if item is None:
            return
        if action.isCheckable():
            item.setCheckState(PINNED, Qt.CheckState.Checked if action.isChecked() else Qt.CheckState.Unchecked)
        else:
            self.remove_wanted.emit(item)


class _Delegate(QStyledItemDelegate):
    """Paints two lines beside a swatch of the run's colour, and ticks with a visible edge."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        self.initStyleOption(option, index)
        colors, roles = option.palette, QPalette.ColorRole
        # The selection is pale, so that the swatch keeps its colour and the text its contrast.
        colors.setColor(roles.Highlight, blend(colors, roles.Highlight, roles.Base, 0.2))
        colors.setColor(roles.HighlightedText, colors.color(roles.Text))
        option.text = ""
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        if index.column() != NAME:
            box = style.subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, option.widget)
            outline(painter, colors, box)
            return
        painter.save()
        inner = option.rect.adjusted(8, 4, -4, -4)
        if color := index.data(COLOR_ROLE):
            painter.fillRect(QRect(inner.left(), inner.top() + 2, 4, inner.height() - 4), QColor(color))
            inner.setLeft(inner.left() + 12)
        half = inner.height() // 2
        for top, text, role in ((0, index.data(), roles.Text), (half, index.data(STATUS_ROLE), roles.PlaceholderText)):
            line = QRect(inner.left(), inner.top() + top, inner.width(), half)
            painter.setPen(colors.color(role))
            elided = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, elided)
        painter.restore()
