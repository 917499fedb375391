"""The covariance of points as eigenvalues and eigenvectors, the form in which adding noise to it is adding a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomodel.arrays import Floats
from geomodel.projection import covariance, covariance_times, krylov, mean_and_variance

_DENSE = 1024  # up to this size all eigenvectors are computed at once
_RESIDUAL = 1e-6  # of the largest eigenvalue: what the few that are kept of more may be off by
_PRODUCTS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """A mean and a covariance C = V diag(λ − ρ) Vᵀ + ρ I, whose eigenvalues are the λ and, in all other directions, ρ.

    mean (*shape); vectors V (d, r), orthonormal columns; values λ (r,), not negative; rest ρ.
    """

    mean: Floats
    vectors: Floats
    values: Floats
    rest: float = 0.0

    @property
    def singular(self) -> bool:
        """Whether some direction has no variance, so that without noise there is no density."""
        return bool((self.values == 0).any()) or (self.rest == 0 and len(self.vectors) > len(self.values))


def spectrum(rows: Any, rank: int) -> Spectrum:
    """The mean of points and their covariance (1/n) Σ (y − ȳ)(y − ȳ)ᵀ, with at most `rank` eigenvalues of its own.

    rows (n, *shape): an array, or an array-like that is read in blocks. ρ is the mean of the eigenvalues that are left,
    so that the trace of C is kept. n points have at most n − 1 eigenvalues above 0. Where both n and d exceed 1,024,
    the largest eigenvalues come from a block Krylov space (see `projection.krylov`). Raises ValueError where a point is
    not finite.
    """
    shape = tuple(rows.shape[1:])
    count, dimension = len(rows), math.prod(shape)
    mean, total = mean_and_variance(rows)
    if not np.isfinite(total):
        raise ValueError("Gaussians need finite points; some are NaN or infinite.")
    most = min(dimension, count - 1)
    kept = min(rank, most)
    if kept == 0:
        vectors, values = np.zeros((dimension, 0)), np.zeros(0)
    elif min(count, dimension) > _DENSE:
        vectors = krylov(lambda block: covariance_times(rows, mean, block), dimension, kept, _RESIDUAL, _PRODUCTS)
        values = np.einsum("dk,dk->k", vectors, covariance_times(rows, mean, vectors))
    elif count <= dimension:
        centred = np.asarray(rows[:], np.float64).reshape(count, dimension) - mean
        _, deviations, directions = np.linalg.svd(centred, full_matrices=False)
        vectors, values = directions[:kept].T, deviations[:kept] ** 2 / count
    else:
        values, vectors = np.linalg.eigh(covariance(rows, mean))
        vectors, values = vectors[:, ::-1][:, :kept], values[::-1][:kept]
    values = np.where(values > dimension * np.finfo(np.float64).eps * total, values, 0.0)  # below that it is rounding
    rest = max(0.0, total - float(values.sum())) / (dimension - kept) if kept < most else 0.0
    return Spectrum(mean.reshape(shape), np.ascontiguousarray(vectors), values, rest)
