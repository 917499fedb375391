"""Measures how far solvers end from the ODE's end over the number of evaluations that they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel import runs, schedules
from geomodel import solvers as table
from geomodel.arrays import Floats, Integers
from geomodel.csv_files import Row, write_rows
from geomodel.experiments.compare import Lane, run_lane
from geomodel.experiments.convergence import fitted_order
from geomodel.experiments.exact import distances, solve
from geomodel.experiments.progress import REFERENCE, Failures, Progress, stopping, surviving, watched
from geomodel.formulas import Levels
from geomodel.settings import CUSTOM, RunSettings
from geomodel.trajectory import Trajectory

if TYPE_CHECKING:
    from geomodel.job import Job


def spread(first: int, last: int, most: int = 10) -> tuple[int, ...]:
    """At most so many whole numbers from first to last, about even in their logarithm."""
    if not 1 <= first <= last:
        raise ValueError(f"A sweep goes up from 1 evaluation or more; got {first} to {last}.")
    return tuple(sorted({int(count) for count in np.rint(np.geomspace(first, last, most))}))


EVALUATIONS = spread(5, 40)


@dataclass(frozen=True, slots=True, eq=False)
class SweepLine:
    """The ends of one solver.

    steps, evaluations and seconds (N,): of each of its runs, which are fewer than the numbers that were asked for where
    several of them buy as many steps; errors (N, B): ‖x − x_ref‖ at the last level, in data units.
    """

    solver: str
    options: Mapping[str, Any]
    steps: Integers
    evaluations: Integers
    errors: Floats
    seconds: Floats

    @property
    def medians(self) -> Floats:
        """(N,): the median over the samples."""
        return np.asarray(np.median(self.errors, axis=1))

    @property
    def order(self) -> float:
        """p of the least squares line log median = log C − p log evaluations; NaN where fewer than two are above 0."""
        return fitted_order(self.evaluations.tolist(), self.medians)


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """A line for each solver. failures: why each solver that is missing failed, by its name."""

    lines: tuple[SweepLine, ...]
    failures: Mapping[str, str]

    def rows(self) -> list[Row]:
        """A tidy table: one row for each solver, run and sample."""
        return [
            {
                "solver": line.solver,
                "steps": int(line.steps[at]),
                "evaluations": int(line.evaluations[at]),
                "sample": sample,
                "error": float(error),
                "seconds": float(line.seconds[at]),
            }
            for line in self.lines
            for at, errors in enumerate(line.errors)
            for sample, error in enumerate(errors)
        ]

    def write_csv(self, path: str | Path) -> None:
        """`rows` as a CSV file."""
        write_rows(self.rows(), path)


def sweep(
    model: Any,
    x: Any,
    solvers: Sequence[str] | Mapping[str, Mapping[str, Any]],
    evaluations: Sequence[int] = EVALUATIONS,
    *,
    schedule: str = "karras",
    labels: Any = None,
    noise: Any = None,
    reference: str | Trajectory | None = None,
    failures: Failures = "raise",
    progress: Progress | None = None,
    **levels: Any,
) -> Sweep:
    """Run every solver with as many steps as each number of evaluations buys, and measure the error at the end.

    A rule that takes k evaluations in a step makes N = ⌊n/k⌋ steps with n evaluations; with a last step to 0, which
    costs 1, N = 1 + ⌊(n − 1)/k⌋ (`geomodel.solvers.steps_within`). So no run costs more than it is given, some cost
    less, and `SweepLine.evaluations` says what each costs. Error: ‖x_N − x_ref‖, x_ref the ODE's end from the same x.
    With a rule of order p, log error falls by p for each unit of log n once n is large.

    model, x (B, *shape) at sigma_max, labels, reference: as in `compare`. solvers: names, or names with their options;
    none that chooses its own steps. evaluations: of D, any order. schedule: its name; levels: keywords of
    `geomodel.schedules.build` (sigma_min, sigma_max, rho, final_zero, …). noise: for stochastic solvers, whose “error”
    is the distance to the ODE's end. A number that buys no step is left out, and a solver that no number buys a step
    fails. failures: with "keep" a solver that fails leaves the others, and `Sweep.failures` says why. progress(index of
    the solver, its share done) is called before every evaluation and at the end of each solver, with index −1 for the
    reference; an exception from it cancels.

    Raises ValueError where there is no solver or no number, or for a solver that has no known cost; and what
    `geomodel.sample` raises. Source of comparing at equal evaluations: Karras et al. 2022 (2206.00364), figure 2.
    """
    chosen = dict(solvers) if isinstance(solvers, Mapping) else {name: {} for name in solvers}
    counts = sorted({int(count) for count in evaluations})
    if not chosen or not counts:
        raise ValueError("A sweep needs at least one solver and one number of evaluations.")
    failed: dict[str, str] = {}
    lanes: dict[str, list[Lane]] = {}
    for name, options in chosen.items():
        with surviving(failed, name, failures):
            lanes[name] = _lanes(name, options, counts, schedule, levels)
    if not lanes:
        raise ValueError(next(iter(failed.values())))
    told = stopping(progress)
    ends = _ends(max((own[-1].levels for own in lanes.values()), key=len))
    exact = solve(watched(model, ends, REFERENCE, told), x, ends, labels=labels, reference=reference)[-1]
    lines, more = [], {"labels": labels, "noise": noise}
    for index, name in enumerate(chosen):
        if name in lanes:
            with surviving(failed, name, failures, told):
                lines.append(_line(model, x, lanes[name], index, exact, told, more))
        if told is not None:
            told(index, 1.0)
    return Sweep(tuple(lines), failed)


def sweep_of(
    job: Job, solvers: Mapping[str, Mapping[str, Any]], evaluations: Sequence[int] = EVALUATIONS, **more: Any
) -> Sweep:
    """The sweep of a job's denoiser from its noise, between the ends of its levels and by its schedule.

    A list of levels has no other number of steps, so that Karras levels stand in for it. more: model (the job's where
    it is left out), failures and progress, as in `sweep`. `geomodel.runs.prepare` makes a job.
    """
    settings = job.settings
    name = "karras" if settings.schedule == CUSTOM else settings.schedule
    rho = RunSettings().rho if settings.schedule == CUSTOM else settings.rho
    own: dict[str, Any] = {option.name: rho for option in schedules.row(name).options}
    return sweep(
        more.pop("model", job.model),
        job.x,
        {
            solver: runs.solver_options(replace(settings, solver=solver, options=dict(options)), job.data)
            for solver, options in solvers.items()
        },
        evaluations,
        schedule=name,
        labels=job.labels(len(job.x)),
        noise=runs.noise_of(job),
        sigma_min=settings.sigma_min,
        sigma_max=settings.sigma_max,
        final_zero=settings.final_zero,
        **own,
        **more,
    )


def _lanes(
    name: str, options: Mapping[str, Any], counts: Sequence[int], schedule: str, levels: dict[str, Any]
) -> list[Lane]:
    """A lane for each number of steps that the counts buy."""
    row, zero = table.row(name), bool(levels.get("final_zero", False))
    given = table.complete(name, dict(options))
    least = table.evaluations(row, 1, final_zero=zero, options=given)
    enough = [count for count in counts if count >= max(least, 1)] or [counts[-1]]  # which says why it is too few
    steps = sorted({table.steps_within(row, count, final_zero=zero, options=given) for count in enough})
    return [Lane(f"{name} {n}", name, schedules.build(schedule, steps=n, **levels), options) for n in steps]


def _ends(sigmas: Levels) -> Levels:
    """The levels that decide the reference. Before a jump to 0 it needs the level that it jumps from."""
    return sigmas[[0, -1]] if sigmas[-1] or len(sigmas) < 3 else sigmas[[0, -2, -1]]


def _line(
    model: Any,
    x: Any,
    lanes: Sequence[Lane],
    index: int,
    exact: Floats,
    progress: Progress | None,
    more: dict[str, Any],
) -> SweepLine:
    sizes = [len(lane.levels) - 1 for lane in lanes]
    errors, spent, seconds = [], [], []
    for at, lane in enumerate(lanes):
        own = None if progress is None else partial(_report, progress, index, sum(sizes[:at]), sizes[at], sum(sizes))
        run, took = run_lane(watched(model, lane.levels, index, own), x, lane, **more)
        errors.append(distances(run.x[-1:], exact)[0])
        spent.append(int(np.max(run.evaluations)))
        seconds.append(took)
    return SweepLine(
        solver=lanes[0].solver,
        options=lanes[0].options,
        steps=np.array(sizes),
        evaluations=np.array(spent),
        errors=np.stack(errors),
        seconds=np.array(seconds),
    )


def _report(progress: Progress, index: int, before: int, own: int, steps: int, _: int, fraction: float) -> None:
    """The share of a solver's work that is done, whose runs count by their steps."""
    progress(index, (before + own * fraction) / steps)
