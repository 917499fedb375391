"""Shows every message and warning of this session, to be searched and copied."""

from __future__ import annotations

import logging

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QPaintEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.panels.log_model import TEXT, LogModel, Wanted, written
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme, palette
from app.session.log_lines import log_lines
from app.widgets.form import Choice, ChoiceField
from app.widgets.text import outline_widget
from geomodel.settings import Limits

LEVEL = Limits("Show", "Which lines of the log are listed.", None, None)
LEVELS = (
    Choice(logging.INFO, "everything"),
    Choice(logging.WARNING, "warnings and errors"),
    Choice(logging.ERROR, "errors"),
)


class LogPanel(QWidget):
    """The lines of this session's log, including those from before the panel was made."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._source, self._count = log_lines(), 0
        self._model = LogModel()
        self._wanted = Wanted(self._model)
        self._words = _Words()
        self._level = ChoiceField("level", LEVEL, LEVELS)
        self._level.set_value(logging.INFO)
        self._copy = QPushButton("Copy")
        self._copy.setToolTip("Copy the selected lines, or all lines of the list (Ctrl+C)")
        self._copy.setAutoDefault(False)
        self._table = _table(self._wanted)
        self._arrange()
        self._words.textChanged.connect(self._filter)
        self._level.edited.connect(self._filter)
        self._copy.clicked.connect(self._copy_lines)
        keys = QShortcut(QKeySequence.StandardKey.Copy, self._table)
        keys.setContext(Qt.ShortcutContext.WidgetShortcut)
        keys.activated.connect(self._copy_lines)
        # Queued, because a line may come from any thread and from the middle of any call on this one.
        self._source.grown.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._take()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.setPalette(palette(theme))

    def release(self) -> None:
        """Disconnect from the log."""
        self._source.grown.disconnect(self._take)

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._words, 1)
        head.addWidget(self._level)
        head.addWidget(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._table, 1)

    def _take(self) -> None:
        bar = self._table.verticalScrollBar()
        at_end = bar.value() == bar.maximum()
        self._count, lines = self._source.after(self._count)
        self._model.append(lines)
        if at_end:  # a person who has scrolled back stays there
            self._table.scrollToBottom()

    def _filter(self) -> None:
        self._wanted.want(self._words.text(), self._level.value)

    def _copy_lines(self) -> None:
        chosen = sorted(self._table.selectionModel().selectedRows(), key=lambda index: index.row())
        lines = [self._wanted.line(index) for index in chosen] or self._wanted.shown()
        QApplication.clipboard().setText("\n".join(map(written, lines)))


class _Words(QLineEdit):
    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Filter")
        self.setAccessibleName("Filter of the log")
        self.setToolTip("List only the lines whose text or source contains this")
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(72)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        outline_widget(self, self.rect())


def _table(model: Wanted) -> QTableView:
    table = QTableView()
    table.setAccessibleName("Log")
    table.setModel(model)
    table.setFont(tabular(table.font(), 0.92))
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 6)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setHighlightSections(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
    for column, sample in enumerate(("00:00:00", "warning", "settings_store")):
        header.resizeSection(column, table.fontMetrics().horizontalAdvance(sample) + 16)
    return table
