"""Exponential rules, which extrapolate D in log σ and solve the linear part exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geomodel.solvers.base import Interval, Multistep, Solver, euler, levels_of
from geomodel.solvers.quadrature import DENOISED, LOG_LEVEL, middle_weights, moments, weights
from geomodel.solvers.runge_kutta import log_part
from geomodel.trajectory import Combination, Evaluation


def exponential(at: Interval, nodes: Sequence[Evaluation], shares: Sequence[float]) -> Combination:
    """x' = (σ'/σ) x + (1 − σ'/σ) Σ w_j D_j; the first node is `start`. With D at x alone that is Euler, in slopes."""
    if len(nodes) == 1 and at.carried is None:
        return euler(at)
    ratio = at.sigma_next / at.sigma
    return at.in_denoised(ratio, nodes, [(1 - ratio) * share for share in shares])


@dataclass(frozen=True, kw_only=True)
class Dpmpp2S(Solver):
    """σ̃ = σ'^r σ^(1−r), x̃ = x + (σ̃ − σ) e, x' = (σ'/σ) x + (1 − σ'/σ) [(1 − 1/2r) D + (1/2r) D(x̃; σ̃)].

    Second order, two evaluations; r = 1/2 uses only the D in the middle in log σ.
    Source: Lu et al. 2022, "DPM-Solver++", 2S.
    """

    r: float

    def advance(self, at: Interval) -> Combination:
        sigma = log_part(at, self.r)
        middle = at.evaluate(at.euler_point(sigma), sigma)
        weight = 1 / (2 * self.r)
        return exponential(at, (at.start, middle), (1 - weight, weight))


class ExpX0(Multistep):
    """x' = (σ'/σ) x + σ' ∫ P d(1/σ), P the polynomial in log σ through the last D.

    The order of convergence is that of the rule; order 2 is the Taylor type of 2M. One evaluation.
    Source: Lu et al. 2022, "DPM-Solver++", multistep, with exact derivatives of the polynomial at every order.
    """

    def advance(self, at: Interval) -> Combination:
        nodes = self.nodes(at)
        return exponential(at, nodes, weights(LOG_LEVEL, levels_of(nodes), at.sigma_next, DENOISED))


@dataclass(frozen=True, kw_only=True)
class Dpmpp2M(Multistep):
    """x' = (σ'/σ) x + (1 − σ'/σ) [D + (h/2h_{−1}) (D − D_{−1})], h = log(σ/σ'). Second order, one evaluation.

    The first interval is an Euler interval; with `lower_order_final` the last one is too.
    Source: Lu et al. 2022, "DPM-Solver++", Algorithm 2.
    """

    order: int = 2

    def advance(self, at: Interval) -> Combination:
        nodes = self.nodes(at)
        return exponential(at, nodes, middle_weights(levels_of(nodes), at.sigma_next))


@dataclass(frozen=True, kw_only=True)
class Dpmpp3M(Multistep):
    """DPM-Solver++ 3M with the right second derivative: third order, one evaluation.

        x' = (σ'/σ) x + φ₁ D + φ₂ hD' + φ₃ h²D'',   φ₁ = 1 − e^(−h), φ₂ = 1 − φ₁/h, φ₃ = 1/2 − φ₂/h

    D' and D'' are the derivatives in −log σ of the parabola through the last three D, so that from the third interval
    on this is `ExpX0` of order 3; the second interval is that of 2M. Source: Lu et al. 2022, "DPM-Solver++", 3M, whose
    codes halve D'' (see `Dpmpp3MPublished`).
    """

    order: int = 3

    def advance(self, at: Interval) -> Combination:
        nodes = self.nodes(at)
        levels = levels_of(nodes)
        if len(nodes) < 3:
            return exponential(at, nodes, middle_weights(levels, at.sigma_next))
        return exponential(at, nodes, self._shares(levels, at.sigma_next))

    def _shares(self, levels: Sequence[float], sigma_next: float) -> tuple[float, ...]:
        return weights(LOG_LEVEL, levels, sigma_next, DENOISED)


class Dpmpp3MPublished(Dpmpp3M):
    """DPM-Solver++ 3M as in published code, where D'' is the second divided difference, half of what φ₃ needs.

    Second order, one evaluation. Source: Lu et al. 2022, "DPM-Solver++", the authors' code.
    """

    def _shares(self, levels: Sequence[float], sigma_next: float) -> tuple[float, ...]:
        one, two, three = levels
        missing = moments(LOG_LEVEL, one, sigma_next, 3, DENOISED)[2] / 2
        gaps = LOG_LEVEL.offset(one, two), LOG_LEVEL.offset(two, three), LOG_LEVEL.offset(one, three)
        # The weights of the second divided difference in the three values.
        difference = 1 / (gaps[0] * gaps[2]), -1 / (gaps[0] * gaps[1]), 1 / (gaps[1] * gaps[2])
        right = super()._shares(levels, sigma_next)
        return tuple(share - missing * part for share, part in zip(right, difference, strict=True))
