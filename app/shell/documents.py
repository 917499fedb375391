"""Files in and out: what the File menu does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction

import resources
from app.engine.messages import DataOpened, NetworkOpened, OpenFailed, RunOpened, Saved
from app.export import dialogs, figure
from app.session.player import Player
from app.session.state import AppState
from app.shell import file_dialogs as files
from app.shell.settings_store import SettingsStore

CHECKPOINTS = "Geomodel checkpoints (*.safetensors);;All files (*)"
DATA = "Points and images (*.csv *.txt *.tsv *.npy *.npz *.gz *.zip *.bin *ubyte);;All files (*)"
RUNS = "Runs (*.npz);;All files (*)"
SLOTS = {DataOpened: "data", NetworkOpened: "network", RunOpened: "run"}  # what was opened → the error it settles
SAVE, UNFINISHED = "save", "unfinished"


class Documents(QObject):
    """Asks for files and hands them to the player; results come back as one-line messages."""

    said = Signal(str, bool, str)  # text, is an error, its cause
    settled = Signal(str)  # the cause of errors that are over

    def __init__(self, window: Any, state: AppState, player: Player, store: SettingsStore) -> None:
        super().__init__(window)
        self._window, self._state, self._player, self._store = window, state, player, store
        player.open_failed.connect(self._open_failed)
        player.saved.connect(self._saved)
        player.opened.connect(self._opened)
        state.runs_changed.connect(self._settle_unfinished)

    def say(self, text: str, is_error: bool = False, cause: str = "") -> None:
        """Show a sentence; an error holds until its cause is settled."""
        self.said.emit(text, is_error, cause)

    def open_checkpoint(self) -> None:
        """Ask for a checkpoint."""
        self._ask_open("Open checkpoint", CHECKPOINTS, "checkpoint", self._player.drafting.open_network)

    def open_data(self) -> None:
        """Ask for data."""
        self._ask_open("Open data", DATA, "data", self._player.drafting.open_data)

    def open_run(self) -> None:
        """Ask for a saved run."""
        self._ask_open("Open run", RUNS, "run", self._player.open_run)

    def _ask_open(self, title: str, filters: str, purpose: str, then: Callable[[str], None]) -> None:
        files.ask_open(self._window, title, filters, purpose, then, store=self._store)

    def open_path(self, path: str) -> None:
        """Open a file by what its name says it is."""
        suffix = Path(path).suffix.lower()
        if suffix == ".safetensors":
            self._player.drafting.open_network(path)
        elif suffix == ".npz":
            self._player.open_run(path)
        else:
            self._player.drafting.open_data(path)

    def remember(self, path: str) -> None:
        """A file was opened: it heads the recent ones. The program's own recording does not."""
        if not Path(path).is_relative_to(resources.path()):
            self._store.remember_file(path)

    def recent(self) -> list[tuple[str, bool]]:
        """Recent files, newest first, and whether they are still there."""
        return [(path, Path(path).exists()) for path in self._store.settings.recent_files]

    def open_recent(self) -> None:
        """Open the file of the menu entry that was chosen."""
        entry = self.sender()
        assert isinstance(entry, QAction)
        self.open_path(entry.data())

    def forget_recent(self) -> None:
        """Empty the list."""
        self._store.change(recent_files=())

    def save_run(self) -> None:
        """Ask where to write the run."""
        self._ask_save("Save run", RUNS, ".npz", "run")

    def save_csv(self) -> None:
        """Ask where to write the measures."""
        self._ask_save("Save measures", "Tables (*.csv)", ".csv", "measures")

    def _ask_save(self, title: str, filters: str, suffix: str, purpose: str) -> None:
        run = self._state.run
        if run is None or run.trajectory is None:
            self.say("There is no finished run to save; press Run (F5) first.", True, UNFINISHED)
            return
        name = f"{run.settings.solver}-{run.settings.steps}{suffix}"
        files.ask_save(self._window, title, filters, purpose, suffix, name, self._save, store=self._store)

    def _save(self, path: str) -> None:
        self._player.save(path)

    def save_figure(self) -> None:
        """Ask for size and file of a picture."""
        self._window.bring_up_to_date()
        views = self._window.figures()
        shown = next(name for name, view in views.items() if view is self._window.current_view())
        dialogs.save_picture(self._window, views, self._recipe, self._figure_done, store=self._store, current=shown)

    def copy_figure(self) -> None:
        """The view under the focus, or the plane, to the clipboard."""
        figure.copy_to_clipboard(self._window.current_view(), self._recipe())
        self.say("Picture copied.")

    def _recipe(self) -> dict[str, Any]:
        run = self._state.run
        return {} if run is None or run.trajectory is None else run.trajectory.settings

    def _figure_done(self, path: str) -> None:
        self.say(f"Saved {path}.", cause=SAVE)

    def _open_failed(self, event: OpenFailed) -> None:
        self.say(event.message, True, event.slot)

    def _opened(self, event: DataOpened | NetworkOpened | RunOpened) -> None:
        self.settled.emit(SLOTS[type(event)])

    def _saved(self, event: Saved) -> None:
        self.say(event.message or f"Saved {event.path}.", bool(event.message), SAVE)

    def _settle_unfinished(self) -> None:
        run = self._state.run
        if run is not None and run.trajectory is not None:
            self.settled.emit(UNFINISHED)
