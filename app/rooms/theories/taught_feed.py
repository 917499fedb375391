"""Has a driver's distance from D* measured on noisy data beside its run, on request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded, frozen
from app.plotting.values import MeasurePlot
from app.rooms.contract import Services
from app.rooms.on_request import Keep, OnRequest
from app.rooms.theories.messages import TaughtTask
from app.rooms.theories.picture import levels_of, samples_of
from app.rooms.theories.pictures import TaughtPicture
from app.rooms.theories.taught_picture import caption_of, now_of, plots_of, taught_undefined
from app.session.state import Run
from app.shell.file_dialogs import filters
from geomodel.arrays import Integers
from geomodel.experiments import Underfitting

IMAGES, POINTS = (16, 16, 32), (64, 24, 256)  # most samples, levels, noisy data at each level


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    levels: Integers
    found: Underfitting
    plots: tuple[MeasurePlot, ...]
    caption: str


class Taught(OnRequest[_Known]):
    """Measures on the data of the run, and on a file of data that the driver has not seen, where a person has one."""

    name = "noisy data"

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(services, parent)
        self._ask_open = services.ask_open
        self._unseen = ""  # a file

    def undefined(self, run: Run) -> str:
        """Why a run is not compared with noisy data; empty where it can be."""
        return taught_undefined(run)

    def choose_unseen(self) -> None:
        """Ask for a file of data that the driver has not seen, and measure there too."""
        self._ask_open("Open unseen data", filters("Points and images", "data"), "data", self._measure_on)

    def _measure_on(self, path: str) -> None:
        self._unseen = path
        self.begin()

    def task(self, run: Run) -> tuple[TaughtTask, Keep[_Known]]:
        """At fewer points of images, because they take longer."""
        assert run.source is not None
        assert run.trajectory is not None
        most, many, count = IMAGES if run.source.dataset.kind == "images" else POINTS
        levels, samples = levels_of(run, many), samples_of(run, most)
        unseen = Path(self._unseen).name or ("another seed" if run.source.dataset.kind == "toy" else "")

        def keep(run: Run, found: Underfitting) -> _Known:
            return _Known(levels, found, plots_of(run, found, levels), caption_of(run, samples, count, unseen))

        task = TaughtTask(
            task_id=self._state.next_id(),
            settings=run.settings,
            x=frozen(np.asarray(run.trajectory.x[np.ix_(levels, samples)])),
            sigmas=tuple(run.sigmas[levels].tolist()),
            count=count,
            unseen=self._unseen,
        )
        return task, keep

    def _ended(self, event: TaskEnded) -> None:
        if event.message:
            self._unseen = ""  # it may be the file that does not fit
        super()._ended(event)

    def picture(self, run: Run, index: int) -> TaughtPicture:
        """What is known of a run at the playhead."""
        known, why = self._known.get(run.id), self.undefined(run)
        shown = TaughtPicture(ready=not why, running=self._work.running, words=self.words(run) or why)
        if known is None:
            return shown
        now = now_of(known.found, known.levels, index)
        return replace(shown, plots=known.plots, caption=known.caption, now=now)
