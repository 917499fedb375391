"""Second-order solvers as finite differences: the dD/dσ that a step implies, beside the true one.

A Taylor step of second order along the ODE, where d²x/dσ² = −(1/σ) dD/dσ, from (x, s) to t with e = (x − D)/s is

    x' = x + (t − s) e − (t − s)²/(2s) Ḋ,    Ḋ = d/dσ D(x_σ; σ) at s, along the ODE (a total derivative).

Every rule that combines two evaluations is such a step with an estimate of Ḋ that it makes from these two.
Source: Chen et al. 2023 (arXiv 2305.19947) and 2024 (arXiv 2405.11326, Corollary 4.3 and Table 5).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from geomodel import solvers
from geomodel.reference import SUBSTEPS, exact_curve
from geomodel.trajectory import Evaluation, Step

if TYPE_CHECKING:
    from torch import Tensor

FLOAT64 = 1e-15  # a few roundings

# The estimate of Ḋ from the evaluation at the start, the other one, and the level t where the step ends.
Estimate = Callable[[Evaluation, Evaluation, float], "Tensor"]


def taylor_step(start: Evaluation, sigma_next: float, derivative: Tensor) -> Tensor:
    """x' = x + (t − s) e − (t − s)²/(2s) Ḋ with (x, s, D) = start. `derivative` is Ḋ and has the shape of x."""
    change = sigma_next - start.sigma
    return start.x + change * _slope(start) - change**2 / (2 * start.sigma) * derivative


def implied(solver: str, evaluations: Sequence[Evaluation], sigma_next: float, **options: Any) -> Tensor:
    """The Ḋ that a step of `solver` from evaluations[0] to sigma_next implies, (B, *shape), in data units a unit of σ.

    evaluations: the step's own, then those of earlier steps, newest first, as `Step.combination` lists them. A single
    one means an Euler step, which implies zero. With s, t the step's ends, (m, D_m) the second stage or (p, D_p) the
    step before, e the slopes, h = ln(s/t), h_0 = ln(p/s):

        heun, rk2 (α), dpm2 (r)   (s/(q m)) (D_m − D)/(t − s), with q = 1, α or r
        dpmpp_2s (r)              (1/r) (D_m − D)/(t − s)
        ipndm                     (s/(t − s)) (e_p − e)
        ab                        (s/(s − p)) (e_p − e)
        dpm_2m                    (s/(t − s)) (h/h_0) (e_p − e)
        deis_log                  (2s/(t − s)) ((1 − t h/(s − t))/h_0) (e_p − e)
        dpmpp_2m, dpmpp_3m        (h/h_0) (D − D_p)/(t − s)
        exp_x0                    2 (1/(1 − t/s) − 1/h) (h/h_0) (D − D_p)/(t − s)

    The result is exact for the update: `taylor_step` with it gives the solver's x'. Raises ValueError for a step to 0
    (which is an Euler step), for more than two evaluations, and for rules that are not a difference of two.
    Source: Table 5 of arXiv 2405.11326; rows that it lacks were derived in the same way.
    """
    if sigma_next == 0:
        raise ValueError("A step to σ = 0 is an Euler step, x' = D, with every solver: it implies no derivative.")
    start, *others = evaluations
    if not others:
        return start.x * 0.0
    estimate = _estimate(solver, solvers.complete(solver, options))
    if estimate is None or len(others) > 1:
        raise ValueError(f"A step of {solver} from {len(evaluations)} evaluations is not the difference of two.")
    return estimate(start, others[0], sigma_next)


def implied_by(step: Step, solver: str, **options: Any) -> Tensor:
    """`implied` for a recorded step and its stored evaluations.

    ValueError where the step's start was not evaluated (an analytic first slope, noise added before it).
    """
    evaluations = step.combination.evaluations
    if not evaluations or evaluations[0].x is not step.x:
        raise ValueError(
            "The step's start was not evaluated (analytic first step, or noise was added): nothing to take."
        )
    return implied(solver, evaluations, step.sigma_next, **options)


