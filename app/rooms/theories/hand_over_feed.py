"""Has a theory stand in for the driver down to each of some levels, on request."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject

from app.engine.contract import frozen
from app.plotting.values import MeasurePlot
from app.rooms.contract import Services
from app.rooms.on_request import Keep, OnRequest
from app.rooms.theories.hand_over_picture import caption_of, ends_of, plot_of
from app.rooms.theories.messages import Asked, HandOverTask
from app.rooms.theories.picture import levels_of, line_up, samples_of, undefined
from app.rooms.theories.pictures import HandOverPicture
from app.session.state import Run
from geomodel.arrays import Integers
from geomodel.experiments import HandedOver

IMAGES, POINTS = (8, 18), (64, 40)  # most samples, levels
FIRST = "Gaussian"


@dataclass(frozen=True, slots=True, eq=False)
class _One:
    """What became of some samples of a run by one theory, from some of its levels."""

    levels: Integers
    samples: Integers
    found: HandedOver
    plot: MeasurePlot
    caption: str


_Known = dict[tuple[str, bool], _One]  # by the theory's title, and whether it is below


class HandOver(OnRequest[_Known]):
    """Keeps what is known by theory. The level that a person picks stays when the run changes."""

    name = "hand-over"

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(services, parent)
        self._theory, self._reverse = FIRST, False
        self._sigma = 0.0  # picked; 0 before that

    def undefined(self, run: Run) -> str:
        """Why nothing can be handed over in a run; empty where it can."""
        return undefined(run)

    def choose(self, theory: str) -> None:
        """Another theory."""
        self._theory = theory
        self.changed.emit()

    def turn(self, reverse: bool) -> None:
        """Put the theory below the level, or above it."""
        self._reverse = reverse
        self.changed.emit()

    def pick(self, at: int) -> None:
        """Pick a level among those of the curve."""
        run = self._state.run
        if run is not None and (known := self._one(run)) is not None:
            self._sigma = float(known.found.sigmas[min(at, len(known.levels) - 1)])
            self.changed.emit()

    def pick_level(self, index: int) -> None:
        """Pick the level of the curve that is nearest to one of the run."""
        run = self._state.run
        if run is not None and (known := self._one(run)) is not None:
            self.pick(int(np.abs(known.levels - index).argmin()))

    def task(self, run: Run) -> tuple[HandOverTask, Keep[_Known]]:
        """Fewer samples and levels of images, because they take longer."""
        assert run.source is not None
        most, many = IMAGES if run.source.dataset.kind == "images" else POINTS
        levels, samples = levels_of(run, many), samples_of(run, most)
        asked, reverse = self._asked(run), self._reverse

        def keep(run: Run, found: HandedOver) -> _Known:
            plot = plot_of(run, found, levels, asked.title, reverse)
            one = _One(levels, samples, found, plot, caption_of(run, found))
            return {**self._known.get(run.id, {}), (asked.title, reverse): one}

        task = HandOverTask(
            task_id=self._state.next_id(),
            settings=run.settings,
            theory=asked,
            reverse=reverse,
            x=frozen(np.asarray(run.x[0, samples])),
            sigmas=tuple(run.sigmas.tolist()),
            at=tuple(levels.tolist()),
        )
        return task, keep

    def picture(self, run: Run, sample: int) -> HandOverPicture:
        """What is known of a run by the theory that is chosen, at the level that is picked."""
        assert run.source is not None
        title = self._asked(run).title
        shown = HandOverPicture(
            theories=tuple(asked.title for asked in line_up(run.source.dataset)),
            theory=title,
            reverse=self._reverse,
            ready=not self.undefined(run),
            running=self._work.running,
            words=self.words(run),
        )
        known = self._one(run)
        if known is None:
            return shown
        at = self._at(known)
        ends_title, panels, scatter = ends_of(run, known.found, known.samples, at, sample, title, self._reverse)
        return replace(
            shown,
            plot=known.plot,
            caption=known.caption,
            index=int(known.levels[at]),
            at=at,
            count=len(known.levels),
            title=ends_title,
            panels=panels,
            scatter=scatter,
        )

    def _asked(self, run: Run) -> Asked:
        """The theory that is chosen; the first one where the data of the run do not have it."""
        assert run.source is not None
        there = line_up(run.source.dataset)
        return next((asked for asked in there if asked.title == self._theory), there[0])

    def _one(self, run: Run) -> _One | None:
        return self._known.get(run.id, {}).get((self._asked(run).title, self._reverse))

    def _at(self, known: _One) -> int:
        """The level that is picked, or the one in the middle."""
        if not self._sigma:
            return len(known.levels) // 2
        return int(np.abs(np.log(known.found.sigmas / self._sigma)).argmin())
