"""Measures runs that jump to D, and the quality of a run over its levels."""

from __future__ import annotations

from math import prod

import numpy as np

from app.engine.context import Answers, Tasks, Work
from app.engine.contract import frozen
from app.engine.messages import DataOpened
from app.rooms.quality.messages import Ends, Jumps, JumpTask, RunQuality, RunQualityTask
from geomodel import classes, images, memory, runs
from geomodel.arrays import Array
from geomodel.experiments.quality import jump, jump_levels, quality_over_sigma
from geomodel.origin import made_of
from geomodel.projection import basis_name
from geomodel.quality import Quality, Yardstick

SHOWN = 64  # images that cross to the window
KEPT = "yardstick"


def jumps(task: JumpTask, work: Work) -> Jumps:
    """Runs that jump at several levels. ValueError with a sentence where they cannot be compared."""
    job, data = work.job, _data(work)
    low, high = job.settings.sigma_min, job.settings.sigma_max
    assert low is not None
    assert high is not None
    levels = np.array(task.levels) if task.levels else jump_levels(low, high, data.dataset.std)
    _check_room(task, levels, prod(job.x.shape[1:]))
    yardstick, control = _yardstick(work, data, len(job.x), task.settings.seed)

    def progress(index: int, share: float) -> None:
        work.progress(0, (index + share) / len(levels))

    found = jump(
        work.model,
        job.x,
        yardstick,
        solver=job.settings.solver,
        evaluations=task.evaluations,
        jump_sigmas=levels,
        sigma_max=high,
        rho=job.settings.rho,
        options=runs.solver_options(job.settings, job.data),
        labels=job.labels(len(job.x)),
        progress=progress,
        between=work.between,
    )
    return Jumps(
        sigmas=frozen(found.jump_sigmas),
        qualities=found.qualities,
        ends=tuple(_ends(end, data) for end in found.ends),
        control=control,
        held_out=_ends(yardstick.held_out, data),
        data=data.plane_points,
        plane="" if data.plane.whole else basis_name(data.plane),
        basis=yardstick.basis_name,
        note=yardstick.note,
        made_of=made_of(job.identity),
    )


def run_quality(task: RunQualityTask, work: Work) -> RunQuality:
    """The quality of x and D at every level of a run."""
    data, run = _data(work), task.trajectory
    yardstick, control = _yardstick(work, data, run.x.shape[1], task.settings.seed)
    found = quality_over_sigma(run, yardstick, progress=work.progress, between=work.between)
    return RunQuality(
        sigmas=frozen(np.asarray(found.sigmas)),
        x=found.x,
        denoised=found.denoised,
        control=control,
        basis=yardstick.basis_name,
        note=yardstick.note,
    )


def _data(work: Work) -> DataOpened:
    if work.data is None:
        raise ValueError("Quality is a distance to data; choose reference data.")
    if work.job.asked.data is None:
        raise ValueError(work.job.asked.note)
    return work.data


def _check_room(task: JumpTask, levels: Array, numbers: int) -> None:
    """ValueError if the ends of all runs and the record of one would not fit into memory."""
    need = 8 * task.settings.count * numbers * (len(levels) + 2 * task.evaluations + 2)
    if need > (budget := memory.budget()):
        raise ValueError(f"The jumps would take {memory.text(need)}; at most {memory.text(budget)} are used.")


def _yardstick(work: Work, data: DataOpened, count: int, seed: int) -> tuple[Yardstick, Quality]:
    """A yardstick with its control. The newest is kept, because its principal components may take seconds."""
    label = work.job.asked.data
    key = (data.dataset.fingerprint, label, count, seed)
    known, kept = work.kept.get(KEPT, (None, None))
    if known != key or kept is None:
        rows = classes.rows(data.dataset, label)
        made = Yardstick.of(data.dataset.points, count, rows=rows, seed=seed, between=work.between)
        kept = made, made.measure(made.held_out, work.between)
        work.kept[KEPT] = key, kept
    yardstick, control = kept
    return yardstick, control


def _ends(samples: Array, data: DataOpened) -> Ends:
    if data.dataset.kind == "images" and samples.shape[1] in (1, 3):
        return Ends(images=frozen(images.pixels(samples[:SHOWN])))
    return Ends(points=frozen(data.plane.project(samples)))


ANSWERS: Answers = {}
TASKS: Tasks = {JumpTask: jumps, RunQualityTask: run_quality}
