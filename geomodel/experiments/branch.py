"""Branches of a run: one sample moved at one level and followed from there, beside the same sample left alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel import solvers
from geomodel.arrays import Array, Floats, plain
from geomodel.experiments.exact import distances
from geomodel.formulas import Levels, custom
from geomodel.options import INFINITE
from geomodel.record import Record
from geomodel.settings import from_json
from geomodel.trajectory import Combination, Step, Trajectory

if TYPE_CHECKING:
    from torch import Tensor

FIRST_STEP = "analytic_first_step"  # holds at a run's own start alone, so no branch takes it


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """Two runs of one sample over the last levels of a run, as `branch` computes them.

    control, branch: trajectories of one sample, x (L − level, 1, *shape). sample, level: where they begin in the run.
    """

    control: Trajectory
    branch: Trajectory
    sample: int
    level: int

    @property
    def distance(self) -> Floats:
        """‖x_branch − x_control‖ at each level from the branch on, (L − level,), in data units."""
        return distances(self.branch.x, self.control.x)[:, 0]


def branch(
    model: Any,
    run: Trajectory,
    sample: int,
    level: int,
    x: ArrayLike | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Branch:
    """Follows one sample of a run from another point x at one of its levels, and from its own point as the control.

    Both take the run's solver over the run's remaining levels. Both begin without the evaluations of earlier steps, so
    that a multistep solver starts again at order 1; the difference of the two is then the effect of x alone. For a
    solver without memory the control is the run's own tail, bit for bit where the run was recorded in float64. A
    stochastic solver draws both from the Brownian path of the sample's seed, which is the one that the run saw. An
    analytic first step is left out, because it holds at the run's own start alone.

    Args:
        model: the denoiser that moved the run, called as `geomodel.sample` calls it, with the sample's own label.
        run: of `geomodel.sample` or of the program; it says which solver, levels and seeds it had.
        sample, level: the index of the sample, and of a level that has a step after it.
        x: (*shape), the point at that level from which the branch begins. None renoises: x = D + σz, with D of the
            sample at this level and z ~ N(0, I) of `seed`.
        options: the solver's options; None takes those that the run names.
        seed: of the noise where x is None.

    Returns:
        `Branch` with `.control` and `.branch`, trajectories of one sample over sigmas[level:], in float64.

    Raises:
        ValueError: there is no such sample or no step after the level, x has another shape than a sample, the run does
            not say how it was computed, or its noise was given as arrays, which a run does not keep. Also what
            `geomodel.sample` raises.
    """
    count, steps = run.x.shape[1], len(run.sigmas) - 1
    if not 0 <= sample < count:
        raise ValueError(f"The run has the samples 0 to {count - 1}; got {sample}.")
    if not 0 <= level < steps:
        raise ValueError(f"A branch begins at a level with a step after it, 0 to {steps - 1}; got {level}.")
    rule = _rule(run, sample, options)
    own = np.asarray(run.x[level, sample], np.float64)
    other = _renoised(model, run, sample, level, seed) if x is None else np.asarray(plain(x), np.float64)
    if other.shape != own.shape:
        raise ValueError(f"x has shape {other.shape}; the run's samples have {own.shape}.")
    both = _followed(model, run, rule, np.stack([own, other]), sample, level)
    return Branch(_row(both, 0), _row(both, 1), sample, level)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """How a run was computed. `noise`: the seed of the sample's Brownian path, None for a solver that draws none."""

    solver: str
    options: dict[str, Any]
    schedule: Levels  # the whole one
    jump_at: int | None
    noise: int | None


def _rule(run: Trajectory, sample: int, options: Mapping[str, Any] | None) -> _Rule:
    """Reads the settings of `geomodel.sample`, or those that the program keeps under "run"."""
    said = run.settings
    if isinstance(said.get("run"), dict):
        from geomodel.run_start import whole_schedule

        settings = from_json(said["run"])
        named: Mapping[str, Any] = settings.options
        solver, schedule, jump = settings.solver, whole_schedule(settings), settings.jump
        seeds: Any = settings.seeds
    elif {"solver", "options", "sigmas"} <= said.keys():
        solver, named, schedule, jump = said["solver"], said["options"], custom(said["sigmas"]), said.get("jump_at")
        given = said.get("noise")
        seeds = given["brownian"] if isinstance(given, dict) else None
    else:
        raise ValueError("The run does not say with which solver and levels it was computed.")
    if not solvers.row(solver).stochastic:
        seed = None
    elif seeds is None:
        raise ValueError(
            "The noise of this run was given as arrays, which are not kept. Run it with gm.Brownian(seeds)."
        )
    else:
        seed = int(seeds[sample])
    kept = {name: value for name, value in (named if options is None else options).items() if name != FIRST_STEP}
    kept = {name: math.inf if value == INFINITE else value for name, value in kept.items()}
    return _Rule(solver=solver, options=kept, schedule=schedule, jump_at=jump, noise=seed)


