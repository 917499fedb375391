"""Feeds the drift room: asks for one round after the other, at most as many as the window can show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer

from app.engine.contract import Answer
from app.engine.messages import DataOpened
from app.plotting.values import Box, MeasurePlot
from app.rooms.contract import Handlers, Services
from app.rooms.drift.messages import DriftAnswer, DriftRequest, Knobs
from app.rooms.drift.picture import (
    caption_of,
    data_of,
    frame,
    numbers_of,
    particles_of,
    places_of,
    plot_of,
    undefined,
)
from app.rooms.drift.pictures import DriftPicture
from app.rooms.drift.view import DriftView
from app.session.state import Run
from app.widgets.sight import seen
from geomodel import drift
from geomodel.arrays import Array

NAME = "drift"
FRAME_MS = 16
EVERY = 10  # rounds after which the plot follows while the particles move
MOST_ROUNDS = 20_000  # whose distances are kept


class DriftRoom(QObject):
    """Particles over the data of the selected run. They begin again when the data are others."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player = services.state, services.player
        self._bring_forward = services.bring_forward
        self.view = view = DriftView(services.theme)
        self._knobs = Knobs()
        self._source: DataOpened | None = None  # what the particles drift over
        self._drawn: tuple[Array, Box] | None = None  # its data and frame
        self._asked: DriftRequest | None = None  # the newest, until its answer is there
        self._answer: DriftAnswer | None = None
        self._distances: list[float] = []  # of each round
        self._control = math.nan
        self._plot: tuple[MeasurePlot, Array] | None = None
        self._playing = self._steps = False  # goes on by itself, or for one round
        self._clock = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._clock.timeout.connect(self._tick)
        for fact in (self._state.selection_changed, self._state.runs_changed):
            fact.connect(self.refresh)
        self._player.answered.connect(self._answered)
        view.bar.play_wanted.connect(self._toggle)
        view.bar.step_wanted.connect(self._step)
        view.bar.reset_wanted.connect(self._reset)
        view.bar.knobs_turned.connect(self._turn)
        self.refresh()

    def handlers(self) -> Handlers:
        """Its keys bring the view to the front."""
        return {
            NAME: partial(self._in_sight, self._toggle),
            f"{NAME}_step": partial(self._in_sight, self._step),
            f"{NAME}_reset": partial(self._in_sight, self._reset),
        }

    def release(self) -> None:
        """Stop listening and moving, because the window closes."""
        self._clock.stop()
        self._player.answered.disconnect(self._answered)
        self.view.release()

    def refresh(self) -> None:
        """Show the present state, and request what is missing of it."""
        if not seen(self.view):
            return
        run = self._state.run
        if run is None or undefined(run):
            self._forget(None)
        elif run.source is not self._source:
            self._forget(run.source)
            self._ask(run)
        elif self._asked is not None and self._asked.run_id != run.id:
            self._submit(replace(self._asked, run_id=run.id))  # the run that it was about may be gone
        self._show()

    # ------------------------------------------------------------ what a person does

    def _in_sight(self, act: Callable[[], None]) -> None:
        self._bring_forward(NAME)
        self.refresh()
        act()

    def _toggle(self) -> None:
        self._play(not self._playing)

    def _play(self, playing: bool) -> None:
        self._playing = playing and self._source is not None
        if self._playing:
            self._clock.start()
        else:
            self._clock.stop()
        self._follow_plot(at_once=True)
        self._show()

    def _step(self) -> None:
        self._play(False)
        self._steps = self._asked is not None  # then the round follows the answer
        self._advance()

    def _reset(self) -> None:
        self._play(False)
        run = self._state.run
        if run is None or undefined(run):
            self._forget(None)
        else:
            self._forget(run.source)
            self._ask(run)
        self._show()

    def _turn(self, knobs: Knobs) -> None:
        """Another number of particles begins again; another h only shows where they would go."""
        before, self._knobs = self._knobs, knobs
        run = self._run()
        if knobs.count != before.count:
            self._reset()
        elif self._answer is not None and run is not None and not self._playing:
            self._ask(run, self._answer.particles)
        self._show()

    # ------------------------------------------------------------ rounds

    def _run(self) -> Run | None:
        """The selected run, if the particles are among its data: a hidden view follows another one later."""
        run = self._state.run
        return run if run is not None and run.source is self._source else None

    def _forget(self, source: DataOpened | None) -> None:
        self._source = source
        self._drawn = None if source is None else (data_of(source), frame(source))
        self._asked = self._answer = self._plot = None
        self._steps = False
        self._distances = []
        if source is None and self._playing:
            self._play(False)

    def _tick(self) -> None:
        if seen(self.view):
            self._advance()

    def _advance(self) -> None:
        """The next round, once the last one is there."""
        run, answer = self._run(), self._answer
        if run is None or answer is None or self._asked is not None:
            return
        if len(self._distances) > MOST_ROUNDS:
            self._play(False)
            return
        self._ask(run, answer.particles, answer.moves)

    def _ask(self, run: Run, particles: Array | None = None, moves: Array | None = None) -> None:
        number = 0 if particles is None else len(self._distances) - (moves is None)
        self._submit(
            DriftRequest(
                run_id=run.id,
                count=self._knobs.count,
                bandwidth=self._bandwidth(number),
                particles=particles,
                moves=moves,
            )
        )

    def _submit(self, request: DriftRequest) -> None:
        self._asked = request
        self._player.submit(request)

    def _bandwidth(self, number: int) -> float:
        """h in data units, in a round."""
        assert self._source is not None
        h = self._knobs.width * float(self._source.dataset.std)
        return drift.annealed(h, number) if self._knobs.anneals else h

    def _answered(self, answer: Answer) -> None:
        if not isinstance(answer, DriftAnswer) or answer.request is not self._asked:
            return
        self._asked, self._answer = None, answer
        if answer.request.particles is None:
            self._control = answer.control
        if answer.request.particles is None or answer.request.moves is not None:
            self._distances.append(answer.distance)
        self._follow_plot(at_once=not self._playing)
        self._show()
        if self._steps:
            self._steps = False
            self._advance()

    # ------------------------------------------------------------ showing

    def _follow_plot(self, *, at_once: bool) -> None:
        count = len(self._distances)
        if count and (at_once or self._plot is None or count % EVERY == 0):
            places = places_of(count)
            self._plot = plot_of(self._distances, self._control, places), places

    def _show(self) -> None:
        if seen(self.view):
            self.view.display(self.picture())

    def picture(self) -> DriftPicture:
        """The particles as they are now."""
        run, source, answer = self._state.run, self._source, self._answer
        common: dict[str, Any] = {"knobs": self._knobs, "playing": self._playing}
        if why := undefined(run):
            return DriftPicture(message=why, **common)
        if source is None or answer is None or self._drawn is None or self._plot is None:
            return DriftPicture(message="The particles are being drawn.", **common)
        number, (plot, places) = len(self._distances) - 1, self._plot
        h = answer.request.bandwidth
        return DriftPicture(
            particles=particles_of(source, *self._drawn, answer),
            plot=plot,
            rounds=places,
            at=len(plot.curves[0].values) - 1,
            numbers=numbers_of(number, h, answer.distance, self._control, answer.moves),
            caption=caption_of(source, self._knobs),
            bandwidth=self._knobs.width * float(source.dataset.std),
            ready=True,
            **common,
        )

    # ------------------------------------------------------------ sessions

    def keep(self) -> bytes:
        """The knobs, for a session."""
        return msgspec.json.encode(asdict(self._knobs))

    def understand(self, kept: bytes) -> Callable[[], None]:
        """What brings the knobs of a session back. ValueError where there are none."""
        return partial(self._set, msgspec.json.decode(kept, type=Knobs))

    def _set(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._reset()
