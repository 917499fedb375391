"""What the derivatives view shows."""

from __future__ import annotations

from dataclasses import dataclass

from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DerivativesPicture:
    """Everything the finite-difference view shows: (steps,) numbers of the selected sample, NaN where unknown.

    Numbers are ‖Ḋ‖ and relative distances ‖Ḋ_implied − Ḋ_other‖/‖Ḋ_other‖.
    """

    sigmas: Array | None = None  # (steps + 1,)
    implied: Array | None = None
    true: Array | None = None  # at the step's start
    effective: Array | None = None  # the one that would land on the exact curve
    to_true: Array | None = None
    to_effective: Array | None = None
    why: tuple[str, ...] = ()  # a sentence for each step that has no number or a 0 that needs a word, else ""
    method: str = ""  # "jvp" or "central difference"
    formula: str = ""  # the solver's estimate
    solver: str = ""
    index: int = 0
    pending: bool = False  # answers to requests are still missing
    can_fill: bool = False  # other steps can be computed, at a cost
    arrows: tuple[tuple[str, Array], ...] = ()  # 2-D data: name and Ḋ (2,) at the playhead's step
    message: str = ""
