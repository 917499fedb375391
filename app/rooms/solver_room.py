"""The solver room: race, schedules and implied derivatives beside the run that is looked at."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from app.rooms.compare.feed import Race
from app.rooms.derivatives.feed import Derivatives
from app.rooms.schedule.feed import ScheduleRoom
from app.shell import file_dialogs as files
from geomodel import presets

TABLES = "Tables (*.csv)"


class SolverRoom(QObject):
    """Builds the three and connects them with the window."""

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self._window = window
        state, player, views = window.state, window.player, window.views
        self.race = Race(state, player, views.compare, self)
        self.schedule = ScheduleRoom(state, player, views.schedule, self.race, window)
        self.derivatives = Derivatives(state, player, views.derivatives, self)
        for name, refresh in (
            ("Compare", self.race.show),
            ("Schedule", self.schedule.refresh),
            ("Derivatives", self.derivatives.refresh),
        ):
            window.layout_of_docks.when_seen(name, refresh)
        self.race.save_wanted.connect(self._save)
        self.schedule.said.connect(window.panels.status.say)
        views.schedule.level_picked.connect(window.playback.go)
        views.derivatives.level_picked.connect(window.playback.go)
        window.panels.sampler.preset_wanted.connect(self._preset)

    def race_now(self) -> None:
        """Show the compare view and race; without a lane, the draft is the first."""
        self._window.layout_of_docks.docks["Compare"].raise_()
        if not self.race.entries:
            self.race.add_current()
        self.race.race()

    def add_lane(self) -> None:
        """The draft's sampler joins the race."""
        self._window.layout_of_docks.docks["Compare"].raise_()
        self.race.add_current()

    def _preset(self, name: str) -> None:
        preset = presets.row(name)
        if preset.design:
            self.schedule.design_preset(name)
        else:
            self._window.player.drafting.edit({"levels": (), **preset.changes})

    def _save(self) -> None:
        if self.race.comparison is None:
            self._window.panels.status.say("There is no finished race to save; press Race (F6) first.", True)
            return
        files.ask_save(
            self._window, "Save table", TABLES, "race", ".csv", "race.csv", self._write, store=self._window.store
        )

    def _write(self, path: str) -> None:
        try:
            self.race.comparison.write_csv(path)
        except OSError as error:
            self._window.panels.status.say(f"{path} could not be written: {error.strerror or error}.", True)
        else:
            self._window.panels.status.say(f"Saved {path}.")
