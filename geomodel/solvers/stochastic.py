"""Rules that draw noise. ξ ~ N(0, I) is the increment of a Brownian path in σ² over the interval, at unit variance.

With η = 0 each is a rule for the ODE. An interval to 0 is an Euler interval, x' = D, which draws nothing (except in
`Churn`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from geomodel.solvers.base import Interval, Solver
from geomodel.solvers.runge_kutta import Heun
from geomodel.trajectory import Combination, Evaluation


class Stochastic(Solver):
    """A rule that is run with draws."""

    stochastic = True


@dataclass(frozen=True, kw_only=True)
class EulerMaruyama(Stochastic):
    """x' = x − (1 + η²)(1 − σ'/σ)(x − D) + η √(σ² − σ'²) ξ. One evaluation.

    The Euler–Maruyama rule of dx = (1 + η²) (x − D)/σ dσ + η √(2σ) dW, which has the marginals of the ODE for every η:
    η = 0 is the ODE (and the rule Euler's), η = 1 the reverse-time SDE. Along one path the error is of order 1, because
    the noise is additive (in general the rule has order 1/2).
    Source: Song et al. 2021 (arXiv 2011.13456), equation 6; the family in η: Karras et al. 2022, equation 6.
    """

    eta: float

    def advance(self, at: Interval) -> Combination:
        ratio, more = at.sigma_next / at.sigma, self.eta**2
        alpha, weight = ratio - more * (1 - ratio), (1 + more) * (1 - ratio)
        return _noisy(at, alpha, self.eta * _width(at), (at.start,), (weight,))


@dataclass(frozen=True, kw_only=True)
class Churn(Stochastic):
    """Adds noise, then takes more away by a step of Heun. Two evaluations.

        γ = min(S_churn/N, √2 − 1) where S_min ≤ σ ≤ S_max, else 0
        σ̂ = (1 + γ) σ,  x̂ = x + √(σ̂² − σ²) S_noise ξ
        x̃ = x̂ + (σ' − σ̂) ê,  x' = x̂ + (σ' − σ̂) (ê + e(x̃; σ'))/2

    N is the number of intervals of the run, including a last one to 0, which is an Euler interval from x̂. Without
    churn, γ = 0, the rule is Heun's. Each step gets S_churn/N of the noise, however wide its interval is. So runs with
    more steps refine one path only among schedules of one family (and while γ is below its limit √2 − 1); differently
    spaced levels are another process. The stages are at the raised point, so D at the displayed x costs a display
    evaluation. Source: Karras et al. 2022, Algorithm 2.
    """

    s_churn: float
    s_min: float
    s_max: float
    s_noise: float

    def advance(self, at: Interval) -> Combination:
        lift = self._lift(at)
        if not lift:
            return Heun().advance(at)
        raised, spread, x = self._raised(at, lift)
        start = at.evaluate(x, raised)
        ratio = at.sigma_next / raised
        end = at.evaluate(ratio * x + (1 - ratio) * start.denoised, at.sigma_next)
        kept, weight = (1 + ratio) / 2, (at.sigma_next - raised) / (2 * at.sigma_next)
        # x̂ is written out as x + spread ξ, so that the noise appears as the combination's γξ.
        return Combination(kept, (start, end), (0.0, weight), ((1 - ratio) / 2, -weight), gamma=kept * spread)

    def advance_to_zero(self, at: Interval) -> Combination:
        lift = self._lift(at)
        if not lift:
            return super().advance_to_zero(at)
        raised, _, x = self._raised(at, lift)
        return Combination(0.0, (at.evaluate(x, raised),), (0.0,), (1.0,))

    def _lift(self, at: Interval) -> float:
        inside = self.s_min <= at.sigma <= self.s_max
        return min(self.s_churn / (len(at.levels) - 1), math.sqrt(2) - 1) if inside else 0.0

    def _raised(self, at: Interval, lift: float) -> tuple[float, float, Tensor]:
        """σ̂, the standard deviation of the added noise, and x̂."""
        spread = self.s_noise * at.sigma * math.sqrt(lift * (2 + lift))
        return (1 + lift) * at.sigma, spread, at.x + spread * at.xi


@dataclass(frozen=True, kw_only=True)
class EulerAncestral(Stochastic):
    """x' = (σ_d/σ) x + (1 − σ_d/σ) D + σ_u ξ. One evaluation.

        σ_u = min(σ', η σ' √(1 − (σ'/σ)²)),  σ_d = √(σ'² − σ_u²)

    An Euler step to the lower level σ_d, then noise up to σ'. With η = 1 it draws from the posterior of a point mass at
    D, as DDPM does. `DdimEta` is the same rule, written in another way.
    Source: Ho et al. 2020 (DDPM) and Song et al. 2020 (DDIM, equations 12 and 16), in terms of σ.
    """

    eta: float

    def advance(self, at: Interval) -> Combination:
        up = min(at.sigma_next, self.eta * at.sigma_next * _width(at) / at.sigma)
        ratio = math.sqrt((at.sigma_next - up) * (at.sigma_next + up)) / at.sigma if up else at.sigma_next / at.sigma
        return _noisy(at, ratio, up, (at.start,), (1 - ratio,))


@dataclass(frozen=True, kw_only=True)
class DdimEta(Stochastic):
    """x' = D + σ' √(1 − η²τ) (x − D)/σ + σ' η √τ ξ,  τ = 1 − (σ'/σ)². One evaluation.

    η is the share of DDPM's standard deviation that is drawn anew, and η² that of its variance: 0 is DDIM (Euler), 1 is
    DDPM. It is the η of the paper and of diffusers.
    Source: Song et al. 2020 (DDIM), equations 12 and 16, in terms of σ.
    """

    eta: float

    def advance(self, at: Interval) -> Combination:
        ratio, anew = at.sigma_next / at.sigma, (self.eta * _width(at) / at.sigma) ** 2
        kept = ratio * math.sqrt(1 - anew)
        return _noisy(at, kept, at.sigma_next * math.sqrt(anew), (at.start,), (1 - kept,))


@dataclass(frozen=True, kw_only=True)
class Dpmpp2MSde(Stochastic):
    """DPM-Solver++ 2M for the SDE with noise η. One evaluation.

        H = (1 + η) h, h = ln(σ/σ'),  φ₁ = 1 − e^−H
        x' = (σ'/σ) e^(−ηh) x + φ₁ [D + (h/2h₋₁) (D − D₋₁)] + σ' √(1 − e^(−2ηh)) ξ

    The first interval has no D₋₁ and takes D alone. η = 0 is DPM-Solver++ 2M.
    Source: Lu et al. 2022, "DPM-Solver++" (arXiv 2211.01095), SDE-DPM-Solver++(2M), appendix; the η: k-diffusion.
    """

    eta: float

    @property
    def memory(self) -> int:
        return 1

    def advance(self, at: Interval) -> Combination:
        alpha, phi, _, _, gamma = _exponential(at, self.eta)
        if not at.history:
            return _noisy(at, alpha, gamma, (at.start,), (phi,))
        before = at.history[0]
        beyond = math.log(at.sigma / at.sigma_next) / (2 * math.log(before.sigma / at.sigma))
        return _noisy(at, alpha, gamma, (at.start, before), (phi * (1 + beyond), -phi * beyond))


@dataclass(frozen=True, kw_only=True)
class Dpmpp3MSde(Stochastic):
    """DPM-Solver++ 3M for the SDE with noise η. One evaluation.

        H = (1 + η) h,  φ₁ = 1 − e^−H,  φ₂ = 1 − φ₁/H,  φ₃ = 1/2 − φ₂/H
        x' = (σ'/σ) e^(−ηh) x + φ₁ D + φ₂ D′ + φ₃ D″ + σ' √(1 − e^(−2ηh)) ξ

    with r₀ = h₋₁/h, r₁ = h₋₂/h, d₀ = (D − D₋₁)/r₀, d₁ = (D₋₁ − D₋₂)/r₁, D″ = (d₀ − d₁)/(r₀ + r₁) and D′ = d₀ + r₀ D″.
    The first interval takes D alone, the second D and D′ = d₀. D″ is the published one, half of the second
    derivative, so with η = 0 (published 3M from the third interval on) the order is 2.
    Source: k-diffusion, "DPM-Solver++(3M) SDE"; Lu et al. 2022, "DPM-Solver++", for the multistep form.
    """

    eta: float

    @property
    def memory(self) -> int:
        return 2

    def advance(self, at: Interval) -> Combination:
        alpha, phi1, phi2, phi3, gamma = _exponential(at, self.eta)
        if not at.history:
            return _noisy(at, alpha, gamma, (at.start,), (phi1,))
        h, newest = math.log(at.sigma / at.sigma_next), at.history[0]
        r0 = math.log(newest.sigma / at.sigma) / h
        if len(at.history) == 1:
            return _noisy(at, alpha, gamma, (at.start, newest), (phi1 + phi2 / r0, -phi2 / r0))
        oldest = at.history[1]
        r1 = math.log(oldest.sigma / newest.sigma) / h
        curved = (phi2 * r0 + phi3) / (r0 + r1)  # of d₀ − d₁
        first, second = (phi2 + curved) / r0, -curved / r1  # of D − D₋₁ and D₋₁ − D₋₂
        return _noisy(at, alpha, gamma, (at.start, newest, oldest), (phi1 + first, second - first, -second))


def _width(at: Interval) -> float:
    """√(σ² − σ'²), the standard deviation of the noise between the two levels."""
    return math.sqrt((at.sigma - at.sigma_next) * (at.sigma + at.sigma_next))


def _exponential(at: Interval, eta: float) -> tuple[float, float, float, float, float]:
    """(σ'/σ) e^(−ηh), φ₁, φ₂, φ₃ at H = (1 + η) h, and the standard deviation of the noise."""
    h = math.log(at.sigma / at.sigma_next)
    long = (1 + eta) * h
    phi1 = -math.expm1(-long)
    phi2 = 1 - phi1 / long
    phi3 = 0.5 - phi2 / long
    gamma = at.sigma_next * math.sqrt(-math.expm1(-2 * eta * h))
    return at.sigma_next / at.sigma * math.exp(-eta * h), phi1, phi2, phi3, gamma


def _noisy(
    at: Interval, alpha: float, gamma: float, evaluations: Sequence[Evaluation], b: Sequence[float]
) -> Combination:
    """x' = αx + Σ b_j D_j + γξ."""
    return replace(at.in_denoised(alpha, evaluations, b), gamma=gamma)