@dataclass(frozen=True, slots=True, eq=False)
class Derivative:
    """Ḋ (B, *shape) and the method that computed it."""

    value: Tensor
    method: Literal["jvp", "central difference"]


def true_derivative(model: Any, x: Tensor, sigma: float, labels: Any = None) -> Derivative:
    """Ḋ = d/dσ D(x_σ; σ) = ∂D/∂σ + (∂D/∂x) e along the ODE, at the point (x, σ) where a step starts.

    x (B, *shape) float64. Forward-mode differentiation is used where the model supports it and the result agrees with
    the central difference (D(x + he; σ + h) − D(x − he; σ − h))/(2h); otherwise that difference is returned. h is
    σ/10⁴, or σ/100 for a network, whose float32 leaves an error of about 10⁻⁵ ‖D − m‖/σ, with m the mean that it
    subtracts. It takes three evaluations. Raises ValueError at σ = 0, and for a model that rounds its noise levels
    (`round_sigma`), because D is then a staircase in σ and has no derivative.
    """
    if not sigma > 0:
        raise ValueError(f"The ODE's slope (x − D)/σ needs a noise level above 0; got {sigma:g}.")
    exact = getattr(model, "analytic", True)
    share, unit = (1e-4, FLOAT64) if exact else (1e-2, 1e-7)
    ends = sigma * (1 + share), sigma * (1 - share)
    rounding = getattr(model, "round_sigma", float)
    if any(float(rounding(end)) != end for end in ends):
        raise ValueError("The model rounds noise levels to those it was trained at: D has no derivative in σ.")
    denoise = _bound(model, labels)
    denoised = denoise(x, sigma)
    slope = (x - denoised) / sigma
    above, below = (denoise(x + (end - sigma) * slope, end) for end in ends)
    difference = (above - below) / (ends[0] - ends[1])
    forward = _forward(denoise, x, sigma, slope)
    if forward is None or forward.shape != difference.shape:
        return Derivative(difference, "central difference")
    rounded = unit * _from_center(model, denoised).norm() + FLOAT64 * denoised.norm()
    doubt = 100 / share / sigma * rounded + 0.01 * difference.norm()
    if not bool((forward - difference).norm() <= doubt):  # a model that detaches its graph silently gives zeros
        return Derivative(difference, "central difference")
    return Derivative(forward, "jvp")


def effective_derivative(
    model: Any, x: Tensor, sigma: float, sigma_next: float, labels: Any = None, substeps: int = SUBSTEPS
) -> Tensor:
    """The Ḋ with which one Taylor step from (x, s) lands on the ODE's own x(t): −2s (x(t) − x − (t − s) e)/(t − s)².

    x (B, *shape) float64; `geomodel.reference.exact_curve` computes x(t) with `substeps`. The result tends to
    `true_derivative` as t → s, until rounding limits it. Raises ValueError at t = 0, where no solver takes a Taylor
    step.
    """
    if not 0 < sigma_next < sigma:
        raise ValueError(f"A step goes from a noise level down to one above 0; got {sigma:g} and {sigma_next:g}.")
    denoise = _bound(model, labels)
    change = sigma_next - sigma
    slope = (x - denoise(x, sigma)) / sigma
    end = exact_curve(denoise, x, sigma, sigma_next, substeps)[-1]
    found: Tensor = -2 * sigma * (end - x - change * slope) / change**2
    return found


