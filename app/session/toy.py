"""Whether a run is small enough to be computed by itself: at every change of the draft, or once its data are open."""

from __future__ import annotations

from math import prod
from typing import Any

from geomodel.settings import RunSettings

TOY_WORK = 3e7  # the most, as a product of samples × steps × data points × dimensions
# Up to here D* answers from the points in memory, and a run of pictures takes seconds. Beyond, D* is prepared first,
# and how long a run takes depends on the processor: it may be minutes.
QUICK_NUMBERS = 10_000_000
DRAW = 1 / 4  # of the time of an evaluation of D*, for one of many draws that are computed together


def is_toy(draft: RunSettings, dataset: Any) -> bool:
    """Whether a run of the draft over these data takes a second at most."""
    if dataset.kind == "images":
        return False
    work = draft.count * draft.steps * len(dataset) * dataset.shape[0]  # a whole number, however long somebody types
    return bool(work <= TOY_WORK / _evaluations(draft))


def is_quick(dataset: Any) -> bool:
    """Whether a proposed run over these data is quick enough to begin once they are open."""
    return bool(len(dataset) * prod(dataset.shape) <= QUICK_NUMBERS)


def _evaluations(draft: RunSettings) -> float:
    """The time of an evaluation of the driver, in evaluations of D*."""
    options = () if draft.theory is None else draft.theory.options
    drawn = (draft.driver_options.get(option.name, option.default) for option in options if option.name == "draws")
    return max(1.0, DRAW * float(next(drawn, 1)))
