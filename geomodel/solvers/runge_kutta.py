"""One-step rules in slopes e = (x − D)/σ: Runge–Kutta rules in σ and the DPM-Solvers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from geomodel.solvers.base import Interval, Solver, euler
from geomodel.solvers.quadrature import LOG_LEVEL, SLOPE, moments
from geomodel.trajectory import Combination, Evaluation


class Euler(Solver):
    """x' = x + (σ' − σ) e. First order, one evaluation. The same as DDIM."""

    def advance(self, at: Interval) -> Combination:
        return euler(at)


class Heun(Solver):
    """x̃ = x + (σ' − σ) e, x' = x + (σ' − σ) (e + e(x̃; σ'))/2. Second order, two evaluations.

    Source: Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", Algorithm 1.
    """

    def advance(self, at: Interval) -> Combination:
        return _chain(at, (at.sigma_next,), (0.5, 0.5))


@dataclass(frozen=True, kw_only=True)
class Rk2(Solver):
    """σ̃ = σ + α (σ' − σ), x̃ = x + (σ̃ − σ) e, x' = x + (σ' − σ) [(1 − 1/2α) e + (1/2α) e(x̃; σ̃)].

    Second order, two evaluations; α = 1 is Heun, α = 1/2 the midpoint rule in σ, α = 2/3 Ralston's.
    Source: Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", the α of its
    ablations.
    """

    alpha: float

    def advance(self, at: Interval) -> Combination:
        weight = 1 / (2 * self.alpha)
        return _chain(at, (_part(at, self.alpha),), (1 - weight, weight))


@dataclass(frozen=True, kw_only=True)
class Dpm2(Solver):
    """σ̃ = σ'^r σ^(1−r), x̃ = x + (σ̃ − σ) e, x' = x + (σ' − σ) [(1 − 1/2r) e + (1/2r) e(x̃; σ̃)].

    Second order, two evaluations; r = 1 is Heun, r = 1/2 uses only the slope at the middle in log σ.
    Source: Lu et al. 2022, "DPM-Solver", Algorithm 1.
    """

    r: float

    def advance(self, at: Interval) -> Combination:
        weight = 1 / (2 * self.r)
        return _chain(at, (log_part(at, self.r),), (1 - weight, weight))


class Dpm3(Solver):
    """The singlestep DPM-Solver-3, with r₁ = 1/3, r₂ = 2/3 and σ_i = σ'^(r_i) σ^(1−r_i).

        x₁ = x + (σ₁ − σ) e
        x₂ = x + (σ₂ − σ) [e + (r₂/r₁) m(r₂h) (e(x₁; σ₁) − e)]
        x' = x + (σ' − σ) [e + (1/r₂) m(h) (e(x₂; σ₂) − e)]

    m(h) = 1/h − 1/(e^h − 1) is the mean of log(σ/·)/h over an interval of length h = log(σ/σ'), uniform in σ.
    Third order, three evaluations. Source: Lu et al. 2022, "DPM-Solver".
    """

    def advance(self, at: Interval) -> Combination:
        first = at.evaluate(at.euler_point(sigma := log_part(at, 1 / 3)), sigma)
        sigma = log_part(at, 2 / 3)
        share = 2 * _mean_progress(at.sigma, sigma)
        second = at.evaluate(_along(at.euler_point(sigma, 1 - share), first, share * (sigma - at.sigma)), sigma)
        share = 1.5 * _mean_progress(at.sigma, at.sigma_next)
        return at.in_slopes((at.start, first, second), (1 - share, 0.0, share))


class Bs3(Solver):
    """Bogacki and Shampine's rule in σ: slopes at 0, 1/2, 3/4 of the interval with weights 2/9, 1/3, 4/9.

    Each point comes from the slope before it. Third order, three evaluations.
    Source: Bogacki & Shampine 1989, "A 3(2) pair of Runge–Kutta formulas".
    """

    def advance(self, at: Interval) -> Combination:
        return _chain(at, (_part(at, 1 / 2), _part(at, 3 / 4)), (2 / 9, 1 / 3, 4 / 9))


class Rk4(Solver):
    """The classical Runge–Kutta rule in σ: slopes at 0, 1/2, 1/2, 1 with weights 1/6, 1/3, 1/3, 1/6.

    Each point comes from the slope before it. Fourth order, four evaluations. Source: Kutta 1901.
    """

    def advance(self, at: Interval) -> Combination:
        middle = _part(at, 1 / 2)
        return _chain(at, (middle, middle, at.sigma_next), (1 / 6, 1 / 3, 1 / 3, 1 / 6))


def log_part(at: Interval, r: float) -> float:
    """σ'^r σ^(1−r), the level at the share r of the way in log σ."""
    return at.sigma_next if r == 1 else at.sigma_next**r * at.sigma ** (1 - r)


def _part(at: Interval, share: float) -> float:
    return at.sigma_next if share == 1 else at.sigma + share * (at.sigma_next - at.sigma)


def _chain(at: Interval, levels: Sequence[float], weights: Sequence[float]) -> Combination:
    """Goes from x to each level along the slope before it, and then from x to σ' along the weighted mean of all."""
    stages = [at.start]
    for sigma in levels:
        point = at.euler_point(sigma) if len(stages) == 1 else _along(at.x, stages[-1], sigma - at.sigma)
        stages.append(at.evaluate(point, sigma))
    return at.in_slopes(stages, weights)


def _along(point: Tensor, stage: Evaluation, width: float) -> Tensor:
    """point + width e, e the slope of the stage."""
    return point.add(stage.x - stage.denoised, alpha=width / stage.sigma)


def _mean_progress(sigma: float, sigma_next: float) -> float:
    """The mean of log(σ/·)/log(σ/σ') over the interval, uniform in σ."""
    return moments(LOG_LEVEL, sigma, sigma_next, 2, SLOPE)[1] / LOG_LEVEL.offset(sigma_next, sigma)
