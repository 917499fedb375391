"""Noise levels from a formula or a list: float64, descending, `steps + 1` levels for `steps` intervals.

Every formula runs over f = i/n, i = 0..n. With `final_zero` the last interval goes from sigma_min to 0 and is one of
the steps: n = steps - 1, then a zero. Otherwise n = steps. Both ends are exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, plain
from geomodel.options import Option, number

Levels = Floats

RHO = Option(
    name="rho",
    title="ρ",
    kind="float",
    default=7.0,
    limits=(0.1, 1000.0),
    tooltip="Larger ρ puts more levels near the data. ρ = 1 is uniform; ρ → ∞ is uniform in log σ.",
)
POLYEXPONENTIAL_RHO = replace(
    RHO, default=1.0, tooltip="Larger ρ puts more levels near the data. ρ = 1 is uniform in log σ."
)
VP_TIME_RHO = replace(
    RHO, default=1.0, tooltip="Larger ρ puts more levels near the data. ρ = 1 is uniform in the VP time."
)
VP_LAST_TIME = 1e-3  # the smallest VP time that is used in training


def karras(
    steps: int = 18,
    sigma_min: float = 0.002,
    sigma_max: float = 80.0,
    rho: float = RHO.default,
    final_zero: bool = False,
) -> Levels:
    """Levels uniform in σ^(1/ρ): σ(f) = (σ_max^(1/ρ) + f (σ_min^(1/ρ) − σ_max^(1/ρ)))^ρ, shape (steps + 1,).

    ρ = 1 is `uniform`; ρ → ∞ tends to `log_uniform`. ValueError where the ends, steps or ρ make no schedule.
    Source: Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", eq. 5.
    """
    rho = RHO.check(rho)

    def formula(f: Levels, low: float, high: float) -> Levels:
        start, end = high ** (1 / rho), low ** (1 / rho)
        return np.asarray((start + f * (end - start)) ** rho)

    return levels_of(formula, steps, sigma_min, sigma_max, final_zero)


def log_uniform(steps: int = 18, sigma_min: float = 0.002, sigma_max: float = 80.0, final_zero: bool = False) -> Levels:
    """Levels uniform in log σ: σ(f) = σ_max (σ_min/σ_max)^f, shape (steps + 1,). ValueError as in `karras`.

    Also called exponential; uniform in the log signal-to-noise ratio (Lu et al. 2022, "DPM-Solver").
    """
    return levels_of(lambda f, low, high: np.asarray(high * (low / high) ** f), steps, sigma_min, sigma_max, final_zero)


def uniform(steps: int = 18, sigma_min: float = 0.002, sigma_max: float = 80.0, final_zero: bool = False) -> Levels:
    """Levels uniform in σ: σ(f) = σ_max + f (σ_min − σ_max), shape (steps + 1,). ValueError as in `karras`."""
    return levels_of(lambda f, low, high: high + f * (low - high), steps, sigma_min, sigma_max, final_zero)


def polyexponential(
    steps: int = 18,
    sigma_min: float = 0.002,
    sigma_max: float = 80.0,
    rho: float = POLYEXPONENTIAL_RHO.default,
    final_zero: bool = False,
) -> Levels:
    """A power of a ramp in log σ: ln σ(f) = ln σ_min + (1 − f)^ρ ln(σ_max/σ_min), shape (steps + 1,).

    ρ = 1 is `log_uniform`; ρ > 1 takes longer strides first. ValueError as in `karras`. Source: k-diffusion.
    """
    rho = POLYEXPONENTIAL_RHO.check(rho)

    def formula(f: Levels, low: float, high: float) -> Levels:
        return np.asarray(low * (high / low) ** ((1 - f) ** rho))

    return levels_of(formula, steps, sigma_min, sigma_max, final_zero)


def vp_time(
    steps: int = 18,
    sigma_min: float = 0.002,
    sigma_max: float = 80.0,
    rho: float = VP_TIME_RHO.default,
    final_zero: bool = False,
) -> Levels:
    """Levels uniform in t^(1/ρ), with t the time of the variance-preserving process whose noise rate is linear.

        σ(t) = √(exp(β_d t²/2 + β_min t) − 1),   t(f) = (1 + f (ε^(1/ρ) − 1))^ρ,   ε = 10⁻³

    shape (steps + 1,). β_d and β_min are those with σ(1) = σ_max and σ(ε) = σ_min. Where σ_min is so large that the
    rate β_min + β_d t would turn negative before t = 1 (for σ_max = 80: from 0.13 on), ε is the earliest time for which
    it does not, 1 − √(1 − ln(1 + σ_min²)/ln(1 + σ_max²)). ValueError as in `karras`.
    Source: Song et al. 2021 (2011.13456), VP; Karras et al. 2022 (2206.00364), Table 1, for ρ = 1.
    """
    rho = VP_TIME_RHO.check(rho)

    def formula(f: Levels, low: float, high: float) -> Levels:
        start, end = np.log1p(high**2), np.log1p(low**2)  # ln(1 + σ²) at t = 1 and t = ε
        half = max((start - end / VP_LAST_TIME) / (1 - VP_LAST_TIME), -start)  # β_d/2; β_min = start − half
        last = VP_LAST_TIME if half > -start else 1 - np.sqrt(1 - min(end / start, 1.0))
        t = (1 + f * (last ** (1 / rho) - 1)) ** rho
        return np.asarray(np.sqrt(np.expm1(t * (start + half * (t - 1)))))

    return levels_of(formula, steps, sigma_min, sigma_max, final_zero)


def cosine(steps: int = 18, sigma_min: float = 0.002, sigma_max: float = 80.0, final_zero: bool = False) -> Levels:
    """The continuous cosine schedule, levels uniform in t with σ(t) = tan(πt/2), from t(σ_max) to t(σ_min).

    shape (steps + 1,); uniform in arctan σ: between two levels of unit-variance data the mixing angle of
    signal and noise turns by the same amount. It is iDDPM's ᾱ(t) = cos²(π/2 · (t + s)/(1 + s)) / cos²(π/2 · s/(1 + s))
    with s = 0, since σ = √(1/ᾱ − 1); iDDPM itself has s = 0.008, takes the nearest of 1000 trained levels and cuts its
    β at 0.999. ValueError as in `karras`. Source: Nichol & Dhariwal 2021 (2102.09672), eq. 17.
    """

    def formula(f: Levels, low: float, high: float) -> Levels:
        start, end = np.arctan(high), np.arctan(low)
        return np.asarray(np.tan(start + f * (end - start)))

    return levels_of(formula, steps, sigma_min, sigma_max, final_zero)


def levels_of(
    formula: Callable[[Levels, float, float], Levels], steps: int, sigma_min: float, sigma_max: float, final_zero: bool
) -> Levels:
    """The levels of a formula(f, sigma_min, sigma_max), with exact ends. ValueError where they make no schedule."""
    steps = int(number("steps", steps, whole=True))
    low, high = float(number("sigma_min", sigma_min)), float(number("sigma_max", sigma_max))
    if steps < 1:
        raise ValueError(f"A schedule has at least one step; got steps = {steps}.")
    if not 0 < low < high:
        raise ValueError(f"sigma_min must be above 0 and below sigma_max; got {low:g} and {high:g}.")
    intervals = steps - 1 if final_zero else steps
    levels = _computed(formula, np.arange(intervals + 1) / max(intervals, 1), low, high)
    levels[0] = high
    if intervals:
        levels[-1] = low
    if not (np.diff(levels) < 0).all():
        raise ValueError(f"{steps} steps from {high:g} to {low:g} are too fine: two levels coincide. Take fewer steps.")
    return np.append(levels, 0.0) if final_zero else levels


def _computed(formula: Callable[[Levels, float, float], Levels], f: Levels, low: float, high: float) -> Levels:
    """The formula's levels. ValueError where its powers leave the range of floating-point numbers."""
    try:
        levels = formula(f, low, high)
    except OverflowError:  # of Python's own numbers, which have no infinity to go to
        levels = np.full(1, np.inf)
    if not np.isfinite(levels).all():
        raise ValueError(
            f"The formula's numbers from {high:g} to {low:g} become too large; take closer ends or a ρ near 1."
        )
    return levels


