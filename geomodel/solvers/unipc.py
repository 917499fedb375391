"""UniPC: a multistep predictor, and a corrector that uses the evaluation at the start of the next step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from geomodel.solvers.base import Interval, Multistep, euler, levels_of
from geomodel.solvers.dpm import exponential
from geomodel.solvers.quadrature import DENOISED, LOG_LEVEL, SLOPE, weights
from geomodel.trajectory import Combination, Evaluation


@dataclass(frozen=True, kw_only=True)
class UniPc(Multistep):
    """Predict x̃ at σ', evaluate D(x̃; σ'), correct x'; that evaluation is the next step's start (PECE without the
    second E).

    Predictor: the polynomial in log σ through the last `order` values of D ("x0") or of the slope ("eps"), integrated
    exactly; corrector: the same with the value at x̃ added. Where two values are combined (the predictor of order 2,
    the corrector of order 1) the other one, r h away from σ in log σ, has the weight B(h)/(2 r B₂(h)) instead, with
    B = h for "bh1" and B = B₂ for "bh2"; B₂ = 1 − e^(−h) in D and e^h − 1 in slopes, h = log(σ/σ').

    The last interval to a positive level has no corrector and no evaluation, so that there are as many evaluations as
    intervals. An interval to 0 after it is an Euler interval with an evaluation at x, so that x' = D(x; σ). The order
    of convergence is one above the rule's for orders 1 and 2, at least 3 for order 3. Source: Zhao et al. 2023,
    "UniPC", Algorithms 1 and 2.
    """

    variant: Literal["bh1", "bh2"]
    prediction: Literal["x0", "eps"]

    def advance(self, at: Interval) -> Combination:
        start, *past = self.nodes(at)
        predicted = self._combined(at, (start, *past))
        if at.ends_run:
            return predicted
        at.left = at.evaluate(predicted.apply(at.x), at.sigma_next)
        return self._combined(at, (start, at.left, *past))

    def advance_to_zero(self, at: Interval) -> Combination:
        at.carried = None  # exists after resuming a longer run, but this step needs D at x itself
        return euler(at)

    def _combined(self, at: Interval, nodes: Sequence[Evaluation]) -> Combination:
        levels = levels_of(nodes)
        in_slopes = self.prediction == "eps"
        if len(nodes) == 2:
            shares = self._two_weights(levels, at.sigma_next)
        else:
            shares = weights(LOG_LEVEL, levels, at.sigma_next, SLOPE if in_slopes else DENOISED)
        if in_slopes:
            return at.in_slopes(nodes, shares)
        return exponential(at, nodes, shares)

    def _two_weights(self, levels: Sequence[float], sigma_next: float) -> tuple[float, ...]:
        h = LOG_LEVEL.offset(levels[0], sigma_next)
        share = h / (2 * LOG_LEVEL.offset(levels[0], levels[1]))
        if self.variant == "bh1":
            share *= h / (math.expm1(h) if self.prediction == "eps" else -math.expm1(-h))
        return 1 - share, share
