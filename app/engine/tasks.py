"""The engine's experiments: races, designed schedules, end errors, implied derivatives. Without Qt, without a queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import numpy as np

from app.engine.messages import frozen
from app.rooms.compare.messages import (
    DerivativeAnswer,
    DerivativeRequest,
    DesignEnded,
    DesignProgress,
    EndErrorAnswer,
    EndErrorRequest,
    RaceEnded,
    RaceProgress,
    RoomEvent,
    RoomTask,
    StartDesign,
    StartRace,
)
from geomodel import finite_differences, memory, runs, solvers
from geomodel.designed import GitsTable
from geomodel.experiments import Comparison, Lane, compare
from geomodel.experiments.progress import watched
from geomodel.record import StepDetail
from geomodel.run_checks import DETAIL_NUMBERS
from geomodel.settings import CUSTOM, RunSettings, record_bytes

Array = Any
Progress = Callable[[int, float], None]
TELL_SECONDS = 0.1  # progress is told this often
FINE_STEPS, TORS_STEPS = 60, 100  # of the grids on which GITS and TORS look
FEW_SUBSTEPS = 8  # of the exact curve under a step, where an evaluation is dear


def ending(task: RoomTask) -> tuple[int, Callable[..., RoomEvent]]:
    """The id by which a task is cancelled, and the event that ends it without a result."""
    match task:
        case StartRace():
            return task.race_id, partial(RaceEnded, task.race_id)
        case StartDesign():
            return task.design_id, partial(DesignEnded, task.design_id)
        case EndErrorRequest():
            return task.task_id, partial(EndErrorAnswer, task, None)


def carry_out(
    task: RoomTask, job: runs.Job, model: Any, post: Callable[[RoomEvent], None], ends: EndErrors
) -> RoomEvent:
    """Do a task with the job's denoiser, which may raise to leave it; `post` hears of its progress."""
    match task:
        case StartRace():
            told = _teller(post, lambda lane, part: RaceProgress(task.race_id, lane, part))
            return RaceEnded(task.race_id, race(task, job, model, told))
        case StartDesign():
            told = _teller(post, lambda _, part: DesignProgress(task.design_id, part))
            return DesignEnded(task.design_id, *design(task, job, model, told))
        case EndErrorRequest():
            return ends.answer(task, job, model)


def _teller(post: Callable[[RoomEvent], None], event: Callable[[int, float], RoomEvent]) -> Progress:
    """Progress as events, but not more often than anyone can see."""
    said = 0.0

    def tell(lane: int, fraction: float) -> None:
        nonlocal said
        if fraction >= 1 or time.perf_counter() - said > TELL_SECONDS:
            said = time.perf_counter()
            post(event(lane, fraction))

    return tell


def lane(name: str, settings: RunSettings, job: runs.Job) -> Lane:
    """A lane of a race: the settings' solver over their own levels, from the job's first level."""
    start = float(job.sigmas[0])
    if settings.schedule == CUSTOM:
        settings = replace(settings, levels=(start, *(level for level in settings.levels if level < start)))
    levels = runs.noise_levels(replace(settings, sigma_max=start))
    return Lane(name, settings.solver, levels, runs.solver_options(settings, job.data))


