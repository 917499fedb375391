"""Runs the race of solvers from the same noise, and sweeps them over numbers of evaluations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod

from app.engine.context import Answers, Tasks, Work
from app.rooms.compare.messages import Raced, RaceTask, SweepTask, Swept
from geomodel import memory, runs
from geomodel.experiments import Lane, compare, lane_of, sweep_of
from geomodel.origin import made_of
from geomodel.settings import record_bytes


def race(task: RaceTask, work: Work) -> Raced:
    """The comparison, without the lanes that fail. Raises ValueError if it would not fit into memory or if no lane can
    run.
    """
    job, model = work.job, work.model
    _check_memory(work, "race", [own.steps for _, own in task.lanes])
    lanes: list[Lane] = []
    failures: dict[str, str] = {}
    for name, own in task.lanes:
        try:
            lanes.append(lane_of(name, own, job))
        except (ValueError, TypeError) as error:
            failures[name] = str(error)
    if not lanes and failures:
        raise ValueError(next(iter(failures.values())))
    labels, noise = job.labels(len(job.x)), runs.noise_of(job)
    found = compare(
        model, job.x, lanes, labels=labels, noise=noise, failures="keep", progress=_numbered(task, lanes, work)
    )
    whole = replace(found, failures={**failures, **found.failures})
    return Raced(whole, work.data, made_of(job.identity))


def _numbered(task: RaceTask, lanes: list[Lane], work: Work) -> Callable[[int, float], None]:
    """Reports by the places of the lanes in the task, of which some may be missing."""
    names = [name for name, _ in task.lanes]
    places = [names.index(lane.name) for lane in lanes]
    return lambda lane, fraction: work.progress(lane if lane < 0 else places[lane], fraction)


def swept(task: SweepTask, work: Work) -> Swept:
    """The ends of the solvers, without those that fail. Raises ValueError like `race`."""
    _check_memory(work, "sweep", [max(task.evaluations)])  # one run at a time
    found = sweep_of(
        work.job,
        dict(task.solvers),
        task.evaluations,
        model=work.model,
        failures="keep",
        progress=work.progress,
    )
    return Swept(found, made_of(work.job.identity))


def _check_memory(work: Work, what: str, steps: Sequence[int]) -> None:
    """ValueError if runs of so many steps, all kept at once, would not fit."""
    x = work.job.x
    need = sum(record_bytes(len(x), own, 2 * prod(x.shape[1:]), 8) for own in steps)
    if need > (budget := memory.budget()):
        raise ValueError(f"The {what} would take {memory.text(need)}; at most {memory.text(budget)} are used.")


ANSWERS: Answers = {}
TASKS: Tasks = {RaceTask: race, SweepTask: swept}
