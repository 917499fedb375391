"""Consistency: functions f(x, σ) that lead to the end of the probability-flow ODE in one step.

Source: Song et al. 2023, Consistency Models (arXiv 2303.01469).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from geomodel.consistency.ends import borders, gaps, jumps, mean_gap, solve
from geomodel.consistency.settings import ConsistencyProgress, ConsistencySettings, refusal

if TYPE_CHECKING:
    from geomodel.consistency.distillation import Distillation, train
    from geomodel.consistency.function import ConsistencyFunction

__all__ = [
    "ConsistencyFunction",
    "ConsistencyProgress",
    "ConsistencySettings",
    "Distillation",
    "borders",
    "gaps",
    "jumps",
    "mean_gap",
    "refusal",
    "solve",
    "train",
]
_LATER = {
    "ConsistencyFunction": "function",
    "Distillation": "distillation",
    "train": "distillation",
}  # these load torch


def __getattr__(name: str) -> Any:
    if name in _LATER:
        value = getattr(import_module(f"geomodel.consistency.{_LATER[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'geomodel.consistency' has no attribute {name!r}")
