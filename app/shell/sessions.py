"""Saves the window's whole state as a session file and opens one: File ▸ Save session and its like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox

from app.export import formats
from app.rooms.contract import Handlers, Keeps
from app.session import capturing
from app.session.snapshot import Snapshot, decoded
from app.shell import file_dialogs as files
from app.shell.file_dialogs import SAVE, filters
from app.shell.file_thread import FileThread
from geomodel import session_files
from geomodel.error_text import cut, message
from geomodel.files import read_error, write_error
from geomodel.places import CODE, local

if TYPE_CHECKING:
    from app.main_window import MainWindow

OPEN, LACKS = "session", "session files"  # causes of errors: of opening one, and of what one lacks
FILES = "Sessions"  # in the filters of dialogs
TITLE = "Geomodel"


class Sessions(QObject):
    """Asks for files, and lets a thread of their own read and write them. What is open stays until a file is read."""

    saving = Signal(str)  # the path of a session with every finished run
    saved = Signal(str)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._store, self._restoring = window, window.store, window.restoring
        self.disk = FileThread(self)
        self.path = ""  # of the session that was opened or saved last
        self._rooms: list[Callable[[], None]] = []  # what brings back the parts of the rooms
        window.player.session_found.connect(self.open)
        self._restoring.restored.connect(self._restored)
        self._restoring.linked.connect(self._say_what_is_missing)
        self._restoring.wanted_changed.connect(self._settle)
        self._restoring.refused.connect(self._refused)
        window.state.runs_changed.connect(self._settle)

    def handlers(self) -> Handlers:
        """What each action does."""
        return {
            "save_session": self.save,
            "save_session_as": self.save_as,
            "open_session": self.ask_open,
        }

    # ------------------------------------------------------------ saving

    def capture(self) -> Snapshot:
        """The window's state as it stands now."""
        window = self._window
        taken = capturing.snapshot(window.state, window.lanes)
        built = window.building.built_by_name
        rooms = {name: msgspec.Raw(room.keep()) for name, room in built.items() if isinstance(room, Keeps)}
        layout = window.layout_of_docks
        session = replace(taken.session, workspace=layout.current.name, places=layout.places(), rooms=rooms)
        return replace(taken, session=session)

    def save(self) -> None:
        """Save under the name of the last time; ask for it where there is none."""
        if self.path:
            self._save(self.path)
        else:
            self.save_as()

    def save_as(self) -> None:
        """Ask where to save."""
        name = self.path or "session"
        files.ask_save(self._window, "session", Path(name).name, self._save, store=self._store, say=self._say)

    def _save(self, path: str) -> None:
        work = partial(formats.row("session").write, self.capture(), path)
        self.saving.emit(path)
        self.disk.submit(work, partial(self._saved, path), partial(self._not_saved, path))

    def _saved(self, path: str, _result: None) -> None:
        self._name(path)
        self._window.documents.remember(path, is_network=False)
        self.saved.emit(path)
        self._say(f"Saved {path}.", cause=SAVE)

    def _not_saved(self, path: str, error: Exception) -> None:
        self._say(write_error(path, error) if isinstance(error, OSError) else message(error), True, SAVE)

    def _name(self, path: str) -> None:
        self.path = path
        self._window.setWindowTitle(f"{Path(path).stem[:100]} – {TITLE}" if path else TITLE)

    # ------------------------------------------------------------ opening

    def ask_open(self) -> None:
        """Ask for a session."""
        files.ask_open(self._window, "Open session", filters(FILES, "session"), "session", self.open, store=self._store)

    def open(self, path: str, name: str = "") -> None:
        """Read a session, and put it in the place of what is open. name: what to call it; empty for its file's name, by
        which it is saved again.
        """
        shown = name or Path(path).name
        self._say(f"Opening {shown}…")
        self.disk.submit(partial(read, path), partial(self._read, path, name), partial(self._not_read, shown))

    def _read(self, path: str, name: str, snapshot: Snapshot) -> None:
        try:
            self._rooms = [*self._understood(snapshot)]
        except (ValueError, RecursionError) as error:
            self._not_read(Path(path).name, _misfit(Path(path).name, error))
            return
        self._name("" if name else path)
        if not name:
            self._window.documents.remember(path, is_network=False)
        self._window.autosave.keep_present()
        self._restoring.restore(snapshot)

    def _understood(self, snapshot: Snapshot) -> Iterator[Callable[[], None]]:
        """What brings back the parts of the rooms. ValueError where one does not fit."""
        for name, kept in snapshot.session.rooms.items():
            room: object = self._window.rooms.get(name)
            if isinstance(room, Keeps):
                yield room.understand(bytes(kept))

    def _not_read(self, name: str, error: Exception) -> None:
        self._say(read_error(name, error) if isinstance(error, OSError) else message(error), True, OPEN)

    def _restored(self, snapshot: Snapshot) -> None:
        """The state is there; now what lies in the window itself."""
        for restore in self._rooms:
            restore()
        self._rooms = []
        session = snapshot.session
        if session.workspace:
            self._window.layout_of_docks.restore(session.workspace, session.places)
        count = len(snapshot.trajectories)
        said = f"{count} {'run' if count == 1 else 'runs'}" if count else "it has no finished run, press Run (F5)"
        self._say(f"Opened the session: {said}.", cause=OPEN)
        self._offer_own_code(snapshot)

    # ------------------------------------------------------------ what is missing

    def _missing(self) -> list[str]:
        runs = self._window.state.runs.values()
        wanted = [*self._restoring.wanted, *(run.wanted for run in runs if run.wanted is not None)]
        return [*dict.fromkeys(Path(item.name.replace("\\", "/")).name[:60] for item in wanted)]

    def _say_what_is_missing(self) -> None:
        if missing := self._missing():
            text = f"Not on this computer: {', '.join(missing)}. File ▸ Locate missing files asks for each."
            self._say(cut(text, 300), True, LACKS)

    def _settle(self) -> None:
        if not self._missing():
            self._window.documents.settled.emit(LACKS)

    def _refused(self, text: str) -> None:
        self._say(text, True, OPEN)

    def _offer_own_code(self, snapshot: Snapshot) -> None:
        """Code of a person's own is never run because a file names it. Ask, without stopping anything."""
        networks = self._window.state.networks
        for kept in snapshot.session.networks:
            file, code, _ = kept.path.partition(CODE)
            if not kept.own or kept.path in networks or not code or not local(f"{file}.py"):
                continue
            box = QMessageBox(QMessageBox.Icon.Question, "Run this code?", "", parent=self._window)
            box.setTextFormat(Qt.TextFormat.PlainText)
            box.setText(
                f"The session used a denoiser of your own:\n{cut(kept.path, 300)}\nRunning it runs that Python file. "
                "Do so only if you wrote it or trust who did."
            )
            run = box.addButton("Run it", QMessageBox.ButtonRole.AcceptRole)
            leave = box.addButton("Leave it", QMessageBox.ButtonRole.RejectRole)
            run.clicked.connect(partial(self._run_own, kept.path))
            box.setDefaultButton(leave)
            box.setEscapeButton(leave)
            box.setModal(False)
            box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            box.show()
            return  # one question is enough; the next session asks again

    def _run_own(self, path: str, _checked: bool = False) -> None:
        self._window.player.drafting.open_network(path, own=True)

    def _say(self, text: str, is_error: bool = False, cause: str = "") -> None:
        self._window.documents.say(text, is_error, cause)


def read(path: str) -> Snapshot:
    """A snapshot from a file, on whatever thread. ValueError with a sentence where it is no session."""
    text, trajectories = session_files.read(path)
    try:
        return decoded(text, trajectories, str(Path(path).absolute().parent))
    except ValueError as error:
        raise ValueError(f"{Path(path).name} {error}.") from error


def _misfit(name: str, error: Exception) -> ValueError:
    return ValueError(f"{name} keeps something of a view that does not fit ({cut(str(error), 300).rstrip('.')}).")
