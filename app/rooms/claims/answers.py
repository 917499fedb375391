"""Checks one claim after the other. What they share is computed once and kept."""

from __future__ import annotations

from typing import Any

from app.engine.context import Answers, Tasks, Work
from app.rooms.claims.messages import Checked, ClaimTask
from geomodel.experiments.literature import Material, each, of_job
from geomodel.origin import made_of

SHARED = "claims"  # the name under which it is kept


def check(task: ClaimTask, work: Work) -> Checked:
    """The claim of this number. A cancel stops it before the next evaluation, of D* too."""
    own = _shared(task, work)
    own.model = work.model

    def progress(number: int, fraction: float) -> None:
        work.between()
        work.progress(number, fraction)

    try:
        (claim,) = each(own, only=(task.number,), progress=progress)
    finally:
        own.model = _released  # so that a network that is closed leaves memory
    return Checked(claim, made_of(work.job.identity))


def _shared(task: ClaimTask, work: Work) -> Material:
    settings = task.settings
    asked = (settings.driver, settings.blend, settings.label, settings.guidance, settings.seed)
    key = (repr(work.job.identity), asked, task.samples)
    kept: tuple[object, Material] | None = work.kept.get(SHARED)
    if kept is None or kept[0] != key:
        kept = key, of_job(work.job, model=work.model, count=task.samples, seed=settings.seed)
        work.kept[SHARED] = kept
    return kept[1]


def _released(x: Any, sigma: Any) -> Any:
    raise AssertionError("the model of the claims is set before each of them")


ANSWERS: Answers = {}
TASKS: Tasks = {ClaimTask: check}
