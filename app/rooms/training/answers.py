"""Goes on with a training, an iteration at a time, and looks at its average."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from app.engine.context import Answers, Tasks, Work
from app.engine.contract import frozen
from app.engine.gate import Cancelled
from app.rooms.training.messages import Controls, SaveTrainedTask, Snapshot, Trained, TrainTask
from geomodel import datasets
from geomodel.arrays import Array
from geomodel.experiments.memorised import FRESH, TwoScales
from geomodel.hooks import Between, nothing
from geomodel.sampling import sample
from geomodel.training import Training

if TYPE_CHECKING:
    from geomodel.projection import Basis

KEPT = "training"
SHOWN = 64  # trajectories that cross to the window, of those whose ends are counted
DRAWS = 128  # noisy points at which denoisers are compared, at each level: a fifth of a snapshot's time
MOST_POINTS = 20_000  # data up to which copies are looked for and D* is asked for its loss, because both are sums
GONE = "The engine no longer has this training, because it was started again. Train anew."


class Kept:
    """A training between two tasks, with what it is compared with."""

    def __init__(self, task: TrainTask, work: Work) -> None:
        job, data = work.job, work.job.data
        if data is None or work.data is None or data.kind == "images":
            raise ValueError("A network is trained on a set of points; open one as reference data.")
        assert job.optimal is not None
        self.id, self.training = task.training_id, Training(data, task.recipe)
        self._x, self._sigmas, self._plane = job.x, job.sigmas, work.data.plane
        self._few = len(data) <= MOST_POINTS
        fresh = None
        if data.kind == "toy":
            fresh = np.asarray(datasets.load(data.name, count=FRESH, seed=task.settings.data_seed + 1).points)
        self._scales = TwoScales(
            np.asarray(data.points),
            job.optimal,
            self._sigmas[self._sigmas > 0],
            fresh=fresh if self._few else None,
            population=data.mixture,
            draws=DRAWS,
            between=work.between,
        )
        self.controls = Controls(
            sigmas=frozen(np.array(self._sigmas)),
            optimal=frozen(self._in_plane(self._driven(work.model, work.between)[:, :SHOWN])),
            floor=self.training.floor(job.optimal) if self._few else np.nan,
            fresh=self._scales.control,
            ends=len(self._x) if self._few else 0,
        )
        self.snapshot = self.look(work.between)

    def look(self, between: Between) -> Snapshot:
        """Where the average so far leads, and how near it is to what."""
        model = self.training.denoiser()
        x = self._driven(model, between)
        found = self._scales.measure(model, x[-1] if self._few else None, between)
        self.snapshot = Snapshot(
            iteration=self.training.iteration,
            loss=self.training.loss,
            x=frozen(self._in_plane(x[:, :SHOWN])),
            memorised=found.memorised,
            population=frozen(found.population),
            data=frozen(found.data),
        )
        return self.snapshot

    def _driven(self, model: object, between: Between) -> Array:
        def polled(x: object, sigma: object) -> object:
            between()
            return model(x, sigma)  # type: ignore[operator]

        run = sample(polled, self._x, self._sigmas, solver="heun", display="off", record="float64")
        return run.x

    def _in_plane(self, x: Array) -> Array:
        plane: Basis = self._plane
        return np.stack([plane.project(level) for level in x])


def go_on(task: TrainTask, work: Work) -> Trained:
    """Train to the iteration of the task. A cancel ends it within an iteration, and what was trained is told."""
    kept = _kept(task, work)
    training, begin, first = kept.training, perf_counter(), kept.training.iteration
    stopped = False
    try:
        while training.iteration < task.until:
            work.between()
            training.advance()
            work.progress(training.iteration, training.iteration / task.recipe.iterations)
        if kept.snapshot.iteration != training.iteration:
            kept.look(work.between)
    except Cancelled:
        stopped = True
        kept.look(nothing)  # what is told and shown is what can be saved
    rate = (training.iteration - first) / max(perf_counter() - begin, 1e-9)
    return Trained(
        iteration=training.iteration, rate=rate, snapshot=kept.snapshot, controls=kept.controls, stopped=stopped
    )


def _kept(task: TrainTask, work: Work) -> Kept:
    kept: Kept | None = work.kept.get(KEPT)
    if kept is None or kept.id != task.training_id:
        if not task.begins:
            raise ValueError(GONE)
        kept = work.kept[KEPT] = Kept(task, work)
    return kept


def save(task: SaveTrainedTask, work: Work) -> str:
    """Write the average so far."""
    kept: Kept | None = work.kept.get(KEPT)
    if kept is None or kept.id != task.training_id:
        raise ValueError(GONE)
    kept.training.write(Path(task.path))
    return task.path


ANSWERS: Answers = {}
TASKS: Tasks = {TrainTask: go_on, SaveTrainedTask: save}
