"""Passes the drag of a driver's slider on, as fast as small point sets can be computed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.panels.driver_options import DriverOptions
from app.session.player import Player

BETWEEN_MS = 100  # in which the views of a finished run ask for field and basins


class DriverFeed(QObject):
    """Follows a drag. Only the newest value waits, and only while the run of an earlier one is computed, so that each
    run that is begun is seen. A whole drag is one change that can be taken back.
    """

    def __init__(self, player: Player, options: DriverOptions, parent: QObject) -> None:
        super().__init__(parent)
        self._player, self._options = player, options
        self._waiting: dict[str, Any] | None = None
        self._driver, self._begins = "", False
        self._timer = QTimer(self, interval=BETWEEN_MS, singleShot=True)
        self._timer.timeout.connect(self._pass_on)
        options.edited.connect(self._edited)
        options.dragged.connect(self._dragged)
        player.progress_changed.connect(self._progressed)

    def _edited(self, changes: dict[str, Any]) -> None:
        self._waiting = None
        self._player.drafting.edit(changes)

    def _dragged(self, changes: dict[str, Any], begins: bool) -> None:
        self._waiting, self._driver = changes, self._player.state.draft.driver
        self._begins |= begins
        if not self._timer.isActive():
            self._pass_on()

    def _progressed(self) -> None:
        if self._waiting is not None and not self._busy:
            self._timer.start()

    @property
    def _busy(self) -> bool:
        return self._player.drafting.is_toy and self._player.computing is not None

    def _pass_on(self) -> None:
        changes = self._waiting
        if changes is None or self._busy:
            return
        self._waiting = None
        if self._player.state.draft.driver == self._driver:  # else another driver was chosen meanwhile
            self._player.drafting.edit(changes, goes_on=not self._begins)
            self._begins = False
            self._timer.start()
