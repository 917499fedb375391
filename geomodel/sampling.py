"""Sampling: `iterate` yields a run step by step, `sample` returns it whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from geomodel import schedules, solvers
from geomodel.randomness import seed_list
from geomodel.record import Record
from geomodel.solvers.base import DenoiserError, State, checked_denoise, is_finite, run
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
    resume: Step | None = None,
    display: Display = "exact",
    jump_at: int | None = None,
    **options: Any,
) -> Iterator[Step]:
    """The steps of a run of dx/dσ = (x − D(x; σ))/σ over descending levels, one at a time.

    model: any callable, called model(x, sigma), or model(x, sigma, labels=labels) where labels are given, with x a
    float64 CPU tensor (B, *shape) and sigma a float; it returns a tensor of x's shape. x: tensor or array at
    sigmas[0]. sigmas: steps + 1 noise levels; an interval to 0 is an Euler interval, x' = D. `resume`: a step of an
    earlier run over the same levels; x is ignored and the run goes on after it, bit for bit. `display`: "exact"
    spends a look wherever the solver did not evaluate at x itself. `jump_at`: the levels up to that index, then 0.
    `options`: the solver's own (`geomodel.solvers.row(solver).options`).

    Raises at once ValueError (levels, shapes, option values, an unknown solver) and TypeError (an unknown option);
    DenoiserError, a ValueError, where an answer or x is not finite. Grad mode is the caller's.
    """
    levels = schedules.with_jump(schedules.custom(sigmas), jump_at)
    rule = solvers.create(solver, **options)
    if display not in ("exact", "off"):
        raise ValueError(f"display is 'exact' or 'off'; got {display!r}.")
    state = None
    if resume is not None:
        x, state = resume.x_next, _state(resume, levels)
    start = _start(x, float(levels[0] if state is None else levels[state.index + 1]))
    if rule.analytic_first_step and rule.analytic_first_step[0].shape not in ((), tuple(start.shape[1:])):
        raise ValueError(
            f"The mean of analytic_first_step has shape {rule.analytic_first_step[0].shape}; "
            f"expected one number or {tuple(start.shape[1:])}."
        )
    return run(
        rule,
        checked_denoise(model, _labels(labels, len(start))),
        start,
        levels,
        calls_at=getattr(model, "calls_at", _one_call),
        exact_display=display == "exact",
        state=state,
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
    """A whole run; model, x, sigmas, labels, display, jump_at, options and errors as in `iterate`.

    seeds: what x was drawn from, one a sample, only recorded. noise: for solvers that draw noise; refused by the
    others. record: dtype of the arrays; None is float64, or float32 for a network (a model whose `analytic` is
    False). `final_denoised` is one look, unless display is "off" or the last level is 0. `network_calls` are those of
    the true evaluations; looks are counted apart.
    """
    if noise is not None:
        raise ValueError(f"The solver {solver} draws no noise; leave noise out.")
    if record not in (None, "float32", "float64"):
        raise ValueError(f"record is 'float32', 'float64' or None; got {record!r}.")
    dtype = record or ("float64" if getattr(model, "analytic", True) else "float32")
    levels = schedules.with_jump(schedules.custom(sigmas), jump_at)
    with torch.no_grad():
        start = _start(x, float(levels[0]))
        batch = len(start)
        drawn = None if seeds is None else seed_list(seeds)
        if drawn is not None and len(drawn) != batch:
            raise ValueError(f"There are {len(drawn)} seeds for {batch} samples; give one a sample.")
        steps = iterate(model, start, sigmas, solver=solver, labels=labels, display=display, jump_at=jump_at, **options)
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
        "sigmas": schedules.custom(sigmas).tolist(),
        "jump_at": None if jump_at is None else int(jump_at),
        "display": display,
        "record": dtype,
    }
    return written.trajectory(final_denoised=final, seeds=drawn, labels=_labels(labels, batch), settings=settings)


def final_denoised(model: Model, last: Step, labels: Any = None) -> Tensor:
    """D where a run ended, D(x_next; sigma_next) of its last step: one look."""
    return checked_denoise(model, _labels(labels, len(last.x_next)))(last.x_next, last.sigma_next)


def _start(x: Any, sigma: float) -> Tensor:
    """x as a float64 CPU tensor of our own: what the caller does with theirs later does not reach the record."""
    start = torch.as_tensor(x).to("cpu", torch.float64, copy=True)
    if start.ndim < 2:
        raise ValueError(f"x has shape {tuple(start.shape)}; expected (B, *shape), one row a sample.")
    if not is_finite(start):
        raise DenoiserError(f"x is NaN or infinite where the run starts, at σ = {sigma:.4g}.")
    return start


def _labels(labels: Any, batch: int) -> Tensor | None:
    if labels is None:
        return None
    classes = torch.as_tensor(labels)
    if classes.shape != (batch,) or classes.dtype.is_floating_point:
        raise ValueError(f"labels must be {batch} whole numbers, one a sample; got shape {tuple(classes.shape)}.")
    return classes.to(torch.int64)


def _state(resume: Step, levels: schedules.Levels) -> State:
    state = resume.state
    if not isinstance(state, State):
        raise ValueError("resume is a step that `iterate` yielded; this one has lost its state.")
    if not (state.index + 1 < len(levels) and levels[state.index + 1] == resume.sigma_next):
        raise ValueError(
            f"The step to resume ended at σ = {resume.sigma_next:.4g}, which is not level {state.index + 1} here; "
            "resume with the levels of the run it came from."
        )
    return state


def _one_call(sigma: float) -> int:
    return 1


def _plain(value: Any) -> Any:
    """An option's value as JSON can hold it."""
    return [value[0].tolist(), value[1]] if isinstance(value, tuple) else value
