"""The values that plots over the noise levels, rows of images and the plane show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from geomodel.arrays import Array

Box = tuple[float, float, float, float]  # x and y of the centre, width, height


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageRow:
    """One row of images over the levels."""

    caption: str
    kind: Literal["sampling", "denoising", "optimal", "network"]
    images: Array  # (n, H, W) or (n, H, W, 3) uint8
    note: str = ""
