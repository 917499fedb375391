"""Trains a consistency function in short pieces, and follows the exact ODE from the cells of a plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.engine.context import Answers, Context, Tasks, Work
from app.engine.contract import frozen
from app.rooms.consistency.messages import Cloud, ColoursAnswer, ColoursRequest, ConsistencyTask, Shrunk
from geomodel import classes, consistency
from geomodel.arrays import Array
from geomodel.basins import Basins, nearest
from geomodel.consistency import Distillation
from geomodel.job import Job
from geomodel.quality import Yardstick
from geomodel.schedules import karras

SAMPLES = 400  # of each cloud of ends, and as many held-out data where there are enough
STEPS = 18  # of Heun, beside the jumps
MIDDLE = 2.0  # of the data's scale: the level of the second jump
TOLERANCE = 1e-3  # relative, of the coloured cells: a cell off at an edge of basins shows no more than the grid does
EXACT = 1e-6  # relative, of the ends that gaps are measured to
COARSE = (11, 8)  # cells of the first pass
FINEST = 99  # cells across in the last pass
BATCH = 1.2e5  # cells times data points of an answer: 0.1 s on one core
FEWEST = 8
NO_TRAINING = "This training is no longer in memory, because another one was started. Discard it and train again."


@dataclass(slots=True)
class _Training:
    """A training under way, which waits in the engine for its next piece."""

    id: int
    distillation: Distillation
    teacher: _Teacher
    ends: Array
    noise: Array  # (M, d) at the highest level
    yardstick: Yardstick
    solved: Cloud


class _Teacher:
    """The driver's D for the class of the run. Each piece of the training has a gate of its own."""

    def __init__(self, job: Job, gate: Any) -> None:
        self.job, self.gate = job, gate

    def __call__(self, x: Any, sigma: Any) -> Any:
        return self.job.evaluate(self.gate, x, sigma)


def train(task: ConsistencyTask, work: Work) -> Shrunk:
    """The next piece of a training. A cancel stops it between two evaluations, and the rest can be done later."""
    kept: _Training | None = work.kept.get("consistency")
    if kept is None or kept.id != task.training:
        if task.done:
            raise ValueError(NO_TRAINING)
        kept = _begun(task, work)
        work.kept["consistency"] = kept
    kept.teacher.gate = work.model
    while kept.distillation.iteration < task.until:
        kept.distillation.advance()
        work.progress(0, kept.distillation.iteration / task.distillation.iterations)
    return _shown(kept, task)


def _begun(task: ConsistencyTask, work: Work) -> _Training:
    job, settings, teacher = work.job, task.distillation, _Teacher(work.job, work.model)
    assert job.data is not None
    data, low = job.data, settings.lowest * job.data.std
    rows = classes.rows(data, job.asked.data)
    distillation = Distillation(data, teacher, settings, rows)
    last = float(task.sigmas[-1])
    ends = consistency.solve(teacher, task.x[-1], last, low, tolerance=EXACT)
    yardstick = Yardstick.of(data.points, SAMPLES, rows=rows, between=work.between)
    high = settings.highest * data.std
    noise = data.mean + high * np.random.default_rng([settings.seed, 0]).standard_normal((SAMPLES, *data.shape))
    from geomodel.sampling import sample

    run = sample(teacher, noise, karras(STEPS, low, high), solver="heun", display="off", record="float64")
    solved = Cloud(frozen(run.x[-1]), yardstick.measure(run.x[-1], work.between).sliced)
    return _Training(task.training, distillation, teacher, frozen(ends), noise, yardstick, solved)


def _shown(kept: _Training, task: ConsistencyTask) -> Shrunk:
    f = kept.distillation.function()
    middle = MIDDLE * f.sigma_max / task.distillation.highest

    def cloud(*sigmas: float) -> Cloud:
        ends = consistency.jumps(f, kept.noise, sigmas)
        return Cloud(frozen(ends), kept.yardstick.measure(ends).sliced)

    curve = np.stack([f(np.asarray(x, np.float64), sigma) for x, sigma in zip(task.x, task.sigmas, strict=True)])
    return Shrunk(
        iteration=kept.distillation.iteration,
        loss=kept.distillation.loss,
        curve=frozen(curve),
        ends=kept.ends,
        one=cloud(f.sigma_max),
        two=cloud(f.sigma_max, middle),
        solved=kept.solved,
        fresh=kept.yardstick.control.sliced,
        middle=middle,
    )


class Interrupted(Exception):
    """Another command waits that goes first. The cells of the batch are dropped."""


def colours(request: ColoursRequest, at: Context) -> ColoursAnswer:
    """The next batch of cells; none where another command came meanwhile."""
    job = at.job
    assert job.data is not None
    data, points = job.data, job.data.points
    cells = request.start or Basins.unknown(request.rect, COARSE)
    if cells.complete:
        cells = cells.refined()
    low = consistency.ConsistencySettings().lowest * data.std
    teacher = _Teacher(job, _interrupted(job.model, at.waits))

    def classify(centres: Array) -> Array:
        return nearest(points, consistency.solve(teacher, centres, request.sigma, low, tolerance=TOLERANCE))

    interrupted = False
    try:
        cells = cells.advanced(classify, max(FEWEST, int(BATCH / len(points))))
    except Interrupted:
        interrupted = True
    finished = cells.complete and cells.known.shape[1] >= FINEST
    return ColoursAnswer(request=request, basins=cells, finished=finished, interrupted=interrupted)


def _interrupted(model: Any, waits: Callable[[], bool]) -> Callable[..., Any]:
    def asked(x: Any, sigma: Any, **labels: Any) -> Any:
        if waits():
            raise Interrupted
        return model(x, sigma, **labels)

    return asked


ANSWERS: Answers = {ColoursRequest: colours}
TASKS: Tasks = {ConsistencyTask: train}
