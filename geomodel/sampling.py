"""Sampling: `iterate` yields a run step by step, `sample` returns it whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Literal

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from geomodel import formulas, solvers
from geomodel.denoisers.base import real, unmapped
from geomodel.options import INFINITE
from geomodel.precision import record_dtype
from geomodel.randomness import Brownian, seed_list
from geomodel.record import Record
from geomodel.solvers.adaptive import Adaptive, AdaptiveState
from geomodel.solvers.base import DenoiserError, Draw, Solver, State, checked_denoise, finite_answer, is_finite, run
from geomodel.trajectory import Step, Trajectory

__all__ = ["DenoiserError", "final_denoised", "iterate", "sample"]

Model = Callable[..., Any]
Display = Literal["exact", "off"]


def iterate(
    model: Model,
    x: Any,
    sigmas: ArrayLike,
    *,
    solver: str = "heun",
    labels: Any = None,
    noise: Any = None,
    resume: Step | None = None,
    display: Display = "exact",
    jump_at: int | None = None,
    **options: Any,
) -> Iterator[Step]:
    """Yields the steps of a run of dx/dσ = (x − D(x; σ))/σ over descending levels, one at a time.

    model: any callable, called model(x, sigma), or model(x, sigma, labels=labels) where labels are given, with x a
    float64 CPU tensor (B, *shape) and sigma a float; it returns a tensor of x's shape. Adaptive solvers call it with
    the samples that still move, and sigma is then a float64 tensor with one level a sample. x: tensor or array at
    sigmas[0]. sigmas: steps + 1 noise levels; an interval to 0 is an Euler interval, x' = D. `noise`: for stochastic
    solvers, a `Brownian` with a seed for each sample, or for each interval an array like x from N(0, I). `resume`: a
    step of an earlier run over the same levels; x is ignored and the run goes on after it, bit for bit. `display`:
    "exact" makes a display evaluation wherever the solver did not evaluate at x itself. `jump_at`: the run takes its
    own steps up to the level of that index, and ends there with D. `options`: the solver's own
    (`geomodel.solvers.row(solver).options`).

    Raises at once ValueError (levels, shapes, noise, option values, an unknown solver) and TypeError (an unknown
    option); DenoiserError, a ValueError, where an answer or x is not finite; ValueError where an adaptive solver needs
    more than its `max_evaluations`. Grad mode is the caller's.
    """
    whole = formulas.custom(sigmas)
    levels = formulas.with_jump(whole, jump_at)
    jump = None if jump_at is None else len(levels) - 2
    rule = solvers.create(solver, **options)
    if display not in ("exact", "off"):
        raise ValueError(f"display is 'exact' or 'off'; got {display!r}.")
    state = None
    if resume is not None:
        x, state = resume.x_next, _state(resume, levels, rule, float(whole[-1] or whole[-2]))
    start = _start(x, float(levels[0] if state is None else levels[state.index + 1]))
    if rule.analytic_first_step and rule.analytic_first_step[0].shape not in ((), tuple(start.shape[1:])):
        raise ValueError(
            f"The mean of analytic_first_step has shape {rule.analytic_first_step[0].shape}; "
            f"expected one number or {tuple(start.shape[1:])}."
        )
    draw = _draw(noise, rule, solver, start, (len(whole) - 1, len(levels) - 1))
    classes, calls_at, exact = _labels(labels, len(start)), getattr(model, "calls_at", _one_call), display == "exact"
    if isinstance(rule, Adaptive):
        rule = replace(rule, center=_center(model, start))

        def ask(x: Tensor, sigma: Tensor, rows: Tensor) -> Tensor:
            return _asked(model, x, sigma, None if classes is None else classes[rows])

        assert state is None or isinstance(state, AdaptiveState)
        return rule.run(ask, start, whole, calls_at=calls_at, exact_display=exact, state=state, jump_at=jump)
    denoise = checked_denoise(model, classes)
    return run(
        rule, denoise, start, whole, calls_at=calls_at, exact_display=exact, state=state, draw=draw, jump_at=jump
    )


def sample(
    model: Model,
    x: Any,
    sigmas: ArrayLike,
    *,
    solver: str = "heun",
    labels: Any = None,
    seeds: int | Iterable[int] | None = None,
    noise: Any = None,
    display: Display = "exact",
    record: Literal["float32", "float64"] | None = None,
    jump_at: int | None = None,
    **options: Any,
) -> Trajectory:
    """A whole run; model, x, sigmas, labels, noise, display, jump_at, options and errors as in `iterate`.

    seeds: the seed of each sample of x, which is only recorded. record: dtype of the arrays; None is float64, or
    float32 for a network (a model whose `analytic` is False) whose data are not `far` from the origin. `final_denoised`
    takes one display evaluation, unless display is "off" or the last level is 0. `network_calls` counts true
    evaluations; display evaluations are counted in `looks`. `evaluations` of an adaptive solver are int64 (B,), one a
    sample.
    """
    if record not in (None, "float32", "float64"):
        raise ValueError(f"record is 'float32', 'float64' or None; got {record!r}.")
    dtype = record or record_dtype(model)
    levels = formulas.with_jump(formulas.custom(sigmas), jump_at)
    with torch.no_grad():
        start = _start(x, float(levels[0]))
        batch = len(start)
        drawn = None if seeds is None else seed_list(seeds)
        if drawn is not None and len(drawn) != batch:
            raise ValueError(f"There are {len(drawn)} seeds for {batch} samples; give one a sample.")
        given: dict[str, Any] = {"solver": solver, "labels": labels, "noise": noise, "jump_at": jump_at}
        steps = iterate(model, start, sigmas, display=display, **given, **options)
        written = Record(levels, batch, tuple(start.shape[1:]), dtype, samples=())
        written.start(start)
        for step in steps:
            written.append(step)
        final = None
        if display == "exact" and levels[-1] > 0:
            final = final_denoised(model, step, labels).numpy().astype(dtype)
            written.looks += 1
    settings = {
        "solver": solver,
        "options": {name: _plain(value) for name, value in solvers.complete(solver, options).items()},
        "sigmas": formulas.custom(sigmas).tolist(),
        "jump_at": None if jump_at is None else int(jump_at),
        "display": display,
        "record": dtype,
    }
    if noise is not None:
        settings["noise"] = {"brownian": list(noise.seeds)} if isinstance(noise, Brownian) else "given"
    return written.trajectory(final_denoised=final, seeds=drawn, labels=_labels(labels, batch), settings=settings)


def final_denoised(model: Model, last: Step, labels: Any = None) -> Tensor:
    """D where a run ended, D(x_next; sigma_next) of its last step, by one display evaluation."""
    x, sigma = last.x_next, last.sigma_next
    adaptive = isinstance(last.state, AdaptiveState)
    level = torch.full((len(x),), sigma, dtype=torch.float64) if adaptive else sigma
    return _asked(model, x, level, _labels(labels, len(x)))


def _asked(model: Model, x: Tensor, sigma: float | Tensor, classes: Tensor | None) -> Tensor:
    """One answer, checked in every way."""
    return finite_answer(checked_denoise(model, classes)(x, sigma), sigma)


def _center(model: Model, x: Tensor) -> Tensor | None:
    """The denoiser's own center where it has one that fits x. A stranger's attribute of that name may be anything."""
    center = getattr(model, "center", None)
    return center if isinstance(center, Tensor) and center.shape == x.shape[1:] else None


def _start(x: Any, sigma: float) -> Tensor:
    """x copied to a float64 CPU tensor, so that later changes of the caller's x do not reach the record."""
    start = unmapped("the start of a run", real("x", x)).to("cpu", torch.float64, copy=True)
    if start.ndim < 2:
        raise ValueError(f"x has shape {tuple(start.shape)}; expected (B, *shape), one row a sample.")
    if not is_finite(start):
        raise DenoiserError(f"x is NaN or infinite where the run starts, at σ = {sigma:.4g}.")
    return start


