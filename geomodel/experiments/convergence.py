"""Measures how the error of solvers falls with the number of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geomodel import schedules
from geomodel.arrays import Floats
from geomodel.csv_files import Row, write_rows
from geomodel.experiments.compare import Lane, run_lane
from geomodel.experiments.exact import distances, solve
from geomodel.experiments.progress import REFERENCE, Progress, watched
from geomodel.trajectory import Trajectory


@dataclass(frozen=True, slots=True, eq=False)
class Convergence:
    """Errors at the end over the number of steps.

    solvers: the names (S,); steps (N,); errors (S, N, B): ‖x − x_ref‖ at the last level, in data units; evaluations
    (S, N, B) and seconds (S, N) of each run.
    """

    solvers: tuple[str, ...]
    steps: tuple[int, ...]
    errors: Floats
    evaluations: Floats
    seconds: Floats

    @property
    def medians(self) -> Floats:
        """(S, N): the median over the samples, which a single sample near a boundary between modes does not change."""
        return np.asarray(np.median(self.errors, axis=2))

    @property
    def orders(self) -> dict[str, float]:
        """The order p of each solver in error ≈ C steps^(−p): see `fitted_order`."""
        return {name: fitted_order(self.steps, row) for name, row in zip(self.solvers, self.medians, strict=True)}

    def rows(self) -> list[Row]:
        """A tidy table: one row for each solver, number of steps and sample, with the solver's fitted order."""
        orders = self.orders
        return [
            {
                "solver": name,
                "steps": steps,
                "sample": sample,
                "error": float(self.errors[i, j, sample]),
                "evaluations": int(self.evaluations[i, j, sample]),
                "seconds": float(self.seconds[i, j]),
                "fitted_order": orders[name],
            }
            for i, name in enumerate(self.solvers)
            for j, steps in enumerate(self.steps)
            for sample in range(self.errors.shape[2])
        ]

    def write_csv(self, path: str | Path) -> None:
        """`rows` as a CSV file."""
        write_rows(self.rows(), path)


def convergence(
    model: Any,
    x: Any,
    solvers: Sequence[str] | Mapping[str, Mapping[str, Any]],
    steps: Sequence[int],
    *,
    schedule: str = "karras",
    labels: Any = None,
    noise: Any = None,
    reference: str | Trajectory | None = None,
    progress: Progress | None = None,
    **levels: Any,
) -> Convergence:
    """Run every solver with every number of steps over one kind of schedule, and measure the error at its end.

    model, x, labels, noise, reference, progress: as in `compare`; the lanes are numbered solver by solver. solvers:
    names, or names with their options. levels: keywords of `geomodel.schedules.build` (sigma_min, sigma_max, rho,
    final_zero, …); x belongs to sigma_max. A reference trajectory needs the first and the last level only.
    ValueError: no solvers or fewer than two different numbers of steps.
    """
    chosen = dict(solvers) if isinstance(solvers, Mapping) else {name: {} for name in solvers}
    counts = tuple(sorted(set(steps)))
    if not chosen or len(counts) < 2:
        raise ValueError("A convergence needs at least one solver and two different numbers of steps.")
    grids = {count: schedules.build(schedule, steps=count, **levels) for count in counts}
    ends = grids[counts[-1]][[0, -1]]
    exact = solve(watched(model, ends, REFERENCE, progress), x, ends, labels=labels, reference=reference)[-1]
    shape = (len(chosen), len(counts))
    errors, evaluations = np.empty((2, *shape, len(exact)))
    seconds = np.empty(shape)
    for i, (name, options) in enumerate(chosen.items()):
        for j, (count, sigmas) in enumerate(grids.items()):
            index = i * len(counts) + j
            lane = Lane(f"{name} {count}", name, sigmas, options)
            run, seconds[i, j] = run_lane(watched(model, sigmas, index, progress), x, lane, labels=labels, noise=noise)
            errors[i, j], evaluations[i, j] = distances(run.x[-1:], exact)[0], run.evaluations
            if progress is not None:
                progress(index, 1.0)
    return Convergence(tuple(chosen), counts, errors, evaluations, seconds)


def fitted_order(steps: Sequence[int], errors: Floats) -> float:
    """p of the least squares line log error = log C − p log steps; NaN unless two errors are finite and above 0."""
    values = np.asarray(errors, np.float64)
    known = np.isfinite(values) & (values > 0)
    if known.sum() < 2:
        return float("nan")
    return float(-np.polyfit(np.log(np.asarray(steps)[known]), np.log(values[known]), 1)[0])
