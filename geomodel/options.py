"""Options of schedules and solvers: a name, a default and limits, and the check of a value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np

from geomodel.arrays import Floats, plain

INFINITE = "inf"  # JSON has no infinite number


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A keyword of a schedule, a solver or a theory. moments: False or a pair (mean, variance); choice: one of
    `choices`; every: whole numbers are the lower limit and every such number from there, so that 2 gives odd or even.
    """

    name: str
    title: str
    kind: Literal["int", "float", "bool", "choice", "moments"]
    default: Any
    limits: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    every: int = 1
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
        if self.limits is not None and self.limits[1] == math.inf and value in (math.inf, INFINITE):
            return math.inf
        checked = number(self.name, value, whole=self.kind == "int")
        if self.limits is not None and not self.limits[0] <= checked <= self.limits[1]:
            raise ValueError(f"{self.name} lies between {self.limits[0]:g} and {self.limits[1]:g}; got {value}.")
        if self.every > 1 and self.limits is not None and (checked - self.limits[0]) % self.every:
            first, second, third = (int(self.limits[0]) + self.every * at for at in range(3))
            raise ValueError(f"{self.name} is one of {first}, {second}, {third}, …; got {value}.")
        return checked


def number(name: str, value: Any, *, whole: bool = False) -> Any:
    """A finite number as int (`whole`) or float. ValueError naming it where it is none."""
    kind: Any = Integral if whole else Real
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ValueError(f"{name} must be a {'whole ' if whole else ''}number; got {value!r}.")
    checked = int(value) if whole else float(value)
    if not math.isfinite(checked):
        raise ValueError(f"{name} must be a finite number; got {value!r}.")
    return checked


def check_keywords(owner: str, given: dict[str, Any], allowed: tuple[str, ...]) -> None:
    """TypeError where a keyword is not among the allowed ones."""
    if unknown := [name for name in given if name not in allowed]:
        raise TypeError(f"{owner} has no option {', '.join(unknown)}; its options are {', '.join(allowed)}.")


def _moments(name: str, value: Any) -> tuple[Floats, float] | Literal[False]:
    if value is False:
        return False
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError(f"{name} is False or a pair (mean, variance); got {value!r}.")
    mean = np.array(plain(value[0]), dtype=np.float64)
    variance = float(number(f"The variance of {name}", value[1]))
    if not np.isfinite(mean).all() or variance < 0:
        raise ValueError(f"{name} needs a finite mean and a variance of 0 or more; got variance {variance:g}.")
    return mean, variance
