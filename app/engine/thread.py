"""Runs the engine on a QThread. Its events, and a coalesced signal that the record has grown, reach the window's
thread.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections import deque
from time import perf_counter

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal

from app.engine.contract import Command, Event
from app.engine.messages import Machine, Shutdown
from app.engine.refusals import ENDED, refusal
from app.engine.worker import Worker
from geomodel.denoisers.own_calls import Call
from geomodel.error_text import named

log = logging.getLogger(__name__)

TURN = 0.010  # seconds in which events are passed on before keys and clicks are answered, unless one takes longer


class EngineThread(QThread):
    """`start` it once, `submit` commands, and call `shut_down` before it is destroyed.

    `died` says that the loop has ended though nobody asked for it, and why. From then on commands are refused, as they
    are after `abandon`.

    Qt would pass on all signals that have come, however many, before it looks at the next key. So events wait here in
    their order, and a few are passed on a turn.
    """

    happened = Signal(object)
    dirty = Signal()
    died = Signal(str)
    _came = Signal()

    def __init__(self, machine: Machine = Machine(), parent: QObject | None = None) -> None:  # noqa: B008 - it is frozen
        super().__init__(parent)
        self.setObjectName("engine")
        self._worker = Worker(self._post, self._notify, machine)
        self._noticed = threading.Event()
        self._refusing = ""  # the sentence that answers every command, once nobody carries them out
        self._waiting, self._woken = deque[Event | None](), threading.Event()  # None: the record has grown
        self._came.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)
        self._last_words = ""  # why the loop has ended
        self._home = threading.get_ident()  # a wrapper of Qt's own thread object must not end on another thread
        self._later = QTimer(self, interval=0, singleShot=True)
        self._later.timeout.connect(self._pass_on)

    def run(self) -> None:
        """Run the loop. Qt calls this on the new thread."""
        try:
            self._worker.loop()
        except BaseException as error:  # only the window can say what happened, so nothing may leave this thread
            log.critical("the engine's loop has ended", exc_info=True)
            self._refuse_all(ENDED)
            self._last_words = named(error)
            self._wake()

    def submit(self, command: Command) -> None:
        """Queue a command; never waits."""
        self._worker.submit(command)
        if self._refusing:
            QTimer.singleShot(0, self._refuse)  # later, as an engine that lives would answer

    @property
    def call(self) -> Call | None:
        """The call of a person's own code that has not returned."""
        return self._worker.call

    def abandon(self, why: str) -> None:
        """Leave the thread to the code that holds it. What waits is answered with a sentence; the thread ends when that
        code returns, and nobody may hear of it then.
        """
        self._refuse_all(why)
        self._worker.inbox.put(Shutdown())

    def _refuse_all(self, why: str) -> None:
        self._refusing = why
        if self._worker.current is not None:
            self._worker.inbox.put_back([self._worker.current])
        self._refuse()

    def _refuse(self) -> None:
        """Answer every waiting command with a sentence, because nobody will carry it out. The shutdown stays: it ends
        the loop of a thread that was left.
        """
        waiting = self._worker.inbox.drain()
        self._worker.inbox.put_back([command for command in waiting if isinstance(command, Shutdown)])
        for command in waiting:
            if (event := refusal(command, self._refusing)) is not None:
                self._post(event)

    def acknowledge(self) -> None:
        """The window has read the record, so the next step may emit the signal again."""
        self._noticed.clear()

    def shut_down(self, milliseconds: int = 10_000) -> bool:
        """Cancel, leave the loop and join. Returns False if someone's denoiser still holds the thread."""
        self._worker.inbox.put(Shutdown())
        ended = self.wait(milliseconds)  # at once, if it never started or has ended
        gc.unfreeze()  # collects what was kept from the collector while the engine ran
        return ended

    def _post(self, event: Event) -> None:
        self._waiting.append(event)
        if threading.get_ident() == self._home:  # a refusal, whose window may leave this engine at once
            while self._waiting:
                self._pass(self._waiting.popleft())
        else:
            self._wake()

    def _notify(self) -> None:
        # At most one signal is under way, because a signal for every step would be an unbounded queue.
        if not self._noticed.is_set():
            self._noticed.set()
            self._waiting.append(None)
            self._wake()

    def _wake(self) -> None:
        if not self._woken.is_set():
            self._woken.set()
            self._came.emit()

    def _pass_on(self) -> None:
        end = perf_counter() + TURN
        while self._waiting:
            self._pass(self._waiting.popleft())
            if perf_counter() > end:
                self._later.start()
                return
        if self._last_words:
            self.died.emit(self._last_words)
            self._last_words = ""
        self._woken.clear()
        if self._waiting or self._last_words:  # it came after the last look
            self._wake()

    def _pass(self, event: Event | None) -> None:
        if event is None:
            self.dirty.emit()
        else:
            self.happened.emit(event)
