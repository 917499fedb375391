"""The quadrature of the multistep rules, which integrates a polynomial through known values over an interval.

The equation dx/dσ = e = (x − D)/σ has two exact forms,

    x' = x + ∫ e dσ            and            x' = (σ'/σ) x + σ' ∫ D d(1/σ),

the integrals running from σ to σ'. A rule replaces e or D by the polynomial through its values at some noise levels,
in some variable u(σ): σ itself (Adams–Bashforth), log σ (the exponential rules), the time of a VP process (DEIS). So

    x' = x + (σ' − σ) Σ w_j e_j    or    x' = (σ'/σ) x + (1 − σ'/σ) Σ w_j D_j

where w_j is the mean of the j-th Lagrange polynomial over the interval, uniform in σ or uniform in 1/σ.
Source: Zhang & Chen 2022, "DEIS", and Lu et al. 2022, "DPM-Solver++", as one rule.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

# Integrating uniformly in σ or in 1/σ: the measure is dσ σ^(−power).
SLOPE, DENOISED = 0, 2

_remembered = lru_cache(maxsize=2**13)  # a schedule's weights, for the next run over the same levels

_GAUSS = tuple(zip(*(values.tolist() for values in np.polynomial.legendre.leggauss(12)), strict=True))


class Variable(Hashable, Protocol):
    """The variable of the polynomials, an increasing function u(σ).

    `width`: the length in log σ over which twelve Gauss points integrate such polynomials to rounding.
    """

    @property
    def width(self) -> float: ...

    def offset(self, sigma: float, origin: float) -> float:
        """u(sigma) − u(origin), without cancellation."""
        ...

    def beyond(self, origin: float, offsets: Sequence[float]) -> list[tuple[float, float]]:
        """(σ, dσ/du) where u is u(origin) + offset, for offsets ≥ 0."""
        ...


class Level:
    """u = σ."""

    width = 0.5  # needed for dσ/σ²; with dσ any length works

    def offset(self, sigma: float, origin: float) -> float:
        return sigma - origin

    def beyond(self, origin: float, offsets: Sequence[float]) -> list[tuple[float, float]]:
        return [(origin + offset, 1.0) for offset in offsets]


class LogLevel:
    """u = log σ."""

    width = 4.0

    def offset(self, sigma: float, origin: float) -> float:
        return _log_ratio(sigma, origin, sigma - origin)

    def beyond(self, origin: float, offsets: Sequence[float]) -> list[tuple[float, float]]:
        levels = [origin * math.exp(offset) for offset in offsets]
        return list(zip(levels, levels, strict=True))


@dataclass(frozen=True, slots=True)
class VpTime:
    """u = t, the time of a VP process of the same noise level: log(1 + σ²) = β_d t²/2 + β_min t."""

    beta_min: float
    beta_d: float
    width: float = 0.4  # σ(t) has a branch point where σ = 0

    @classmethod
    @_remembered
    def between(cls, smallest: float, largest: float) -> VpTime:
        """The time with t(smallest) = 10⁻³ and t(largest) = 1.

        Where log(1 + smallest²) is 0.002 log(1 + largest²) or more (from 0.13 on for 80), no such time grows with σ up
        to the end. Near that limit and beyond it, β is constant, that is t = log(1 + σ²)/log(1 + largest²).
        """
        end = _growth(largest)
        beta_d = 2 * (end - _growth(smallest) / 1e-3) / (1 - 1e-3)
        beta_min = end - beta_d / 2
        if beta_min + beta_d < 0.01 * beta_min:
            return cls(end, 0.0)
        return cls(beta_min, beta_d)

    def offset(self, sigma: float, origin: float) -> float:
        difference = _log_ratio(1 + sigma**2, 1 + origin**2, (sigma - origin) * (sigma + origin))
        return 2 * difference / (self._beta(sigma) + self._beta(origin))

    def beyond(self, origin: float, offsets: Sequence[float]) -> list[tuple[float, float]]:
        growth, beta = _growth(origin), self._beta(origin)
        points = []
        for offset in offsets:
            square = math.expm1(growth + offset * (beta + self.beta_d * offset / 2))
            sigma = math.sqrt(square)
            points.append((sigma, (1 + square) * (beta + self.beta_d * offset) / (2 * sigma)))
        return points

    def _beta(self, sigma: float) -> float:
        """β(t) = β_min + β_d t = d log(1 + σ²)/dt."""
        return math.sqrt(max(0.0, self.beta_min**2 + 2 * self.beta_d * _growth(sigma)))


LEVEL, LOG_LEVEL = Level(), LogLevel()


def weights(variable: Variable, levels: Sequence[float], sigma_next: float, power: int) -> tuple[float, ...]:
    """The means over the interval from levels[0] to sigma_next of the Lagrange polynomials through the levels.

    levels: where the values are known, the interval's start first, all different (sigma_next may be among them).
    power: `SLOPE` or `DENOISED`. The weights add up to 1.
    """
    return _weights(variable, tuple(levels), sigma_next, power)


@_remembered
def _weights(variable: Variable, levels: tuple[float, ...], sigma_next: float, power: int) -> tuple[float, ...]:
    means = moments(variable, levels[0], sigma_next, len(levels), power)
    offsets = [variable.offset(level, levels[0]) for level in levels]
    found = []
    for j, level in enumerate(levels):
        polynomial, scale = [1.0], 1.0
        for i, other in enumerate(levels):
            if i != j:
                shifted = [-offsets[i] * factor for factor in polynomial]
                polynomial = [a + b for a, b in zip([*shifted, 0.0], [0.0, *polynomial], strict=True)]
                scale *= variable.offset(level, other)
        found.append(sum(factor * mean for factor, mean in zip(polynomial, means, strict=True)) / scale)
    return tuple(found)


def middle_weights(levels: Sequence[float], sigma_next: float) -> tuple[float, ...]:
    """Weights of the line in log σ through the values at one or two levels, at the middle of the interval, as in 2M."""
    if len(levels) == 1:
        return (1.0,)
    beyond = LOG_LEVEL.offset(sigma_next, levels[0]) / (2 * LOG_LEVEL.offset(levels[0], levels[1]))
    return 1 + beyond, -beyond


@_remembered
def moments(variable: Variable, sigma: float, sigma_next: float, count: int, power: int) -> tuple[float, ...]:
    """The means over the interval of (u − u(sigma))^k for k = 0 … count − 1. Both levels are above 0."""
    if count == 1:
        return (1.0,)
    pieces = max(1, math.ceil(math.log(sigma / sigma_next) / variable.width))
    sums = [0.0] * count
    high = sigma
    for piece in range(1, pieces + 1):
        low = sigma_next if piece == pieces else sigma * (sigma_next / sigma) ** (piece / pieces)
        half, start = variable.offset(high, low) / 2, variable.offset(low, sigma)
        offsets = [half * (1 + node) for node, _ in _GAUSS]
        points = variable.beyond(low, offsets)
        for offset, (level, rate), (_, weight) in zip(offsets, points, _GAUSS, strict=True):
            term = weight * half * rate / (level / sigma) ** power
            for k in range(count):
                sums[k] += term
                term *= start + offset
        high = low
    return tuple([total / sums[0] for total in sums])


def _log_ratio(a: float, b: float, difference: float) -> float:
    """log(a/b) with a relative error of rounding size, given a − b."""
    return math.log1p(difference / b) if b < 2 * a < 4 * b else math.log(a / b)


def _growth(sigma: float) -> float:
    """log(1 + σ²)."""
    return math.log1p(sigma**2)
