"""Noise schedules: descending noise levels, float64, `steps + 1` values for `steps` intervals.

Every formula runs over f = i/n, i = 0..n. With `final_zero` the last interval goes from sigma_min to 0 and is one of
the steps: n = steps - 1, then a zero. Otherwise n = steps. Both ends are exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Levels = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A keyword of a schedule or a solver: `moments` is False or a pair (mean, variance), `choice` one of `choices`."""

    name: str
    title: str
    kind: Literal["int", "float", "bool", "choice", "moments"]
    default: Any
    limits: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    tooltip: str

    def check(self, value: Any) -> Any:
        """The value as a plain int, float, bool or (array, float). ValueError with a sentence where it does not fit."""
        if self.kind == "bool":
            if not isinstance(value, bool | np.bool_):
                raise ValueError(f"{self.name} is True or False; got {value!r}.")
            return bool(value)
        if self.kind == "choice":
            if value not in self.choices:
                raise ValueError(f"{self.name} is one of {', '.join(self.choices)}; got {value!r}.")
            return value
        if self.kind == "moments":
            return _moments(self.name, value)
        number = _number(self.name, value, whole=self.kind == "int")
        if self.limits is not None and not self.limits[0] <= number <= self.limits[1]:
            raise ValueError(f"{self.name} lies between {self.limits[0]:g} and {self.limits[1]:g}; got {value}.")
        return number


@dataclass(frozen=True, slots=True)
class Schedule:
    """A row of `SCHEDULES`. `options` are the schedule's own, beside steps, sigma_min, sigma_max and final_zero."""

    name: str
    title: str
    formula: str
    function: Callable[..., Levels]
    options: tuple[Option, ...] = ()


RHO = Option(
    name="rho",
    title="ρ",
    kind="float",
    default=7.0,
    limits=(0.1, 1000.0),
    tooltip="Larger ρ puts more levels near the data. ρ = 1 is uniform; ρ → ∞ is uniform in log σ.",
)
_COMMON = ("steps", "sigma_min", "sigma_max", "final_zero")


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

    return _build(formula, steps, sigma_min, sigma_max, final_zero)


def log_uniform(steps: int = 18, sigma_min: float = 0.002, sigma_max: float = 80.0, final_zero: bool = False) -> Levels:
    """Levels uniform in log σ: σ(f) = σ_max (σ_min/σ_max)^f, shape (steps + 1,). ValueError as in `karras`.

    Also called exponential; uniform in the log signal-to-noise ratio (Lu et al. 2022, "DPM-Solver").
    """
    return _build(lambda f, low, high: np.asarray(high * (low / high) ** f), steps, sigma_min, sigma_max, final_zero)


def uniform(steps: int = 18, sigma_min: float = 0.002, sigma_max: float = 80.0, final_zero: bool = False) -> Levels:
    """Levels uniform in σ: σ(f) = σ_max + f (σ_min − σ_max), shape (steps + 1,). ValueError as in `karras`."""
    return _build(lambda f, low, high: high + f * (low - high), steps, sigma_min, sigma_max, final_zero)


def custom(levels: ArrayLike) -> Levels:
    """The given levels as float64, checked: one dimension, at least two, finite, strictly descending, the last ≥ 0."""
    values = np.array(levels, dtype=np.float64)
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


def with_jump(levels: Levels, jump_at: int | None) -> Levels:
    """The levels up to index `jump_at`, then 0: one Euler interval from there to D (None: the levels as they are)."""
    if jump_at is None:
        return levels
    last = len(levels) - 1 if levels[-1] > 0 else len(levels) - 2
    index = _number("jump_at", jump_at, whole=True)
    if not 0 <= index <= last:
        raise ValueError(f"jump_at is the index of a noise level above 0, from 0 to {last}; got {index}.")
    return np.append(levels[: index + 1], 0.0)


SCHEDULES: tuple[Schedule, ...] = (
    Schedule("karras", "Karras (ρ)", "σᵢ = (σmax^(1/ρ) + i/N (σmin^(1/ρ) − σmax^(1/ρ)))^ρ", karras, (RHO,)),
    Schedule("log_uniform", "Uniform in log σ", "σᵢ = σmax (σmin/σmax)^(i/N)", log_uniform),
    Schedule("uniform", "Uniform in σ", "σᵢ = σmax + i/N (σmin − σmax)", uniform),
)


def names() -> tuple[str, ...]:
    """The schedules that follow a formula, in the table's order (`custom` takes any list besides)."""
    return tuple(item.name for item in SCHEDULES)


def row(name: str) -> Schedule:
    """The table's row. ValueError naming the schedules where there is none."""
    for item in SCHEDULES:
        if item.name == name:
            return item
    raise ValueError(f"There is no schedule {name!r}; choose one of {', '.join(names())}.")


def build(name: str, **keywords: Any) -> Levels:
    """The levels of a schedule by its name. Unknown keyword: TypeError naming the allowed ones."""
    found = row(name)
    check_keywords(f"The schedule {name}", keywords, (*_COMMON, *(option.name for option in found.options)))
    return found.function(**keywords)


def check_keywords(owner: str, given: dict[str, Any], allowed: tuple[str, ...]) -> None:
    """TypeError where a keyword is not among the allowed ones."""
    if unknown := [name for name in given if name not in allowed]:
        raise TypeError(f"{owner} has no option {', '.join(unknown)}; its options are {', '.join(allowed)}.")


def _build(
    formula: Callable[[Levels, float, float], Levels], steps: int, sigma_min: float, sigma_max: float, final_zero: bool
) -> Levels:
    steps = int(_number("steps", steps, whole=True))
    low, high = float(_number("sigma_min", sigma_min)), float(_number("sigma_max", sigma_max))
    if steps < 1:
        raise ValueError(f"A schedule has at least one step; got steps = {steps}.")
    if not 0 < low < high:
        raise ValueError(f"sigma_min must be above 0 and below sigma_max; got {low:g} and {high:g}.")
    intervals = steps - 1 if final_zero else steps
    levels = formula(np.arange(intervals + 1) / max(intervals, 1), low, high)
    levels[0] = high
    if intervals:
        levels[-1] = low
    if not (np.diff(levels) < 0).all():
        raise ValueError(f"{steps} steps from {high:g} to {low:g} are too fine: two levels coincide. Take fewer steps.")
    return np.append(levels, 0.0) if final_zero else levels


def _number(name: str, value: Any, *, whole: bool = False) -> Any:
    kind: Any = Integral if whole else Real
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ValueError(f"{name} must be a {'whole ' if whole else ''}number; got {value!r}.")
    number = int(value) if whole else float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number; got {value!r}.")
    return number


def _moments(name: str, value: Any) -> tuple[NDArray[np.float64], float] | Literal[False]:
    if value is False:
        return False
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError(f"{name} is False or a pair (mean, variance); got {value!r}.")
    mean = np.asarray(value[0], dtype=np.float64).copy()
    variance = float(_number(f"The variance of {name}", value[1]))
    if not np.isfinite(mean).all() or variance < 0:
        raise ValueError(f"{name} needs a finite mean and a variance of 0 or more; got variance {variance:g}.")
    return mean, variance
