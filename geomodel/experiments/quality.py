"""How good x and D are over σ, and whether a run that jumps to D early ends better at the same cost (ODE-Jump)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel import schedules, solvers
from geomodel.arrays import Array, Floats, plain
from geomodel.csv_files import write_table
from geomodel.experiments.exact import distances
from geomodel.experiments.progress import Progress, watched
from geomodel.formulas import Levels
from geomodel.hooks import Between, nothing
from geomodel.quality import QUALITIES, Quality, Yardstick, curves
from geomodel.trajectory import Trajectory

NO_D = "Undefined here because D was not evaluated at this level."


@dataclass(frozen=True, slots=True, eq=False)
class QualityOverSigma:
    """Quality of x and of D along a run, beside that of held-out data.

    sigmas (L,); x and denoised: one `Quality` a level, in `denoised` NaN where D was not evaluated; yardstick: what
    they were measured with, whose `control` is what perfect samples would have. x carries its noise: at σ it is σ√d
    away from any data, so its distances say nothing about what a sampler would do with it.
    """

    sigmas: Levels
    x: tuple[Quality, ...]
    denoised: tuple[Quality, ...]
    yardstick: Yardstick

    def curve(self, name: str, of: str) -> Floats:
        """One number of `QUALITIES` over the levels, (L,), of "x" or "denoised"."""
        return curves(list(getattr(self, of)))[name]


def quality_over_sigma(
    run: Trajectory, data: Any, *, seed: int = 0, progress: Progress | None = None, between: Between = nothing
) -> QualityOverSigma:
    """The quality of x_n and of D(x_n; σ_n) at every level of a run, each against the data.

    run: its B samples are the cloud, so that B should be some hundreds; a claim takes 2,000 or more. data: a data set,
    or points (N, *shape); or a `Yardstick` that is already made, and then `seed`, which parts the data, is not used.
    progress(0, share of the levels) is called before each level, and `between` several times a second; an exception
    from either cancels. Raises ValueError where
    the data have another shape than the samples or there are none.
    """
    yardstick = yardstick_of(data, run.x.shape[1], seed)
    found: dict[str, list[Quality]] = {"x": [], "denoised": []}
    for level in range(len(run.sigmas)):
        if progress is not None:
            progress(0, level / len(run.sigmas))
        denoised = run.denoised[level] if level < len(run.denoised) else run.final_denoised
        there = denoised is not None and not np.isnan(denoised).all()
        found["x"].append(yardstick.measure(run.x[level], between))
        found["denoised"].append(yardstick.measure(denoised, between) if there else Quality(note=NO_D))
    return QualityOverSigma(run.sigmas, tuple(found["x"]), tuple(found["denoised"]), yardstick)


@dataclass(frozen=True, slots=True, eq=False)
class Jump:
    """Ends of runs that jump to D at different levels, all with the same number of evaluations.

    jump_sigmas (J,), descending: the last is the run that goes farthest before it jumps; qualities: one a level; ends
    (J, B, *shape): D at the jump; sigmas: the noise levels of each run, 0 last; evaluations: of each run; errors
    (J, B): the distance of each end to the reference's, None where there is none; yardstick: has the control.
    """

    jump_sigmas: Floats
    qualities: tuple[Quality, ...]
    ends: Array
    sigmas: tuple[Levels, ...]
    evaluations: int
    errors: Floats | None
    yardstick: Yardstick

    def curve(self, name: str) -> Floats:
        """One number of `QUALITIES` over the jump levels, (J,)."""
        return curves(list(self.qualities))[name]


def jump(
    model: Any,
    x: Any,
    data: Any,
    *,
    solver: str = "euler",
    evaluations: int = 6,
    jump_sigmas: ArrayLike,
    sigma_max: float,
    rho: float = 7.0,
    options: Mapping[str, Any] | None = None,
    labels: Any = None,
    reference: Trajectory | ArrayLike | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    between: Between = nothing,
) -> Jump:
    """ODE-Jump at equal cost: k − 1 steps from σ_max to each σ_jump, then D there, which is the k-th evaluation.

    A run that ends early spends its evaluations on a shorter way, so its steps are finer; but it ends with D, which is
    under-dispersed and blurred at large σ. The fair opponent of a jump is therefore the run with as many evaluations
    that goes to σ_min, the smallest of `jump_sigmas`, and never x at the same σ, which is still noisy.

    model: any denoiser; x (B, *shape) at sigma_max; data, seed: as in `quality_over_sigma`; solver: one with one
    evaluation a step and no noise, with its options; evaluations: k, at least 2; jump_sigmas: levels between 0 and
    sigma_max, in any order; rho: of the Karras levels between; labels: (B,) or None; reference: an accurate run from
    the same x, or its ends (B, *shape), to which the distance of each end is measured. progress(index of the jump, its
    share done) is called before every evaluation and when a jump is measured, and `between` several times a second
    while it is; an exception from either cancels.

    Raises ValueError where the solver takes another number of evaluations a step or draws noise, where a level is not
    between 0 and sigma_max, k < 2 or shapes differ; and what `geomodel.sample` raises.
    Source: A Geometric Perspective on Diffusion Models, arXiv 2305.19947, ODE-Jump.
    """
    _check_solver(solver)
    levels = _jump_levels(jump_sigmas, sigma_max)
    if evaluations < 2:
        raise ValueError(f"A run that jumps takes at least 2 evaluations, a step and the jump; got {evaluations}.")
    yardstick = yardstick_of(data, len(x), seed)
    schedules_of = tuple(
        schedules.karras(evaluations, sigma_min=float(low), sigma_max=sigma_max, rho=rho, final_zero=True)
        for low in levels
    )
    found, qualities = [], []
    for index, sigmas in enumerate(schedules_of):
        found.append(_end(watched(model, sigmas, index, progress), x, sigmas, solver, dict(options or {}), labels))
        qualities.append(yardstick.measure(found[-1], between))
        if progress is not None:
            progress(index, 1.0)
    ends = np.stack(found)
    goal = None if reference is None else _ends_of(reference, ends.shape[1:])
    return Jump(
        jump_sigmas=levels,
        qualities=tuple(qualities),
        ends=ends,
        sigmas=schedules_of,
        evaluations=evaluations,
        errors=None if goal is None else distances(ends, goal),
        yardstick=yardstick,
    )


def jump_levels(sigma_min: float, sigma_max: float, scale: float, count: int = 8) -> Floats:
    """Levels (count,) at which a run may jump, evenly spread in log σ, the largest first and σ_min the last.

    scale: of the data. Beyond three times of it D is hardly more than their mean, so the largest level is 3 · scale, or
    half of σ_max where that is less. Where that is not above σ_min, there is only σ_min.
    """
    highest = min(3 * scale, sigma_max / 2)
    if not highest > sigma_min or count < 2:
        return np.array([sigma_min])
    levels = np.geomspace(highest, sigma_min, count)
    levels[-1] = sigma_min
    return np.asarray(levels)


QualityLine = tuple[str, float, Quality]  # of which cloud, at which σ (NaN for the control), its numbers


def write_qualities(lines: Iterable[QualityLine], path: str | Path) -> None:
    """Clouds and their numbers as a CSV file: one row for each cloud and level."""
    header = ("cloud", "sigma", "count", *(row.name for row in QUALITIES), "note")
    rows = (
        (cloud, sigma, found.count, *(getattr(found, row.name) for row in QUALITIES), found.note)
        for cloud, sigma, found in lines
    )
    write_table(header, rows, path)


def yardstick_of(data: Any, count: int, seed: int) -> Yardstick:
    """A yardstick as it is, or one made from a data set or points with `count` held-out points."""
    if isinstance(data, Yardstick):
        return data
    points = getattr(data, "points", data)
    return Yardstick.of(points if hasattr(points, "shape") else np.asarray(points), count, seed=seed)


def one_evaluation_solvers() -> tuple[str, ...]:
    """The solvers that `jump` takes: one evaluation a step and no noise."""
    return tuple(row.name for row in solvers.SOLVERS if row.evaluations == 1 and not row.stochastic)


def _check_solver(solver: str) -> None:
    allowed = one_evaluation_solvers()
    if solvers.row(solver).name not in allowed:
        raise ValueError(
            f"A jump at equal cost needs a solver with one evaluation a step and no noise ({', '.join(allowed)}); "
            f"got {solver}."
        )


def _jump_levels(jump_sigmas: ArrayLike, sigma_max: float) -> Floats:
    levels = np.atleast_1d(np.asarray(plain(jump_sigmas), np.float64))
    if levels.ndim != 1 or not len(levels) or not ((levels > 0) & (levels < sigma_max)).all():
        raise ValueError(f"A run jumps at levels above 0 and below σ max = {sigma_max:g}; got {levels.tolist()}.")
    return np.unique(levels)[::-1].copy()


def _end(model: Any, x: Any, sigmas: Levels, solver: str, options: dict[str, Any], labels: Any) -> Array:
    from geomodel.sampling import sample

    run = sample(model, x, sigmas, solver=solver, labels=labels, display="off", record="float64", **options)
    if run.evaluations != len(sigmas) - 1:
        raise ValueError("An analytic first step saves an evaluation; leave it out, so that every run costs the same.")
    return np.asarray(run.x[-1])


def _ends_of(reference: Trajectory | ArrayLike, shape: Sequence[int]) -> Floats:
    ends = np.asarray(plain(reference.x[-1] if isinstance(reference, Trajectory) else reference), np.float64)
    if ends.shape != tuple(shape):
        raise ValueError(f"The reference ends with {ends.shape}; the runs end with {tuple(shape)}.")
    return ends
