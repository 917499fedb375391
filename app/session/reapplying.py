"""Brings back what a recipe says: as the whole draft with its run, as a sampler alone, or as a lane."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.engine.messages import Reopen, Reopened
from app.session.lane import lane_name
from app.session.lanes import Lanes
from app.session.plane_options import PINNED
from app.session.playback import Playback
from app.session.player import Player
from app.session.recipe import Recipe
from app.session.state import AppState
from geomodel.settings import CUSTOM

SAMPLER = ("solver", "options", "schedule", "rho", "steps", "final_zero", "jump_at")


class Reapplying(QObject):
    """Restores one recipe at a time. A newer one takes the place of one whose data or network are still looked for."""

    said = Signal(str, bool)  # a sentence, and whether it is an error
    taken = Signal(Recipe)  # its draft is there, and its run is computed

    def __init__(
        self, state: AppState, player: Player, playback: Playback, lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._player, self._playback, self._lanes = state, player, playback, lanes
        self._asked: tuple[int, Recipe] | None = None  # what the engine looks for
        self._shows: tuple[int, Recipe] | None = None  # the run that is computed for a recipe
        player.reopened.connect(self._reopened)
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

    def everything(self, recipe: Recipe, folder: str) -> None:
        """Make the draft and its run what they were. Data and network are looked for where they are named, and in the
        folder of the picture; without them a sentence says so, and nothing changes.
        """
        made = recipe.origin
        number = self._state.next_id()
        networks = () if made.network is None else ((made.settings.network, made.network),)
        self._asked = (number, recipe)
        self._player.submit(
            Reopen(restore_id=number, folder=folder, settings=made.settings, data=made.data, networks=networks)
        )

    def _reopened(self, found: Reopened) -> None:
        if self._asked is None or found.restore_id != self._asked[0]:
            return
        recipe, self._asked = self._asked[1], None
        made, state = recipe.origin, self._state
        settings = made.settings
        lacks = [settings.data] if settings.data and found.data is None else []
        lacks += [settings.network] if settings.network and not found.networks else []
        if lacks:
            names = " and ".join(Path(name.replace("\\", "/")).name[:60] for name in lacks)
            advice = "Put it beside the picture, or open it, and restore the picture again."
            self.said.emit(f"{names} of the picture is not here, or is not what it was. {advice}", True)
            return
        self._player.cancel()
        for _, network in found.networks:
            state.networks[network.path] = network
            settings = replace(settings, network=network.path)
        if found.data is not None:
            settings = replace(settings, **found.data.key._asdict())
            state.set_data(found.data)
            state.data_changed.emit()
        if recipe.seen is not None:
            pinned = {name for name in state.plane_options.layers if name.startswith(PINNED)}
            options = recipe.seen.options
            state.set_plane_options(replace(options, layers=options.layers | pinned))
        known = [lane.settings for lane in self._lanes.lanes]
        for lane in recipe.lanes:
            if lane not in known:
                self._lanes.add(lane)
        self._player.drafting.use(settings, made.label_name)
        self._player.run(keep=True)
        if (computing := self._player.computing) is not None:
            self._shows = (computing.id, recipe)
        self.taken.emit(recipe)

    def _grew(self, _run_id: int = -1) -> None:
        """Once the run is there, show the level and the sample that were looked at."""
        if self._shows is None:
            return
        run_id, recipe = self._shows
        run, computing = self._state.runs.get(run_id), self._player.computing
        if computing is not None:
            if computing.id != run_id:
                self._shows = None  # another run has taken its place
            return
        self._shows = None
        if run is not None and recipe.seen is not None:
            self._playback.pause()
            self._state.select(run_id=run_id, sample=recipe.seen.sample, index=recipe.seen.level)
            self.said.emit("The picture's run is computed again.", False)
