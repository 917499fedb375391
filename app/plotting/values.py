"""The values that plots over the noise levels, rows of images and the plane show."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from app.plotting.pens_and_numbers import Kind
from geomodel.arrays import Array

Tint = tuple[Kind, float, float]  # σ where it begins, σ where it ends
Box = tuple[float, float, float, float]  # x and y of the centre, width, height


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """One curve of a measure over the noise levels, for every sample."""

    kind: Kind
    label: str
    values: Array  # (n, B), n ≤ levels; NaN where undefined
    measured: Array | None = None  # (n,) the level of each row, where levels were left out; None: 0, 1, 2, …

    @property
    def levels(self) -> Array:
        """The level of each row, (n,)."""
        return np.arange(len(self.values)) if self.measured is None else self.measured

    def at(self, level: int, sample: int) -> float:
        """The value at a level, or at the one before it that was measured; NaN behind the last one."""
        row = int(np.searchsorted(self.levels, level, side="right")) - 1
        behind = not len(self.values) or level > self.levels[-1]
        return nan if behind else float(self.values[row, sample])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasurePlot:
    """One measure: a small plot over log σ."""

    name: str
    title: str
    unit: str
    formula: str
    curves: tuple[Curve, ...]
    waiting: str = ""  # why there is no curve yet
    tints: tuple[Tint, ...] = ()  # ranges of the axis in the hue of a curve
    regions: tuple[tuple[str, float, float], ...] = ()  # named ranges: name, σ where it begins, σ where it ends
    linear: bool = False  # never over a logarithm, such as a share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """One image with its name and a number."""

    caption: str  # such as "D*(x; σ)"
    kind: Kind
    image: Array  # (H, W) or (H, W, 3) uint8
    note: str = ""  # such as "‖D* − x‖ 12.3"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageRow:
    """One row of images over the levels."""

    caption: str
    kind: Kind
    images: Array  # (n, H, W) or (n, H, W, 3) uint8
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScatterPicture:
    """Points in the plane of the data: one that is compared, and others by how they compare with it."""

    data: Array  # (N, 2)
    end: Array  # (2,)
    same: Array  # (m, 2)
    other: Array  # (m, 2)
    axes: tuple[str, str] = ("x₁", "x₂")
