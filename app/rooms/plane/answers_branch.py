"""Follows a branch: one sample of a run from another point at one of its levels, beside the same sample left alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.context import Context, Work
from app.engine.contract import frozen
from app.engine.errors import short
from app.engine.messages import DataOpened
from app.rooms.plane.messages import BranchAnswer, Branched, BranchRequest, BranchTask
from app.session.plane_options import BranchStart
from geomodel import runs
from geomodel.experiments import branch
from geomodel.projection import identity_basis
from geomodel.trajectory import Trajectory


def branch_now(request: BranchRequest, at: Context) -> BranchAnswer:
    """The branch of a drag."""
    opened = at.data.opened if at.data else None
    try:
        found = _branched(at.job, at.job.model, opened, request.run, request.start)
    except ValueError as error:
        return BranchAnswer(request=request, branched=None, message=short(error))
    return BranchAnswer(request=request, branched=found)


def branch_later(task: BranchTask, work: Work) -> Branched:
    """The branch of a network's run. A cancel stops it at the next evaluation."""
    return _branched(work.job, work.model, work.data, task.run, task.start)


def _branched(job: runs.Job, model: Any, opened: DataOpened | None, run: Trajectory, start: BranchStart) -> Branched:
    x = None
    if start.point is not None:
        plane = identity_basis(2) if opened is None else opened.plane
        x = plane.moved(run.x[start.level, start.sample], np.asarray(start.point))
    options = runs.solver_options(job.settings, job.data)
    found = branch(model, run, start.sample, start.level, x, options=options, seed=start.seed)
    return Branched(frozen(found.control.x[:, 0]), frozen(found.branch.x[:, 0]), frozen(found.distance))
