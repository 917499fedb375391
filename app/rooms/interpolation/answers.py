"""Runs from interpolated latents."""

from __future__ import annotations

from math import prod

import numpy as np

from app.engine.context import Answers, Tasks, Work
from app.engine.contract import frozen
from app.rooms.interpolation.messages import Interpolation, InterpolationTask
from geomodel import images, memory, runs
from geomodel.arrays import Array
from geomodel.experiments.interpolation import interpolate
from geomodel.projection import Basis, basis_name, identity_basis, principal_components
from geomodel.settings import record_bytes

AMOUNTS = {"images": 11, "points": 41}  # points are cheap, and their traces should be smooth
WAYS = 3


def interpolated(task: InterpolationTask, work: Work) -> Interpolation:
    """Three ways between two latents and where they lead. ValueError with a sentence where there is no answer."""
    from geomodel.randomness import noise

    job, settings = work.job, work.job.settings
    shape = tuple(job.x.shape[1:])
    kind = "images" if len(shape) == 3 else "points"
    amounts = np.linspace(0.0, 1.0, AMOUNTS[kind])
    need = record_bytes(WAYS * len(amounts), len(job.schedule) - 1, prod(shape), 8)
    if need > (budget := memory.budget()):
        raise ValueError(
            f"The runs would take {memory.text(need)}; at most {memory.text(budget)} are used. Lower steps."
        )
    first, second = noise(list(task.seeds), shape, 1.0).numpy()
    compared = job.optimal if job.asked.data is not None else None
    found = interpolate(
        work.model,
        first,
        second,
        amounts,
        job.schedule,
        solver=settings.solver,
        options=runs.solver_options(settings, job.data),
        jump_at=settings.jump,
        center=job.center,
        mean=None if job.data is None else job.data.mean,
        labels=None if settings.label < 0 else settings.label,
        optimal=compared,
        data_labels=None if job.asked.data is None or job.asked.data < 0 else job.asked.data,
        progress=work.progress,
    )
    shown, drawn, plane = None, None, None
    if kind == "images" and shape[0] in (1, 3):
        pixels = images.pixels(found.ends.reshape(-1, *shape))
        shown = frozen(pixels.reshape(WAYS, len(amounts), *pixels.shape[1:]))
    else:
        plane = _plane(work, found.ends)
        drawn = frozen(plane.project(found.ends))
    return Interpolation(
        amounts=frozen(found.amounts),
        norms=frozen(found.norms),
        away=frozen(found.away),
        nearest=frozen(found.nearest),
        dimension=prod(shape),
        images=shown,
        points=drawn,
        data=None if work.data is None else work.data.plane_points,
        plane="" if plane is None or plane.whole else basis_name(plane),
    )


def _plane(work: Work, ends: Array) -> Basis:
    """The plane of the data; where there are none, that of the points themselves or of the ends."""
    if work.data is not None:
        basis: Basis = work.data.plane
        return basis
    shape = ends.shape[2:]
    if shape == (2,):
        return identity_basis(2)
    flat = ends.reshape(-1, *shape)
    return principal_components(flat[np.isfinite(flat.reshape(len(flat), -1)).all(axis=1)])


ANSWERS: Answers = {}
TASKS: Tasks = {InterpolationTask: interpolated}
