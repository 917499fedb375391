"""Feeds the theories room: asks one theory after the other at the points of the selected run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from app.engine.contract import TaskEnded, frozen
from app.plotting.values import MeasurePlot, Panel
from app.rooms.contract import Handlers, Services
from app.rooms.on_request import Keep, OnRequestRoom
from app.rooms.theories.messages import DriveTask, TheoryTask
from app.rooms.theories.picture import (
    caption_of,
    drives_of,
    ends_of,
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
    """The answers so far (T, L, B, *shape) at some levels and samples of a run, and what follows from them.

    ends: (T', B, *shape), to which the first of the theories have driven the samples.
    """

    levels: Integers
    samples: Integers
    guesses: Array
    titles: tuple[str, ...]
    found: Explained
    plot: MeasurePlot
    caption: str
    ends: Array | None = None

    @property
    def driven(self) -> int:
        """How many theories have driven."""
        return 0 if self.ends is None else len(self.ends)


class TheoriesRoom(OnRequestRoom[_Known]):
    """Asks the quick theories first, so that the picture fills."""

    name = "theories"

    def __init__(self, services: Services) -> None:
        view = TheoriesView(services.theme)
        self._driving = False  # else asking
        super().__init__(services, view, view.start_wanted, view.cancel_wanted, view.level_picked)
        view.drive_wanted.connect(self.drive)
        self.refresh()

    def handlers(self) -> Handlers:
        """Its keys begin, and bring the view to the front."""
        return {self.name: self._begin_in_sight, "theories_drive": self._drive_in_sight}

    def begin(self) -> None:
        """Ask the theories at the points of the selected run."""
        self._start(driving=False)

    def drive(self) -> None:
        """Let the theories that have answered drive the same noise."""
        run = self._state.run
        self._start(driving=run is not None and run.id in self._known)

    def _start(self, *, driving: bool) -> None:
        if not self._work.running:  # else what runs would go on in the other way
            self._driving = driving
            super().begin()

    def _drive_in_sight(self) -> None:
        self._services.bring_forward(self.name)
        self.drive()

    def undefined(self, run: Run) -> str:
        """Why a run cannot be compared with theories; empty where it can."""
        return undefined(run) or ("" if self._left(run, self._driving) else "Every theory has answered.")

    def _left(self, run: Run, driving: bool) -> int:
        """How many theories have not answered, or have not driven."""
        assert run.source is not None
        known = self._known.get(run.id)
        if known is None:
            return len(line_up(run.source.dataset))
        return len(known.titles) - known.driven if driving else len(line_up(run.source.dataset)) - len(known.titles)

    def task(self, run: Run) -> tuple[TheoryTask | DriveTask, Keep[_Known]]:
        """The next theory."""
        known = self._known.get(run.id)
        return self._drive_task(run, known) if known is not None and self._driving else self._ask_task(run)

    def _drive_task(self, run: Run, known: _Known) -> tuple[DriveTask, Keep[_Known]]:
        assert run.source is not None
        task = DriveTask(
            task_id=self._state.next_id(),
            settings=run.settings,
            theory=line_up(run.source.dataset)[known.driven],
            x=frozen(np.asarray(run.x[0, known.samples])),
            sigmas=tuple(run.sigmas.tolist()),
        )
        return task, partial(_driven, known)

    def _ask_task(self, run: Run) -> tuple[TheoryTask, Keep[_Known]]:
        assert run.source is not None
        assert run.trajectory is not None
        wanted = line_up(run.source.dataset)
        most, many = IMAGES if run.source.dataset.kind == "images" else POINTS
        levels, samples = levels_of(run, many), samples_of(run, most)
        task = TheoryTask(
            task_id=self._state.next_id(),
            settings=run.settings,
            theory=wanted[len(wanted) - self._left(run, driving=False)],
            x=frozen(np.asarray(run.trajectory.x[np.ix_(levels, samples)])),
            sigmas=tuple(run.sigmas[levels].tolist()),
        )
        return task, partial(_joined, self._known.get(run.id), task, levels, samples)

    def _ended(self, event: TaskEnded) -> None:
        super()._ended(event)
        run = self._state.run
        if event.result is not None and self._of is not None and run is not None and run.id == self._of[0]:
            super().begin()  # the next one

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
        ends_title, ends = "", tuple[Panel, ...]()
        if known.ends is not None:
            ends_title, ends = ends_of(run, known.titles, known.ends, known.samples, selection.sample)
        return TheoriesPicture(
            sigmas=run.sigmas,
            plot=known.plot,
            legend=legend_of(known.found, known.levels, selection.index),
            index=selection.index,
            title=title,
            panels=panels,
            caption=known.caption,
            drives="" if known.ends is None else drives_of(run, known.titles, known.ends, known.samples),
            ends_title=ends_title,
            ends=ends,
            ready=not why and self._left(run, driving=False) > 0,
            can_drive=not why and not running and self._left(run, driving=True) > 0,
            running=running,
            words=words,
        )


def _driven(known: _Known, _run: Run, ends: Array) -> _Known:
    """What is known with the ends of one theory more."""
    return replace(known, ends=ends[None] if known.ends is None else np.concatenate([known.ends, ends[None]]))


def _joined(before: _Known | None, task: TheoryTask, levels: Integers, samples: Integers, run: Run, d: Array) -> _Known:
    """What is known of a run with the answer of one theory more."""
    assert run.source is not None
    assert run.trajectory is not None
    guesses = d[None] if before is None else np.concatenate([before.guesses, d[None]])
    titles = (*(() if before is None else before.titles), task.theory.title)
    target = np.asarray(run.trajectory.denoised[np.ix_(levels, samples)])
    found = explained_of(titles, run.sigmas[levels], target, guesses, task.x, run.source.dataset.mean)
    plot = plot_of(titles, found, levels)
    ends = None if before is None else before.ends
    return _Known(levels, samples, guesses, titles, found, plot, caption_of(run, found, samples), ends)
