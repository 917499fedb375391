"""Makes the rows of the compare view from lanes, results and sweeps. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from app.rooms.compare.pictures import LanePicture
from app.session.lane import Lane
from geomodel import images, solvers
from geomodel.arrays import Array
from geomodel.equal_cost import cost, with_evaluations
from geomodel.experiments import Comparison, LaneResult, Sweep, SweepLine
from geomodel.number_text import fixed
from geomodel.projection import Basis
from geomodel.settings import CUSTOM, RunSettings

PINNED = "This row is a pinned run, which stays as it is."
OWN_LEVELS = "The steps are a list of levels of your own; edit it in the schedule view."
SWEPT = "A sweep has many numbers of steps; a race has one."


def waiting(lane: Lane, *, running: bool) -> LanePicture:
    """A lane without a result: what it will cost, how far it is, or why it failed."""
    settings = lane.settings
    busy = running and 0 < lane.fraction < 1
    return LanePicture(
        name=lane.name,
        hue=lane.hue,
        state="failed" if lane.failure else "running" if busy else "waiting",
        message=lane.failure,
        fraction=lane.fraction if running else 0.0,
        adaptive=solvers.row(settings.solver).adaptive,
        steps=settings.steps if settings.jump is None else settings.jump + 1,
        evaluations=cost(settings),
        asked=lane.asked,
        fixed=_fixed(lane),
    )


def done(lane: Lane, result: LaneResult, exact: Array, sample: int, basis: Basis | None, scale: float) -> LanePicture:
    """A lane with its result. exact: the reference's end (B, *shape); scale: of the difference images, 0 for none."""
    run = result.trajectory
    image = difference = None
    if scale:
        end = run.x[-1, sample]
        image, difference = images.pixels(np.stack([end, (end - exact[sample]) / scale]))
    return LanePicture(
        name=lane.name,
        hue=lane.hue,
        state="done",
        fraction=1.0,
        adaptive=solvers.row(lane.settings.solver).adaptive,
        steps=len(run.sigmas) - 1,
        evaluations=int(np.max(result.evaluations)),
        asked=lane.asked,
        fixed=_fixed(lane),
        seconds=result.seconds,
        sigmas=run.sigmas,
        evaluations_at=run.evaluations_at.reshape(len(run.sigmas), -1).max(axis=1),
        errors=result.errors,
        sampling=None if basis is None else basis.project(run.x[:, sample]),
        denoising=None if basis is None else basis.project(run.denoised[:, sample]),
        image=image,
        difference=difference,
    )


def _fixed(lane: Lane) -> str:
    if lane.run_id is not None:
        return PINNED
    return OWN_LEVELS if lane.settings.schedule == CUSTOM else ""


def difference_scale(found: Comparison, lanes: Iterable[Lane], sample: int) -> float:
    """The largest difference between the end of any lane and the reference."""
    end = found.reference[-1, sample]
    ends = (lane.result.trajectory.x[-1, sample] for lane in lanes if lane.result is not None)
    return max((float(np.abs(x - end).max()) for x in ends), default=0.0) or 1.0


def costs_at(evaluations: int, sampler: Callable[[str], RunSettings]) -> Iterator[tuple[str, str]]:
    """Each solver with what its steps cost where it gets at most so many evaluations."""
    for row in solvers.SOLVERS:
        if not row.adaptive:
            try:
                own = with_evaluations(sampler(row.name), evaluations)
            except ValueError:
                yield row.name, "too few"
            else:
                yield row.name, f"{own.steps} step{' costs' if own.steps == 1 else 's cost'} {cost(own)}"


def swept_lanes(wanted: Sequence[str], found: Sweep | None, fractions: Mapping[int, float]) -> tuple[LanePicture, ...]:
    """The solvers of a sweep in the order in which they were ticked; without a result, how far each is."""
    lines = {} if found is None else {line.solver: line for line in found.lines}
    failures = {} if found is None else found.failures
    return tuple(
        _swept(at, lines[name]) if name in lines else _not_swept(at, name, failures.get(name, ""), fractions.get(at, 0))
        for at, name in enumerate(wanted)
    )


def _swept(hue: int, line: SweepLine) -> LanePicture:
    slope = f", slope {fixed(-line.order, 2)}" if np.isfinite(line.order) else ""
    return LanePicture(
        name=f"{solvers.row(line.solver).title}{slope}",
        hue=hue,
        state="done",
        fraction=1.0,
        steps=int(line.steps[-1]),
        evaluations=int(line.evaluations[-1]),
        fixed=SWEPT,
        swept=True,
        seconds=float(line.seconds.sum()),
        evaluations_at=line.evaluations,
        errors=line.errors,
    )


def _not_swept(hue: int, name: str, why: str, fraction: float) -> LanePicture:
    return LanePicture(
        name=solvers.row(name).title,
        hue=hue,
        state="failed" if why else "running" if 0 < fraction < 1 else "waiting",
        message=why,
        fraction=fraction,
        fixed=SWEPT,
        swept=True,
    )
