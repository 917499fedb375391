"""Menus of a place: rows of actions and of what can be done there, popped up without blocking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Union

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be done at this place alone. `keys` are shown beside it."""

    title: str
    act: Callable[[], object]
    enabled: bool = True
    checked: bool | None = None  # None: it cannot be checked
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Submenu:
    """Rows behind a title."""

    title: str
    rows: Sequence[Row]


Row = Union[str, QAction, Entry, Submenu, None]  # noqa: UP007  an action's id, an action, an entry, a submenu, a rule


def popup(widget: QWidget, rows: Sequence[Row], at: QPoint, actions: Mapping[str, QAction] | None = None) -> None:
    """Show a menu at a global position; it deletes itself when it closes.

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
    if entry.checked is not None:
        action.setCheckable(True)
        action.setChecked(entry.checked)
    action.triggered.connect(lambda _checked=False: entry.act())
