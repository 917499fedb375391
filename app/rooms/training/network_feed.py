"""Writes the network of a training, where a person wants it or in the program's own folder to drive the sampler."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded
from app.rooms.contract import Services
from app.rooms.training.messages import SaveTrainedTask
from app.rooms.training.recorded import Recorded
from app.session.facts import is_open_network
from app.session.one_task import OneTask
from app.shell.file_dialogs import SAVE
from app.shell.settings_store import home

FOLDER = "trained"  # in the folder of the settings
NAMES = 10_000  # that are tried for a file which is not there yet


class NetworkFeed(QObject):
    """Lets the engine write the average so far, and says how that ended."""

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._state = services, services.state
        self._work = OneTask(services.player, self)
        self._then: Callable[[str], None] = self._say_saved
        self._work.ended.connect(self._ended)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()

    def save(self, training: Recorded) -> None:
        """Ask where to write it."""
        self._services.ask_save("network", training.name, partial(self._save_to, training))

    def _save_to(self, training: Recorded, path: str) -> None:
        if is_open_network(self._state.networks, path):
            text = f"{path} is the file of an open network, so nothing was saved. Choose another name."
            self._services.say(text, True, SAVE)
        else:
            self._write(training, path, self._say_saved)

    def use(self, training: Recorded) -> None:
        """Write it into the program's own folder and open it, so that it drives the sampler."""
        folder = home() / FOLDER
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._services.say(f"The trained network was not written: {error}.", True, SAVE)
            return
        ends = ("", *(f"-{number}" for number in range(2, NAMES)))
        free = (path for end in ends if not (path := folder / f"{training.name}{end}.safetensors").exists())
        self._write(training, str(next(free)), self._services.player.drafting.open_network)

    def _write(self, training: Recorded, path: str, then: Callable[[str], None]) -> None:
        if not self._work.running:
            self._then = then
            task = SaveTrainedTask(
                task_id=self._state.next_id(), settings=training.settings, training_id=training.id, path=path
            )
            self._work.begin(task, f"saving {Path(path).name}")

    def _say_saved(self, path: str) -> None:
        self._services.say(f"Saved {path}.", False, SAVE)

    def _ended(self, event: TaskEnded) -> None:
        if isinstance(event.result, str):
            self._then(event.result)
        else:
            self._services.say(event.message or "Saving was cancelled, so nothing was written.", True, SAVE)
