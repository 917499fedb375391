"""Runs many solvers and schedules from the same noise and compares them with one reference trajectory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from geomodel import runs, schedules, solvers
from geomodel.arrays import Floats, Integers
from geomodel.csv_files import Row, write_rows
from geomodel.experiments.exact import distances, solve
from geomodel.experiments.progress import REFERENCE, Failures, Progress, stopping, surviving, watched
from geomodel.formulas import Levels
from geomodel.settings import CUSTOM, RunSettings
from geomodel.trajectory import Trajectory

if TYPE_CHECKING:
    from geomodel.job import Job


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One way to sample: a solver with its options over noise levels, with a name of its own, and its jump to D."""

    name: str
    solver: str
    sigmas: ArrayLike
    options: Mapping[str, Any] = field(default_factory=dict)
    jump_at: int | None = None

    @property
    def levels(self) -> Levels:
        """The checked noise levels of the lane's run."""
        return schedules.with_jump(schedules.custom(self.sigmas), self.jump_at)


def lane_of(name: str, settings: RunSettings, job: Job) -> Lane:
    """The sampler of the settings as a lane that starts where the job does: at its first level.

    `geomodel.runs.prepare` makes a job; its denoiser and its noise, job.model and job.x, are what all lanes share.
    """
    start = float(job.sigmas[0])
    if settings.schedule == CUSTOM:
        settings = replace(settings, levels=(start, *(level for level in settings.levels if level < start)))
    levels = runs.whole_schedule(replace(settings, sigma_max=start))
    return Lane(name, settings.solver, levels, runs.solver_options(settings, job.data), settings.jump)


@dataclass(frozen=True, slots=True, eq=False)
class LaneResult:
    """The result of a lane.

    errors (levels, B): ‖x − x_ref‖ at the lane's own levels, in data units, row 0 zero. seconds: the run's wall time,
    `progress` included.
    """

    lane: Lane
    trajectory: Trajectory
    errors: Floats
    seconds: float

    @property
    def final_errors(self) -> Floats:
        """(B,): the error at the lane's last level."""
        return np.asarray(self.errors[-1])

    @property
    def evaluations(self) -> Integers:
        """(B,): the evaluations for each sample."""
        return np.broadcast_to(np.asarray(self.trajectory.evaluations, np.int64), self.errors.shape[1:])


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All lanes beside the reference: sigmas (L,) is the union of their levels, reference (L, B, *shape) x there.

    failures: why each lane that is missing failed, by its name.
    """

    sigmas: Levels
    reference: Floats
    lanes: tuple[LaneResult, ...]
    failures: Mapping[str, str] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """A tidy table: one row for each lane, level and sample."""
        return [row for result in self.lanes for row in _rows(result)]

    def write_csv(self, path: str | Path) -> None:
        """`rows` as a CSV file."""
        write_rows(self.rows(), path)


def compare(
    model: Any,
    x: Any,
    lanes: Sequence[Lane],
    *,
    labels: Any = None,
    noise: Any = None,
    reference: str | Trajectory | None = None,
    failures: Failures = "raise",
    progress: Progress | None = None,
    display: Literal["exact", "off"] = "off",
) -> Comparison:
    """Run every lane from the same x and measure its distance to the ODE's own trajectory, sample by sample.

    error_n = ‖x_n − x_ref(σ_n)‖ at each of the lane's levels; x_ref is solved once at the union of all of them.

    model, x, labels, display: as in `geomodel.sample`, x (B, *shape) at the level where all lanes start. lanes: with
    different names, see `Lane`. noise: for stochastic solvers, whose "error" is their distance to the ODE's
    trajectory. reference: a solver, a trajectory that has all the levels, or None for dop853. An adaptive solver runs
    with tolerances of 10⁻¹⁰ (10⁻⁶ for networks), see `exact.solve`, and calls `model` with sigma (B,); another one
    takes sub-steps of 1/32 in log σ. A level 0 is approached to 10⁻⁴ of the level before it. failures: with "keep" a
    lane that fails leaves the others, and `Comparison.failures` says why. progress(lane index, fraction) is called
    before every evaluation and at the end of each lane, with index −1 for the reference, which comes first; an
    exception from it cancels.

    Raises ValueError where there is no lane, two lanes have the same name, or they start at different levels; and what
    `geomodel.sample` raises for the reference and, unless failures are kept, for a lane.
    """
    failed: dict[str, str] = {}
    levels, told = _checked(lanes, failed, failures), stopping(progress)
    union = np.unique(np.concatenate(list(levels.values())))[::-1].copy()
    exact = solve(watched(model, union, REFERENCE, told), x, union, labels=labels, reference=reference)
    results = []
    for index, lane in enumerate(lanes):
        if lane.name in levels:
            sigmas = levels[lane.name]
            own = watched(model, sigmas, index, told)
            with surviving(failed, lane.name, failures, told):
                run, seconds = run_lane(own, x, lane, labels=labels, noise=noise, display=display)
                results.append(LaneResult(lane, run, distances(run.x, exact[np.isin(union, sigmas)]), seconds))
        if told is not None:
            told(index, 1.0)
    return Comparison(union, exact, tuple(results), failed)


def run_lane(
    model: Any, x: Any, lane: Lane, *, labels: Any = None, noise: Any = None, display: Literal["exact", "off"] = "off"
) -> tuple[Trajectory, float]:
    """The lane's trajectory, in float64, and the seconds it took."""
    from geomodel.sampling import sample

    drawn = {"noise": noise} if solvers.row(lane.solver).stochastic else {}
    start = perf_counter()
    run = sample(
        model,
        x,
        lane.sigmas,
        solver=lane.solver,
        labels=labels,
        display=display,
        record="float64",
        jump_at=lane.jump_at,
        **drawn,
        **lane.options,
    )
    return run, perf_counter() - start


def _checked(lanes: Sequence[Lane], failed: dict[str, str], failures: Failures) -> dict[str, Levels]:
    """The levels of each lane that can run, by its name."""
    if not lanes:
        raise ValueError("There is nothing to compare: give at least one lane.")
    names = [lane.name for lane in lanes]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Two lanes are called {', '.join(twice)}; give each its own name.")
    levels: dict[str, Levels] = {}
    for lane in lanes:
        with surviving(failed, lane.name, failures):
            found = lane.levels
            solvers.complete(lane.solver, dict(lane.options))
            levels[lane.name] = found
    if not levels:
        raise ValueError(next(iter(failed.values())))
    if len(starts := sorted({float(sigmas[0]) for sigmas in levels.values()})) > 1:
        raise ValueError(f"All lanes start at the same x and σ; here they start at {', '.join(map(str, starts))}.")
    return levels


def _rows(result: LaneResult) -> list[Row]:
    run, batch = result.trajectory, result.errors.shape[1]
    spent = np.broadcast_to(run.evaluations_at.reshape(len(run.sigmas), -1), (len(run.sigmas), batch))
    return [
        {
            "lane": result.lane.name,
            "solver": result.lane.solver,
            "level": level,
            "sigma": sigma,
            "sample": sample,
            "error": float(result.errors[level, sample]),
            "evaluations": int(spent[level, sample]),
            "seconds": result.seconds,
        }
        for level, sigma in enumerate(run.sigmas.tolist())
        for sample in range(batch)
    ]