def _forward(denoise: Callable[..., Any], x: Tensor, sigma: float, slope: Tensor) -> Tensor | None:
    """The directional derivative of D along (slope, 1); None where the model's operations have none."""
    import torch

    level = torch.tensor(sigma, dtype=torch.float64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch's own: its first jvp uses torch.jit.script
            found: Tensor = torch.func.jvp(denoise, (x, level), (slope, torch.ones_like(level)))[1]
    except (RuntimeError, TypeError, ValueError, NotImplementedError):  # what models may raise on dual numbers
        return None
    return found


def _estimate(solver: str, options: dict[str, Any]) -> Estimate | None:
    match solver:
        case "heun" | "rk2" | "dpm2":
            return partial(_from_stage, share=options.get("alpha", options.get("r", 1.0)))
        case "dpmpp_2s":
            return partial(_from_denoised_stage, share=options["r"])
        case "dpmpp_2m" | "dpmpp_3m" | "dpmpp_3m_published" | "exp_x0":
            return partial(_from_denoised_before, weight=_taylor_weight if solver == "exp_x0" else _one)
        case _ if solver in _SLOPE_WEIGHTS:
            return partial(_from_slope_before, weight=_SLOPE_WEIGHTS[solver])
    return None


def _from_stage(start: Evaluation, stage: Evaluation, t: float, share: float) -> Tensor:
    return start.sigma / (share * stage.sigma) * (stage.denoised - start.denoised) / (t - start.sigma)


def _from_denoised_stage(start: Evaluation, stage: Evaluation, t: float, share: float) -> Tensor:
    return (stage.denoised - start.denoised) / (share * (t - start.sigma))


def _from_slope_before(
    start: Evaluation, before: Evaluation, t: float, weight: Callable[[float, float, float], float]
) -> Tensor:
    s = start.sigma
    return s / (t - s) * weight(before.sigma, s, t) * (_slope(before) - _slope(start))


def _from_denoised_before(start: Evaluation, before: Evaluation, t: float, weight: Callable[[float], float]) -> Tensor:
    s = start.sigma
    h, h0 = math.log(s / t), math.log(before.sigma / s)
    return weight(h) * h / h0 * (start.denoised - before.denoised) / (t - s)


def _one(h: float) -> float:
    return 1.0


def _taylor_weight(h: float) -> float:
    return 2 * (1 / -math.expm1(-h) - 1 / h)


_SLOPE_WEIGHTS: dict[str, Callable[[float, float, float], float]] = {
    "ipndm": lambda p, s, t: 1.0,
    "ab": lambda p, s, t: (t - s) / (s - p),
    "dpm_2m": lambda p, s, t: math.log(s / t) / math.log(p / s),
    "deis_log": lambda p, s, t: 2 * (1 - t * math.log(s / t) / (s - t)) / math.log(p / s),
}


def _slope(evaluation: Evaluation) -> Tensor:
    return (evaluation.x - evaluation.denoised) / evaluation.sigma


def _from_center(model: Any, denoised: Tensor) -> Tensor:
    """D − m, of which a network's rounding is a share. A model without a center that fits has m = 0."""
    center: Any = getattr(model, "center", None)
    return denoised - center if getattr(center, "shape", None) == denoised.shape[1:] else denoised


def _bound(model: Any, labels: Any) -> Callable[..., Any]:
    return model if labels is None else partial(model, labels=labels)


FORMULAS: dict[str, str] = {  # the rows of `implied` as text; m is the stage inside, p the step before
    "euler": "Ḋ ≈ 0",
    "heun": "Ḋ ≈ (s/t) (D(x̃; t) − D)/(t − s)",
    "rk2": "Ḋ ≈ (s/(α m)) (D_m − D)/(t − s)",
    "dpm2": "Ḋ ≈ (s/(r m)) (D_m − D)/(t − s)",
    "dpmpp_2s": "Ḋ ≈ (1/r) (D_m − D)/(t − s)",
    "ipndm": "Ḋ ≈ (s/(t − s)) (e_p − e)  (order 2)",
    "ab": "Ḋ ≈ (s/(s − p)) (e_p − e)  (order 2)",
    "dpm_2m": "Ḋ ≈ (s/(t − s)) (h/h₀) (e_p − e)",
    "deis_log": "Ḋ ≈ (2s/(t − s)) ((1 − t h/(s − t))/h₀) (e_p − e)  (order 2)",
    "dpmpp_2m": "Ḋ ≈ (h/h₀) (D − D_p)/(t − s)",
    "exp_x0": "Ḋ ≈ 2 (1/(1 − t/s) − 1/h) (h/h₀) (D − D_p)/(t − s)  (order 2)",
}
