"""Says when the engine has ended unexpectedly or is held by a person's own code, and puts a new one in its place."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from app.engine.thread import EngineThread
from app.rooms.contract import Handlers

if TYPE_CHECKING:
    from app.main_window import MainWindow

CAUSE = "engine"  # of the errors in the status bar
RESTART, STOP_WAITING = "restart_engine", "stop_waiting"
PATIENCE = 10.0  # seconds for which a denoiser's code may hold the engine before the person is told
LOOK_MS = 1000


class EngineLife(QObject):
    """Watches the window's engine."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._left: set[EngineThread] = set()  # threads that somebody's code still holds
        self._told = False
        self._looks = QTimer(self, interval=LOOK_MS)
        self._looks.timeout.connect(self._look)
        self._looks.start()
        self._watch()

    @property
    def holding(self) -> bool:
        """Whether somebody's code still holds the thread of an engine that was left."""
        return any(engine.isRunning() for engine in self._left)

    def handlers(self) -> Handlers:
        """What the actions do."""
        return {RESTART: self.restart, STOP_WAITING: self.stop_waiting}

    def _watch(self) -> None:
        self._window.engine.died.connect(self._died)
        self._window.actions_by_id[RESTART].setEnabled(False)
        self._window.actions_by_id[STOP_WAITING].setEnabled(False)

    def _died(self, reason: str) -> None:
        self._window.player.engine_ended()
        self._window.actions_by_id[RESTART].setEnabled(True)
        sentence = f"The engine has stopped ({reason}). What is shown stays; Run ▸ Restart the engine starts a new one."
        self._window.panels.status.say(sentence, True, CAUSE)

    def restart(self) -> None:
        """Start a new engine. It opens the data and networks again and computes nothing by itself."""
        old = self._replace()
        old.wait()  # its loop has ended
        old.deleteLater()
        self._window.panels.status.say("The engine was restarted.", cause=CAUSE)

    def _replace(self, without: str = "") -> EngineThread:
        """Put a new engine in the place of the old one, which is returned."""
        window, old = self._window, self._window.engine
        old.died.disconnect(self._died)
        window.engine = EngineThread(window.store.machine)
        window.engine.start()
        window.player.use_engine(window.engine, without)
        self._watch()
        return old

    # ------------------------------------------------------------ code that does not return

    def _look(self) -> None:
        """Tell the person how long a call has lasted, and offer to leave it."""
        call, status = self._window.engine.call, self._window.panels.status
        long = call is not None and call.seconds >= PATIENCE
        self._window.actions_by_id[STOP_WAITING].setEnabled(long)
        if call is not None and long:
            sentence = f"{_name(call.spec)} has not returned for {call.seconds:.0f} s; Run ▸ Stop waiting leaves it."
            status.retell(sentence, CAUSE) if self._told else status.say(sentence, True, CAUSE)
        elif self._told:
            status.clear(CAUSE)
        self._told = long

    def stop_waiting(self) -> None:
        """Leave the thread to the code that holds it, and start a new engine without that denoiser."""
        call, player = self._window.engine.call, self._window.player
        if call is None:
            return  # it has returned in this moment
        why = f"You stopped waiting for {_name(call.spec)}."
        self._window.engine.abandon(why)
        player.engine_ended(why)
        old = self._replace(without=call.spec)
        self._left.add(old)
        old.finished.connect(partial(self._let_go, old))
        self._told = False
        self._window.panels.status.say(f"{why} The engine was started anew, without it.", cause=CAUSE)

    def _let_go(self, engine: EngineThread) -> None:
        """The code has returned at last, and its thread has ended."""
        engine.wait()
        self._left.discard(engine)
        engine.deleteLater()


def _name(spec: str) -> str:
    """``file.py:function`` without the folder."""
    return Path(spec).name
