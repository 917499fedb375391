"""Multistep rules in slopes: the slopes at the starts of earlier steps are reused, one evaluation a step."""

from __future__ import annotations

from dataclasses import dataclass

from geomodel.solvers.base import Interval, Solver
from geomodel.trajectory import Combination

_EVEN_STEPS = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


@dataclass(frozen=True, kw_only=True)
class Ipndm(Solver):
    """x' = x + (σ' − σ) Σ_j w_j e_{−j} with the Adams–Bashforth weights of even steps, whatever the schedule.

    Weights 1 · (3, −1)/2 · (23, −16, 5)/12 · (55, −59, 37, −9)/24. Starts with order 1, then 2, …; with
    `lower_order_final` the order never exceeds the number of intervals left. On an uneven schedule the order of
    convergence is 2 from order 2 on. Source: Zhang & Chen 2022, "DEIS", section 3.3.
    """

    order: int
    lower_order_final: bool

    @property
    def memory(self) -> int:
        return self.order - 1

    def advance(self, at: Interval) -> Combination:
        order = min(self.order, len(at.history) + 1)
        if self.lower_order_final:
            order = min(order, at.remaining)
        return at.in_slopes(*zip((at.start, *at.history), _EVEN_STEPS[order - 1], strict=False))
