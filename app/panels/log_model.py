"""The lines of the log as a table, and a filter for them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt

from app.session.log_lines import MOST_LINES, LogLine
from app.widgets.text import tooltip

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Time", "Level", "Source", "Text")
TEXT = 3


def cells(line: LogLine) -> tuple[str, str, str, str]:
    """A line as the columns show it."""
    time = datetime.fromtimestamp(line.time).strftime("%H:%M:%S")
    return time, logging.getLevelName(line.level).lower(), line.source, line.text


def written(line: LogLine) -> str:
    """A line as the clipboard gets it: with its date, and with all lines of a traceback."""
    _, level, source, text = cells(line)
    return f"{datetime.fromtimestamp(line.time).isoformat(' ', 'seconds')} {level} {source}: {text}"


class LogModel(QAbstractTableModel):
    """The newest lines, oldest first. Lines are added at the end and removed at the start, so that a selection
    stays.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[LogLine] = []

    def append(self, lines: Sequence[LogLine]) -> None:
        """Add new lines. The oldest lines go when there are too many."""
        if not lines:
            return
        surplus = len(self.lines) + len(lines) - MOST_LINES
        if self.lines and surplus > 0:
            gone = min(surplus, len(self.lines))
            self.beginRemoveRows(QModelIndex(), 0, gone - 1)
            del self.lines[:gone]
            self.endRemoveRows()
        self.beginInsertRows(QModelIndex(), len(self.lines), len(self.lines) + len(lines) - 1)
        self.lines.extend(lines)
        self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return (
            COLUMNS[section]
            if (orientation, role) == (Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
            else None
        )

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        text = cells(self.lines[index.row()])[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            first, *others = text.strip().splitlines() or [""]
            return f"{first} … {others[-1].strip()}" if others else first
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == TEXT:
            return tooltip("", text).replace("\n", "<br>")
        return None


class Wanted(QSortFilterProxyModel):
    """Lets through the lines from a level upwards whose text or source contains the words."""

    def __init__(self, model: LogModel) -> None:
        super().__init__()
        self._model, self._words, self._least = model, "", logging.INFO
        self.setSourceModel(model)

    def want(self, words: str, least: int) -> None:
        """Change the filter. Upper and lower case are equal."""
        self.beginFilterChange()
        self._words, self._least = words.casefold(), least
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        line = self._model.lines[row]
        return line.level >= self._least and self._words in f"{line.source} {line.text}".casefold()

    def shown(self) -> list[LogLine]:
        """The lines that are let through, in order."""
        return [self.line(self.index(row, 0)) for row in range(self.rowCount())]

    def line(self, index: Index) -> LogLine:
        """The line behind one of its cells."""
        return self._model.lines[self.mapToSource(index).row()]
