"""Brings back what a recipe says: as the whole draft with its run, as a sampler alone, or as a lane."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.engine.messages import DataOpened, NetworkOpened, OpenFailed
from app.session import bundled
from app.session.lanes import Lanes, lane_name
from app.session.playback import Playback
from app.session.player import Player
from app.session.recipe import Recipe
from app.session.state import AppState
from geomodel import datasets, files
from geomodel.settings import CUSTOM, RunSettings

SAMPLER = ("solver", "options", "schedule", "rho", "steps", "final_zero", "jump_at")
LARGEST = 1 << 28  # bytes of a network that is hashed at once, to see whether it is the one of the recipe


class Reapplying(QObject):
    """Restores one recipe at a time. A newer one takes the place of one that still waits for data or a network."""

    said = Signal(str, bool)  # a sentence, and whether it is an error

    def __init__(
        self, state: AppState, player: Player, playback: Playback, lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._player, self._playback, self._lanes = state, player, playback, lanes
        self._recipe: Recipe | None = None  # that waits
        self._settings = RunSettings()  # its settings, with the paths of this computer
        self._shows: tuple[int, Recipe] | None = None  # the run that is computed for a recipe
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._go_on)
        player.opened.connect(self._opened)
        player.open_failed.connect(self._failed)
        state.run_grew.connect(self._grew)
        state.runs_changed.connect(self._grew)

    # ------------------------------------------------------------ a part of it

    def sampler(self, recipe: Recipe) -> None:
        """Take over solver and schedule. The range of the noise levels stays, unless they are a list."""
        settings = recipe.origin.settings
        changes = {name: getattr(settings, name) for name in SAMPLER}
        if settings.schedule == CUSTOM:
            changes["levels"] = settings.levels
        self._player.drafting.edit(changes)
        self.said.emit(f"The sampler is {lane_name(settings)}.", False)

    def lane(self, recipe: Recipe) -> None:
        """Add the sampler to those that are compared."""
        self._lanes.add(recipe.origin.settings)
        self.said.emit(f"Added as a lane: {self._lanes.lanes[-1].name}. F6 races the lanes.", False)

    # ------------------------------------------------------------ all of it

    def everything(self, recipe: Recipe) -> None:
        """Make the draft and its run what they were. What is missing is said in a sentence, and nothing changes."""
        made = recipe.origin
        settings = made.settings
        if settings.data and settings.data not in datasets.names():
            present = self._state.data
            if present is None or made.data is None or present.dataset.fingerprint != made.data.fingerprint:
                name = Path(settings.data).name
                self.said.emit(f"The data {name} are not open. Open them, and restore the picture again.", True)
                return
            data, count, seed, columns = present.key
            settings = replace(settings, data=data, data_count=count, data_seed=seed, data_columns=columns)
        if settings.network:
            path = self._network_of(recipe)
            if not path:
                name = made.network.name if made.network is not None else Path(settings.network).name
                self.said.emit(f"The network {name} is not open. Open it, and restore the picture again.", True)
                return
            settings = replace(settings, network=path)
        self._recipe, self._settings = recipe, settings
        if settings.network and settings.network not in self._state.networks:
            self._player.drafting.open_network(settings.network)
        else:
            self._later.start()

    def _network_of(self, recipe: Recipe) -> str:
        """The path of a network with the hash that the recipe says: an open one, one of the program's own, or the file
        itself; empty where there is none.
        """
        made = recipe.origin.network
        if made is None or made.sha256 is None:
            return ""
        for network in self._state.networks.values():
            if getattr(network.info, "sha256", None) == made.sha256:
                return network.path
        asked = Path(recipe.origin.settings.network)
        own = [path for path, _ in bundled.networks() if Path(path).name == asked.name]
        return next((path for path in (*own, str(asked)) if _has_hash(path, made.sha256)), "")

    def _opened(self, event: object) -> None:
        if self._recipe is not None and isinstance(event, DataOpened | NetworkOpened):
            self._later.start()  # once what the opening itself runs has begun

    def _failed(self, event: OpenFailed) -> None:
        self._recipe = None

    def _go_on(self) -> None:
        """The network is there. Take the draft over, which opens its data, and compute it once those are there too."""
        recipe, settings, state = self._recipe, self._settings, self._state
        if recipe is None or (settings.network and settings.network not in state.networks):
            return
        if state.draft != settings:
            self._player.drafting.use(settings, recipe.origin.label_name)
        if settings.data and (state.data is None or state.data.key != settings.data_key):
            return  # it is being opened
        self._recipe = None
        if recipe.seen is not None:
            state.set_plane_options(recipe.seen.options)
            known = [lane.settings for lane in self._lanes.lanes]
            for lane in recipe.lanes:
                if lane not in known:
                    self._lanes.add(lane)
        self._player.run(keep=True)
        if (computing := self._player.computing) is not None:
            self._shows = (computing.id, recipe)

    def _grew(self, _run_id: int = -1) -> None:
        """Once the run is there, show the level and the sample that were looked at."""
        if self._shows is None:
            return
        run_id, recipe = self._shows
        run = self._state.runs.get(run_id)
        if run is None or run.status == "computing":
            if run is None and (computing := self._player.computing) is not None and computing.id != run_id:
                self._shows = None  # another run has taken its place
            return
        self._shows = None
        if recipe.seen is not None:
            self._playback.pause()
            self._state.select(run_id=run_id, sample=recipe.seen.sample, index=recipe.seen.level)
        data = self._state.data
        made = recipe.origin.data
        if made is not None and data is not None and data.dataset.fingerprint != made.fingerprint:
            self.said.emit(f"The data {data.dataset.name} are not those of the picture, so numbers may differ.", True)
        else:
            self.said.emit("The picture's run is computed again.", False)


def _has_hash(path: str, sha256: str) -> bool:
    try:
        return Path(path).is_file() and Path(path).stat().st_size <= LARGEST and _hash(path) == sha256
    except OSError:
        return False


def _hash(path: str) -> str:
    return files.sha256(path, lambda: None)
