"""Menus of a place: rows of actions and of commands for that place. They do not block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Union

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget


@dataclass(frozen=True, slots=True)
class Entry:
    """A command for this place only. Its `keys` are shown beside it."""

    title: str
    act: Callable[[], object]
    enabled: bool = True
    checked: bool | None = None  # None means that it cannot be checked
    keys: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Submenu:
    """Rows in a submenu with this title."""

    title: str
    rows: Sequence[Row]


Row = Union[str, QAction, Entry, Submenu, None]  # noqa: UP007  an action's id, an action, an entry, a submenu, a rule


def popup(widget: QWidget, rows: Sequence[Row], at: QPoint, actions: Mapping[str, QAction] | None = None) -> None:
    """Show a menu at a global position. It deletes itself when it closes.

    actions: by the ids that the rows name.
    """
    menu = QMenu(widget)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    _fill(menu, rows, actions or {})
    menu.popup(at)


def _fill(menu: QMenu, rows: Sequence[Row], actions: Mapping[str, QAction]) -> None:
    for row in rows:
        match row:
            case None:
                menu.addSeparator()
            case str():
                menu.addAction(actions[row])
            case QAction():
                menu.addAction(row)
            case Submenu():
                _fill(menu.addMenu(row.title), row.rows, actions)
            case Entry():
                _add(menu, row)


def _add(menu: QMenu, entry: Entry) -> None:
    action = menu.addAction(f"{entry.title}\t{entry.keys}" if entry.keys else entry.title)
    action.setEnabled(entry.enabled)
    if entry.tip:
        menu.setToolTipsVisible(True)
        action.setToolTip(entry.tip)
    if entry.checked is not None:
        action.setCheckable(True)
        action.setChecked(entry.checked)
    action.triggered.connect(lambda _checked=False: entry.act())
