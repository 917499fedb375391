"""Numbers of a cloud that comes in parts, in memory that does not grow with it.

Two clouds of n and m rows with the means a and b and the scatters S and T (sums of outer products about their means)
make one cloud with the scatter S + T + nm/(n + m) (a − b)(a − b)ᵀ. Source: Chan, Golub and LeVeque 1983, Algorithms for
computing the sample variance.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from geomodel.arrays import Floats


class Gathered(ABC):
    """Takes up rows (n, d) part by part. `count`: how many so far."""

    def __init__(self, dimension: int) -> None:
        self.count, self.mean = 0, np.zeros(dimension)

    def add(self, rows: Floats) -> None:
        """Take up rows (m, d), which may be none."""
        more = len(rows)
        if not more:
            return
        mean = rows[0] + (rows - rows[0]).mean(axis=0)  # exact where all are equal, wherever they lie
        total, apart = self.count + more, mean - self.mean
        self._scatter(rows - mean, apart, self.count * more / total)
        self.mean += apart * (more / total)
        self.count = total

    @abstractmethod
    def _scatter(self, rows: Floats, apart: Floats, weight: float) -> None:
        """Take up the scatter of rows about their mean, and the weighted square of a distance of means."""


class Moments(Gathered):
    """Mean and covariance."""

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self._sums = np.zeros((dimension, dimension))

    def _scatter(self, rows: Floats, apart: Floats, weight: float) -> None:
        self._sums += rows.T @ rows + np.outer(apart, apart) * weight

    def __call__(self) -> tuple[Floats, Floats]:
        """Mean (d,) and covariance (d, d) with n − 1 in the denominator; the covariance of fewer than two is NaN."""
        fewer = self.count < 2
        return self.mean, np.full_like(self._sums, math.nan) if fewer else self._sums / (self.count - 1)


class Variance(Gathered):
    """The trace of the covariance, in memory for two rows."""

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self._sum = 0.0

    def _scatter(self, rows: Floats, apart: Floats, weight: float) -> None:
        self._sum += float((rows**2).sum()) + float(apart @ apart) * weight

    def __call__(self) -> float:
        """tr Cov with n − 1 in the denominator; NaN for fewer than two rows."""
        return self._sum / (self.count - 1) if self.count > 1 else math.nan
