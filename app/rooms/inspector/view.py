"""Shows every number at the playhead as text that can be copied."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QAction, QColor, QFont, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QPushButton, QTableView, QVBoxLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.inspector.pictures import InspectorPicture, Row

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class RowsModel(QAbstractTableModel):
    """Rows under a header line for each group; a line without a name is a header."""

    def __init__(self, font: QFont) -> None:
        super().__init__()
        self.lines: list[Row] = []
        self._figures, self._heading = tabular(font), tabular(font, 0.85, bold=True)
        self._muted = QColor()

    def set_muted(self, color: str) -> None:
        self._muted = QColor(color)

    def set_rows(self, rows: tuple[Row, ...]) -> bool:
        """Set new rows. Returns False if the lines stay and only values have changed."""
        lines: list[Row] = []
        for group, members in groupby(rows, lambda row: row.group):
            lines += [Row(group, "", ""), *members]
        if [(line.group, line.name) for line in lines] == [(line.group, line.name) for line in self.lines]:
            changed = [at for at, (new, old) in enumerate(zip(lines, self.lines, strict=True)) if new != old]
            self.lines = lines
            if changed:
                self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], 1))
            return False
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()
        return True

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 2

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not self.lines[index.row()].name:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        line, value = self.lines[index.row()], index.column() == 1
        if role == Role.DisplayRole:
            return line.value if value else line.name or line.group
        if role == Role.ToolTipRole:
            return f"{line.name} = {line.value}\n{line.formula}".strip() if line.name else None
        if role == Role.FontRole:
            return self._figures if line.name else self._heading
        if role == Role.TextAlignmentRole and value:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Role.ForegroundRole and not line.name:
            return self._muted
        return None


class InspectorView(View):
    """A table of names and values. The selected rows, or all, go to the clipboard as tab-separated text."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture = InspectorPicture()
        self._model = RowsModel(self.font())
        self._table = QTableView(showGrid=False, wordWrap=False)
        self._table.setFrameShape(QFrame.Shape.NoFrame)
        self._table.setModel(self._model)
        self._set_up_table()
        self.setFocusProxy(self._table)
        self._copy_button = QPushButton("Copy all")
        self._copy_button.setToolTip("Copy every row as tab-separated text (Ctrl+C copies the selected rows)")
        self._copy_button.clicked.connect(self._copy_all)
        # This is a shortcut and not a key event, because the table would copy only the one cell under its cursor.
        copy = QAction("Copy selected rows", self, shortcut=QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.triggered.connect(self._copy_selected)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self._table, 1)
        column.addWidget(self._copy_button, 0, Qt.AlignmentFlag.AlignRight)
        if print_mode:
            self._copy_button.hide()
            self._table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.set_theme(theme)

    def _set_up_table(self) -> None:
        table = self._table
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTextElideMode(Qt.TextElideMode.ElideRight)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setTabKeyNavigation(False)
        table.setAccessibleName("Numbers at the playhead")
        table.horizontalHeader().hide()
        table.horizontalHeader().setMinimumSectionSize(64)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)

    def display(self, picture: InspectorPicture) -> None:
        """Show these rows. While names and groups stay, values change in place and the selection stays."""
        self._picture, rows = picture, picture.rows
        width = 0
        if self._model.set_rows(rows):
            self._table.clearSpans()
            for at, line in enumerate(self._model.lines):
                if not line.name:
                    self._table.setSpan(at, 0, 1, 2)
        else:
            width = self._table.columnWidth(1)  # never narrower while values change, so that nothing jitters
        advance = self.fontMetrics().horizontalAdvance
        self._table.setColumnWidth(1, max([width, *(advance(row.value) + 16 for row in rows)]))

    def describe(self) -> str:
        """Every row as text."""
        return self.text()

    def text(self, *, selected: bool = False) -> str:
        """Group, name and value of every row, or of the selected ones, as tab-separated lines."""
        lines = self._model.lines
        if selected:
            lines = [lines[at] for at in sorted(index.row() for index in self._table.selectionModel().selectedRows())]
        return "\n".join("\t".join((line.group, line.name, line.value)) for line in lines if line.name)

    def _copy_selected(self) -> None:
        QGuiApplication.clipboard().setText(self.text(selected=True) or self.text())

    def _copy_all(self) -> None:
        QGuiApplication.clipboard().setText(self.text())

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of the table."""
        self._model.set_muted(theme.muted)
        self.set_background(theme)
