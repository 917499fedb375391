"""Files in and out: what the File menu does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication

import resources
from app.engine.messages import OpenFailed, Saved
from app.export import dialogs, figure
from app.rooms import ROOMS
from app.rooms.contract import Handlers, View
from app.shell import file_dialogs as files

if TYPE_CHECKING:
    from app.main_window import MainWindow

CHECKPOINTS = "Geomodel checkpoints (*.safetensors);;All files (*)"
DATA = "Points and images (*.csv *.txt *.tsv *.npy *.npz *.gz *.zip *.bin *ubyte);;All files (*)"
RUNS = "Runs (*.npz);;All files (*)"


class Documents(QObject):
    """Asks for files and hands them to the player; results come back as one-line messages."""

    said = Signal(str, bool)  # text, is an error

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._state, self._player, self._store = window, window.state, window.player, window.store
        self._player.open_failed.connect(self._open_failed)
        self._player.saved.connect(self._saved)

    def handlers(self) -> Handlers:
        """Action → what it does."""
        return {
            "open_checkpoint": self.open_checkpoint,
            "open_data": self.open_data,
            "open_run": self.open_run,
            "save_run": self.save_run,
            "save_csv": self.save_csv,
            "save_figure": self.save_figure,
            "copy_figure": self.copy_figure,
        }

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
            self.said.emit("There is no finished run to save; press Run (F5) first.", True)
            return
        name = f"{run.settings.solver}-{run.settings.steps}{suffix}"
        files.ask_save(self._window, title, filters, purpose, suffix, name, self._save, store=self._store)

    def _save(self, path: str) -> None:
        self._player.save(path)

    def save_figure(self) -> None:
        """Ask for size and file of a picture."""
        figures = self._figures()
        current = self._current(figures)
        dialogs.save_picture(self._window, figures, self._recipe, self._figure_done, store=self._store, current=current)

    def copy_figure(self) -> None:
        """The view that has the focus, or the main one, goes to the clipboard."""
        figures = self._figures()
        figure.copy_to_clipboard(figures[self._current(figures)], self._recipe())
        self.said.emit("Picture copied.", False)

    def _figures(self) -> dict[str, View]:
        """The views that a picture can be made of, by title, each with its picture of now."""
        rooms = self._window.rooms
        found = {row.title: rooms[row.name] for row in ROOMS if row.figure is not None}
        for room in found.values():
            room.view.display(room.picture())
        return {title: room.view for title, room in found.items()}

    def _current(self, figures: Mapping[str, View]) -> str:
        """The title of the view that has the focus, or of the one in the centre."""
        focus = QApplication.focusWidget()
        main = self._window.rooms[self._window.layout_of_docks.current.centre].view
        inside = (title for title, view in figures.items() if focus and (view is focus or view.isAncestorOf(focus)))
        return next(inside, next(title for title, view in figures.items() if view is main))

    def _recipe(self) -> dict[str, Any]:
        run = self._state.run
        return {} if run is None or run.trajectory is None else run.trajectory.settings

    def _figure_done(self, path: str) -> None:
        self.said.emit(f"Saved {path}.", False)

    def _open_failed(self, event: OpenFailed) -> None:
        self.said.emit(event.message, True)

    def _saved(self, event: Saved) -> None:
        self.said.emit(event.message or f"Saved {event.path}.", bool(event.message))
