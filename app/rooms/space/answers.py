"""Computes the curves of a run and of its controls in three coordinates: along the displacement, and two across it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from math import prod
from typing import Any, TypeVar

import numpy as np

from app.engine.context import Answers, Context, Tasks, Work
from app.engine.contract import frozen
from app.rooms.space.messages import (
    TURNS,
    Control,
    ControlSpace,
    ControlTask,
    Coordinates,
    Shapes,
    Space,
    SpaceAnswer,
    SpaceRequest,
)
from geomodel import classes, runs
from geomodel.arrays import Array
from geomodel.curves import some_levels
from geomodel.datasets import DataError
from geomodel.denoisers.gaussians import Gaussians
from geomodel.experiments import gaussian_curve, random_walk
from geomodel.geometry import Subspace, placed, shape, subspace

TELL_SECONDS = 0.5  # of work before an answer says how far it is
NUMBERS_AT_ONCE = 2**24  # of the curves of a control that are held together: 128 MB

Kind = TypeVar("Kind")


# ---------------------------------------------------------------- the run


def space(request: SpaceRequest, at: Context) -> SpaceAnswer:
    """The curves of the run's samples, one after the other, until all are there, another command waits, or a person
    would like to know how far it is.
    """
    record, job, begun = at.record, at.job, time.perf_counter()
    levels = some_levels(request.levels, record.x.shape[1])
    found = list(request.start)
    for sample in range(len(found), record.x.shape[1]):
        found.append(_coordinates(request, at, levels, sample))
        if len(found) < record.x.shape[1] and (at.waits() or time.perf_counter() - begun > TELL_SECONDS):
            return SpaceAnswer(request, tuple(found))
    curves = _together(found)
    of_end, names = _classes(curves.nearest, job)
    return SpaceAnswer(
        request,
        (),
        _sealed(
            Space(
                levels=levels,
                curves=curves,
                shapes=_shapes(curves.sampling),
                denoising_shapes=_shapes(curves.denoising),
                classes=of_end,
                class_names=names,
                fingerprint="" if job.data is None else job.data.fingerprint,
                count=record.x.shape[1],
            )
        ),
    )


def _coordinates(request: SpaceRequest, at: Context, levels: Array, sample: int) -> Coordinates:
    record, own = at.record, slice(sample, sample + 1)
    evaluated = levels[levels < min(request.levels - 1, len(record.denoised))]
    x, denoised = record.x[levels, own], record.denoised[evaluated, own]
    if request.final is not None:
        denoised = np.concatenate([denoised, request.final[None, own]])
    sampling = subspace(x)
    return Coordinates(sampling, subspace(denoised), *placed(denoised, x, sampling), _nearest(at, levels, sample))


def _nearest(at: Context, levels: Array, sample: int) -> Array:
    """The data point nearest to where the sample is at last, (1,); −1 where there is none to be found."""
    end = at.record.x[levels[-1], sample : sample + 1].astype(np.float64)
    if at.job.optimal is None or not np.isfinite(end).all():
        return np.full(1, -1)
    try:
        return np.asarray(at.job.posterior(end, float(at.record.sigmas[levels[-1]]), 1).indices[:, 0])
    except DataError:  # the file behind a large set has changed, and only colours need it here
        return np.full(1, -1)


def _classes(nearest: Array, job: runs.Job) -> tuple[Array | None, tuple[str, ...]]:
    """The class of each data point, −1 where there is none, and the names of all classes."""
    if job.data is None or job.data.labels is None:
        return None, ()
    labels = np.asarray(job.data.labels)
    of_end = np.where(nearest >= 0, labels[nearest], -1)
    return of_end, tuple(job.data.class_name(label) for label in range(int(labels.max()) + 1))


# ---------------------------------------------------------------- the controls


def control(task: ControlTask, work: Work) -> ControlSpace:
    """The curves of a control, some samples at a time. ValueError with a sentence where there can be none."""
    batch, numbers = task.x.shape[1], prod(task.x.shape[2:])
    curve, note = MAKERS[task.control](task, work)
    at_once = max(1, NUMBERS_AT_ONCE // (len(task.levels) * numbers))
    found = []
    for start in range(0, batch, at_once):
        found.append(subspace(curve(slice(start, min(start + at_once, batch)))))
        work.progress(0, min(1.0, (start + at_once) / batch))
    curves = _joined(found)
    data = "" if task.control == "walk" or work.job.data is None else work.job.data.fingerprint
    return _sealed(ControlSpace(curves, _shapes(curves), note, data, batch))


Curve = Callable[[slice], Array]  # the control's curves (L, b, *shape) of some samples


def _gaussian(task: ControlTask, work: Work) -> tuple[Curve, str]:
    """The Gaussian of the run's data, or of those of its class."""
    job = work.job
    if job.data is None or job.asked.data is None:
        raise ValueError(job.asked.note or "The Gaussian needs the reference data of this run, which are not open.")
    chosen = classes.rows(job.data, job.asked.data)
    if chosen is None:
        gaussian = job.data.fitted(False, work.between)
    else:
        gaussian = Gaussians.fit(job.data.points[chosen], between=work.between)
    count = len(job.data) if chosen is None else len(chosen)
    note = f"mean and covariance of {count:,} data points, closed form, no evaluations. {gaussian.note}".strip()
    sigmas = job.sigmas[task.levels]
    return lambda rows: gaussian_curve(gaussian, task.x[0, rows], sigmas, work.between), note


