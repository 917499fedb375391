"""Feeds the likelihood room: begins the work for the selected run, and keeps what is known of each run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from app.plotting.values import MeasurePlot
from app.rooms.contract import Services
from app.rooms.likelihood.messages import Densities, Likelihoods, LikelihoodTask, likelihood_task
from app.rooms.likelihood.picture import notes_of, now_of, plots_of, samples_of, share_words
from app.rooms.likelihood.pictures import LikelihoodPicture
from app.rooms.likelihood.view import LikelihoodView
from app.rooms.on_request import Keep, OnRequestRoom
from app.session.facts import likelihood_undefined
from app.session.state import Run
from geomodel.arrays import Integers
from geomodel.likelihood import KernelGains

EMPTY = "Press Run (F5). Then Likelihood shows what each step gains beyond the noise's share."
WORKING = "Two posteriors of D* are computed for each step, and the trace of the model's Jacobian at every level."
START = "Press Likelihood (Ctrl+F9): two posteriors of D* a step, and the trace of the model's Jacobian at every level."
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


class LikelihoodRoom(OnRequestRoom[_Known]):
    """Computes on request only, because the gains and the traces cost more than the run itself."""

    name = "likelihood"

    def __init__(self, services: Services) -> None:
        view = LikelihoodView(services.theme)
        super().__init__(services, view, view.start_wanted, view.cancel_wanted, view.level_picked)
        self._bandwidth: float | None = None
        view.bandwidth_edited.connect(self._edit)
        self.refresh()

    def undefined(self, run: Run) -> str:
        """Why a run has no likelihoods; empty where it has."""
        return likelihood_undefined(run)

    def _edit(self, bandwidth: float | None) -> None:
        self._bandwidth = bandwidth
        self.refresh()

    def task(self, run: Run) -> tuple[LikelihoodTask, Keep[_Known]]:
        """Densities that are known already are kept."""
        assert run.source is not None
        most = IMAGES if run.source.dataset.kind == "images" else POINTS
        samples, known = samples_of(run, self._state.selection.sample, most), self._known.get(run.id)
        kept = known.densities if known is not None and np.array_equal(known.samples, samples) else None
        task = likelihood_task(self._state.next_id(), run, samples, self._bandwidth, along=kept is None)
        return task, partial(_known, samples, task.bandwidth, kept)

    def picture(self) -> LikelihoodPicture:
        """What is known of the selected run at the playhead."""
        run, running = self._state.run, self._work.running
        if run is None:
            return LikelihoodPicture(message=EMPTY, bandwidth=self._bandwidth)
        why, known, words = self.undefined(run), self._known.get(run.id), self.words(run)
        if known is not None and known.bandwidth != self._bandwidth and not running:
            words = OTHER
        picture = LikelihoodPicture(bandwidth=self._bandwidth, ready=not why, running=running, words=words)
        if known is None:
            return replace(picture, message=why or (WORKING if running else START))
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


def _known(samples: Integers, bandwidth: float | None, kept: Densities | None, run: Run, found: Likelihoods) -> _Known:
    """What a task has found about some samples of a run. kept: the densities, if they were known before."""
    densities = found.densities or kept
    return _Known(
        samples,
        bandwidth,
        found.gains,
        densities,
        plots_of(found.gains, densities, bandwidth),
        notes_of(run, found.gains, densities, bandwidth, samples),
    )
