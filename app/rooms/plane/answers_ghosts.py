"""Follows the noise of one sample by another denoiser of the data, or without the solver's error."""

from __future__ import annotations

from app.engine.context import Work
from app.engine.contract import frozen
from app.rooms.plane.messages import GhostTask
from geomodel.arrays import Array
from geomodel.experiments.ghosts import ghost


def ghost_later(task: GhostTask, work: Work) -> Array:
    """The ghost's x. Raises ValueError with a sentence where there cannot be one."""
    return frozen(ghost(work.job, task.kind, task.sample, model=work.model, between=work.between))
