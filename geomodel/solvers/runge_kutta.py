"""One-step rules in slopes e = (x − D)/σ."""

from __future__ import annotations

from dataclasses import dataclass

from geomodel.solvers.base import Interval, Solver, euler
from geomodel.trajectory import Combination


class Euler(Solver):
    """x' = x + (σ' − σ) e. First order, one evaluation. The same as DDIM."""

    def advance(self, at: Interval) -> Combination:
        return euler(at)


class Heun(Solver):
    """x̃ = x + (σ' − σ) e, x' = x + (σ' − σ) (e + e(x̃; σ'))/2. Second order, two evaluations.

    Source: Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", Algorithm 1.
    """

    def advance(self, at: Interval) -> Combination:
        end = at.evaluate(at.euler_point(at.sigma_next), at.sigma_next)
        return at.in_slopes((at.start, 0.5), (end, 0.5))


@dataclass(frozen=True, kw_only=True)
class Dpm2(Solver):
    """σ̃ = σ'^r σ^(1−r), x̃ = x + (σ̃ − σ) e, x' = x + (σ' − σ) [(1 − 1/2r) e + (1/2r) e(x̃; σ̃)].

    Second order, two evaluations; r = 1 is Heun, r = 1/2 uses only the slope at the middle in log σ.
    Source: Lu et al. 2022, "DPM-Solver", Algorithm 1.
    """

    r: float

    def advance(self, at: Interval) -> Combination:
        sigma = at.sigma_next if self.r == 1 else at.sigma_next**self.r * at.sigma ** (1 - self.r)
        middle = at.evaluate(at.euler_point(sigma), sigma)
        weight = 1 / (2 * self.r)
        return at.in_slopes((at.start, 1 - weight), (middle, weight))
