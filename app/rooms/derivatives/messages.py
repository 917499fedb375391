"""What the derivatives room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.engine.contract import Answer, Request
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True)
class DerivativeRequest(Request):
    """The dD/dσ that a step of a run implies, beside the true and the effective one, for one sample."""

    index: int
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivativeAnswer(Answer):
    """Three derivatives (*shape). Undefined ones are None. `why` gives the reason, or says what an implied 0 means."""

    request: DerivativeRequest
    implied: Array | None = None
    true: Array | None = None
    effective: Array | None = None
    method: str = ""
    why: str = ""

    def distance(self, other: Literal["true", "effective"]) -> float:
        """‖implied − other‖/‖other‖; NaN if one of them is undefined, or if the other is 0 to rounding."""
        first, second = self.implied, getattr(self, other)
        size = 0.0 if first is None or second is None else float(np.linalg.norm(second))
        return float(np.linalg.norm(first - second)) / size if size else float("nan")
