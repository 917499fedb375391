"""The list of runs: which one is selected, which are pinned, which are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.plotting.theme import Theme, palette
from app.widgets.context_menu import Entry, popup
from app.widgets.text import Message, blend, outline, tooltip

NAME, PINNED = range(2)
COLUMNS = (
    (
        "Run",
        "The run, and under it how far it is. Delete removes the run from the list; "
        "Ctrl+Enter takes its settings over into the form.",
    ),
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
    no_code: str = ""  # why it cannot be copied as code


class RunsPanel(QWidget):
    """The runs in the given order. Signals carry the run's id and what a person wants for it."""

    run_selected = Signal(int)
    pin_toggled = Signal(int, bool)
    remove_wanted = Signal(int)
    settings_wanted = Signal(int)  # as the next draft
    code_wanted = Signal(int, str)  # "python" or "command", on the clipboard

    def __init__(self, theme: Theme, save: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._save = save  # of the selected run
        self._rows: tuple[RunRow, ...] = ()
        self._silent = False
        self._list = _List()
        self._list.remove_pressed.connect(self._remove)
        self._list.use_pressed.connect(self._use)
        self._list.menu_wanted.connect(self._show_menu)
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

    def _use(self, item: QTreeWidgetItem) -> None:
        self.settings_wanted.emit(self._id(item))

    def _show_menu(self, item: QTreeWidgetItem, at: QPoint) -> None:
        run, pinned = self._id(item), item.checkState(PINNED) == Qt.CheckState.Checked
        rows = (
            Entry("Select", partial(self.run_selected.emit, run), enabled=item is not self._list.currentItem()),
            Entry("Pin", partial(self.pin_toggled.emit, run, not pinned), checked=pinned),
            Entry("Use these settings", partial(self.settings_wanted.emit, run), keys="Ctrl+Return"),
            None,
            self._code_entry("Copy as Python", item, "python"),
            self._code_entry("Copy as command line", item, "command"),
            None,
            Entry(self._save.text(), partial(self._save_run, run)),
            Entry("Remove", partial(self.remove_wanted.emit, run), keys="Del"),
        )
        popup(self._list, rows, at)

    def _code_entry(self, title: str, item: QTreeWidgetItem, form: str) -> Entry:
        row = self._rows[self._list.indexOfTopLevelItem(item)]
        return Entry(title, partial(self.code_wanted.emit, row.id, form), enabled=not row.no_code, tip=row.no_code)

    def _save_run(self, run: int) -> None:
        """The action saves the run that is selected."""
        self.run_selected.emit(run)
        self._save.trigger()

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
    """The tick is in the menu too, because Space and the arrows belong to the playhead."""

    remove_pressed = Signal(object)  # each with an item
    use_pressed = Signal(object)
    menu_wanted = Signal(object, QPoint)  # at a global position

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
        item: QTreeWidgetItem | None = self.currentItem()  # None in an empty list, whatever the binding's types say
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if item is not None and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_pressed.emit(item)
        elif item is not None and control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.use_pressed.emit(item)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click for the menu selects nothing, because the menu has an entry for that."""
        if event.button() != Qt.MouseButton.RightButton:
            super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        item: QTreeWidgetItem | None  # None where no run is, whatever the binding's types say
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            item = self.currentItem()
            at = self.viewport().mapToGlobal(self.visualItemRect(item).center()) if item is not None else QPoint()
        else:
            item, at = self.itemAt(event.pos()), event.globalPos()
        if item is not None:
            self.menu_wanted.emit(item, at)


class _Delegate(QStyledItemDelegate):
    """Paints two lines beside a swatch of the run's colour, and ticks with a visible edge."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        height = max(ROW_HEIGHT, 2 * option.fontMetrics.height() + 4)
        return QSize(super().sizeHint(option, index).width(), height)

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
