"""Multistep rules in slopes. They reuse the slopes at the starts of earlier steps and take one evaluation a step."""

from __future__ import annotations

from dataclasses import dataclass

from geomodel.solvers.base import Interval, Multistep, levels_of
from geomodel.solvers.quadrature import LEVEL, LOG_LEVEL, SLOPE, Variable, VpTime, middle_weights, weights
from geomodel.trajectory import Combination

_EVEN_STEPS = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


class Ipndm(Multistep):
    """x' = x + (σ' − σ) Σ_j w_j e_{−j} with the Adams–Bashforth weights of even steps, whatever the schedule.

    Weights 1 · (3, −1)/2 · (23, −16, 5)/12 · (55, −59, 37, −9)/24. On an uneven schedule the order of convergence is
    2 from order 2 on. Source: Zhang & Chen 2022, "DEIS", section 3.3.
    """

    def advance(self, at: Interval) -> Combination:
        nodes = self.nodes(at)
        return at.in_slopes(nodes, _EVEN_STEPS[len(nodes) - 1])


class Ab(Multistep):
    """Adams–Bashforth with variable steps: x' = x + ∫ P dσ, P the polynomial in σ through the last slopes.

    The order of convergence is that of the rule. Also called LMS and, in DEIS, ρAB.
    Source: Zhang & Chen 2022, "DEIS"; Hairer, Nørsett & Wanner, "Solving Ordinary Differential Equations I", III.5.
    """

    def advance(self, at: Interval) -> Combination:
        return _integrated(at, self, LEVEL)


class DeisTab(Multistep):
    """x' = x + ∫ P dσ, P the polynomial through the last slopes in the time t of a VP process of the same σ.

    t(σ) = (√(β_min² + 2 β_d log(1 + σ²)) − β_min)/β_d, with β_min and β_d such that the schedule runs from t = 1 to
    t = 10⁻³ (see `VpTime.between`). The integrals are exact to rounding. The order of convergence is that of the
    rule. Source: Zhang & Chen 2022, "DEIS", eq. 15 (tAB).
    """

    def advance(self, at: Interval) -> Combination:
        return _integrated(at, self, VpTime.between(*at.span))


class DeisLog(Multistep):
    """x' = x + ∫ P dσ, P the polynomial in log σ through the last slopes: multistep DPM-Solver.

    The order of convergence is that of the rule. Source: Zhang & Chen 2022, "DEIS"; Lu et al. 2022, "DPM-Solver".
    """

    def advance(self, at: Interval) -> Combination:
        return _integrated(at, self, LOG_LEVEL)


@dataclass(frozen=True, kw_only=True)
class Dpm2M(Multistep):
    """x' = x + (σ' − σ) [e + (h/2h_{−1}) (e − e_{−1})], h = log(σ/σ'). Second order, one evaluation.

    2M in slopes (ε) instead of D. Source: Lu et al. 2022, "DPM-Solver" and its multistep code.
    """

    order: int = 2

    def advance(self, at: Interval) -> Combination:
        nodes = self.nodes(at)
        return at.in_slopes(nodes, middle_weights(levels_of(nodes), at.sigma_next))


def _integrated(at: Interval, rule: Multistep, variable: Variable) -> Combination:
    nodes = rule.nodes(at)
    return at.in_slopes(nodes, weights(variable, levels_of(nodes), at.sigma_next, SLOPE))
