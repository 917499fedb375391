"""The Jacobian of the optimal denoiser, which is a covariance: J = ∂D*/∂x = Cov(x_0 | x)/σ². No d × d array is made.

Source: Tweedie's second formula (Efron 2011); Kadkhodaie et al. 2024 (arXiv 2310.02557) for what its eigenvectors show.
The Jacobian of any other denoiser is in `geomodel.denoisers.network_jacobian`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, Integers
from geomodel.denoisers.base import real
from geomodel.denoisers.optimal.input import points_of
from geomodel.denoisers.optimal.optimal import OptimalDenoiser
from geomodel.projection import krylov, orthonormal

_SMALL = 600  # up to this many points or dimensions the smaller Gram matrix is quicker than a Krylov space
_RESIDENT_NUMBERS = 10_000_000  # of the centred neighbours, which stay in memory up to here (80 MB)
_BLOCK_NUMBERS = 2**21  # of one block of neighbours beyond it (16 MB)


@dataclass(frozen=True, slots=True, eq=False)
class JacobianSpectrum:
    """The leading eigenpairs of J = Cov(x_0 | x)/σ², symmetric and positive semi-definite.

    Attributes:
        values: (k,), descending, not negative, without unit.
        vectors: (k, *shape), orthonormal; each one's largest absolute coordinate is positive. Where fewer than k
            eigenvalues differ from 0, the rest complete the basis in no particular way.
        trace: tr J, the sum of all d eigenvalues, called the soft dimension at scale σ.
        rank_used: how many points entered with their weights.
    """

    values: Floats
    vectors: Floats
    trace: float
    rank_used: int


class PosteriorCovariance:
    """Cov(x_0 | x_σ = x) = Σ_i w_i (y_i − D*)(y_i − D*)ᵀ of one query, as an operator.

    All posterior weights are used; with a tolerance, only the largest ones, which hold a mass of at least 1 − tolerance
    and are normalised and centred about their own mean. The trace of J then loses at most
    tolerance·max_i ‖y_i − D*‖²/σ². The y_i are taken as differences to the heaviest point, so that Cov goes to 0 where
    all weight is on one point.

    Args:
        optimal: D* of the points.
        points: (N, *shape), the points it was made from (`data.points`); their rows are read again.
        x: (*shape) or (1, *shape), one query in data units.
        sigma: noise level, above 0.
        labels: the query's class, where D* knows classes; None or -1 for all points.
        tolerance: posterior mass that may be left out, from 0 (every point with any weight counts) to below 1.

    Attributes:
        sigma, weights (k,), indices (k,): the points that are used, in the order of the data, and their weights.

    Raises:
        ValueError: the points are not those of D*, a noise level or tolerance is out of range, or D* refuses the query.
    """

    def __init__(
        self, optimal: OptimalDenoiser, points: Any, x: Any, sigma: float, labels: Any = None, *, tolerance: float = 0.0
    ) -> None:
        points = points_of(optimal, points)
        if np.ndim(sigma) or not real("sigma", sigma) > 0 or not real("tolerance", tolerance) >= 0 or tolerance >= 1:
            raise ValueError(
                f"Expected a noise level above 0 and a tolerance from 0 to below 1; got {sigma} and {tolerance}."
            )
        query, classes = one_query(optimal.shape, x, labels)
        posterior = optimal.posterior(query, sigma, classes, k=len(optimal))
        weights, indices = posterior.weights[0].numpy(), posterior.indices[0].numpy()
        kept = len(weights) - int((np.cumsum(weights[::-1]) <= tolerance).sum())
        order = np.argsort(indices[:kept])
        self.sigma, self.shape, self.indices = float(sigma), optimal.shape, indices[:kept][order]
        self.weights: Floats = weights[:kept][order] / weights[:kept].sum()
        self._points, self._dimension = points, math.prod(optimal.shape)
        self._centre = self._rows(indices[:1])[0]
        self._shift = np.zeros(self._dimension)
        self._shift = sum((w @ rows for w, rows in self._fresh()), np.zeros(self._dimension))
        self._resident = None
        if kept * self._dimension <= _RESIDENT_NUMBERS:
            self._resident = np.concatenate([np.sqrt(w)[:, None] * rows for w, rows in self._fresh()])

    def times(self, v: ArrayLike) -> Floats:
        """Cov(x_0 | x)·v for v (*shape) or (m, *shape), of the shape of v. In data units squared times v's."""
        directions = np.asarray(v, dtype=np.float64)
        if directions.shape[max(0, directions.ndim - len(self.shape)) :] != self.shape:
            raise ValueError(f"v has shape {directions.shape}; expected (…, {', '.join(map(str, self.shape))}).")
        return self._times(directions.reshape(-1, self._dimension).T).T.reshape(directions.shape)

    def jacobian_times(self, v: ArrayLike) -> Floats:
        """J·v = Cov(x_0 | x)·v/σ² = d/dh D*(x + h v; σ) at h = 0, for v as in `times`."""
        return self.times(v) / self.sigma / self.sigma

    @property
    def trace(self) -> float:
        """tr J = Σ_i w_i ‖y_i − D*‖²/σ², the soft dimension at scale σ.

        For a Gaussian with covariance eigenvalues λ it is Σ λ/(λ + σ²), which counts the directions wider than σ. Where
        the points lie denser than σ on an m-dimensional surface it is m; where one point has all the weight it is 0.
        """
        return float(sum((rows**2).sum() for rows in self._factor())) / self.sigma / self.sigma

    def spectrum(self, k: int = 6) -> JacobianSpectrum:
        """The min(k, d) leading eigenpairs of J.

        They come from the Gram matrix of the weighted centred neighbours √w_i (y_i − D*), or from that of the
        coordinates, where one of them has at most 600 rows. Otherwise they come from a block Krylov space, which grows
        until the residual is below 1e-10 λ_1 (or for 60 products). ValueError for k < 1.
        """
        if k < 1:
            raise ValueError(f"k counts eigenpairs, at least 1; got {k}.")
        count, size = min(k, self._dimension), len(self.weights)
        if min(size, self._dimension) > _SMALL:
            vectors = krylov(self._times, self._dimension, count)
        elif size <= self._dimension:
            rows = np.concatenate(list(self._factor()))
            vectors = rows.T @ np.linalg.eigh(rows @ rows.T)[1][:, ::-1][:, :count]
        else:
            vectors = np.linalg.eigh(self._times(np.eye(self._dimension)))[1][:, ::-1][:, :count]
        vectors = orthonormal(vectors, count)
        values = sum(((rows @ vectors) ** 2).sum(axis=0) for rows in self._factor()) / self.sigma / self.sigma
        return JacobianSpectrum(values, vectors.T.reshape(count, *self.shape).copy(), self.trace, size)

    def _times(self, columns: Floats) -> Floats:
        """Cov V for V (d, m)."""
        return np.asarray(sum(rows.T @ (rows @ columns) for rows in self._factor()))

    def _factor(self) -> Iterator[Floats]:
        """Rows √w_i (y_i − D*), whose outer products sum to Cov: all at once from memory, or block by block."""
        if self._resident is not None:
            yield self._resident
        else:
            yield from (np.sqrt(w)[:, None] * rows for w, rows in self._fresh())

    def _fresh(self) -> Iterator[tuple[Floats, Floats]]:
        size = max(1, _BLOCK_NUMBERS // self._dimension)
        for start in range(0, len(self.weights), size):
            part = slice(start, start + size)
            yield self.weights[part], self._rows(self.indices[part]) - self._centre - self._shift

    def _rows(self, indices: Integers) -> Floats:
        return np.asarray(self._points[indices], dtype=np.float64).reshape(len(indices), self._dimension)


def soft_dimension(
    optimal: OptimalDenoiser, points: Any, x: Any, sigma: float, labels: Any = None, *, tolerance: float = 0.0
) -> Floats:
    """tr J(x; σ) of B queries x (B, *shape), (B,); arguments and errors are those of `PosteriorCovariance`.

    labels: (B,) or None.
    """
    classes = [None] * len(x) if labels is None else labels
    if len(classes) != len(x):
        raise ValueError(f"labels has {len(classes)} classes; expected one for each of the {len(x)} queries.")
    queries = zip(x, classes, strict=True)
    return np.array([PosteriorCovariance(optimal, points, q, sigma, c, tolerance=tolerance).trace for q, c in queries])


def one_query(shape: tuple[int, ...], x: Any, labels: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """x (1, *shape) in float64 and its label (1,) from one query (*shape) or (1, *shape). ValueError for others."""
    query = real("x", x).detach().to(device="cpu", dtype=torch.float64)
    if tuple(query.shape) not in (shape, (1, *shape)):
        raise ValueError(f"x has shape {tuple(query.shape)}; expected one query, ({', '.join(map(str, shape))}).")
    classes = None if labels is None else real("labels", labels)
    if classes is not None and classes.numel() != 1:
        raise ValueError(f"labels has shape {tuple(classes.shape)}; expected one class, or -1 for all points.")
    return query.reshape(1, *shape), None if classes is None else classes.reshape(1)
