"""Feeds the theories room: asks one theory after the other at the points of the selected run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from app.engine.contract import TaskEnded, frozen
from app.plotting.values import MeasurePlot
from app.rooms.contract import Services
from app.rooms.on_request import Keep, OnRequestRoom
from app.rooms.theories.messages import TheoryTask
from app.rooms.theories.picture import (
    caption_of,
    legend_of,
    levels_of,
    line_up,
    panels_of,
    plot_of,
    samples_of,
    undefined,
)
from app.rooms.theories.pictures import TheoriesPicture
from app.rooms.theories.view import TheoriesView
from app.session.state import Run
from geomodel.arrays import Array, Integers
from geomodel.experiments import Explained, explained_of

EMPTY = "Press Run (F5). Then this view shows which theory explains what the driver does."
START = "Press Compare with theories (Ctrl+F8): denoisers made from the data alone are asked at the points of this run."
IMAGES, POINTS = (8, 12), (64, 20)  # most samples, levels


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """The answers so far (T, L, B, *shape) at some levels and samples of a run, and what follows from them."""

    levels: Integers
    samples: Integers
    guesses: Array
    titles: tuple[str, ...]
    found: Explained
    plot: MeasurePlot
    caption: str


class TheoriesRoom(OnRequestRoom[_Known]):
    """Asks the quick theories first, so that the picture fills."""

    name = "theories"

    def __init__(self, services: Services) -> None:
        view = TheoriesView(services.theme)
        super().__init__(services, view, view.start_wanted, view.cancel_wanted, view.level_picked)
        self.refresh()

    def undefined(self, run: Run) -> str:
        """Why a run cannot be compared with theories; empty where it can."""
        return undefined(run) or ("" if self._left(run) else "Every theory has answered.")

    def _left(self, run: Run) -> int:
        """How many theories have not answered."""
        assert run.source is not None
        known = self._known.get(run.id)
        return len(line_up(run.source.dataset)) - (0 if known is None else len(known.titles))

    def task(self, run: Run) -> tuple[TheoryTask, Keep[_Known]]:
        """The next theory."""
        assert run.source is not None
        assert run.trajectory is not None
        wanted = line_up(run.source.dataset)
        most, many = IMAGES if run.source.dataset.kind == "images" else POINTS
        levels, samples = levels_of(run, many), samples_of(run, most)
        task = TheoryTask(
            task_id=self._state.next_id(),
            settings=run.settings,
            theory=wanted[len(wanted) - self._left(run)],
            x=frozen(np.asarray(run.trajectory.x[np.ix_(levels, samples)])),
            sigmas=tuple(run.sigmas[levels].tolist()),
        )
        return task, partial(_joined, self._known.get(run.id), task, levels, samples)

    def _ended(self, event: TaskEnded) -> None:
        super()._ended(event)
        run = self._state.run
        if event.result is not None and self._of is not None and run is not None and run.id == self._of[0]:
            self.begin()  # the next one

    def picture(self) -> TheoriesPicture:
        """What is known of the selected run at the playhead."""
        run, running = self._state.run, self._work.running
        if run is None:
            return TheoriesPicture(message=EMPTY)
        why, known, words = undefined(run), self._known.get(run.id), self.words(run)
        if known is None:
            return TheoriesPicture(message=why or START, ready=not why, running=running, words=words)
        selection = self._state.selection
        title, panels = panels_of(
            run, known.titles, known.guesses, known.levels, known.samples, selection.index, selection.sample
        )
        return TheoriesPicture(
            sigmas=run.sigmas,
            plot=known.plot,
            legend=legend_of(known.found, known.levels, selection.index),
            index=selection.index,
            title=title,
            panels=panels,
            caption=known.caption,
            ready=not why and self._left(run) > 0,
            running=running,
            words=words,
        )


def _joined(before: _Known | None, task: TheoryTask, levels: Integers, samples: Integers, run: Run, d: Array) -> _Known:
    """What is known of a run with the answer of one theory more."""
    assert run.source is not None
    assert run.trajectory is not None
    guesses = d[None] if before is None else np.concatenate([before.guesses, d[None]])
    titles = (*(() if before is None else before.titles), task.theory.title)
    target = np.asarray(run.trajectory.denoised[np.ix_(levels, samples)])
    found = explained_of(titles, run.sigmas[levels], target, guesses, task.x, run.source.dataset.mean)
    plot = plot_of(titles, found, levels)
    return _Known(levels, samples, guesses, titles, found, plot, caption_of(run, found, samples))
