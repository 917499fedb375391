"""Turns settings into a run: builds its denoisers, start and noise levels, computes it and measures it on the way.

The window's engine and the command line both use this module, so that they give the same runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import repeat
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geomodel import classes
from geomodel.arrays import Array
from geomodel.curves import CENTER
from geomodel.datasets.common import Progress, silent
from geomodel.hooks import Between, nothing
from geomodel.job import Job
from geomodel.origin import computed, identity
from geomodel.places import absolute
from geomodel.record import Record, StepDetail, detail_of
from geomodel.run_checks import DETAIL_NUMBERS, problems
from geomodel.run_measures import distance, measure, measure_beside, measure_end
from geomodel.run_models import answering, asked_of, driver_of, theory_of
from geomodel.run_start import (
    center,
    noise_levels,
    recommended_sigmas,
    resolved,
    start_points,
    whole_schedule,
    with_levels,
)
from geomodel.settings import RunSettings, to_json
from geomodel.trajectory import Step, Trajectory

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.network import NetworkDenoiser
    from geomodel.denoisers.optimal import OptimalDenoiser

__all__ = [
    "Job",
    "advance",
    "asked_of",
    "compute",
    "finish",
    "identity",
    "inside",
    "new_record",
    "noise_levels",
    "noise_of",
    "placed",
    "prepare",
    "problems",
    "recommended_sigmas",
    "resolved",
    "solver_options",
    "start_points",
    "steps_of",
    "whole_schedule",
    "with_levels",
]

ALL = slice(None)
PIECE_NUMBERS = 6e8  # rows × points × dimensions for which D* takes about a quarter of a second on one core
READ_TOGETHER = 4  # rows that take D* about as long as one where the points stay in their file, because it is read once


def prepare(
    settings: RunSettings,
    data: Dataset | None,
    network: NetworkDenoiser | None = None,
    optimal: OptimalDenoiser | None = None,
    between: Between = nothing,
    progress: Progress = silent,
) -> Job:
    """Build the run. ValueError with the first sentence of `problems` where the settings do not fit.

    `between` is called between the parts of preparing D* and Gaussians of the data, and may raise an exception to end
    it. `progress` is called with the share of the preparation of D* that is done.
    """
    import torch

    from geomodel.denoisers.optimal import OptimalDenoiser

    settings = resolved(settings, data, network)
    if found := problems(settings, data, network):
        raise ValueError(next(iter(found.values())))
    asked = classes.asked(settings, data, network)
    if data is None or asked.data is None:
        optimal = None
    else:
        optimal = optimal or OptimalDenoiser(data.points, data.labels, between=between, progress=progress)
        least = 1 if isinstance(data.stored, np.ndarray) else READ_TOGETHER
        optimal.piece = max(least, int(PIECE_NUMBERS / (len(data) * prod(data.shape))))
    exact, guided = asked_of(settings, optimal, asked.data), asked_of(settings, network, asked.network)
    driving = theory_of(settings.driver, settings.driver_options, data, optimal, between)
    other = theory_of(settings.compared_with, {}, data, optimal, between) if settings.compares else None
    own, beside = (
        None if theory is None else answering(settings, name, theory, asked.data)
        for name, theory in ((settings.driver, driving), (settings.compared_with, other))
    )
    model = own or driver_of(settings, data, exact, guided)
    assert model is not None, "problems() lets no such settings pass"
    return Job(
        settings=settings,
        asked=asked,
        model=model,
        optimal=optimal,
        exact=exact,
        compared=exact if settings.compared_with == "optimal" else beside if settings.compares else own,
        network=guided,
        x=torch.as_tensor(start_points(settings, data, network)),
        center=center(data, network),
        schedule=whole_schedule(settings),
        data=data,
        parts=tuple(part for part in (optimal, network, driving, other) if part is not None),
        identity=identity(data, network)
        | ({"class": asked.name} if asked.name else {})
        | {"computed": computed(network, settings.count)},
    )


def new_record(job: Job, keep: int = 0) -> Record:
    """A record with its first level written. It keeps the stage points of all samples; of images, of sample `keep`."""
    shape = tuple(job.x.shape[1:])
    samples = None if prod(shape) <= DETAIL_NUMBERS else (min(keep, len(job.x) - 1),)
    record = Record(job.sigmas, len(job.x), shape, job.record_dtype, samples)
    record.center = job.center
    record.start(job.x)
    return record


def solver_options(settings: RunSettings, data: Dataset | None) -> dict[str, Any]:
    """The solver's options. An analytic first step gets the data's own mean and variance, and the absolute tolerance
    of an adaptive solver, where it is left open, is in units of the scale of points from a file.
    """
    from geomodel import solvers

    options: dict[str, Any] = dict(settings.options)
    if data is not None and data.kind == "points" and "atol" in (known := solvers.complete(settings.solver, {})):
        options = {"atol": known["atol"] * data.std} | options
    if options.get("analytic_first_step") is True:
        options["analytic_first_step"] = False if data is None else (data.mean, data.std**2)
    return options


def noise_of(job: Job, rows: slice = ALL) -> Any:
    """The Brownian paths of the run's samples."""
    from geomodel.randomness import Brownian

    return Brownian(list(job.settings.seeds)[rows])