def _renoised(model: Any, run: Trajectory, sample: int, level: int, seed: int) -> Array:
    """D + σz at the sample's x. D is evaluated where the run did not keep it."""
    from geomodel.denoisers.base import ask
    from geomodel.randomness import noise

    sigma, denoised = float(run.sigmas[level]), run.denoised[level, sample]
    if not np.isfinite(denoised).all():
        import torch

        at = torch.as_tensor(np.asarray(run.x[level, sample : sample + 1], np.float64))
        with torch.no_grad():
            denoised = ask(model, at, sigma, _labels(run, sample, 1)).numpy()[0]
    drawn: Array = noise([seed], denoised.shape, sigma).numpy()[0]
    return np.asarray(denoised, np.float64) + drawn


def _followed(model: Any, run: Trajectory, rule: _Rule, starts: Array, sample: int, level: int) -> Trajectory:
    """The trajectories of starts (2, *shape) at a level, in one batch, over the levels that the run has from there."""
    import torch

    from geomodel.sampling import final_denoised

    sigmas, labels = run.sigmas[level:], _labels(run, sample, len(starts))
    record = Record(sigmas, len(starts), starts.shape[1:], "float64", samples=())
    final = None
    with torch.no_grad():
        x = torch.as_tensor(starts)
        record.start(x)
        for index, step in enumerate(islice(_steps(model, x, rule, labels, sigmas, level), len(sigmas) - 1)):
            record.append(replace(step, index=index))
        if sigmas[-1] > 0:
            final = final_denoised(model, step, labels).numpy()
            record.looks += 1
    settings = {
        "solver": rule.solver,
        "options": {name: INFINITE if value == math.inf else value for name, value in rule.options.items()},
        "sigmas": sigmas.tolist(),
        "branch": {"sample": sample, "level": level},
    }
    seeds = None if run.seeds is None else [int(run.seeds[sample])] * len(starts)
    return record.trajectory(final_denoised=final, seeds=seeds, labels=labels, settings=settings)


def _row(both: Trajectory, k: int) -> Trajectory:
    """One of the trajectories of a batch."""
    spent, spent_at = np.asarray(both.evaluations), both.evaluations_at
    return replace(
        both,
        x=both.x[:, k : k + 1],
        denoised=both.denoised[:, k : k + 1],
        evaluations=both.evaluations if spent.ndim == 0 else spent[k : k + 1],
        evaluations_at=spent_at if spent_at.ndim == 1 else spent_at[:, k : k + 1],
        final_denoised=None if both.final_denoised is None else both.final_denoised[k : k + 1],
        seeds=None if both.seeds is None else both.seeds[k : k + 1],
        labels=None if both.labels is None else both.labels[k : k + 1],
    )


def _steps(model: Any, x: Tensor, rule: _Rule, labels: Any, sigmas: Levels, level: int) -> Iterator[Step]:
    """Steps of the whole schedule from a level on, as if a run without memory had arrived at x.

    A rule may depend on the whole schedule, as the churn of one step does. An adaptive one does not, so it starts anew.
    """
    from geomodel.randomness import Brownian
    from geomodel.sampling import iterate
    from geomodel.solvers.base import State

    given: dict[str, Any] = {"solver": rule.solver, "labels": labels, **rule.options}
    if rule.noise is not None:
        given["noise"] = Brownian([rule.noise] * len(x))
    if solvers.row(rule.solver).adaptive:
        return iterate(model, x, sigmas, **given)
    arrived = None
    if level:
        before = float(rule.schedule[level - 1])
        arrived = Step(
            index=level - 1,
            sigma=before,
            sigma_next=float(sigmas[0]),
            x=x,
            x_next=x,
            denoised=x,
            stages=(),
            combination=Combination(1.0),
            evaluations=0,
            network_calls=0,
            looks=0,
            state=State(level - 1, ()),
        )
    return iterate(model, x, rule.schedule, resume=arrived, jump_at=rule.jump_at, **given)


def _labels(run: Trajectory, sample: int, count: int) -> Any:
    import torch

    return None if run.labels is None else torch.as_tensor([int(run.labels[sample])] * count)
