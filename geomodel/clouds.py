"""Numbers of clouds of points as rows (n, d): along directions, their moments, and the nearest of another cloud."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, plain
from geomodel.hooks import Between, nothing

NUMBERS_AT_ONCE = 2**21  # of the products between queries and data (16 MB): a fraction of a second


def unit_directions(dimension: int, count: int, seed: int) -> Floats:
    """(dimension, count): unit vectors that are spread evenly over the sphere, the same for the same seed."""
    if count < 1:
        raise ValueError(f"A sliced distance needs at least one direction; got {count}.")
    lines = np.random.default_rng([seed, 3]).standard_normal((dimension, count))
    return np.asarray(lines / np.linalg.norm(lines, axis=0))


def two_clouds(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Both clouds as float64 rows (n, d). ValueError where one is empty or their points have different shapes."""
    first, second = np.asarray(plain(a), np.float64), np.asarray(plain(b), np.float64)
    if first.ndim < 2 or first.shape[1:] != second.shape[1:] or not len(first) or not len(second):
        raise ValueError(f"Expected two clouds of points of one shape; got {first.shape} and {second.shape}.")
    return first.reshape(len(first), -1), second.reshape(len(second), -1)


def finite(first: Floats, second: Floats) -> bool:
    return bool(np.isfinite(first).all() and np.isfinite(second).all())


def sorted_along(rows: Floats, lines: Floats) -> Floats:
    return np.sort(rows @ lines, axis=0)


def sliced_of(first: Floats, second: Floats) -> float:
    """The root mean square difference of the quantiles of sorted columns (n, R) and (m, R), exact for any n and m."""
    n, m = len(first), len(second)
    ends = np.union1d(np.arange(1, n + 1) / n, np.arange(1, m + 1) / m)  # between two of them both quantiles are flat
    widths = np.diff(ends, prepend=0.0)
    middles = ends - widths / 2
    apart = first[(middles * n).astype(np.intp)] - second[(middles * m).astype(np.intp)]
    return math.sqrt(float((widths @ apart**2).mean()))


def nearest_of(queries: Floats, data: Floats, centre: Floats, between: Between = nothing) -> Floats:
    centred = data - centre
    halves = (centred**2).sum(axis=1) / 2
    found = np.empty(len(queries))
    size = max(1, NUMBERS_AT_ONCE // len(data))
    for start in range(0, len(queries), size):
        between()
        rows = slice(start, start + size)
        nearest = (halves - (queries[rows] - centre) @ centred.T).argmin(axis=1)
        found[rows] = np.linalg.norm(queries[rows] - data[nearest], axis=1)
    return found


def moments(coordinates: Floats) -> tuple[Floats, Floats]:
    """Mean (k,) and covariance (k, k) of rows (n, k); the covariance of one row is NaN."""
    mean = coordinates.mean(axis=0)
    away = coordinates - mean
    count = len(coordinates)
    return mean, away.T @ away / (count - 1) if count > 1 else np.full((away.shape[1],) * 2, math.nan)


def frechet_of(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> float:
    (mean, covariance), (other_mean, other) = first, second
    if not finite(covariance, other):  # of one point
        return math.nan
    # tr(C^½ C' C^½)^½ is the sum of the singular values of C^½ C'^½, which are not squared and so keep their digits.
    shared = float(np.linalg.svd(_root(covariance) @ _root(other), compute_uv=False).sum())
    apart = float(((mean - other_mean) ** 2).sum())
    return max(0.0, apart + float(np.trace(covariance) + np.trace(other)) - 2 * shared)


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(values.clip(min=0.0)) @ vectors.T)


def variance(rows: Array) -> float:
    """tr Cov of rows (n, d), with n − 1 in the denominator; NaN for one row."""
    if len(rows) < 2:
        return math.nan
    away = rows - rows[0]  # 0 where all are equal, wherever they lie
    return float(((away - away.mean(axis=0)) ** 2).sum()) / (len(rows) - 1)
