"""The values that plots over the noise levels show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """One curve of a measure over the noise levels, for every sample."""

    kind: Literal["sampling", "denoising", "optimal", "network", "reference"]
    label: str
    values: Array  # (n, B), n ≤ levels; NaN where undefined


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasurePlot:
    """One measure: a small plot over log σ."""

    name: str
    title: str
    unit: str
    formula: str
    curves: tuple[Curve, ...]
    waiting: str = ""  # why there is no curve yet
    regions: tuple[tuple[str, float, float], ...] = ()  # named ranges: name, σ where it begins, σ where it ends