def custom(levels: ArrayLike) -> Levels:
    """The given levels as float64, checked: one dimension, at least two, finite, strictly descending, the last ≥ 0."""
    values = np.array(plain(levels), dtype=np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"A schedule is a list of at least two noise levels; got shape {values.shape}.")
    if not np.isfinite(values).all():
        raise ValueError("A schedule has a noise level that is NaN or infinite; give finite numbers.")
    if values[-1] < 0:
        raise ValueError(f"A schedule ends at a noise level of 0 or more; the last one is {values[-1]:g}.")
    if (rising := np.diff(values) >= 0).any():
        i = int(rising.argmax())
        raise ValueError(
            f"The noise levels must descend strictly; "
            f"level {i} is {float(values[i])!r} and level {i + 1} is {float(values[i + 1])!r}."
        )
    return values


_KEYWORD = re.compile(r"\bshape\s*=\s*\([^)]*\)|\b(dtype|device|requires_grad|grad_fn)\s*=\s*[^,)\]]*")
_CALL = re.compile(r"[A-Za-z_][\w.]*\(")  # tensor(, array(, np.float64(
_BETWEEN = str.maketrans("[](){},;\ufeff", " " * 9)


def levels_from_text(text: str) -> tuple[float, ...]:
    """The numbers of a list as programs print it: in brackets or tensor(…), between commas, semicolons or blanks.

    Raises ValueError with a clause for anything else. `custom` checks whether the numbers are a schedule.
    """
    if ";" in text and "," in text:  # a comma may be the point of a decimal number here
        raise ValueError("it has both commas and semicolons. Use one of them, and decimal points.")
    plain = _CALL.sub(" ", _KEYWORD.sub(" ", text)).translate(_BETWEEN)
    try:
        return tuple(float(part) for part in plain.split())
    except ValueError as error:
        raise ValueError("it holds no list of numbers.") from error


def with_jump(levels: Levels, jump_at: int | None) -> Levels:
    """The levels up to index `jump_at`, then 0: one Euler interval from there to D (None: the levels as they are)."""
    if jump_at is None:
        return levels
    last = len(levels) - 1 if levels[-1] > 0 else len(levels) - 2
    index = number("jump_at", jump_at, whole=True)
    if not 0 <= index <= last:
        raise ValueError(f"jump_at is the index of a noise level above 0, from 0 to {last}; got {index}.")
    return np.append(levels[: index + 1], 0.0)