def _labels(labels: Any, batch: int) -> Tensor | None:
    if labels is None:
        return None
    classes = real("labels", labels)
    if classes.shape != (batch,) or classes.dtype.is_floating_point:
        raise ValueError(f"labels must be {batch} whole numbers, one a sample; got shape {tuple(classes.shape)}.")
    return classes.to(torch.int64, copy=True)


def _draw(noise: Any, rule: Solver, solver: str, start: Tensor, counts: tuple[int, int]) -> Draw | None:
    """The function that gives a stochastic rule its ξ; None for other rules. counts: how many arrays a noise may have,
    one for each interval of the whole schedule or only of a run that jumps.
    """
    if not rule.stochastic:
        if noise is not None:
            raise ValueError(f"The solver {solver} draws no noise; leave noise out.")
        return None
    batch, shape = len(start), tuple(start.shape[1:])
    if isinstance(noise, Brownian):
        if len(noise.seeds) != batch:
            raise ValueError(f"The noise has {len(noise.seeds)} seeds for {batch} samples; give one a sample.")
        return lambda index, sigma, sigma_next: noise.xi(sigma, sigma_next, shape)
    if not isinstance(noise, Iterable):
        raise ValueError(
            f"The solver {solver} draws noise: give noise=gm.Brownian(seeds), or {counts[0]} arrays from N(0, I); "
            f"got {noise!r}."
        )
    draws = [real("noise", draw).to("cpu", torch.float64, copy=True) for draw in noise]  # a buffer may be reused
    if len(draws) not in counts or any(draw.shape != start.shape for draw in draws):
        raise ValueError(
            f"The noise must be one array of shape {tuple(start.shape)} for each of the {counts[0]} intervals; "
            f"got {len(draws)} of shapes {sorted({tuple(draw.shape) for draw in draws})}."
        )
    return lambda index, sigma, sigma_next: draws[index]


def _state(resume: Step, levels: formulas.Levels, rule: Solver, end: float) -> State:
    state = resume.state
    if not isinstance(state, State):
        raise ValueError("resume is a step that `iterate` yielded; this one has lost its state.")
    if not (state.index + 1 < len(levels) and levels[state.index + 1] == resume.sigma_next):
        raise ValueError(
            f"The step to resume ended at σ = {resume.sigma_next:.4g}, which is not level {state.index + 1} here; "
            "resume with the levels of the run it came from."
        )
    if isinstance(state, AdaptiveState) != isinstance(rule, Adaptive):
        raise ValueError("The step to resume came from another kind of solver; resume with the one that yielded it.")
    if isinstance(state, AdaptiveState) and state.end != end:
        raise ValueError(
            f"The step to resume was on its way to σ = {state.end:.4g}, not {end:.4g}; "
            "resume with the levels of the run it came from."
        )
    return state


def _one_call(sigma: float) -> int:
    return 1


def _plain(value: Any) -> Any:
    """An option's value as JSON can hold it."""
    if value == math.inf:
        return INFINITE
    return [value[0].tolist(), value[1]] if isinstance(value, tuple) else value
