"""Computes commitment: the ends of a run noised to several levels and brought down again."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from app.engine.context import Answers, Tasks, Work
from app.engine.contract import frozen
from app.rooms.commitment.messages import CommitmentTask, Committed
from geomodel.experiments import class_commitment, commitment, nearest_classes

SHARE = 0.95  # of the work that is done when what came back is known


def commit(task: CommitmentTask, work: Work) -> Committed:
    """The commitment of the task's ends. A cancel stops it at the next evaluation."""
    job, levels = work.job, len(task.sigmas)
    if job.optimal is None or job.data is None or job.data.labels is None:
        raise ValueError("Commitment is undefined here because the reference data have no classes.")
    nearest = nearest_classes(job.data.points, job.data.labels)

    def classify(x: np.ndarray) -> np.ndarray:
        work.between()
        return np.asarray(nearest(x))

    found = commitment(
        work.model,
        task.ends,
        task.sigmas,
        draws=task.draws,
        classify=classify,
        sigma_min=task.sigma_min,
        progress=lambda level, share: work.progress(0, SHARE * (level + share) / levels),
    )

    def tell(level: int, _share: float) -> None:
        work.between()
        work.progress(0, SHARE + (1 - SHARE) * level / levels)

    posterior = class_commitment(
        job.optimal, job.data.labels, task.ends, found.classes, task.sigmas, draws=task.draws, progress=tell
    )
    for item in fields(found):
        frozen(getattr(found, item.name))
    return Committed(found, frozen(posterior))


ANSWERS: Answers = {}
TASKS: Tasks = {CommitmentTask: commit}
