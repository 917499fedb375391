"""Makes the menu bar from the actions' rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from app.rooms import ROOMS
from app.shell.actions import ACTIONS, MENUS
from app.shell.layout import LOG_TITLE

if TYPE_CHECKING:
    from app.main_window import MainWindow


class Menus(QObject):
    """The menus in the order of their table. The recent files are listed whenever their menu opens."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._documents = window.documents
        menus: dict[str, QMenu] = {}
        for name, parent in MENUS:
            menus[name] = menus[parent].addMenu(name) if parent else window.menuBar().addMenu(f"&{name}")
        menus["Edit"].setToolTipsVisible(True)  # they say why an action is disabled
        for row in ACTIONS:
            if row.rule:
                menus[row.menu].addSeparator()
            menus[row.menu].addAction(window.actions_by_id[row.id])
            if row.id == "open_run":
                self._recent = menus["File"].addMenu("Open recent")
        self._recent.aboutToShow.connect(self._fill_recent)
        # Kept, because Qt's binding deletes a menu with the last name of an action that was asked for it.
        self._owned = [(menu, menu.menuAction()) for menu in (*menus.values(), self._recent)]
        docks = window.layout_of_docks.docks
        menus["View"].addSeparator()
        for room in ROOMS:
            if room.name in docks:
                menus["View"].addAction(docks[room.name].toggleViewAction())
        menus["View"].addAction(docks[LOG_TITLE].toggleViewAction())

    def _open(self, path: str, _checked: bool = False) -> None:
        self._documents.open_path(path)

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path, there in self._documents.recent():
            shown = path.replace("&", "&&")  # a single one would underline a letter
            entry = self._recent.addAction(shown if there else f"{shown}  (missing)")
            entry.setEnabled(there)
            entry.triggered.connect(partial(self._open, path))
        self._recent.addSeparator()
        self._recent.addAction("Clear", self._documents.forget_recent)
