"""Feeds the theories room: asks one theory after the other at the points of the selected run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from app.engine.contract import Answer, TaskEnded, frozen
from app.plotting.values import MeasurePlot
from app.rooms.contract import Handlers, Services
from app.rooms.on_request import Keep, OnRequestRoom
from app.rooms.theories.hand_over_feed import HandOver
from app.rooms.theories.messages import DriveTask, PatchAnswer, Stages, TheoryTask
from app.rooms.theories.patch_feed import PatchFeed
from app.rooms.theories.picture import (
    IN_TURN,
    caption_of,
    drives_in_turn,
    drives_of,
    legend_of,
    levels_of,
    line_up,
    panel_of_patch,
    panels_of,
    plot_of,
    row_at,
    samples_of,
    undefined,
)
from app.rooms.theories.pictures import Ends, TheoriesPicture
from app.rooms.theories.taught_feed import Taught
from app.rooms.theories.view import TheoriesView
from app.session.state import Run
from app.widgets.sight import seen
from geomodel.arrays import Array, Integers
from geomodel.experiments import Explained, explained_of

EMPTY = "Press Run (F5). Then this view shows which theory explains what the driver does."
START = "Press Compare with theories (Ctrl+F8): denoisers made from the data alone are asked at the points of this run."
IMAGES, POINTS = (8, 12), (64, 20)  # most samples, levels


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """The answers so far (T, L, B, *shape) at some levels and samples of a run, and what follows from them.

    ends: (T', B, *shape), to which the first of the theories, and then the best in turn, have driven the samples;
    drivers: the titles of these.
    """

    levels: Integers
    samples: Integers
    guesses: Array
    titles: tuple[str, ...]
    found: Explained
    plot: MeasurePlot
    caption: str
    ends: Array | None = None
    drivers: tuple[str, ...] = ()
    drives: str = ""  # how near the ends are to the run's
    rows: tuple[Ends, ...] = ()  # the ends as images


class TheoriesRoom(OnRequestRoom[_Known]):
    """Asks the quick theories first, so that the picture fills."""

    name = "theories"

    def __init__(self, services: Services) -> None:
        view = TheoriesView(services.theme)
        self._driving = False  # else asking
        super().__init__(services, view, view.start_wanted, view.cancel_wanted, view.level_picked)
        self._player = services.player
        self._patch = PatchFeed(services.player)
        self._hand_over, self._taught = hand_over, taught = HandOver(services, self), Taught(services, self)
        view.drive_wanted.connect(self.drive)
        view.patch_picked.connect(self._pick_patch)
        view.sample_picked.connect(self._pick_sample)
        for part, work in ((view.hand_over, hand_over), (view.taught, taught)):
            part.start_wanted.connect(work.begin)
            part.cancel_wanted.connect(work.cancel)
            work.changed.connect(self.refresh)
        view.hand_over.theory_picked.connect(hand_over.choose)
        view.hand_over.turned.connect(hand_over.turn)
        view.hand_over.at_picked.connect(hand_over.pick)
        view.hand_over.level_picked.connect(hand_over.pick_level)
        view.taught.unseen_wanted.connect(taught.choose_unseen)
        view.taught.level_picked.connect(services.playback.go)
        self._player.answered.connect(self._answered)
        self.refresh()

    def handlers(self) -> Handlers:
        """Its keys begin, and bring the view to the front."""
        return {
            self.name: self._begin_in_sight,
            "theories_drive": partial(self._in_sight, self.drive),
            "theories_hand_over": partial(self._in_sight, self._hand_over.begin),
            "theories_taught": partial(self._in_sight, self._taught.begin),
        }

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.answered.disconnect(self._answered)
        self._hand_over.release()
        self._taught.release()
        super().release()

    def refresh(self) -> None:
        """Show the present state, and ask for the patch that is picked where a person can see it."""
        for work in (self._hand_over, self._taught):
            work.forget()
        super().refresh()
        if seen(self.view) and (at := self._patch_place()) is not None:
            self._patch.want(*at)

    def _patch_place(self) -> tuple[int, int, int] | None:
        """Run, level and sample of the images at the playhead; None where there are none."""
        run, selection = self._state.run, self._state.selection
        known = None if run is None else self._known.get(run.id)
        if run is None or known is None or run.source is None or run.source.dataset.kind != "images":
            return None
        level = int(known.levels[row_at(known.levels, selection.index)])
        return (run.id, level, selection.sample) if selection.sample in known.samples else None

    def _pick_patch(self, patch: int) -> None:
        self._patch.patch = patch
        self.refresh()

    def _pick_sample(self, sample: int) -> None:
        self._state.select(sample=sample)

    def _answered(self, answer: Answer) -> None:
        if isinstance(answer, PatchAnswer):
            self._patch.take(answer)
            self.refresh()

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

    def _in_sight(self, begin: Callable[[], None]) -> None:
        self._services.bring_forward(self.name)
        begin()

    def undefined(self, run: Run) -> str:
        """Why a run cannot be compared with theories; empty where it can."""
        return undefined(run) or ("" if self._left(run, self._driving) else "Every theory has answered.")

    def _left(self, run: Run, driving: bool) -> int:
        """How many theories have not answered, or have not driven."""
        assert run.source is not None
        known = self._known.get(run.id)
        if known is None:
            return len(line_up(run.source.dataset))
        if driving:
            return len(self._drives(run, known))
        return len(line_up(run.source.dataset)) - len(known.titles)

    @staticmethod
    def _drives(run: Run, known: _Known) -> list[tuple[str, Stages]]:
        """What has not driven yet."""
        assert run.source is not None
        wanted = drives_in_turn(run.source.dataset, known.titles, known.found)
        return [(title, stages) for title, stages in wanted if title not in known.drivers]

    def task(self, run: Run) -> tuple[TheoryTask | DriveTask, Keep[_Known]]:
        """The next theory."""
        known = self._known.get(run.id)
        return self._drive_task(run, known) if known is not None and self._driving else self._ask_task(run)

    def _drive_task(self, run: Run, known: _Known) -> tuple[DriveTask, Keep[_Known]]:
        title, stages = self._drives(run, known)[0]
        task = DriveTask(
            task_id=self._state.next_id(),
            settings=run.settings,
            stages=stages,
            x=frozen(np.asarray(run.x[0, known.samples])),
            sigmas=tuple(run.sigmas.tolist()),
        )
        return task, partial(_driven, known, title)

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
        if why := undefined(run):
            return TheoriesPicture(message=why)
        selection = self._state.selection
        shown = TheoriesPicture(
            message=START,
            sigmas=run.sigmas,
            index=selection.index,
            ready=self._left(run, driving=False) > 0,
            running=running,
            words=self.words(run),
            hand_over=self._hand_over.picture(run, selection.sample),
            taught=self._taught.picture(run, selection.index),
        )
        known = self._known.get(run.id)
        return shown if known is None else self._of_known(run, known, shown)

    def _of_known(self, run: Run, known: _Known, shown: TheoriesPicture) -> TheoriesPicture:
        """The picture with what the theories have answered."""
        assert run.source is not None
        selection, shape = self._state.selection, run.source.dataset.shape
        at = (known.titles, known.guesses, known.levels, known.samples, selection.index, selection.sample)
        title, panels = panels_of(run, *at)
        if (place := self._patch_place()) is not None:
            panels = (*panels, panel_of_patch(self._patch.about(*place), self._patch.patch, shape))
            shown = replace(shown, patch=self._patch.patch, most_patch=2 * max(shape[1:]) - 1)
        if known.ends is not None:
            samples = tuple(known.samples.tolist())
            shown = replace(shown, drives=known.drives, ends=known.rows, samples=samples, sample=selection.sample)
        return replace(
            shown,
            message="",
            plot=known.plot,
            legend=legend_of(known.found, known.levels, selection.index),
            title=title,
            panels=panels,
            caption=known.caption,
            can_drive=not shown.running and self._left(run, driving=True) > 0,
        )


def _driven(known: _Known, title: str, run: Run, ends: Array) -> _Known:
    """What is known with the ends of one theory more."""
    joined = ends[None] if known.ends is None else np.concatenate([known.ends, ends[None]])
    return _with_ends(known, run, joined, (*known.drivers, title))


def _with_ends(known: _Known, run: Run, ends: Array, drivers: tuple[str, ...]) -> _Known:
    drives, rows = drives_of(run, drivers, ends, known.samples)
    return replace(known, ends=ends, drivers=drivers, drives=drives, rows=rows)


def _joined(before: _Known | None, task: TheoryTask, levels: Integers, samples: Integers, run: Run, d: Array) -> _Known:
    """What is known of a run with the answer of one theory more."""
    assert run.source is not None
    assert run.trajectory is not None
    guesses = d[None] if before is None else np.concatenate([before.guesses, d[None]])
    titles = (*(() if before is None else before.titles), task.theory.title)
    target = np.asarray(run.trajectory.denoised[np.ix_(levels, samples)])
    found = explained_of(titles, run.sigmas[levels], target, guesses, task.x, run.source.dataset.mean)
    plot = plot_of(titles, found, levels)
    joined = _Known(levels, samples, guesses, titles, found, plot, caption_of(run, found, samples))
    if before is None or before.ends is None:
        return joined
    alone = [title != IN_TURN for title in before.drivers]  # another theory changes which are best
    return _with_ends(joined, run, before.ends[alone], tuple(filter(IN_TURN.__ne__, before.drivers)))
