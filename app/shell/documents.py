"""Reads and writes files: what the File menu does."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

import resources
from app.engine.messages import DataOpened, NetworkOpened, OpenFailed, RunLinked, RunOpened, Saved
from app.export import dialogs, figure
from app.export.steps import Steps
from app.rooms import ROOMS
from app.rooms.contract import Handlers, Room
from app.session import recipe
from app.shell import file_dialogs as files
from app.shell.file_dialogs import SAVE, filters
from geomodel.checkpoints.plan import Answers

if TYPE_CHECKING:
    from app.main_window import MainWindow

# what was opened → the error that this settles
SLOTS = {DataOpened: "data", NetworkOpened: "network", RunOpened: "run"}
UNFINISHED, COPY, AWAITED = "unfinished", "copy of a picture", "a run that a person starts"
FIGURES = {row.title: row.name for row in ROOMS if row.figure is not None}  # of the views that have a figure
POINTS, NETWORKS = "Points and images", "Checkpoints"  # in the filters of dialogs


class Documents(QObject):
    """Asks for files and passes them to the player. Results come back as one-line messages."""

    said = Signal(str, bool, str)  # text, is an error, its cause
    settled = Signal(str)  # the cause of errors that are over
    saving_run = Signal(str)  # the path at which the selected run is written

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._state, self._player, self._store = window, window.state, window.player, window.store
        self._player.open_failed.connect(self._open_failed)
        self._player.saved.connect(self._saved)
        self._player.opened.connect(self._opened)
        self._player.run_awaited.connect(self._run_awaited)
        self._player.progress_changed.connect(self._settle_awaited)
        window.restoring.run_linked.connect(self._linked)
        self._state.runs_changed.connect(self._settle_unfinished)
        located = window.restoring.wanted_changed
        for changed in (self._state.runs_changed, self._state.selection_changed, located):
            changed.connect(self._offer_locating)
        self._offer_locating()

    def handlers(self) -> Handlers:
        """What each action does."""
        return {
            "open_checkpoint": self.open_checkpoint,
            "open_model_folder": self.open_model_folder,
            "open_data": self.open_data,
            "open_folder": self.open_folder,
            "open_run": self.open_run,
            "locate": self.locate,
            "save_run": self.save_run,
            "save_csv": self.save_csv,
            "save_figure": self.save_figure,
            "copy_figure": self.copy_figure,
        }

    def say(self, text: str, is_error: bool = False, cause: str = "") -> None:
        """Show a sentence. An error stays until its cause is settled."""
        self.said.emit(text, is_error, cause)

    def open_checkpoint(self) -> None:
        """Ask for a checkpoint."""
        self._ask_open("Open checkpoint", filters(NETWORKS, "checkpoint"), "checkpoint", self._open_network)

    def open_model_folder(self) -> None:
        """Ask for a folder with a network."""
        files.ask_folder(self._window, "Open model folder", "checkpoint", self._open_network, store=self._store)

    def open_data(self) -> None:
        """Ask for data."""
        self._ask_open("Open data", filters(POINTS, "data"), "data", self._player.drafting.open_data)

    def open_folder(self) -> None:
        """Ask for a folder of pictures."""
        open_data = self._player.drafting.open_data
        files.ask_folder(self._window, "Open folder", "folder", open_data, store=self._store)

    def open_run(self) -> None:
        """Ask for a saved run."""
        self._ask_open("Open run", filters("Runs", "run"), "run", self._player.saved_runs.open)

    def locate(self) -> None:
        """Ask for the file that the selected run, or else the session, was made of and that is missing."""
        run, restoring = self._state.run, self._window.restoring
        then: Callable[[str], None]
        if run is not None and run.wanted is not None:
            wanted, then = run.wanted, partial(self._player.saved_runs.locate, run.id)
        elif restoring.wanted:
            wanted, then = restoring.wanted[0], restoring.locate
        else:
            return
        title = f"Locate {Path(wanted.name).name[:60]}"
        if wanted.kind == "data":
            self._ask_open(title, filters(POINTS, "data"), "data", then)
        else:
            self._ask_open(title, filters(NETWORKS, "checkpoint"), "checkpoint", then)

    def _offer_locating(self) -> None:
        run = self._state.run
        wanted = (run is not None and run.wanted is not None) or bool(self._window.restoring.wanted)
        self._window.actions_by_id["locate"].setEnabled(wanted)

    def _ask_open(self, title: str, names: str, purpose: str, then: Callable[[str], None]) -> None:
        files.ask_open(self._window, title, names, purpose, then, store=self._store)

    def _open_network(self, path: str) -> None:
        self._player.drafting.open_network(path)

    def open_path(self, path: str, answers: Answers | None = None) -> None:
        """Open a checkpoint, data or a saved run, or offer the recipe of a picture. The engine reads the file to find
        out which it is. `answers` are for a checkpoint.
        """
        if not self._window.recipes.offer(path):
            self._player.open_path(path, answers)

    def remember(self, path: str, *, is_network: bool) -> None:
        """Put an opened file at the head of the recent ones, unless it is the program's own recording."""
        if not Path(path).is_relative_to(resources.path()):
            self._store.remember_file(path, is_network=is_network)

    def recent(self) -> list[tuple[str, bool]]:
        """The recent files, newest first, and whether each still exists."""
        return [(path, os.path.exists(path)) for path in self._store.settings.recent_files]

    def recent_networks(self) -> list[str]:
        """The checkpoints among the recent files that are still there."""
        return [path for path in self._store.settings.recent_networks if os.path.exists(path)]

    def forget_recent(self) -> None:
        """Empty the list."""
        self._store.change(recent_files=(), recent_networks=())

    def save_run(self) -> None:
        """Ask where to write the run."""
        self._ask_save("run")

    def save_csv(self) -> None:
        """Ask where to write the measures."""
        self._ask_save("measures")

    def _ask_save(self, format: Literal["run", "measures"]) -> None:
        run = self._state.run
        if run is None or run.trajectory is None:
            self.say("There is no finished run to save; press Run (F5) first.", True, UNFINISHED)
            return
        name = f"{run.settings.solver}-{run.settings.steps}"
        then = partial(self._save, format)
        files.ask_save(self._window, format, name, then, store=self._store, say=self.say)

    def _save(self, format: Literal["run", "measures"], path: str) -> None:
        self._player.save(path, format)
        if format == "run":
            self.saving_run.emit(path)

    def release(self) -> None:
        """Draw no more pictures, because the window closes. One that is being written is written to its end."""
        for dialog in self._window.findChildren(dialogs.SavePicture):
            dialog.close()

    def save_figure(self, title: str = "") -> None:
        """Ask for size and file of a picture: of the view with this title, or of the one that has the focus."""
        rooms = {title: self._window.rooms[name] for title, name in FIGURES.items()}
        current = title or self._current() or next(iter(rooms))
        _show_present(rooms[current])
        for room in rooms.values():
            self._window.turns.add(partial(_show_present, room))
        views = {title: room.view for title, room in rooms.items()}
        dialogs.save_picture(self._window, views, self._recipe_of, self.figure_done, store=self._store, current=current)

    def copy_figure(self, title: str = "") -> None:
        """Copy the view with this title, else the one that has the focus, or the main one, to the clipboard."""
        wanted = title or self._current()
        if not wanted:
            self.say("This view has no picture. Click into a view that has one, and copy again.", True)
            return
        self.say("Copying the picture…", cause=COPY)
        copying = self._copied(self._window.rooms[FIGURES[wanted]], self._recipe_of(wanted))
        self._window.turns.carry_out(copying, lambda _: self.say("Picture copied.", cause=COPY), self._not_copied)

    def _copied(self, room: Room, recipe: dict[str, Any]) -> Steps[None]:
        _show_present(room)
        yield
        yield from figure.copied(room.view, recipe)

    def _not_copied(self, error: Exception) -> None:
        self.say(str(error), True, COPY)

    def _current(self) -> str:
        """The title of the view that has the focus, or of the one in the centre; empty if neither has a figure."""
        layout = self._window.layout_of_docks
        wanted = (layout.room_in_use(), layout.current.centre)
        return next((title for name in wanted for title, shown in FIGURES.items() if shown == name), "")

    def _recipe_of(self, title: str) -> dict[str, Any]:
        return self.recipe(FIGURES[title])

    def recipe(self, room: str) -> dict[str, Any]:
        """What a picture or a film of a room carries: how its run was made, and what is looked at."""
        return recipe.composed(self._state, self._window.lanes, room, self._window.layout_of_docks.current.name)

    def figure_done(self, path: str) -> None:
        """Say that a picture was written."""
        self.say(f"Saved {path}.", cause=SAVE)

    def _open_failed(self, event: OpenFailed) -> None:
        self.say(event.message, True, event.slot)

    def _opened(self, event: DataOpened | NetworkOpened | RunOpened) -> None:
        self.settled.emit(SLOTS[type(event)])

    def _run_awaited(self, event: DataOpened) -> None:
        expected = self._window.panels_feed.expected_time()
        takes = f"takes about {expected}" if expected else "may take minutes"
        self.say(f"{event.dataset.name} is open; Run (F5) starts a run, which {takes}.", cause=AWAITED)

    def _settle_awaited(self) -> None:
        if self._player.computing is not None:
            self.settled.emit(AWAITED)

    def _linked(self, event: RunLinked) -> None:
        self.say(event.missing or "The run has what it was made of.", cause=SLOTS[RunOpened])

    def _saved(self, event: Saved) -> None:
        self.say(event.message or f"Saved {event.path}.", bool(event.message), SAVE)

    def _settle_unfinished(self) -> None:
        run = self._state.run
        if run is not None and run.trajectory is not None:
            self.settled.emit(UNFINISHED)


def _show_present(room: Room) -> None:
    """Bring a view up to date that may be behind a tab."""
    room.view.display(room.picture())
