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
    """Takes up rows (n, d) part by part. `count`: how many so far; `mean` (d,) and `scatter`: of them."""

    scatter: Floats

    def __init__(self, dimension: int) -> None:
        self.count, self.mean = 0, np.zeros(dimension)

    def add(self, rows: Floats) -> None:
        """Take up rows (m, d), which may be none."""
        if len(rows):
            mean = rows[0] + (rows - rows[0]).mean(axis=0)  # exact where all are equal, wherever they lie
            self.merge(len(rows), mean, self._scatter_of(rows - mean))

    def merge(self, count: int, mean: Floats, scatter: Floats) -> None:
        """Take up a cloud whose numbers are known."""
        if not count:
            return
        total, apart = self.count + count, mean - self.mean
        self.scatter = self.scatter + (scatter + self._square(apart) * (self.count * count / total))
        self.mean = self.mean + apart * (count / total)
        self.count = total

    @abstractmethod
    def _scatter_of(self, away: Floats) -> Floats:
        """The scatter of rows that are differences from their mean."""

    @abstractmethod
    def _square(self, apart: Floats) -> Floats:
        """The scatter of one row."""


class Moments(Gathered):
    """Mean and covariance; the scatter is (d, d)."""

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self.scatter = np.zeros((dimension, dimension))

    def _scatter_of(self, away: Floats) -> Floats:
        return np.asarray(away.T @ away)

    def _square(self, apart: Floats) -> Floats:
        return np.outer(apart, apart)

    def __call__(self) -> tuple[Floats, Floats]:
        """Mean (d,) and covariance (d, d) with n − 1 in the denominator; the covariance of fewer than two is NaN."""
        fewer = self.count < 2
        return self.mean, np.full_like(self.scatter, math.nan) if fewer else self.scatter / (self.count - 1)


class Variance(Gathered):
    """The trace of the covariance, in memory for two rows; the scatter is one number, ()."""

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self.scatter = np.zeros(())

    def _scatter_of(self, away: Floats) -> Floats:
        return np.asarray((away**2).sum())

    def _square(self, apart: Floats) -> Floats:
        return np.asarray(apart @ apart)

    def __call__(self) -> float:
        """tr Cov with n − 1 in the denominator; NaN for fewer than two rows."""
        return float(self.scatter) / (self.count - 1) if self.count > 1 else math.nan
