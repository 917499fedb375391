"""Feeds the transport and carries out its actions."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from app.rooms.contract import Handlers, Services
from app.rooms.transport.pictures import TransportPicture
from app.rooms.transport.view import SPEEDS, TransportView


class TransportRoom(QObject):
    """Moves the playhead and the selected sample. It remembers speed and loop."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._playback, self._player = services.state, services.playback, services.player
        self._settings, self._actions = services.settings, services.actions
        self.view = TransportView(services.theme)
        self.view.set_actions(services.actions)
        self._playback.loop = self._settings.settings.loop
        self._playback.speed = self._settings.settings.speed
        self._actions["loop"].setChecked(self._playback.loop)
        self.view.index_wanted.connect(self._playback.go)
        self.view.speed_changed.connect(self._set_speed)
        self._playback.playing_changed.connect(self.refresh)
        self._state.selection_changed.connect(self.refresh)
        self._state.run_grew.connect(self._grew)
        self.refresh()

    def refresh(self) -> None:
        """Display where the playhead stands."""
        self.view.display(self.picture())

    def picture(self) -> TransportPicture:
        """The playhead among the levels of the selected run."""
        run, index, playback = self._state.run, self._state.selection.index, self._playback
        if run is None or not run.committed:
            return TransportPicture(playing=playback.playing, speed=playback.speed)
        return TransportPicture(
            sigmas=run.sigmas,
            committed=run.committed,
            index=index,
            evaluations=run.spent(index),
            playing=playback.playing,
            speed=playback.speed,
        )

    def handlers(self) -> Handlers:
        """What the keys and buttons do that move the playhead or change its playback."""
        playback = self._playback
        return {
            "play": self._player.toggle,
            "back": partial(playback.step, -1),
            "forward": partial(playback.step, 1),
            "back10": partial(playback.step, -10),
            "forward10": partial(playback.step, 10),
            "start": partial(playback.go, 0),
            "end": playback.go_to_end,
            "loop": self._toggle_loop,
            "slower": partial(self._change_speed, -1),
            "faster": partial(self._change_speed, 1),
            "next_sample": partial(self._next_sample, 1),
            "previous_sample": partial(self._next_sample, -1),
        }

    def release(self) -> None:
        """Release the view."""
        self.view.release()

    def _grew(self, run_id: int) -> None:
        if run_id == self._state.selection.run_id:
            self.refresh()

    def _toggle_loop(self) -> None:
        self._playback.loop = self._actions["loop"].isChecked()
        self._settings.change(loop=self._playback.loop)

    def _change_speed(self, by: int) -> None:
        nearest = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self._playback.speed))
        self._set_speed(SPEEDS[min(max(nearest + by, 0), len(SPEEDS) - 1)])

    def _set_speed(self, speed: float) -> None:
        self._playback.speed = speed
        self._settings.change(speed=speed)
        self.refresh()

    def _next_sample(self, by: int) -> None:
        run = self._state.run
        if run is not None and run.committed:
            self._state.select(sample=(self._state.selection.sample + by) % run.x.shape[1])
