"""Planes through high-dimensional space: orthonormal bases, projections onto them, and how much variance they show."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats
from geomodel.hooks import Between, nothing

MAX_POINTS = 20_000
_DENSE = 600  # up to this size eigh is quicker than building a Krylov space
_RESIDUAL = 1e-10
_MAX_PRODUCTS = 60
_BLOCK_NUMBERS = 1 << 18  # of a block of rows (2 MB in float64): more leave the processor's cache, three times as slow


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """An orthonormal basis of a plane (or line, or 3-space) in the space of the data, with an origin.

    origin (d,); vectors (count, d), orthonormal rows; variances (count,) along them and explained (count,), their
    share of the total variance (NaN where the basis was not made from a cloud); shape of one point, d = ∏ shape.
    """

    origin: Floats
    vectors: Floats
    variances: Floats
    explained: Floats
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many coordinates a projected point has."""
        return len(self.vectors)

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing out."""
        return self.count == math.prod(self.shape)

    def project(self, x: Any) -> Floats:
        """Coordinates c = E (x − origin), x (..., *shape) -> (..., count). ValueError where x has another shape.

        Points (N, *shape) may be an array-like over a file, whose rows are read in blocks.
        """
        rows, leading = self._rows(x)
        coordinates = np.empty((len(rows), self.count))
        for part, block in _blocks(rows):
            coordinates[part] = (block - self.origin) @ self.vectors.T
        return coordinates.reshape(*leading, self.count)

    def _rows(self, x: Any) -> tuple[Any, tuple[int, ...]]:
        """x as an array-like (n, *shape), and its leading shape. What is one already is not copied."""
        points = x if hasattr(x, "shape") else np.asarray(x)
        shape = tuple(points.shape)
        lead = len(shape) - len(self.shape)
        if lead < 0 or shape[lead:] != self.shape:
            raise ValueError(f"points have shape {shape}; this basis takes (..., {_listed(self.shape)}).")
        return points if lead == 1 else np.asarray(points).reshape(-1, *self.shape), shape[:lead]

    def lift(self, c: ArrayLike) -> Floats:
        """Points of the plane, x = origin + Eᵀ c, c (..., count) -> (..., *shape). ValueError for another count."""
        coordinates = np.asarray(c, dtype=np.float64)
        if coordinates.shape[-1:] != (self.count,):
            raise ValueError(f"coordinates have shape {coordinates.shape}; this basis takes (..., {self.count}).")
        return (self.origin + coordinates @ self.vectors).reshape(*coordinates.shape[:-1], *self.shape)

    def moved(self, x: ArrayLike, c: ArrayLike) -> Floats:
        """x moved parallel to the plane until its coordinates are c: x + Eᵀ(c − E(x − origin)).

        What lies outside the plane is kept. x (*shape), c (..., count) -> (..., *shape). ValueError where x has another
        shape.
        """
        way = np.asarray(c, np.float64) - self.project(x)
        return np.asarray(np.asarray(x, np.float64) + (way @ self.vectors).reshape(*way.shape[:-1], *self.shape))


def identity_basis(dimension: int = 2) -> Basis:
    """The basis whose coordinates are the data's own, for data of two (or `dimension`) dimensions."""
    unknown = np.full(dimension, np.nan)
    return Basis(np.zeros(dimension), np.eye(dimension), unknown, unknown, (dimension,))


def principal_components(points: Any, count: int = 2, *, limit: int = MAX_POINTS, between: Between = nothing) -> Basis:
    """The `count` directions of largest variance of a cloud about its mean.

        C = (1/N) Σ_i (y_i − ȳ)(y_i − ȳ)ᵀ,     C e_k = λ_k e_k,     explained_k = λ_k / tr C

    points (N, *shape), an array or an array-like over a file; 1 <= count <= d. Of more than `limit` points every k-th
    is used, k = `stride(N, limit)`. Where d <= N the eigenvectors are those of C, else they come from the N × N Gram
    matrix. Where both sides exceed a few hundred, they come from a block Krylov space of C, which grows until the
    residual ‖C e − λ e‖ is below 1e-10 λ_1 (or for 60 products with C, which is never formed). Each vector's largest
    absolute coordinate is positive, so that a plane never flips between two runs. These are plain principal components,
    not those in the complement of a displacement (arXiv 2405.11326 has figures of both). `between` is called before
    every product with C; an exception from it ends the search. Raises ValueError where `points` or `count` do not fit.
    """
    shape = tuple(int(size) for size in points.shape[1:])
    dimension = int(np.prod(shape))
    if len(points) == 0 or not 1 <= count <= dimension:
        raise ValueError(f"{count} components of {len(points)} points of dimension {dimension} do not exist.")
    step = stride(len(points), limit)
    # those over a file stay as they are stored, because converted they take four times the memory
    rows = points.every(step) if hasattr(points, "every") else np.asarray(points[::step])
    origin, total = mean_and_variance(rows)
    if not np.isfinite(total):
        raise ValueError("Principal components need finite points; some are NaN or infinite.")
    if min(len(rows), dimension) > _DENSE:

        def times(block: Floats) -> Floats:
            between()
            return covariance_times(rows, origin, block)

        vectors = krylov(times, dimension, count)
    elif dimension <= len(rows):
        vectors = np.linalg.eigh(covariance(rows, origin))[1][:, ::-1]
    else:
        centred = rows[:].reshape(len(rows), dimension) - origin
        vectors = centred.T @ np.linalg.eigh(centred @ centred.T)[1][:, ::-1]
    vectors = orthonormal(vectors[:, :count], count)
    variances = np.einsum("dk,dk->k", vectors, covariance_times(rows, origin, vectors)).clip(min=0.0)
    return Basis(origin, vectors.T.copy(), variances, variances / total if total else np.zeros(count), shape)


