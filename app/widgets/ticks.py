"""A list of ticks in groups. The tick of a group ticks all of its lines. Space works it, Enter too."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
)

from app.plotting.pens_and_numbers import tabular
from app.widgets.text import blend, outline, tooltip

TITLE, NOTE = range(2)
NAME = Qt.ItemDataRole.UserRole
TICKED, OPEN = Qt.CheckState.Checked, Qt.CheckState.Unchecked
ROW_HEIGHT = 22
TICKS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be ticked, or that says why it cannot."""

    name: str
    title: str
    tip: str = ""
    why_not: str = ""


class TickList(QTreeWidget):
    """Lines under their groups, each with a note beside it. `changed` reports what a person ticked."""

    changed = Signal()

    def __init__(self, accessible_name: str, groups: Mapping[str, Sequence[Line]], ticked: Collection[str]) -> None:
        super().__init__()
        self.setAccessibleName(accessible_name)
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setFont(tabular(self.font()))
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setIndentation(16)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setItemDelegate(_Delegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(NOTE, QHeaderView.ResizeMode.ResizeToContents)
        for title, lines in groups.items():
            group = QTreeWidgetItem(self, [title, ""])
            group.setSizeHint(TITLE, QSize(0, ROW_HEIGHT))
            kinds = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsAutoTristate
            group.setFlags(group.flags() | kinds)
            for line in lines:
                _fill(QTreeWidgetItem(group, [line.title, f"{line.why_not} "]), line, line.name in ticked)
            if all(line.why_not for line in lines):
                group.setFlags(group.flags() & ~kinds)
                group.setData(TITLE, Qt.ItemDataRole.CheckStateRole, None)
        self.expandAll()
        self.setCurrentIndex(self.model().index(0, 0))
        self.itemChanged.connect(self._tell)

    def sizeHint(self) -> QSize:
        return QSize(320, 160)

    def _lines(self) -> Iterator[QTreeWidgetItem]:
        for at in range(self.topLevelItemCount()):
            group = self.topLevelItem(at)
            assert group is not None
            yield from (group.child(number) for number in range(group.childCount()))

    def ticked(self) -> tuple[str, ...]:
        """The names of the ticked lines, in their order."""
        return tuple(item.data(TITLE, NAME) for item in self._lines() if item.checkState(TITLE) == TICKED)

    def set_ticked(self, names: Collection[str]) -> None:
        """Tick these lines and no others, and emit nothing."""
        self.blockSignals(True)
        for item in self._lines():
            if item.flags() & Qt.ItemFlag.ItemIsUserCheckable:
                item.setCheckState(TITLE, TICKED if item.data(TITLE, NAME) in names else OPEN)
        self.blockSignals(False)
        self.viewport().update()

    def set_notes(self, notes: Mapping[str, str]) -> None:
        """What stands beside the lines, by their names."""
        self.blockSignals(True)
        for item in self._lines():
            name = item.data(TITLE, NAME)
            if name in notes and item.text(NOTE).rstrip() != notes[name]:
                item.setText(NOTE, f"{notes[name]} ")  # the space keeps it off the scroll bar
                item.setData(TITLE, Qt.ItemDataRole.AccessibleTextRole, f"{item.text(TITLE)}, {notes[name]}")
        self.blockSignals(False)
        self.resizeColumnToContents(NOTE)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item: QTreeWidgetItem | None = self.currentItem()  # None in an empty list, whatever the binding's types say
        if event.key() in TICKS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier and item is not None:
            if item.flags() & Qt.ItemFlag.ItemIsUserCheckable:
                item.setCheckState(TITLE, OPEN if item.checkState(TITLE) == TICKED else TICKED)
        else:
            super().keyPressEvent(event)

    def _tell(self, _: QTreeWidgetItem, column: int) -> None:
        if column == TITLE:
            self.changed.emit()

    def release(self) -> None:
        """Stop telling."""
        self.itemChanged.disconnect(self._tell)


def _fill(item: QTreeWidgetItem, line: Line, ticked: bool) -> None:
    item.setData(TITLE, NAME, line.name)
    item.setToolTip(TITLE, tooltip(line.title, line.why_not or line.tip))
    item.setTextAlignment(NOTE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if line.why_not:
        item.setFlags(Qt.ItemFlag.NoItemFlags)
    else:
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(TITLE, TICKED if ticked else OPEN)


class _Delegate(QStyledItemDelegate):
    """Paints a pale selection, so that the ticks keep their edges, which are drawn where a dark window hides them."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        colors, roles = option.palette, QPalette.ColorRole
        colors.setColor(roles.Highlight, blend(colors, roles.Highlight, roles.Base, 0.2))
        colors.setColor(roles.HighlightedText, colors.color(roles.Text))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        if index.flags() & Qt.ItemFlag.ItemIsUserCheckable and index.column() == TITLE:
            self.initStyleOption(option, index)
            box = option.widget.style().subElementRect(
                QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, option.widget
            )
            outline(painter, option.palette, box)