def race(command: StartRace, job: runs.Job, model: Any, progress: Progress) -> Comparison:
    """The comparison. ValueError where it would not fit into memory, or a lane's levels do not descend."""
    numbers = prod(job.x.shape[1:])
    need = sum(record_bytes(len(job.x), own.steps, 2 * numbers, 8) for _, own in command.lanes)
    if need > (budget := memory.physical() // 4):
        raise ValueError(f"The race would take {memory.text(need)}; at most {memory.text(budget)} are used.")
    lanes = [lane(name, own, job) for name, own in command.lanes]
    return compare(model, job.x, lanes, labels=job.labels(len(job.x)), noise=runs.noise_of(job), progress=progress)


def design(
    command: StartDesign, job: runs.Job, model: Any, progress: Progress
) -> tuple[tuple[float, ...], GitsTable | None]:
    """The levels of a designed schedule between the job's ends, and the table that GITS chose from."""
    from geomodel import schedules
    from geomodel.designed import gits_table

    settings, labels = command.settings, job.labels(len(job.x))
    assert settings.sigma_min is not None
    assert settings.sigma_max is not None
    steps, zero = settings.steps, settings.final_zero
    ends: dict[str, Any] = {"sigma_min": settings.sigma_min, "sigma_max": settings.sigma_max}
    if command.kind == "tors":
        fine = schedules.karras(max(2 * steps, TORS_STEPS), **ends)
        teller = watched(model, fine, 0, progress)
        levels = schedules.tors(teller, job.x, steps, fine=fine, labels=labels, final_zero=zero)
        return tuple(levels.tolist()), None
    fine = schedules.karras(max(2 * steps, FINE_STEPS), **ends)
    metric: Any = command.metric
    teller = watched(model, fine, 0, progress)
    table = gits_table(teller, job.x, fine=fine, metric=metric, coeff=command.coeff, labels=labels)
    return tuple(table.levels(steps, zero).tolist()), table


class EndErrors:
    """End errors against a reference that is solved once for all schedules with the same ends."""

    def __init__(self) -> None:
        self._key: object = None
        self._end: Array = None

    def answer(self, request: EndErrorRequest, job: runs.Job, model: Any) -> EndErrorAnswer:
        """Run the settings and measure where they end."""
        from geomodel.experiments.compare import run_lane
        from geomodel.experiments.exact import distances, solve

        settings, labels = request.settings, job.labels(len(job.x))
        ends = job.sigmas[[0, -1]] if job.sigmas[-1] else job.sigmas[[0, -2, -1]]
        key = (_start(settings), tuple(ends.tolist()))
        if key != self._key:
            end = solve(model, job.x, ends, labels=labels, reference=None)[-1:]
            self._key, self._end = key, end
        own = Lane("", settings.solver, job.sigmas, runs.solver_options(settings, job.data))
        found, _ = run_lane(model, job.x, own, labels=labels, noise=runs.noise_of(job))
        return EndErrorAnswer(request, frozen(distances(found.x[-1:], self._end)[0]))


def _start(settings: RunSettings) -> RunSettings:
    """What moves from where, whatever the solver and its levels."""
    own = RunSettings()
    sampler = ("solver", "options", "schedule", "levels", "rho", "steps", "final_zero", "jump_at", "beside")
    return replace(settings, **{name: getattr(own, name) for name in sampler})


def _inside(job: runs.Job, record: Any, index: int, sample: int) -> tuple[StepDetail, int]:
    """The inside of a step and the sample's row in it: as it was kept, or computed again."""
    kept = getattr(record, "samples", ())
    if kept is None or sample in kept:
        return record.details[index], sample if kept is None else kept.index(sample)
    return runs.inside(job, index, sample), 0


def derivative(request: DerivativeRequest, job: runs.Job, record: Any) -> DerivativeAnswer:
    """The implied derivative from the step's stored evaluations, beside the true and the effective one."""
    import torch

    from geomodel.trajectory import Evaluation

    i, k = request.index, request.sample
    sigma, sigma_next = float(record.sigmas[i]), float(record.sigmas[i + 1])
    detail, row = _inside(job, record, i, k)
    options = runs.solver_options(job.settings, job.data)
    why, implied, rule = "", None, solvers.row(job.settings.solver)
    if rule.adaptive or rule.stochastic:
        reason = "takes steps of its own between the levels" if rule.adaptive else "draws noise and follows no curve"
        why = f"{rule.title} {reason}: there is no single difference to read."
    elif i == 0 and options.get("analytic_first_step"):
        why = "The first slope is analytic: the step's start was not evaluated."
    else:
        evaluations = [
            Evaluation(torch.as_tensor(x[row : row + 1]), level, torch.as_tensor(denoised[row : row + 1]))
            for x, denoised, level in zip(detail.x, detail.denoised, detail.sigmas, strict=True)
        ]
        try:
            found = finite_differences.implied(job.settings.solver, evaluations, sigma_next, **options)
            implied = np.asarray(found)[0]
        except ValueError as error:
            why = str(error)
    x = torch.as_tensor(np.asarray(record.x[i, k : k + 1], np.float64))
    model, labels = job.model, job.labels(1)
    try:
        true = finite_differences.true_derivative(model, x, sigma, labels)
    except ValueError as error:
        return DerivativeAnswer(request=request, implied=implied, why=why or str(error))
    effective = None
    if sigma_next > 0:
        substeps = {} if prod(x.shape[1:]) <= DETAIL_NUMBERS else {"substeps": FEW_SUBSTEPS}
        effective = np.asarray(
            finite_differences.effective_derivative(model, x, sigma, sigma_next, labels, **substeps)
        )[0]
    return DerivativeAnswer(
        request=request,
        implied=None if implied is None else frozen(implied),
        true=frozen(np.asarray(true.value)[0]),
        effective=None if effective is None else frozen(effective),
        method=true.method,
        why=why,
    )
