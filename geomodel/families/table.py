"""The table of families: mean and deviation of their noise over time, the clock, and the prior that they start from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, plain

BETA_MIN, BETA_MAX = 0.1, 20.0  # of the linear rate β(t), Song et al. (2011.13456)
SIGMA_MIN, SIGMA_MAX = 0.01, 50.0  # of the exploding variance, there too
THETA, STRENGTH = 1.0, math.sqrt(2)  # of dz = −θ z dt + g dw, whose stationary law is N(0, g²/2θ) = N(0, 1)
SETTLED = 5.0  # the last time of OU: e⁻⁵ of the data is left, as much as of VP at time 1
QUARTER = math.pi / 2

Formula = Callable[[Floats], Floats]


def rate_time(total: Any, beta_min: float, beta_d: float) -> Any:
    """t ≥ 0 with β_min t + β_d t²/2 = total, for numbers, arrays and tensors: the clock of a noise rate that is linear.

    It is written without the difference of two nearly equal numbers, so it is as accurate near 0 as elsewhere.
    """
    return 2 * total / (beta_min + (beta_min**2 + 2 * beta_d * total) ** 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """A family of processes dz = f(t) z dt + g(t) dw, which noise x_0 to z = m(t) x_0 + b(t) ε.

    Attributes:
        name, title: what it is called.
        process: the process in words of a formula; clock: σ as a formula of t.
        source: where it comes from.
        last: its times run from 0 (data) to this.
        prior: the deviation of N(0, prior² I), from which it starts at its last time.
        contractive: its noising pushes points apart, so that going back draws them together.
    """

    name: str
    title: str
    process: str
    clock: str
    source: str
    mean_of: Formula
    deviation_of: Formula
    time_of: Formula
    drift_of: Formula
    squared_diffusion_of: Formula
    prior: float = 1.0
    last: float = 1.0
    contractive: bool = False

    def mean(self, t: ArrayLike) -> Any:
        """m(t): the factor of x_0 in z. Scalars give a float, arrays an array. ValueError for a time outside."""
        return _shaped(self.mean_of(self._times(t)))

    def deviation(self, t: ArrayLike) -> Any:
        """b(t): the deviation of the noise in z. ValueError for a time outside the family."""
        return _shaped(self.deviation_of(self._times(t)))

    def sigma(self, t: ArrayLike) -> Any:
        """σ(t) = b(t)/m(t), infinite where nothing is left of the data. ValueError for a time outside the family."""
        times = self._times(t)
        with np.errstate(divide="ignore"):
            return _shaped(self.deviation_of(times) / self.mean_of(times))

    def time(self, sigma: ArrayLike) -> Any:
        """t(σ), the inverse of `sigma` up to rounding. ValueError for a σ that the family does not reach."""
        levels = np.asarray(plain(sigma), np.float64)
        inside = (levels >= 0) & (levels <= self.largest)
        if not inside.all():
            wrong = float(levels[~inside].flat[0])
            raise ValueError(f"{self.title} has noise levels from 0 to {self.largest:.5g}; got {wrong:.5g}.")
        return _shaped(np.clip(self.time_of(levels), 0.0, self.last))

    def drift(self, t: ArrayLike) -> Any:
        """f(t) = d ln m/dt, so that the drift of z is f z. ValueError for a time outside the family."""
        return _shaped(self.drift_of(self._times(t)))

    def squared_diffusion(self, t: ArrayLike) -> Any:
        """g²(t) = d b²/dt − 2 f b² = 2 m² σ dσ/dt. ValueError for a time outside the family."""
        return _shaped(self.squared_diffusion_of(self._times(t)))

    @property
    def largest(self) -> float:
        """The σ of its last time."""
        return float(self.sigma(self.last))

    def _times(self, t: ArrayLike) -> Floats:
        times = np.asarray(plain(t), np.float64)
        inside = (times >= 0) & (times <= self.last)
        if not inside.all():
            wrong = float(times[~inside].flat[0])
            raise ValueError(f"The times of {self.title} run from 0 to {self.last:g}; got {wrong:g}.")
        return times


def _shaped(values: Array) -> Any:
    return float(values) if np.ndim(values) == 0 else np.asarray(values)


# --- formulas that several families share ----------------------------------------------------------------------------


def _rate(t: Floats) -> Floats:
    return BETA_MIN + (BETA_MAX - BETA_MIN) * t


def _total(t: Floats) -> Floats:
    """B(t) = ∫ β."""
    return t * (BETA_MIN + (BETA_MAX - BETA_MIN) * t / 2)


def _time_of_total(total: Floats) -> Floats:
    return np.asarray(rate_time(total, BETA_MIN, BETA_MAX - BETA_MIN))


def _time_of_sinh(sigma: Floats) -> Floats:
    return _time_of_total(2 * np.arcsinh(sigma / 2))


def _flow_time(sigma: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):  # each branch is defined where it is taken
        return np.where(sigma > 1, 1 / (1 + 1 / sigma), sigma / (1 + sigma))


_EXPLOSION = math.log(SIGMA_MAX / SIGMA_MIN)
_STATIONARY = STRENGTH**2 / (2 * THETA)  # variance
_LAST_TOTAL = (BETA_MIN + BETA_MAX) / 2

_SONG = "Song et al. 2021 (arXiv 2011.13456)"
_CONTRACTIVE = "Tang and Zhao 2024 (arXiv 2401.13115; 2402.07487)"

FAMILIES: tuple[FamilyRow, ...] = (
    FamilyRow(
        name="vp",
        title="VP",
        process="dz = −½β z dt + √β dw,  β from 0.1 to 20",
        clock="σ = √(e^B − 1),  B = ∫β",
        source=_SONG,
        mean_of=lambda t: np.exp(-_total(t) / 2),
        deviation_of=lambda t: np.sqrt(-np.expm1(-_total(t))),
        time_of=lambda sigma: _time_of_total(np.log1p(sigma**2)),
        drift_of=lambda t: -_rate(t) / 2,
        squared_diffusion_of=_rate,
    ),
    FamilyRow(
        name="sub_vp",
        title="sub-VP",
        process="dz = −½β z dt + √(β(1 − e^(−2B))) dw",
        clock="σ = 2 sinh(B/2)",
        source=_SONG,
        mean_of=lambda t: np.exp(-_total(t) / 2),
        deviation_of=lambda t: -np.expm1(-_total(t)),
        time_of=_time_of_sinh,
        drift_of=lambda t: -_rate(t) / 2,
        squared_diffusion_of=lambda t: -_rate(t) * np.expm1(-2 * _total(t)),
    ),
    FamilyRow(
        name="ve",
        title="VE",
        process="dz = s √(2 ln(50/0.01)) dw,  s = 0.01 (50/0.01)^t",
        clock="σ = √(s² − 0.01²)",
        source=_SONG,
        mean_of=np.ones_like,
        deviation_of=lambda t: SIGMA_MIN * np.sqrt(np.expm1(2 * _EXPLOSION * t)),
        time_of=lambda sigma: np.log1p((sigma / SIGMA_MIN) ** 2) / (2 * _EXPLOSION),
        drift_of=np.zeros_like,
        squared_diffusion_of=lambda t: 2 * _EXPLOSION * SIGMA_MIN**2 * np.exp(2 * _EXPLOSION * t),
        prior=SIGMA_MIN * math.sqrt(math.expm1(2 * _EXPLOSION)),
    ),
    FamilyRow(
        name="ou",
        title="OU",
        process="dz = −z dt + √2 dw",
        clock="σ = √(e^(2t) − 1)",
        source="Ornstein–Uhlenbeck; Tang and Zhao 2024 (arXiv 2402.07487)",
        mean_of=lambda t: np.exp(-THETA * t),
        deviation_of=lambda t: np.sqrt(-np.expm1(-2 * THETA * t) * _STATIONARY),
        time_of=lambda sigma: np.log1p(sigma**2 / _STATIONARY) / (2 * THETA),
        drift_of=lambda t: np.full_like(t, -THETA),
        squared_diffusion_of=lambda t: np.full_like(t, STRENGTH**2),
        prior=math.sqrt(_STATIONARY),
        last=SETTLED,
    ),
    FamilyRow(
        name="cosine",
        title="Cosine",
        process="z = cos(πt/2) x₀ + sin(πt/2) ε",
        clock="σ = tan(πt/2)",
        source="Nichol and Dhariwal 2021 (arXiv 2102.09672)",
        mean_of=lambda t: np.sin(QUARTER * (1 - t)),  # exactly 0 at t = 1
        deviation_of=lambda t: np.sin(QUARTER * t),
        time_of=lambda sigma: np.arctan(sigma) / QUARTER,
        drift_of=lambda t: -QUARTER * np.tan(QUARTER * t),
        squared_diffusion_of=lambda t: 2 * QUARTER * np.tan(QUARTER * t),
    ),
    FamilyRow(
        name="flow",
        title="Flow",
        process="z = (1 − t) x₀ + t ε",
        clock="σ = t/(1 − t)",
        source="Lipman et al. 2023 (arXiv 2210.02747); Liu et al. 2023 (arXiv 2209.03003)",
        mean_of=lambda t: 1 - t,
        deviation_of=lambda t: t * 1.0,
        time_of=_flow_time,
        drift_of=lambda t: _over(-1.0, 1 - t),
        squared_diffusion_of=lambda t: _over(2 * t, 1 - t),
    ),
    FamilyRow(
        name="cvp",
        title="Contractive VP",
        process="dz = ½β z dt + √β dw",
        clock="σ = √(1 − e^(−B)), below 1",
        source=_CONTRACTIVE,
        mean_of=lambda t: np.exp(_total(t) / 2),
        deviation_of=lambda t: np.sqrt(np.expm1(_total(t))),
        time_of=lambda sigma: _time_of_total(-np.log1p(-(sigma**2))),
        drift_of=lambda t: _rate(t) / 2,
        squared_diffusion_of=_rate,
        prior=math.sqrt(math.expm1(_LAST_TOTAL)),
        contractive=True,
    ),
    FamilyRow(
        name="c_sub_vp",
        title="Contractive sub-VP",
        process="dz = ½β z dt + √(β(e^(2B) − 1)) dw",
        clock="σ = 2 sinh(B/2)",
        source=_CONTRACTIVE,
        mean_of=lambda t: np.exp(_total(t) / 2),
        deviation_of=lambda t: np.expm1(_total(t)),
        time_of=_time_of_sinh,
        drift_of=lambda t: _rate(t) / 2,
        squared_diffusion_of=lambda t: _rate(t) * np.expm1(2 * _total(t)),
        prior=math.expm1(_LAST_TOTAL),
        contractive=True,
    ),
    FamilyRow(
        name="cou",
        title="Contractive OU",
        process="dz = z dt + √2 dw",
        clock="σ = √(1 − e^(−2t)), below 1",
        source=_CONTRACTIVE,
        mean_of=lambda t: np.exp(THETA * t),
        deviation_of=lambda t: np.sqrt(np.expm1(2 * THETA * t) * _STATIONARY),
        time_of=lambda sigma: -np.log1p(-(sigma**2) / _STATIONARY) / (2 * THETA),
        drift_of=lambda t: np.full_like(t, THETA),
        squared_diffusion_of=lambda t: np.full_like(t, STRENGTH**2),
        prior=math.sqrt(_STATIONARY * math.expm1(2 * THETA * SETTLED)),
        last=SETTLED,
        contractive=True,
    ),
)
_ROWS = {family.name: family for family in FAMILIES}


def _over(numerator: Any, denominator: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(numerator / denominator)


def names() -> tuple[str, ...]:
    """The names of all families, in the order of the table."""
    return tuple(_ROWS)


def row(name: str) -> FamilyRow:
    """The row of a family. ValueError for a name that is not in the table."""
    if name not in _ROWS:
        raise ValueError(f"There is no family {name!r}; choose one of {', '.join(_ROWS)}.")
    return _ROWS[name]


def unit_of(deviation: float) -> float:
    """The unit in which data of this deviation are of a family's size, 0.1 … 10: the power of ten nearest to 1.

    The families have fixed numbers, such as σ ≤ 152 for VP, because they are made for data of about unit size.
    """
    if not 0 < deviation < math.inf:
        return 1.0
    return 10.0 ** math.trunc(math.log10(deviation))
