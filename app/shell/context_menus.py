"""Gives every view a menu: what the view offers at the place, then what can be done with any picture."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication

from app.rooms.contract import View
from app.rooms.row import RoomRow
from app.widgets.context_menu import Entry, Row, popup

if TYPE_CHECKING:
    from app.main_window import MainWindow


class ContextMenus(QObject):
    """Opens a menu at a right click, and by key at the control that has the focus."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def attend(self, row: RoomRow, view: View) -> None:
        """Give a view its menu."""
        if view.contextMenuPolicy() == Qt.ContextMenuPolicy.DefaultContextMenu:
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            view.customContextMenuRequested.connect(partial(self._show, row, view))

    def _show(self, row: RoomRow, view: View, at: QPoint) -> None:
        rows = [*view.menu_rows(at), *self._picture_rows(row)]
        if rows:
            popup(view, rows, view.mapToGlobal(at), self._window.actions_by_id)

    def _picture_rows(self, row: RoomRow) -> tuple[Row, ...]:
        if row.figure is None:
            return ()
        return (
            None,
            Entry("Copy picture", partial(self._window.documents.copy_figure, row.title)),
            Entry("Save picture…", partial(self._window.documents.save_figure, row.title)),
            *([Entry("Save film…", partial(self._window.films.save_film, row.name))] if row.follows else []),
        )

    def show_at_focus(self) -> None:
        """Send what a right click in the middle of the control sends, because not every system has a key for the
        menu.
        """
        control = QApplication.focusWidget()
        if control is not None and QApplication.activePopupWidget() is None:
            middle = control.rect().center()
            reason = QContextMenuEvent.Reason.Keyboard
            QApplication.sendEvent(control, QContextMenuEvent(reason, middle, control.mapToGlobal(middle)))
