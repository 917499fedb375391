"""Asks a theory at the points of a run, and lets theories drive the same noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.context import Answers, Context, Tasks, Work
from app.engine.contract import frozen
from app.engine.gate import Gate, polling
from app.rooms.theories.messages import (
    Asked,
    DriveTask,
    HandOverTask,
    PatchAnswer,
    PatchRequest,
    TaughtTask,
    TheoryTask,
)
from geomodel import datasets, theories
from geomodel.arrays import Array
from geomodel.datasets import Dataset
from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.local import LocalDenoiser
from geomodel.experiments import HandedOver, Underfitting, explained_of, hand_over, underfitting
from geomodel.experiments.progress import Watched

NO_DATA = "Theories are made from reference data, and this run has none."


def asked(task: TheoryTask, work: Work) -> Array:
    """D of the theory (L, B, *shape). A cancel stops it within a piece of an evaluation."""
    model, found = _built(task.theory, work), np.empty(task.x.shape)
    with polling((model,), work.between):
        for level, sigma in enumerate(task.sigmas):
            work.progress(0, level / len(task.sigmas))
            work.between()
            found[level] = model(np.asarray(task.x[level], np.float64), sigma)
    return frozen(found)


def driven(task: DriveTask, work: Work) -> Array:
    """The ends (B, *shape) where the theories drive."""
    from geomodel.denoisers.relay import Relay
    from geomodel.sampling import sample

    models, levels = [_built(theory, work) for _, theory in task.stages], np.asarray(task.sigmas)
    relay = Relay([(level, model) for (level, _), model in zip(task.stages, models, strict=True)])
    watched = Watched(Gate(relay, work.between), levels, 0, work.progress)
    with polling(models, work.between):
        run = sample(watched, np.asarray(task.x, np.float64), levels, solver="euler", display="off", record="float64")
    return frozen(run.x[-1])


def handed_over(task: HandOverTask, work: Work) -> HandedOver:
    """The theory above each level and the driver below, or the other way round."""
    model = _built(task.theory, work)
    with polling((model,), work.between):
        found = hand_over(
            work.model,
            Gate(model, work.between),
            task.x,
            task.sigmas,
            task.at,
            reverse=task.reverse,
            progress=work.progress,
        )
    for values in (found.sigmas, found.distance, found.distances, found.ends, found.own):
        frozen(values)
    return found


def taught(task: TaughtTask, work: Work) -> Underfitting:
    """The driver's distance from D* on noisy data, on its run, and on noisy data that it has not seen."""
    data = _data(work)
    unseen = _unseen(task, data)
    parts = 2 if unseen is None else 3

    def progress(part: int, share: float) -> None:
        work.between()
        work.progress(0, (part + share) / parts)

    return underfitting(
        work.model, work.job.optimal, data, task.x, task.sigmas, task.count, unseen=unseen, progress=progress
    )


def _unseen(task: TaughtTask, data: Dataset) -> Dataset | None:
    """Data of the file; for a generated set without one, as many points from another seed; else None."""
    if task.unseen:
        return datasets.load(task.unseen)
    if data.kind != "toy":
        return None
    return datasets.load(task.settings.data, count=len(data), seed=task.settings.data_seed + 1)


def patched(request: PatchRequest, at: Context) -> PatchAnswer:
    """D of patches of this side, at one x of the run."""
    data, index, sample = at.job.data, request.index, request.sample
    if data is None:
        raise ValueError(NO_DATA)
    x = np.asarray(at.record.x[index, sample], np.float64)[None]
    own = np.asarray(at.record.denoised[index, sample], np.float64)[None]
    sigma = float(at.record.sigmas[index])
    found = _patches(request.patch, data, at.kept)(x, sigma)
    share = explained_of(("local",), np.array([sigma]), own[None], found[None, None], x[None], data.mean).r2[0, 0]
    return PatchAnswer(request, frozen(found[0]), float(share))


def _patches(patch: int, data: Dataset, kept: dict[object, Any]) -> LocalDenoiser:
    """Local patches over the data. Those of every side share the points that the first one has laid out."""
    found: tuple[str, LocalDenoiser] | None = kept.get("patches")
    if found is None or found[0] != data.fingerprint:
        found = kept["patches"] = data.fingerprint, LocalDenoiser(data.points, patch)
    return found[1].with_patch(patch)


def _data(work: Work) -> Dataset:
    if work.job.data is None:
        raise ValueError(NO_DATA)
    return work.job.data


def _built(asked: Asked, work: Work) -> Denoiser:
    """The theory over the job's data, kept for the next task about the same data."""
    data, key = _data(work), ("theory", asked.name, asked.options)
    kept: tuple[str, Denoiser] | None = work.kept.get(key)
    if kept is None or kept[0] != data.fingerprint:
        built = theories.build(asked.name, data, optimal=work.job.optimal, **dict(asked.options))
        kept = work.kept[key] = data.fingerprint, built
    return kept[1]


ANSWERS: Answers = {PatchRequest: patched}
TASKS: Tasks = {TheoryTask: asked, DriveTask: driven, HandOverTask: handed_over, TaughtTask: taught}
