"""Replays a run. The playhead moves and nothing is computed."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

from app.session.state import AppState

LEVELS_PER_SECOND = 5.0  # at speed 1 ×
LONGEST_SECONDS = 12.0  # the longest playback of a run with many levels
TICK_MS = 16


class Playback(QObject):
    """Moves the playhead of the selected run, by itself or on command."""

    playing_changed = Signal(bool)

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.speed = 1.0
        self.loop = True
        self.playing = False
        self._state = state
        self._clock = QElapsedTimer()
        self._carry = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def play(self) -> None:
        """Play the run; from its start if the playhead is at its end."""
        run = self._state.run
        if run is None:
            return
        if run.status != "computing" and self._state.selection.index >= run.committed - 1:
            self._state.select(index=0)
        self._carry = 0.0
        self._clock.start()
        self._timer.start()
        self._set_playing(True)

    def pause(self) -> None:
        """Stop playing. Computing continues."""
        self._timer.stop()
        self._set_playing(False)

    def go(self, index: int) -> None:
        """Move the playhead, which never computes."""
        self.pause()
        self._state.select(index=index)

    def go_to_end(self) -> None:
        """Move the playhead to the last computed level."""
        run = self._state.run
        if run is not None:
            self.go(run.committed - 1)

    def step(self, by: int) -> None:
        """Move the playhead by this many levels."""
        self.go(self._state.selection.index + by)

    def _set_playing(self, playing: bool) -> None:
        if playing != self.playing:
            self.playing = playing
            self.playing_changed.emit(playing)

    def _tick(self) -> None:
        run = self._state.run
        if run is None:
            self.pause()
            return
        rate = max(LEVELS_PER_SECOND, len(run.sigmas) / LONGEST_SECONDS) * self.speed
        self._carry += self._clock.restart() / 1000 * rate
        whole = int(self._carry)
        if whole == 0:
            return
        self._carry -= whole
        index = self._state.selection.index + whole
        if index < run.committed:
            self._state.select(index=index)
        elif run.status == "computing" or self._state.selection.index < run.committed - 1:
            self._state.select(index=run.committed - 1)
        elif self.loop:
            self._state.select(index=0)
        else:
            self.pause()
