"""Exponential rules: D is extrapolated in log σ and the linear part is solved exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

from geomodel.solvers.base import Interval, Solver, euler
from geomodel.trajectory import Combination


@dataclass(frozen=True, kw_only=True)
class Dpmpp2M(Solver):
    """x' = (σ'/σ) x + (1 − σ'/σ) [D + (h/2h_{−1}) (D − D_{−1})], h = ln(σ/σ'). Second order, one evaluation.

    The first interval is an Euler interval, with `lower_order_final` the last one too.
    Source: Lu et al. 2022, "DPM-Solver++", Algorithm 2.
    """

    lower_order_final: bool

    @property
    def memory(self) -> int:
        return 1

    def advance(self, at: Interval) -> Combination:
        if not at.history or (self.lower_order_final and at.remaining == 1):
            return euler(at)
        before = at.history[0]
        ratio = at.sigma_next / at.sigma
        beyond = math.log(at.sigma / at.sigma_next) / (2 * math.log(before.sigma / at.sigma))
        return at.in_denoised(ratio, (at.start, (1 - ratio) * (1 + beyond)), (before, (ratio - 1) * beyond))
