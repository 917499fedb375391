"""Computes designed schedules, and how far a schedule's run ends from the ODE's own end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

from app.engine.context import Answers, Tasks, Work
from app.engine.contract import frozen
from app.rooms.schedule.messages import Designed, DesignTask, EndErrorTask
from geomodel import memory, runs, schedules
from geomodel.arrays import Array
from geomodel.designed import gits_table
from geomodel.experiments import Lane
from geomodel.experiments.compare import run_lane
from geomodel.experiments.exact import distances, solve
from geomodel.experiments.progress import watched
from geomodel.origin import made_of
from geomodel.settings import RunSettings, record_bytes

FINE_STEPS, TORS_STEPS = 60, 100  # steps of the fine grids for GITS and TORS
END = "the ODE's end"  # the name under which the last solved end is kept


def design(task: DesignTask, work: Work) -> Designed:
    """The levels of a designed schedule between the job's ends, and the table that GITS chose from."""
    job, settings = work.job, task.settings
    assert settings.sigma_min is not None
    assert settings.sigma_max is not None
    steps, zero, labels = settings.steps, settings.final_zero, job.labels(len(job.x))
    least = TORS_STEPS if task.kind == "tors" else FINE_STEPS
    fine = schedules.karras(max(2 * steps, least), sigma_min=settings.sigma_min, sigma_max=settings.sigma_max)
    _check_room(task, job, len(fine))
    teacher = watched(work.model, fine, 0, work.progress)
    if task.kind == "tors":
        levels = schedules.tors(teacher, job.x, steps, fine=fine, labels=labels, final_zero=zero, between=work.between)
        return Designed(tuple(levels.tolist()), made_of(job.identity))
    metric: Any = task.metric
    table = gits_table(teacher, job.x, fine=fine, metric=metric, coeff=task.coeff, labels=labels, between=work.between)
    if task.for_solver and settings.solver != "euler":
        levels = table.levels_for(
            work.model,
            job.x,
            steps,
            settings.solver,
            options=runs.solver_options(settings, job.data),
            final_zero=zero,
            labels=labels,
            between=work.between,
            progress=partial(work.progress, 1),
        )
    else:
        levels = table.levels(steps, zero, work.between)
    return Designed(tuple(levels.tolist()), made_of(job.identity), table)


def _check_room(task: DesignTask, job: runs.Job, levels: int) -> None:
    """ValueError if the teacher's run and, for GITS, the table with a copy would not fit into memory."""
    need = record_bytes(len(job.x), levels, prod(job.x.shape[1:]), 8)
    need += 3 * 8 * levels**2 if task.kind == "gits" else 0
    if need > (budget := memory.budget()):
        raise ValueError(
            f"A design of {task.settings.steps:,} steps would take {memory.text(need)}; "
            f"at most {memory.text(budget)} are used. Lower steps or trajectories."
        )


def end_error(task: EndErrorTask, work: Work) -> Array:
    """‖x_N − x_ref‖ of every sample, (B,). The reference is solved once for all schedules with the same ends."""
    job, settings = work.job, task.settings
    labels = job.labels(len(job.x))
    ends = job.sigmas[[0, -1]] if job.sigmas[-1] else job.sigmas[[0, -2, -1]]
    key = (_start(settings), tuple(ends.tolist()))
    solved_for, end = work.kept.get(END, (None, None))
    if solved_for != key:
        end = solve(work.model, job.x, ends, labels=labels, reference=None)[-1:]
        work.kept[END] = key, end
    own = Lane("", settings.solver, job.schedule, runs.solver_options(settings, job.data), job.settings.jump)
    found, _ = run_lane(work.model, job.x, own, labels=labels, noise=runs.noise_of(job))
    return frozen(distances(found.x[-1:], end)[0])


def _start(settings: RunSettings) -> RunSettings:
    """The settings that decide what moves and from where, without the sampler."""
    own = RunSettings()
    sampler = ("solver", "options", "schedule", "levels", "rho", "steps", "final_zero", "jump_at", "beside")
    return replace(settings, **{name: getattr(own, name) for name in sampler})


ANSWERS: Answers = {}
TASKS: Tasks = {DesignTask: design, EndErrorTask: end_error}
