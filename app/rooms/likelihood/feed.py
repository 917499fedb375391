"""Feeds the likelihood room: begins the work for the selected run, and keeps what is known of each run."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded, frozen
from app.plotting.values import MeasurePlot
from app.rooms.contract import Handlers, Services
from app.rooms.likelihood.messages import Densities, Likelihoods, LikelihoodTask
from app.rooms.likelihood.picture import notes_of, now_of, plots_of, samples_of, share_words
from app.rooms.likelihood.pictures import LikelihoodPicture
from app.rooms.likelihood.view import LikelihoodView
from app.session.one_task import OneTask
from app.session.state import Run
from app.widgets.sight import seen
from geomodel.arrays import Integers
from geomodel.likelihood import KernelGains

EMPTY = "Press Run (F5). Then Likelihood shows what each step gains beyond the noise's share."
START = "Press Likelihood (Ctrl+F9): two posteriors of D* a step, and the trace of the model's Jacobian at every level."
UNDEFINED = "Undefined here because"
OTHER = "h has changed: press Likelihood again"
IMAGES, POINTS = 4, 64  # most samples


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What is known of some samples of a run."""

    samples: Integers
    bandwidth: float | None
    gains: KernelGains
    densities: Densities | None
    plots: tuple[MeasurePlot, ...]
    notes: tuple[str, ...]


class LikelihoodRoom(QObject):
    """Computes on request only, because the gains and the traces cost more than the run itself."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player, self._services = services.state, services.player, services
        self.view = LikelihoodView(services.theme)
        self._bandwidth: float | None = None
        self._known: dict[int, _Known] = {}
        self._work = OneTask(self._player, self)
        self._of: tuple[int, Integers, LikelihoodTask] | None = None  # run and samples of the task
        self._failed: tuple[int, str] = (-1, "")  # run, and why it has no result
        for fact in (self._state.selection_changed, self._state.runs_changed):
            fact.connect(self.refresh)
        self._work.progressed.connect(self.refresh)
        self._work.ended.connect(self._ended)
        self.view.start_wanted.connect(self.begin)
        self.view.cancel_wanted.connect(self._work.cancel)
        self.view.bandwidth_edited.connect(self._edit)
        self.view.level_picked.connect(services.playback.go)
        self.refresh()

    def handlers(self) -> Handlers:
        """Ctrl+F9 begins, and brings the view to the front."""
        return {"likelihood": self._begin_in_sight}

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()
        self.view.release()

    # ------------------------------------------------------------ the work

    def _begin_in_sight(self) -> None:
        self._services.bring_forward("likelihood")
        self.begin()

    def _edit(self, bandwidth: float | None) -> None:
        self._bandwidth = bandwidth
        self.refresh()

    def begin(self) -> None:
        """Compute the selected run's likelihoods. Densities that are known already are kept."""
        run = self._state.run
        if run is None or self._work.running or undefined(run):
            return
        assert run.source is not None
        most = IMAGES if run.source.dataset.kind == "images" else POINTS
        samples, known = samples_of(run, self._state.selection.sample, most), self._known.get(run.id)
        task = LikelihoodTask(
            task_id=self._state.next_id(),
            settings=run.settings,
            x=frozen(run.x[: run.committed, samples]),
            denoised=frozen(run.denoised[: run.committed - 1, samples]),
            sigmas=frozen(run.sigmas[: run.committed].copy()),
            bandwidth=self._bandwidth,
            along=known is None or known.densities is None or not np.array_equal(known.samples, samples),
        )
        self._of, self._failed = (run.id, samples, task), (-1, "")
        self._work.begin(task, "likelihood")
        self.refresh()

    def _ended(self, event: TaskEnded) -> None:
        assert self._of is not None
        run_id, samples, task = self._of
        run, old = self._state.runs.get(run_id), self._known.get(run_id)
        if run is not None and isinstance(event.result, Likelihoods):
            gains = event.result.gains
            densities = event.result.densities if task.along or old is None else old.densities
            plots = plots_of(gains, densities, task.bandwidth)
            notes = notes_of(run, gains, densities, task.bandwidth, samples)
            self._known[run_id] = _Known(samples, task.bandwidth, gains, densities, plots, notes)
        else:
            self._failed = (run_id, event.message or "Cancelled.")
        self.refresh()

    # ------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Show the present state."""
        self._known = {key: value for key, value in self._known.items() if key in self._state.runs}
        if seen(self.view):
            self.view.display(self.picture())

    def picture(self) -> LikelihoodPicture:
        """What is known of the selected run at the playhead."""
        run, running = self._state.run, self._work.running
        if run is None:
            return LikelihoodPicture(message=EMPTY, bandwidth=self._bandwidth)
        words = self._failed[1] * (self._failed[0] == run.id)
        why, known = undefined(run), self._known.get(run.id)
        if known is not None and known.bandwidth != self._bandwidth:
            words = OTHER
        words = f"{100 * self._work.fraction:.0f} %" if running else words
        picture = LikelihoodPicture(bandwidth=self._bandwidth, ready=not why, running=running, words=words)
        if known is None:
            return replace(picture, message=why or START)
        selection = self._state.selection
        rows = np.flatnonzero(known.samples == selection.sample)
        row = int(rows[0]) if len(rows) else 0
        sample = int(known.samples[row])
        now = now_of(run, known.gains, known.densities, selection.index, row, sample)
        if not len(rows):
            now = f"Sample {selection.sample} was not computed: press Likelihood again. {now}"
        return replace(
            picture,
            sigmas=run.sigmas[: len(known.gains.step) + 1],
            plots=known.plots,
            index=selection.index,
            row=row,
            share=share_words(run),
            notes=tuple(filter(None, known.notes)),
            now=now,
        )


def undefined(run: Run) -> str:
    """Why a run has no likelihoods; empty where it has."""
    if run.trajectory is None or run.committed < 2:
        return f"{UNDEFINED} the run has not ended."
    if not run.compared or not run.linked:
        return run.caption or f"{UNDEFINED} the run has no reference data."
    return ""
