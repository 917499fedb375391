"""Asks a theory at the points of a run, and lets it drive the same noise."""

from __future__ import annotations

import numpy as np

from app.engine.context import Answers, Tasks, Work
from app.engine.contract import frozen
from app.engine.gate import Gate, polling
from app.rooms.theories.messages import DriveTask, TheoryTask
from geomodel import theories
from geomodel.arrays import Array
from geomodel.denoisers.base import Denoiser
from geomodel.experiments.progress import Watched


def asked(task: TheoryTask, work: Work) -> Array:
    """D of the theory (L, B, *shape). A cancel stops it within a piece of an evaluation."""
    model, found = _built(task, work), np.empty(task.x.shape)
    with polling((model,), work.between):
        for level, sigma in enumerate(task.sigmas):
            work.progress(0, level / len(task.sigmas))
            work.between()
            found[level] = model(np.asarray(task.x[level], np.float64), sigma)
    return frozen(found)


def driven(task: DriveTask, work: Work) -> Array:
    """The ends (B, *shape) where the theory drives."""
    from geomodel.sampling import sample

    model, levels = _built(task, work), np.asarray(task.sigmas)

    watched = Watched(Gate(model, work.between), levels, 0, work.progress)
    with polling((model,), work.between):
        run = sample(watched, np.asarray(task.x, np.float64), levels, solver="euler", display="off", record="float64")
    return frozen(run.x[-1])


def _built(task: TheoryTask | DriveTask, work: Work) -> Denoiser:
    """The theory over the job's data, kept for the next task about the same data."""
    job, asked = work.job, task.theory
    if job.data is None:
        raise ValueError("Theories are made from reference data, and this run has none.")
    key = ("theory", asked.name, asked.options)
    kept: tuple[str, Denoiser] | None = work.kept.get(key)
    if kept is None or kept[0] != job.data.fingerprint:
        built = theories.build(asked.name, job.data, optimal=job.optimal, **dict(asked.options))
        kept = work.kept[key] = job.data.fingerprint, built
    return kept[1]


ANSWERS: Answers = {}
TASKS: Tasks = {TheoryTask: asked, DriveTask: driven}
