"""Saves the chosen network as a checkpoint of this program, whatever program trained it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import NetworkOpened, SaveNetwork
from app.rooms.contract import Handlers
from app.session.drafting import OWN
from app.session.facts import is_open_network
from app.shell import file_dialogs as files
from app.shell.file_dialogs import SAVE

if TYPE_CHECKING:
    from app.main_window import MainWindow


class NetworkFiles(QObject):
    """Asks for the file, lets the engine write it, and says how far that is and how it ended."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._state, self._player = window, window.state, window.player
        self._saving: dict[int, SaveNetwork] = {}
        self._state.network_changed.connect(self._enable)
        self._player.task_event.connect(self._hear)
        self._enable()

    def handlers(self) -> Handlers:
        """What each action does."""
        return {"save_network": self.save_network}

    def _enable(self) -> None:
        network = self._state.network
        self._window.actions_by_id["save_network"].setEnabled(network is not None and network.info.format != OWN)

    def save_network(self) -> None:
        """Ask where to write the chosen network."""
        network = self._state.network
        assert network is not None, "the action is disabled without a network"
        then = partial(self._save, network)
        say, store = self._window.documents.say, self._window.store
        files.ask_save(self._window, "network", network.info.name, then, store=store, say=say)

    def _save(self, network: NetworkOpened, path: str) -> None:
        if is_open_network(self._state.networks, path):
            text = f"{path} is the file of an open network, so nothing was saved. Choose another name."
            self._window.documents.say(text, True, SAVE)
            return
        task = SaveNetwork(self._state.next_id(), replace(self._state.draft, network=network.path), path)
        self._saving[task.task_id] = task
        self._player.begin(task, _words(task, 0.0))

    def _hear(self, event: TaskProgress | TaskEnded) -> None:
        match event:
            case TaskProgress() if event.task_id in self._saving and event.task_id in self._player.tasks:
                self._player.tasks[event.task_id] = _words(self._saving[event.task_id], event.fraction)
            case TaskEnded(task=SaveNetwork() as task):
                del self._saving[task.task_id]
                self._window.documents.say(_ended(event, task), bool(event.message), SAVE)


def _words(task: SaveNetwork, fraction: float) -> str:
    return f"saving {Path(task.path).name}, {100 * fraction:.0f} %"


def _ended(event: TaskEnded, task: SaveNetwork) -> str:
    if event.message or event.result is not None:
        return event.message or f"Saved {task.path}."
    return f"Saving {Path(task.path).name} was cancelled, so nothing was written."
