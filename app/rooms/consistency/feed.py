"""Feeds the consistency room: trains in short pieces, and shows what each has made of the run's points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QTimer

from app.engine.contract import Answer, TaskEnded, frozen
from app.plotting.pens_and_numbers import Kind
from app.rooms.consistency.actions import CONTINUE, START
from app.rooms.consistency.messages import ColoursAnswer, ColoursRequest, ConsistencyTask, Shrunk
from app.rooms.consistency.picture import (
    caption_of,
    clouds_of,
    clouds_words,
    curves_of,
    denoised_of,
    field_of,
    field_rect,
    field_sigma,
    has_field,
    level_words,
    levels_of,
    samples_of,
    settings_of,
    undefined,
)
from app.rooms.consistency.pictures import ConsistencyPicture, FieldPicture, GapPicture
from app.rooms.consistency.view import ConsistencyView
from app.rooms.contract import Handlers, Services
from app.rooms.in_parts import InParts
from app.rooms.on_request import Keep, OnRequestRoom
from app.session.state import Run
from app.widgets.sight import seen
from geomodel import consistency
from geomodel.arrays import Array, Integers
from geomodel.consistency import ConsistencySettings

EMPTY = "Press Run (F5). Then Train shows how the run's denoising trajectories shrink to points."
READY = "Press Train (Ctrl+F11): a function f(x, σ) learns to lead from every level of this run to its end."
WORKING = "The first curves come as soon as the engine is free."
DISCARDED = "The training was discarded; nothing of it is kept."
STOPPED = "The training was stopped before its first curves."
ITERATIONS, EVERY = 2500, 50  # of a training; between two pictures
REST_MS = 100  # after something else went first


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """A training on a run, and what it has made of the points so far."""

    training: int
    settings: ConsistencySettings
    levels: Integers
    samples: Integers
    denoised: Array  # (L, B, d)
    control: float
    iterations: tuple[int, ...]
    gaps: tuple[float, ...]
    newest: Shrunk

    @property
    def finished(self) -> bool:
        """Whether every iteration is done."""
        return self.newest.iteration >= self.settings.iterations


class ConsistencyRoom(OnRequestRoom[_Known]):
    """One piece of a training follows the other until it is finished, paused or discarded."""

    name = "consistency"

    def __init__(self, services: Services) -> None:
        view = ConsistencyView(services.theme)
        self._denoised = self._pausing = False
        self._colours = InParts[ColoursRequest, ColoursAnswer](
            services.player.submit, partial(QTimer.singleShot, REST_MS, self)
        )
        self._coloured = False  # a person asked for the plane
        self._sigma: float | None = None  # at this σ; None: the data's scale
        super().__init__(services, view, view.start_wanted, view.pause_wanted, view.level_picked)
        view.pause_wanted.connect(self._pause)
        view.discard_wanted.connect(self.discard)
        view.denoised_wanted.connect(self._show_denoised)
        view.field_wanted.connect(self._show_field)
        view.sigma_wanted.connect(self._pick_sigma)
        services.player.answered.connect(self._take)
        self.refresh()

    def handlers(self) -> Handlers:
        """Its key starts and pauses, and brings the view to the front."""
        return {self.name: self._toggle}

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._services.player.answered.disconnect(self._take)
        super().release()

    def _toggle(self) -> None:
        if self._work.running:
            self._services.bring_forward(self.name)
            self._pause()
        else:
            self._begin_in_sight()

    def _pause(self) -> None:
        """The piece under way may be finished already; then no other follows it."""
        self._pausing = True
        self._work.cancel()

    def begin(self) -> None:
        """Train on the selected run, or go on."""
        self._pausing = False
        super().begin()

    def discard(self) -> None:
        """Stop the training on the selected run and forget it."""
        run = self._state.run
        if run is None:
            return
        if self._of is not None and self._of[0] == run.id:
            self._work.drop()
        self._known.pop(run.id, None)
        self._failed = (run.id, DISCARDED)
        self.refresh()

    # ------------------------------------------------------------ training

    def undefined(self, run: Run) -> str:
        """Why a run cannot be trained on, or no further; empty where it can."""
        known = self._known.get(run.id)
        return undefined(run) or ("The training is finished." if known is not None and known.finished else "")

    def task(self, run: Run) -> tuple[ConsistencyTask, Keep[_Known]]:
        """The next piece. The first only shows f as it is before the training."""
        known = self._known.get(run.id)
        settings = settings_of(run, ITERATIONS) if known is None else known.settings
        levels, samples = (
            (levels_of(run, settings), samples_of(run)) if known is None else (known.levels, known.samples)
        )
        done = -1 if known is None else known.newest.iteration
        task_id = self._state.next_id()
        task = ConsistencyTask(
            task_id=task_id,
            settings=run.settings,
            training=task_id if known is None else known.training,
            done=max(done, 0),
            until=0 if known is None else min(done + EVERY, settings.iterations),
            distillation=settings,
            x=frozen(run.x[levels][:, samples]),
            sigmas=tuple(run.sigmas[levels].tolist()),
        )
        return task, partial(_joined, known, task, levels, samples)

    def _ended(self, event: TaskEnded) -> None:
        assert self._of is not None
        run_id = self._of[0]
        super()._ended(event)
        if event.result is not None:
            run = self._state.run
            if run is not None and run.id == run_id and not self._pausing:
                super().begin()  # the next piece
        elif not event.message:  # paused
            self._failed = (run_id, "" if run_id in self._known else STOPPED)
        self.refresh()

    # ------------------------------------------------------------ the coloured plane

    def _show_denoised(self, denoised: bool) -> None:
        self._denoised = denoised
        self.refresh()

    def _show_field(self, wanted: bool) -> None:
        self._coloured = wanted
        self.refresh()

    def _pick_sigma(self, sigma: float) -> None:
        self._sigma = sigma
        self.refresh()

    def _take(self, answer: Answer) -> None:
        if isinstance(answer, ColoursAnswer) and self._colours.take(answer):
            self.refresh()

    def _wanted(self, run: Run) -> ColoursRequest | None:
        """What is asked now: nothing while a training runs, because the two would interrupt each other."""
        if not self._coloured or self._work.running or undefined(run) or not has_field(run):
            return None
        sigma = field_sigma(run, self._sigma)
        return ColoursRequest(run_id=run.id, sigma=sigma, rect=field_rect(run, sigma))

    def _field(self, run: Run) -> FieldPicture:
        sigma, answer = field_sigma(run, self._sigma), self._colours.answer
        if answer is not None and (answer.request.run_id, answer.request.sigma) != (run.id, sigma):
            answer = None
        return field_of(run, sigma, answer, wanted=self._coloured, waits=self._work.running)

    # ------------------------------------------------------------ the picture

    def refresh(self) -> None:
        """Show the present state, and ask for more of the coloured plane where it can be seen."""
        super().refresh()
        run = self._state.run
        self._colours.want(self._wanted(run) if run is not None and seen(self.view) else None)

    def picture(self) -> ConsistencyPicture:
        """What is known of the selected run at the playhead."""
        run, running = self._state.run, self._work.running
        if run is None:
            return ConsistencyPicture(message=EMPTY, start=START)
        why, known = undefined(run), self._known.get(run.id)
        if why:
            return ConsistencyPicture(message=why, start=START, running=running)
        picture = ConsistencyPicture(
            message=WORKING if running else READY,
            field=self._field(run),
            start=START if known is None else CONTINUE,
            ready=known is None or not known.finished,
            running=running,
            begun=known is not None or running,
            words=self._words(run, known),
        )
        return picture if known is None else self._filled(picture, run, known)

    def _words(self, run: Run, known: _Known | None) -> str:
        failed = self._failed[1] * (self._failed[0] == run.id)
        if failed or known is None:
            return failed or self._work.words
        done = f"{known.newest.iteration:,} of {known.settings.iterations:,}"
        if self._work.running:
            return f"{done} iterations"
        return f"Finished, {done}" if known.finished else f"Paused at {done}"

    def _filled(self, picture: ConsistencyPicture, run: Run, known: _Known) -> ConsistencyPicture:
        selection, newest = self._state.selection, known.newest
        kind: Kind = "denoising" if self._denoised else "network"
        curve = known.denoised if self._denoised else newest.curve
        return replace(
            picture,
            message="",
            caption=caption_of(run, known.levels, known.samples),
            gap=GapPicture(
                iterations=known.iterations, gaps=known.gaps, control=known.control, total=known.settings.iterations
            ),
            level_words=level_words(run, known.levels, selection.index, newest.curve, known.denoised, newest.ends),
            curves=curves_of(
                run, kind, curve, newest.ends, known.levels, known.samples, selection.index, selection.sample
            ),
            denoised=self._denoised,
            clouds=clouds_of(run, newest),
            clouds_words=clouds_words(newest),
        )


def _joined(
    before: _Known | None, task: ConsistencyTask, levels: Integers, samples: Integers, run: Run, shrunk: Shrunk
) -> _Known:
    """What is known of a run with one piece more."""
    gap = consistency.mean_gap(shrunk.curve, shrunk.ends)
    if before is not None:
        iterations, gaps = (*before.iterations, shrunk.iteration), (*before.gaps, gap)
        return replace(before, iterations=iterations, gaps=gaps, newest=shrunk)
    denoised = denoised_of(run, levels, samples)
    return _Known(
        training=task.training,
        settings=task.distillation,
        levels=levels,
        samples=samples,
        denoised=denoised,
        control=consistency.mean_gap(denoised, shrunk.ends),
        iterations=(shrunk.iteration,),
        gaps=(gap,),
        newest=shrunk,
    )
