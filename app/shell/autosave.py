"""Keeps the session in the settings folder while it changes, and offers it after a crash, which so costs a minute."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QObject, QTimer

from app.rooms.contract import Handlers
from app.session.snapshot import Snapshot, encoded
from app.shell.actions import offer
from geomodel import session_files
from geomodel.error_text import message
from geomodel.files import write_error

if TYPE_CHECKING:
    from app.main_window import MainWindow

PRESENT, LAST = "autosave.geomodel", "last.geomodel"  # of this window, and of the one before or what was replaced
LOCK = "autosave.lock"
EVERY_MS = 60_000
OLD_SECONDS = 3600.0  # age of a half-written file that nobody writes any more
WAIT_SECONDS = 10.0  # for a disk, at closing
CRASH = "crash"  # the cause of the offer
NOTHING = "No earlier session is kept."


class Autosave(QObject):
    """Writes the session a minute after a change, on the thread of the files, and once more at closing.

    The playhead alone is no change, because a run that is played would be one at every moment.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._state, self._store = window, window.state, window.store
        self._folder = window.store.path.parent
        self._writer = session_files.Writer(self._folder / PRESENT, private=True)
        self._changed = self._told = self.offered = False
        self._left = False  # whether the last window kept a session
        self._restored = False  # whether a session was opened in this window
        self._timer = QTimer(self, singleShot=True, interval=EVERY_MS)
        self._timer.timeout.connect(self.save)
        state = window.state
        for signal in (
            state.draft_changed, state.runs_changed, state.data_changed, state.network_changed,
            state.plane_options_changed, window.lanes.changed,
        ):  # fmt: skip
            signal.connect(self._note)
        window.restoring.restored.connect(self._note_restored)
        self._lock = QLockFile(str(self._folder / LOCK))
        self._lock.setStaleLockTime(0)  # only the end of its process makes it stale
        if self._alone():
            self._set_aside()
        self._enable()

    def handlers(self) -> Handlers:
        """What the action does."""
        return {"reopen_last": self.reopen}

    @property
    def last(self) -> Path:
        """The session of the last window, or the one that another took the place of."""
        return self._folder / LAST

    # ------------------------------------------------------------ writing

    def _alone(self) -> bool:
        """Whether no other window keeps its session in this folder. If one does, this window keeps none."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
        return self._lock.isLocked() or self._lock.tryLock(0)

    def _note(self) -> None:
        self._changed = True
        if not self._timer.isActive():
            self._timer.start()

    def _note_restored(self, _snapshot: Snapshot) -> None:
        self._restored = True

    def _worth_keeping(self) -> bool:
        """Whether a person has done more than open the window."""
        state = self._state
        made = self._restored or len(state.runs) > 1 or any(run.pinned for run in state.runs.values())
        return made or state.undo_leads_to is not None or bool(state.networks) or bool(self._window.lanes.lanes)

    def save(self) -> None:
        """Write the session, if it has changed and a person keeps sessions."""
        if self._changed and self._store.settings.autosave and self._worth_keeping() and self._alone():
            self._changed = False
            taken = self._window.sessions.capture()
            self._window.sessions.disk.submit(partial(self._write, self._writer, taken), self._written, self._failed)

    def keep_present(self) -> None:
        """Another session takes the place of this one, which is kept as the last one."""
        if self._store.settings.autosave and self._worth_keeping() and self._alone():
            work = partial(self._write, session_files.Writer(self.last, private=True), self._window.sessions.capture())
            self._window.sessions.disk.submit(work, self._kept, self._failed)

    def _write(self, writer: session_files.Writer, taken: Snapshot) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        writer.write(encoded(taken), taken.trajectories)

    def _written(self, _result: None) -> None:
        self._told = False
        self._settle()

    def _kept(self, _result: None) -> None:
        self._enable()

    def _failed(self, error: Exception) -> None:
        """Say it once, until it works again."""
        if not self._told:
            why = write_error(self._writer.path, error) if isinstance(error, OSError) else message(error)
            self._window.documents.say(f"The session is not kept. {why}", True, CRASH)
        self._told = True

    def finish(self) -> None:
        """The window closes: wait until all is written."""
        self._timer.stop()
        self._window.sessions.disk.finish(WAIT_SECONDS)
        self._lock.unlock()

    # ------------------------------------------------------------ the session before

    def _set_aside(self) -> None:
        """What the last window kept becomes the last session, because this window keeps its own."""
        with contextlib.suppress(OSError):
            (self._folder / PRESENT).replace(self.last)
            self._left = True
        with contextlib.suppress(OSError):
            for partial_file in self._folder.glob("*.geomodel.*.tmp"):
                if time.time() - partial_file.stat().st_mtime > OLD_SECONDS:
                    partial_file.unlink()

    def _enable(self) -> None:
        offer(self._window.actions_by_id["reopen_last"], "" if self.last.exists() else NOTHING)

    def offer(self) -> None:
        """The last window ended in a crash, so say that its session can be opened, if it had kept one."""
        if self._left:
            self.offered = True
            when = time.strftime("%H:%M", time.localtime(self.last.stat().st_mtime))
            key = self._window.actions_by_id["reopen_last"].shortcut().toString()
            text = f"Geomodel ended unexpectedly. What was open at {when} is kept; Open last session ({key}) opens it."
            self._window.panels.status.offer_last(True)
            self._window.documents.say(text, True, CRASH)

    def reopen(self) -> None:
        """Open the last session in the place of the present one."""
        self._settle()
        self._window.sessions.open(str(self.last), name="the last session")

    def _settle(self) -> None:
        if self.offered:
            self.offered = False
            self._window.panels.status.offer_last(False)
            self._window.documents.settled.emit(CRASH)
