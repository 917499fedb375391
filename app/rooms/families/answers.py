"""Computes Euler's errors in every family."""

from __future__ import annotations

from app.engine.context import Answers, Tasks, Work
from app.engine.contract import frozen
from app.rooms.families.messages import FamiliesTask
from geomodel import families
from geomodel.families import FamilyError


def errors(task: FamiliesTask, work: Work) -> tuple[FamilyError, ...]:
    """The errors of every family that reaches the levels. A cancel stops it within a piece of an evaluation."""
    parts = 1 + len(families.names())  # the exact curve comes first
    found = families.errors(
        work.model,
        task.x,
        task.sigmas,
        task.steps,
        labels=work.job.labels(len(task.x)),
        center=task.center,
        unit=task.unit,
        progress=lambda part, share: work.progress(0, (part + 1 + share) / parts),
    )
    for row in found:
        for values in (row.own, row.same, row.run):
            frozen(values)
    return found


ANSWERS: Answers = {}
TASKS: Tasks = {FamiliesTask: errors}
