"""Runs the race of solvers from the same noise."""

from __future__ import annotations

from math import prod

from app.engine.context import Answers, Tasks, Work
from app.rooms.compare.messages import Raced, RaceTask
from geomodel import memory, runs
from geomodel.experiments import compare, lane_of
from geomodel.origin import made_of
from geomodel.settings import record_bytes


def race(task: RaceTask, work: Work) -> Raced:
    """The comparison. Raises ValueError if it would not fit into memory, or if the levels of a lane do not descend."""
    job, model = work.job, work.model
    numbers = prod(job.x.shape[1:])
    need = sum(record_bytes(len(job.x), own.steps, 2 * numbers, 8) for _, own in task.lanes)
    if need > (budget := memory.physical() // 4):
        raise ValueError(f"The race would take {memory.text(need)}; at most {memory.text(budget)} are used.")
    lanes = [lane_of(name, own, job) for name, own in task.lanes]
    labels, noise = job.labels(len(job.x)), runs.noise_of(job)
    found = compare(model, job.x, lanes, labels=labels, noise=noise, progress=work.progress)
    return Raced(found, work.data, made_of(job.identity))


ANSWERS: Answers = {}
TASKS: Tasks = {RaceTask: race}