def steps_of(job: Job, model: Any, rows: slice = ALL, display: Literal["exact", "off"] = "exact") -> Iterator[Step]:
    """The steps of the run driven by `model`, for all samples or those in `rows`; `display` as in `iterate`."""
    from geomodel import solvers
    from geomodel.sampling import iterate

    x, settings = job.x[rows], job.settings
    options = solver_options(settings, job.data)
    if solvers.row(settings.solver).stochastic:
        options["noise"] = noise_of(job, rows)
    labels, jump = job.labels(len(x)), settings.jump
    return iterate(
        model, x, job.schedule, solver=settings.solver, labels=labels, jump_at=jump, display=display, **options
    )


def advance(
    job: Job,
    model: Callable[..., Any],
    record: Record,
    notify: Callable[[], None] = nothing,
    between: Between = nothing,
    beside_model: Callable[..., Any] | None = None,
) -> None:
    """Compute the run into its record.

    model, beside_model: the job's denoiser and the one that it is compared with, which may be wrapped. `notify` is
    called after every step, and `between` is called between the parts of a measurement; either may raise an exception
    to end the run.
    """
    other = steps_of(job, beside_model or job.compared) if job.beside else repeat(None)
    for step, beside in zip(steps_of(job, model), other, strict=False):
        found, reached = measure(job, step, record.trail, between), {}
        if beside is not None:
            found |= measure_beside(job, model, step, beside, record.trail)
            reached["exact_distance_x"] = distance(step.x_next, beside.x_next)
            record.looks += 1
            record.beside_end = beside.x_next
        record.append(step, found, reached, record.trail.take())
        notify()


def inside(job: Job, index: int, sample: int) -> StepDetail:
    """The inside of a step for one sample, which is computed by running that sample alone up to the step."""
    steps = steps_of(job, job.model, slice(sample, sample + 1))
    return next(detail_of(step) for step in steps if step.index == index)


def finish(job: Job, record: Record, *, display: bool = True, between: Between = nothing) -> Trajectory:
    """The trajectory of a record, complete or not. `between` as in `advance`.

    With `display`, a complete one gets D and the measures at its last level: a display evaluation and, where a run
    beside moved the same noise, another one there.
    """
    last = float(record.sigmas[record.committed - 1])
    final = None
    if display and record.complete:
        if last > 0:
            final = job.evaluate(job.model, record.end, last)
            record.looks += 1
        measure_end(job, record, final, between)
    return record.trajectory(
        final_denoised=None if final is None else final.numpy().astype(record.x.dtype),
        seeds=list(job.settings.seeds),
        labels=job.labels(len(job.x)),
        settings={"run": to_json(placed(job.settings)), **_centered(job.center), **job.identity},
    )


def _centered(center: Array) -> dict[str, Any]:
    return {CENTER: center.tolist()} if center.any() else {}


def placed(settings: RunSettings) -> RunSettings:
    """The settings with absolute paths, so that a saved run finds its files from any folder."""
    return replace(settings, data=absolute(settings.data), network=absolute(settings.network))


def compute(
    settings: RunSettings,
    data: Dataset | None,
    network: NetworkDenoiser | None = None,
    notify: Callable[[Record], None] | None = None,
) -> Trajectory:
    """Compute a whole run and return it. `notify` is called with the record after every step."""
    import torch

    with torch.no_grad():
        job = prepare(settings, data, network)
        record = new_record(job)
        advance(job, job.model, record, nothing if notify is None else lambda: notify(record))
        return finish(job, record)
