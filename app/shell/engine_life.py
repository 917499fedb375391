"""Says when the engine has ended unexpectedly, and puts a new one in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.engine.thread import EngineThread
from app.rooms.contract import Handlers

if TYPE_CHECKING:
    from app.main_window import MainWindow

CAUSE = "engine"  # of the error in the status bar
RESTART = "restart_engine"


class EngineLife(QObject):
    """Watches the window's engine."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._watch()

    def handlers(self) -> Handlers:
        """What the action does."""
        return {RESTART: self.restart}

    def _watch(self) -> None:
        self._window.engine.died.connect(self._died)
        self._window.actions_by_id[RESTART].setEnabled(False)

    def _died(self, reason: str) -> None:
        self._window.player.engine_ended()
        self._window.actions_by_id[RESTART].setEnabled(True)
        sentence = f"The engine has stopped ({reason}). What is shown stays; Run ▸ Restart the engine starts a new one."
        self._window.panels.status.say(sentence, True, CAUSE)

    def restart(self) -> None:
        """Start a new engine. It opens the data and networks again and computes nothing by itself."""
        window, old = self._window, self._window.engine
        old.died.disconnect(self._died)
        old.wait()  # its loop has ended
        window.engine = EngineThread()
        window.engine.start()
        window.player.use_engine(window.engine)
        old.deleteLater()
        self._watch()
        window.panels.status.say("The engine was restarted.", cause=CAUSE)
