"""How the values of a slider are spread over its length."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

STEPS = 200  # places of a slider over numbers that need not be whole


@dataclass(frozen=True, slots=True)
class Spread:
    """The values from `low` to `high`: evenly, by their logarithms, or by their squares, which leaves room near 0.

    every: whole numbers, so far apart; 0: any number, to three digits.
    """

    low: float
    high: float
    kind: Literal["even", "log", "square"] = "even"
    every: int = 0

    @property
    def steps(self) -> int:
        """How many places the slider has after the first one."""
        if self.every and self.kind == "even":
            return max(1, int(self.high - self.low) // self.every)
        return STEPS

    def value(self, part: float) -> float:
        """The value at a part of the length, from 0 to 1."""
        if self.kind == "log":
            found = self.low * (self.high / self.low) ** part
        else:
            found = self.low + (self.high - self.low) * (part if self.kind == "even" else part**2)
        return self.low + self.every * round((found - self.low) / self.every) if self.every else float(f"{found:.3g}")

    def part(self, value: float) -> float:
        """Where a value stands, from 0 to 1; one outside the ends stands at the nearest end."""
        value = min(max(value, self.low), self.high)
        if self.high <= self.low:
            return 0.0
        if self.kind == "log":
            return math.log(value / self.low) / math.log(self.high / self.low)
        share = (value - self.low) / (self.high - self.low)
        return share if self.kind == "even" else math.sqrt(share)
