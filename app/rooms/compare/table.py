"""The table of the compare view. Each lane has a row with its progress, cost and end error; a click on a heading
sorts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QTableView,
    QWidget,
)

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme, palette
from app.rooms.compare.cells import LANE_ROLE, Delegate, Header, Index
from app.rooms.compare.columns import (
    COLUMNS,
    DROPPED,
    EVALUATIONS,
    LEFT,
    NAME,
    RIGHT,
    STATE,
    STEPS,
    plain,
    state_text,
    text,
    title,
)
from app.rooms.compare.pictures import ComparePicture, LanePicture
from app.rooms.compare.row_menu import rows_of
from app.widgets.context_menu import popup
from app.widgets.text import tooltip

SORT_ROLE = Qt.ItemDataRole.UserRole + 1
NAME_WIDTH = 152  # least pixels of a name
# What Enter does with a row, by the keys that are held: edit a cell, or take the sampler over (None).
ENTERS: dict[Qt.KeyboardModifier, int | None] = {
    Qt.KeyboardModifier.NoModifier: EVALUATIONS,
    Qt.KeyboardModifier.ShiftModifier: STEPS,
    Qt.KeyboardModifier.ControlModifier: None,
}


class LaneModel(QAbstractTableModel):
    """The lanes of a picture. If one lane changes, only its row is updated."""

    edited = Signal(int, int, int)  # lane, column, the number that was typed

    def __init__(self) -> None:
        super().__init__()
        self.lanes: tuple[LanePicture, ...] = ()
        self._sample = 0

    def display(self, picture: ComparePicture) -> bool:
        """Take over the lanes. Returns whether the rows are different lanes."""
        old, sample = self.lanes, self._sample
        if not _same_rows(old, picture.lanes):
            self.beginResetModel()
            self.lanes, self._sample = picture.lanes, picture.sample
            self.endResetModel()
            return True
        self.lanes, self._sample = picture.lanes, picture.sample
        last = len(COLUMNS) - 1
        for row, (before, lane) in enumerate(zip(old, self.lanes, strict=True)):
            if before is not lane:
                self.dataChanged.emit(self.index(row, 0), self.index(row, last))
            elif sample != self._sample:
                self.dataChanged.emit(self.index(row, last), self.index(row, last))
        if sample != self._sample:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, last, last)
        return False

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.lanes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        lane = self.lanes[index.row()]
        free = index.column() == STEPS or (index.column() == EVALUATIONS and not lane.adaptive)
        editable = free and not lane.fixed
        return super().flags(index) | (Qt.ItemFlag.ItemIsEditable if editable else Qt.ItemFlag.NoItemFlags)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        self.edited.emit(index.row(), index.column(), int(value))
        return False  # the lane comes back with the next picture

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        lane, column = self.lanes[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return text(lane, column, self._sample)
        if role == Qt.ItemDataRole.EditRole:
            return lane.steps if column == STEPS else lane.asked or lane.evaluations
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if column in (NAME, STATE) else RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            if column in (STEPS, EVALUATIONS):
                return tooltip(lane.name, lane.fixed or COLUMNS[column].tip)
            return tooltip(lane.name, lane.message or state_text(lane))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{plain(title(column, self._sample))} {text(lane, column, self._sample)}"
        if role == LANE_ROLE:
            return lane
        if role == SORT_ROLE:
            return lane.name.casefold() if column == NAME else COLUMNS[column].value(lane, self._sample)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return title(section, self._sample)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(plain(title(section, self._sample)), COLUMNS[section].tip)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if section in (NAME, STATE) else RIGHT
        return None


def _same_rows(old: Sequence[LanePicture], new: Sequence[LanePicture]) -> bool:
    """Whether they are the same lanes, of which a person may have edited one."""
    if len(old) != len(new):
        return False
    return sum(before.name != lane.name for before, lane in zip(old, new, strict=True)) <= (len(new) > 1)


class Sorted(QSortFilterProxyModel):
    """Sorts by number. Unknown values come last in either direction."""

    def lessThan(self, left: Index, right: Index) -> bool:
        one, other = (self.sourceModel().data(index, SORT_ROLE) for index in (left, right))
        missing = [value is None or (isinstance(value, float) and math.isnan(value)) for value in (one, other)]
        if any(missing):
            return missing[self.sortOrder() == Qt.SortOrder.AscendingOrder] and missing != [True, True]
        return bool(one < other)


class LaneTable(QTableView):
    """The rows in the order of the lanes, or sorted by the column whose heading was clicked."""

    lane_picked = Signal(int)
    remove_wanted = Signal(int)
    use_wanted = Signal(int)  # the lane's sampler, in the form
    edited = Signal(int, int, int)  # lane, column, number
    solver_wanted = Signal(int, str)  # another solver in the lane

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._sorted = LaneModel(), Sorted()
        self._silent = False
        self._sorted.setSourceModel(self._model)
        self._model.edited.connect(self.edited)
        self.setModel(self._sorted)
        self.setAccessibleName("Samplers that are compared")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(self.SelectionBehavior.SelectRows)
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.setEditTriggers(self.EditTrigger.DoubleClicked)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFont(tabular(self.font()))
        self.setHorizontalScrollMode(self.ScrollMode.ScrollPerPixel)
        self._delegate = Delegate(theme, self)
        self.setItemDelegate(self._delegate)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # `_spread` sets the heights
        self._header = header = Header(theme, self)
        self.setHorizontalHeader(header)
        header.setSectionsClickable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setFont(tabular(self.font(), 0.9))
        self.setSortingEnabled(True)
        self.selectionModel().selectionChanged.connect(self._select)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.setPalette(palette(theme))
        self._delegate.theme = self._header.theme = theme
        self.viewport().update()

    def display(self, picture: ComparePicture) -> None:
        """Show the lanes. The selected row stays with its lane."""
        self._silent = True
        chosen = self.lane()
        name = self._model.lanes[chosen].name if chosen >= 0 else None
        if self._model.display(picture):
            names = [lane.name for lane in picture.lanes]
            self.select(names.index(name) if name in names else -1)
        self._silent = False
        self._spread()

    def lane(self) -> int:
        """The lane of the selected row; −1 for none."""
        rows = self.selectionModel().selectedRows()
        return self._sorted.mapToSource(rows[0]).row() if rows else -1

    def select(self, lane: int) -> None:
        """Select a lane's row without emitting a signal."""
        silent, self._silent = self._silent, True
        if lane < 0:
            self.clearSelection()
        else:
            flags = QItemSelectionModel.SelectionFlag
            at = self._sorted.mapFromSource(self._model.index(lane, 0))
            self.selectionModel().setCurrentIndex(at, flags.ClearAndSelect | flags.Rows)
        self._silent = silent

    def _select(self) -> None:
        if not self._silent:
            self.lane_picked.emit(self.lane())

    # ------------------------------------------------------------ keys and widths

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if self.state() == self.State.EditingState:
            event.accept()  # the editor has used it
        elif self.lane() < 0:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and not self._model.lanes[self.lane()].swept:
            self.remove_wanted.emit(self.lane())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and held in ENTERS:
            self._enter(ENTERS[held])
        else:
            super().keyPressEvent(event)

    def _enter(self, column: int | None) -> None:
        if column is None:
            self.use_wanted.emit(self.lane())
            return
        self.setFocus()  # a cell that is being edited takes over its number first
        index = self._sorted.mapFromSource(self._model.index(self.lane(), column))
        if self.state() != self.State.EditingState and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if (at := self.lane()) >= 0:
            lane = self._model.lanes[at]
            acts = {
                "evaluations": partial(self._enter, EVALUATIONS),
                "steps": partial(self._enter, STEPS),
                "use": partial(self.use_wanted.emit, at),
                "remove": partial(self.remove_wanted.emit, at),
            }
            popup(self, rows_of(lane, acts, partial(self.solver_wanted.emit, at)), event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._spread()

    def release(self) -> None:
        """Disconnect the selection."""
        self.selectionModel().selectionChanged.disconnect(self._select)
        self._model.edited.disconnect(self.edited)

    def full_height(self) -> int:
        """The height in pixels that shows every row."""
        bars = self.horizontalHeader().sizeHint().height() + self.horizontalScrollBar().sizeHint().height()
        return bars + self.verticalHeader().length()

    def _spread(self) -> None:
        """The numbers take the width they need; some of them go where there is too little. The names take the rest, on
        as many lines as they need there.
        """
        header, view = self.horizontalHeader(), self.viewport().width()
        widths = {
            column: max(self.sizeHintForColumn(column), header.sectionSizeFromContents(column).width())
            for column in range(STATE, len(COLUMNS))
        }
        taken = sum(widths.values())
        for column in DROPPED:
            hidden = taken > view - NAME_WIDTH
            self.setColumnHidden(column, hidden)
            taken -= widths[column] if hidden else 0
        for column, width in widths.items():
            self.setColumnWidth(column, width)
        self._delegate.name_width = view - taken if view - taken >= NAME_WIDTH else max(NAME_WIDTH, view // 2)
        self.setColumnWidth(NAME, self._delegate.name_width)
        self.resizeRowsToContents()
