"""The table of claims: one row each, with the verdict in words and colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHeaderView, QStyleOptionViewItem, QTableView

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme, palette
from app.rooms.claims import text
from app.rooms.claims.pictures import ClaimRow
from app.widgets.text import tooltip
from geomodel.experiments.literature import KINDS, Kind

Index = QModelIndex | QPersistentModelIndex
Entry = ClaimRow | Kind  # a claim, or the heading of its kind
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
NUMBER, TITLE, VERDICT, MEASURED, EXPECTED, COUNT = range(6)
LEAST_TITLE = 120  # pixels of a title, which takes as many lines as it needs
ROOM = 6  # pixels above and below the words of a row together
HEADINGS: dict[Kind, str] = {
    "self-test": "Self-tests",
    "theorem": "Theorems",
    "observation": "Observations",
    "toy": "Toys",
}
SPARE = (COUNT, EXPECTED, MEASURED, NUMBER)  # columns that go, in this order, where there is little room

# heading, tool tip, text, alignment, the widest text
COLUMNS: tuple[tuple[str, str, Callable[[ClaimRow], str], Any, str], ...] = (
    ("#", "The number of the claim, for the command line too.", lambda row: str(row.statement.number), RIGHT, "53"),
    ("Claim", "What the literature says.", lambda row: row.statement.title, LEFT, ""),
    ("Verdict", "Whether it holds for this model and these data.", text.verdict, LEFT, "– not applicable"),
    ("Measured", "The number that was found.", text.measured, RIGHT, "−1.200×10⁻¹²"),
    ("Expected", "A limit, or a number ± its tolerance.", text.expected, RIGHT, "−11.77 ± 0.005"),
    ("n", "How many samples, steps or cases are behind the number.", text.count, RIGHT, "9,999"),
)


class ClaimModel(QAbstractTableModel):
    """The rows of a picture below headings of their kinds. If one row changes, only it is updated."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.entries: tuple[Entry, ...] = ()
        self.theme = theme
        self._bold = QFont()
        self._bold.setBold(True)

    def display(self, rows: tuple[ClaimRow, ...]) -> bool:
        """Take over the rows. Returns whether they are about other claims."""
        before, self.entries = self.entries, tuple(_with_headings(rows))
        if len(before) != len(self.entries):
            self.beginResetModel()
            self.endResetModel()
            return True
        for at, (old, new) in enumerate(zip(before, self.entries, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(COLUMNS) - 1))
        return False

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        heading = isinstance(self.entries[index.row()], str)
        return Qt.ItemFlag.NoItemFlags if heading else super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        if isinstance(entry, str):
            return self._heading(entry, role) if index.column() == NUMBER else None
        title, _, words, alignment, _ = COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return words(entry)
            case Qt.ItemDataRole.TextAlignmentRole:
                return alignment
            case Qt.ItemDataRole.ForegroundRole:
                return QColor(self._colour(entry, index.column()))
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(entry.statement.title, (entry.claim and entry.claim.reason) or entry.statement.formula)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{title} {words(entry)}"
        return None

    def _heading(self, kind: Kind, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return HEADINGS[kind]
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(HEADINGS[kind], KINDS[kind])
            case Qt.ItemDataRole.ForegroundRole:
                return QColor(self.theme.text)
            case Qt.ItemDataRole.BackgroundRole:
                return QColor(self.theme.raised)
            case Qt.ItemDataRole.FontRole:
                return self._bold
        return None

    def _colour(self, row: ClaimRow, column: int) -> str:
        verdict = None if row.claim is None else row.claim.verdict
        if verdict == "does not hold" and column == VERDICT:
            return self.theme.error
        return self.theme.muted if verdict in (None, "not applicable") else self.theme.text

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        heading, tip, _, alignment, _ = COLUMNS[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return heading
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(heading, tip)
            case Qt.ItemDataRole.TextAlignmentRole:
                return alignment
        return None


def _with_headings(rows: tuple[ClaimRow, ...]) -> Iterator[Entry]:
    for kind, group in groupby(rows, key=lambda row: row.statement.kind):
        yield kind
        yield from group


class ClaimTable(QTableView):
    """The claims in the order of their numbers. Enter or a double click shows the view of the row."""

    claim_picked = Signal(int)
    show_wanted = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._model = ClaimModel(theme)
        self._width = 0  # for which the columns are spread
        self.setModel(self._model)
        self.setAccessibleName("Claims of the literature")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(self.SelectionBehavior.SelectRows)
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setTabKeyNavigation(False)
        self.setFont(tabular(self.font()))
        self.setVerticalScrollMode(self.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(self.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setHighlightSections(False)
        header.setFont(tabular(self.font(), 0.9))
        self.selectionModel().currentRowChanged.connect(self._picked)
        self.doubleClicked.connect(self._show)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.setPalette(palette(theme))
        self._model.theme = theme
        self.viewport().update()

    def display(self, rows: tuple[ClaimRow, ...]) -> None:
        """Show the rows. The chosen one stays, and the first is chosen at first."""
        if self._model.display(rows):
            self.clearSpans()
            for at, entry in enumerate(self._model.entries):
                if isinstance(entry, str):
                    self.setSpan(at, 0, 1, len(COLUMNS))
            self._width = 0
            if rows:
                self.choose(rows[0].statement.number)
        self._spread()

    @property
    def number(self) -> int:
        """The number of the claim that is chosen; 0 for none."""
        return self._number(self.currentIndex())

    def _number(self, index: QModelIndex) -> int:
        entry = self._model.entries[index.row()] if index.isValid() else None
        return entry.statement.number if isinstance(entry, ClaimRow) else 0

    def choose(self, number: int) -> None:
        """Choose a claim and bring it into sight."""
        flags = QItemSelectionModel.SelectionFlag
        numbers = [isinstance(entry, ClaimRow) and entry.statement.number for entry in self._model.entries]
        index = self._model.index(numbers.index(number), TITLE)
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)

    def _picked(self, current: QModelIndex, before: QModelIndex) -> None:
        self.claim_picked.emit(self._number(current))

    def _show(self, index: QModelIndex) -> None:
        if number := self._number(index):
            self.show_wanted.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._show(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._spread()
        self.updateGeometries()  # the scroll bar knows the new heights
        self.scrollTo(self.currentIndex())  # it stays in sight

    def release(self) -> None:
        """Disconnect the selection."""
        self.selectionModel().currentRowChanged.disconnect(self._picked)
        self.doubleClicked.disconnect(self._show)

    def _spread(self) -> None:
        """Numbers have fixed widths, so that nothing moves while they arrive; the titles take the rest."""
        width = self.viewport().width()
        if width == self._width:
            return
        self._width, metrics = width, self.fontMetrics()
        widths = [max(map(metrics.horizontalAdvance, (heading, widest))) + 16 for heading, *_, widest in COLUMNS]
        widths[TITLE] = 0
        for column in SPARE:
            hidden = sum(widths) + LEAST_TITLE > width
            self.setColumnHidden(column, hidden)
            widths[column] = 0 if hidden else widths[column]
        for column, own in enumerate(widths):
            if own:
                self.setColumnWidth(column, own)
        self.setColumnWidth(TITLE, max(LEAST_TITLE, width - sum(widths)))
        for row, entry in enumerate(self._model.entries):
            heading = isinstance(entry, str)
            wide = width if heading else self.columnWidth(TITLE)
            self.setRowHeight(row, self._height(self._model.index(row, NUMBER if heading else TITLE), wide))
        self.scrollTo(self.currentIndex())  # the heights above it have changed

    def _height(self, index: QModelIndex, width: int) -> int:
        """How high a row is by the one cell of it that may need more than a line: Qt would ask for all of its cells."""
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = QRect(0, 0, width, 1)
        return self.itemDelegate().sizeHint(option, index).height() + ROOM