def _optimal(task: ControlTask, work: Work) -> tuple[Curve, str]:
    """D* of the run's data, with the run's solver and levels."""
    job = work.job
    if job.exact is None:
        raise ValueError(job.asked.note or "D* needs the reference data of this run, which are not open.")

    def curve(rows: slice) -> Array:
        reached, own = [np.asarray(job.x[rows])], rows.stop - rows.start
        for step in runs.steps_of(job, job.exact, rows):
            work.between()
            work.progress(0, (rows.start + own * len(reached) / len(job.sigmas)) / task.x.shape[1])
            reached.append(np.asarray(step.x_next))
            if len(reached) > task.levels[-1]:
                break
        return np.stack(reached)[task.levels]

    return curve, f"{len(job.data or ()):,} data points, with the solver and the levels of the run"


def _walk(task: ControlTask, work: Work) -> tuple[Curve, str]:
    """Steps as long as the run's, in random directions."""
    seeds = list(work.job.settings.seeds)

    def curve(rows: slice) -> Array:
        work.between()
        return random_walk(task.x[task.levels, rows], seeds[rows])

    return curve, "steps as long as the run's, in independent directions"


MAKERS: dict[Control, Callable[[ControlTask, Work], tuple[Curve, str]]] = {
    "gaussian": _gaussian,
    "optimal": _optimal,
    "walk": _walk,
}


# ---------------------------------------------------------------- putting together


def _shapes(curves: Subspace) -> Shapes:
    return {turns: shape(curves.across, turns=turns) for turns in TURNS}


def _joined(parts: Sequence[Subspace]) -> Subspace:
    """The curves of all samples together."""
    return Subspace(
        np.concatenate([part.along for part in parts], axis=1),
        np.concatenate([part.across for part in parts], axis=1),
        np.concatenate([part.explained for part in parts]),
        np.concatenate([part.chord for part in parts]),
    )


def _together(parts: Sequence[Coordinates]) -> Coordinates:
    return Coordinates(
        _joined([part.sampling for part in parts]),
        _joined([part.denoising for part in parts]),
        np.concatenate([part.target_along for part in parts], axis=1),
        np.concatenate([part.target_across for part in parts], axis=1),
        np.concatenate([part.nearest for part in parts]),
    )


def _sealed(value: Kind) -> Kind:
    """The value, whose arrays can be written no more, because another thread will read them."""
    for array in _arrays(value):
        frozen(array)
    return value


def _arrays(value: Any) -> Iterator[Array]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _arrays(item)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _arrays(getattr(value, each.name))


ANSWERS: Answers = {SpaceRequest: space}
TASKS: Tasks = {ControlTask: control}