def basis_name(basis: Basis) -> str:
    """A basis of principal components in words, with the share of the data's variance that it shows."""
    if basis.whole:
        return "all directions of the data"
    share = f"{100 * basis.explained.sum():.3g} % of their variance"
    return f"the data's first {basis.count} principal components ({share})"


def explained_by(basis: Basis, cloud: Any) -> float:
    """Share of the variance of a cloud (about its own mean) that lies in the plane of `basis`.

    cloud (..., *shape); between 0 and 1; NaN for a cloud without variance. Raises ValueError for another shape.
    """
    coordinates = basis.project(cloud).reshape(-1, basis.count)
    _, total = mean_and_variance(basis._rows(cloud)[0])
    return float(coordinates.var(axis=0).sum() / total) if total else float("nan")


def stride(count: int, limit: int) -> int:
    """The smallest k for which every k-th of `count` things makes at most `limit`."""
    return max(1, -(-count // limit))


def _listed(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))


def _blocks(rows: Any) -> Iterator[tuple[slice, Floats]]:
    """Slices of the rows (N, ...) and those rows (n, d) in float64, a bounded number at a time."""
    dimension = math.prod(rows.shape[1:])
    size = max(1, _BLOCK_NUMBERS // max(dimension, 1))
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        block = np.array(rows[part], np.float64)  # a copy, because it is changed in place
        yield part, block.reshape(len(block), dimension)


def mean_and_variance(rows: Any) -> tuple[Floats, float]:
    """Mean (d,) and total variance tr C of a cloud (N, ...) of d numbers a point."""
    total = np.zeros(math.prod(rows.shape[1:]))
    mean = sum((block.sum(axis=0) for _, block in _blocks(rows)), total) / max(len(rows), 1)
    return mean, sum(float(((block - mean) ** 2).sum()) for _, block in _blocks(rows)) / max(len(rows), 1)


def covariance(rows: Any, mean: Floats) -> Floats:
    """C (d, d) of a cloud (N, ...) about its mean."""
    total = np.zeros((len(mean), len(mean)))
    for _, block in _blocks(rows):
        block -= mean
        total += block.T @ block
    return total / len(rows)


def covariance_times(rows: Any, mean: Floats, vectors: Floats) -> Floats:
    """C V for V (d, k), without C."""
    product = np.zeros_like(vectors)
    for _, block in _blocks(rows):
        block -= mean
        product += block.T @ (block @ vectors)
    return product / len(rows)


def krylov(
    apply: Callable[[Floats], Floats],
    dimension: int,
    count: int,
    residual: float = _RESIDUAL,
    products: int = _MAX_PRODUCTS,
    start: Floats | None = None,
) -> Floats:
    """Leading eigenvectors (d, count) of a symmetric operator, by Rayleigh–Ritz on a growing block Krylov space.

    It ends after `products` products, or with the whole space. start: vectors (d, more than count) whose span is near
    the eigenvectors; without them it starts from `count` + 6 random ones.
    """
    first = np.random.default_rng(0).standard_normal((dimension, count + 6)) if start is None else start
    block = np.linalg.qr(first)[0]
    basis, images = block, apply(block)
    for _ in range(products):
        values, ritz = np.linalg.eigh(basis.T @ images)
        values, ritz = values[::-1][:count], ritz[:, ::-1][:, :count]
        vectors: Floats = basis @ ritz
        away = np.linalg.norm(images @ ritz - vectors * values, axis=0).max()
        if away <= residual * values[0] or basis.shape[1] == dimension:
            break
        block = images[:, -block.shape[1] :][:, : dimension - basis.shape[1]]
        for _ in range(2):  # one pass of Gram–Schmidt leaves rounding as large as the old directions
            block = np.linalg.qr(block - basis @ (basis.T @ block))[0]
        basis, images = np.hstack([basis, block]), np.hstack([images, apply(block)])
    return vectors


def orthonormal(vectors: Floats, count: int) -> Floats:
    """(d, count) orthonormal columns that begin with the given directions; the sign of each is fixed."""
    lengths = np.linalg.norm(vectors, axis=0)
    missing = np.eye(len(vectors), count - vectors.shape[1])  # with fewer points than directions, any complement fits
    columns = np.linalg.qr(np.hstack([vectors / np.where(lengths > 0, lengths, 1.0), missing]))[0]
    largest = columns[np.abs(columns).argmax(axis=0), np.arange(count)]
    return np.asarray(columns * np.where(largest < 0, -1.0, 1.0))
