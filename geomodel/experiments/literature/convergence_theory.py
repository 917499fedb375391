"""How many steps a discrete sampler needs, by the theory of Li, Wei, Chi and Chen, on Gaussians where it is exact.

X_t = √ᾱ_t X_0 + √(1 − ᾱ_t) noise, with learning rates β_1 = T^{−c₀}, β_{t+1} = r min{β_1 (1 + r)^t, 1}, r = c₁ ln T/T.
Source: arXiv 2408.02320; the schedule as in arXiv 2409.18959, eq. 2.3.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from geomodel.arrays import Floats
from geomodel.experiments.literature.claim import Finding

if TYPE_CHECKING:
    from geomodel.experiments.literature.material import Material

C0, C1, VARIANCE = 2.0, 4.0, 0.25
TABLE = {100: 0.577, 200: 0.382, 400: 0.241, 800: 0.147, 1600: 0.0881, 3200: 0.0520}  # total variation at d = 16
GRID = 8001


def learning_rates(steps: int) -> Floats:
    """β_1 … β_T, (T,), see the module."""
    rate = C1 * math.log(steps) / steps
    first = steps**-C0
    later = rate * np.minimum(first * (1 + rate) ** np.arange(1.0, steps), 1.0)
    return np.asarray(np.append(first, later))


def variance_reached(steps: int, variance: float = VARIANCE, *, noisy: bool = False) -> tuple[float, float]:
    """The variance w of Y_1 from N(0, 1) by the exact score of N(0, v), and that of X_1, of which Y_1 is to be a draw.

    The ODE's sampler multiplies w by (1 − (β/2)/var_t)²/α_t in each step from T to 2. The SDE's, with `noisy`, makes
    it ((1 − β/var_t)² w + β)/α_t.
    """
    rates = learning_rates(steps)
    kept = np.cumprod(1 - rates)
    w = 1.0
    for rate, alpha in zip(rates[:0:-1].tolist(), kept[:0:-1].tolist(), strict=True):
        marginal = alpha * variance + 1 - alpha
        w = ((1 - rate / marginal) ** 2 * w + rate) if noisy else (1 - rate / 2 / marginal) ** 2 * w
        w /= 1 - rate
    return w, float(kept[0]) * variance + 1 - float(kept[0])


def total_variation(a: float, b: float, dimension: int) -> float:
    """TV(N(0, aI), N(0, bI)) in d dimensions, F_d(ρ/b) − F_d(ρ/a) with ρ = d ln(a/b)/(1/b − 1/a), a > b.

    F_d is the distribution of χ² with d degrees of freedom. 0 where the variances are equal.
    """
    import torch

    a, b = max(a, b), min(a, b)
    if a == b:
        return 0.0
    border = dimension * math.log(a / b) / (1 / b - 1 / a)
    half = torch.tensor(dimension / 2, dtype=torch.float64)
    inside = torch.special.gammainc(half, torch.tensor([border / b / 2, border / a / 2], dtype=torch.float64))
    return float(inside[0] - inside[1])


def oscillating(frequency: float, size: float, steps: int = 400) -> float:
    """TV between X_1 and Y_1 for the target N(0, 1) and the score −x + size sin(frequency x), in one dimension.

    1 − ∫ min(p(x), p(F(x)) |F'(x)|) dx with F the map from x = Y_T to Y_1. Its inverse is not needed, because the
    substitution y = F(x) turns ∫ min(p, q) dy into an integral over x where F is monotone.
    """
    x = np.linspace(-6.0, 6.0, GRID)
    y, slope = x.copy(), np.ones_like(x)
    for rate in learning_rates(steps)[:0:-1].tolist():
        score, change = -y + size * np.sin(frequency * y), -1 + size * frequency * np.cos(frequency * y)
        slope = slope * (1 + rate / 2 * change) / math.sqrt(1 - rate)
        y = (y + rate / 2 * score) / math.sqrt(1 - rate)
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    reached = np.exp(-(y**2) / 2) / math.sqrt(2 * math.pi) * np.abs(slope)
    return float(1 - np.minimum(density, reached).sum() * (x[1] - x[0]))


def rates_vanish(material: Material) -> Finding:
    """ᾱ_T after 200 steps; all learning rates are below 1."""
    rates = learning_rates(200)
    return Finding(
        measured=float(np.prod(1 - rates)),
        expected=0.0,
        tolerance=1e-4,
        relation="at most",
        n=200,
        also=bool((rates < 1).all()),
        reason=f"The largest learning rate is {rates.max():.3g}.",
    )


def steps_needed(material: Material) -> Finding:
    """Total variation of the ODE's sampler on N(0, I/4) at d = 16, against the known table."""
    found = {steps: total_variation(*variance_reached(steps), 16) for steps in TABLE}
    errors = {steps: found[steps] / expected - 1 for steps, expected in TABLE.items()}
    return Finding(
        measured=max(map(abs, errors.values())),
        expected=0.0,
        tolerance=0.01,
        relation="at most",
        n=len(TABLE),
        reason=", ".join(f"T = {steps}: {value:.3g}" for steps, value in found.items()) + ".",
    )


def growth_in_dimension(material: Material) -> Finding:
    """The power of d with which the total variation grows at T = 3200, from 4 to 64 dimensions."""
    dimensions = np.array([4, 8, 16, 32, 64])
    reached = variance_reached(3200)
    values = np.array([total_variation(*reached, int(d)) for d in dimensions])
    return Finding(
        measured=float(np.polyfit(np.log(dimensions), np.log(values), 1)[0]),
        expected=0.5,
        tolerance=0.03,
        n=len(dimensions),
        reason="The bound grows like d; an isotropic target stays below it with √d.",
    )


def noise_helps(material: Material) -> Finding:
    """Total variation of the SDE's sampler over that of the ODE's, the least favourable of T = 100 … 3200 at d = 16."""
    ratios = []
    for steps in TABLE:
        plain, noisy = (total_variation(*variance_reached(steps, noisy=kind), 16) for kind in (False, True))
        ratios.append(noisy / plain)
    return Finding(
        measured=max(ratios),
        expected=0.2,
        tolerance=0.03,
        relation="at most",
        n=len(ratios),
        reason=f"From {min(ratios):.3g} to {max(ratios):.3g}: five to eight times below the ODE's.",
    )


def rough_scores(material: Material) -> Finding:
    """Total variation for score errors of the same size and rising frequency."""
    material.report(0.0)
    frequencies = (1.0, 3.0, 10.0, 30.0)
    found = [oscillating(1.0, 0.0), *(oscillating(frequency, 0.05) for frequency in frequencies)]
    rises = all(before < after for before, after in pairwise(found))
    return Finding(
        measured=found[-1],
        expected=0.987,
        tolerance=0.01,
        n=len(found),
        reason=f"No error {found[0]:.3g}; " + ", ".join(
            f"frequency {frequency:g}: {value:.3g}" for frequency, value in zip(frequencies, found[1:], strict=True)
        ) + ". The mean square error is the same, its Jacobian is not.",
        also=rises,
    )  # fmt: skip
