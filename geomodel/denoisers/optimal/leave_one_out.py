"""D* without some of its points: the optimal denoiser of the data set that lacks them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from geomodel.arrays import Floats, Integers
from geomodel.denoisers.base import _labels
from geomodel.denoisers.mixture import float64_queries
from geomodel.denoisers.optimal.input import points_of
from geomodel.denoisers.optimal.optimal import OptimalDenoiser

_NUMBERS_AT_ONCE = 2**21  # numbers in one temporary (16 MB): all weights of a chunk, a block of points
_ENOUGH = 0.1  # posterior mass that must remain to reuse the known weights; rounding grows by its inverse
_NO_WEIGHT = 42.0  # nats below the largest logit: a weight under 6e-19
_SMALLEST_SIGMA = 1e-150  # 1/σ² must be finite, as in `OptimalDenoiser`
_UNIT = 2.0**-53


def leave_out(
    optimal: OptimalDenoiser,
    points: Any,
    x: Any,
    sigma: Any,
    exclude: Sequence[ArrayLike] | Integers,
    labels: Any = None,
    *,
    classes: ArrayLike | None = None,
) -> Floats:
    """D*(x; σ) over the points whose indices are not in the query's `exclude`: (B, *shape), float64.

        D₋(x) = Σ_{i ∉ E} w_i y_i / Σ_{i ∉ E} w_i = D* + (Σ_{i ∈ E} w_i (D* − y_i)) / Σ_{i ∉ E} w_i

    with the weights w of D*, as long as a tenth of the mass remains. Where less remains (at a small σ, if the excluded
    point is the one that x came from), the other weights may have underflowed. They are then computed again for this
    query over the remaining points, from differences to the nearest of them, which is as accurate as an
    `OptimalDenoiser` of the subset at any σ, 0 included, and takes one pass over all points.

    Args:
        optimal: D* of the points. points: (N, *shape), the points it was made from (`data.points`).
        x: (B, *shape). sigma: a float or (B,). labels: (B,) or None, as in a call of `optimal`.
        exclude: for each query, indices into the points: (B, m), or B sequences of any length, empty ones too.
        classes: (N,), the labels that `optimal` was made with; needed where a label >= 0 is given.

    Raises:
        ValueError: the points are not those of D*; exclude has another length than x or indices out of range; a query
            has no point left; there are labels but no classes; or D* refuses the query.
    """
    points = points_of(optimal, points)
    queries, levels = float64_queries(optimal.shape, x, sigma)
    if not hasattr(exclude, "__len__") or len(exclude) != len(queries):
        given = f"{len(exclude)} rows" if hasattr(exclude, "__len__") else repr(exclude)
        raise ValueError(f"exclude has {given}; expected one for each of the {len(queries)} queries.")
    absent = [_indices(row, len(optimal)) for row in exclude]
    seen = None if labels is None else _labels(labels, len(queries)).numpy()
    if seen is not None and classes is None and (seen >= 0).any():
        raise ValueError("A query with a label needs classes=, the labels that D* was made with.")
    classes = None if classes is None else _labels(classes, len(optimal)).numpy()
    found = np.empty((len(queries), math.prod(optimal.shape)))
    size = max(1, _NUMBERS_AT_ONCE // len(optimal))
    for start in range(0, len(queries), size):
        part = slice(start, start + size)
        posterior = optimal.posterior(
            queries[part], levels[part], None if seen is None else torch.as_tensor(seen[part]), k=1, every=True
        )
        assert posterior.every is not None
        weights = posterior.every.numpy()
        for row, mean in enumerate(posterior.mean.flatten(1).numpy()):
            query = start + row
            of_class = None if seen is None or seen[query] < 0 else classes == seen[query]
            found[query] = _without(
                points,
                queries[query].flatten().numpy(),
                float(levels[query]),
                absent[query],
                of_class,
                weights[row],
                mean,
            )
    return found.reshape(queries.shape)


def _without(
    points: Any,
    x: Floats,
    sigma: float,
    absent: Integers,
    of_class: NDArray[np.bool_] | None,
    weights: Floats,
    mean: Floats,
) -> Floats:
    """D* of one query without the points `absent`, (d,), from its known weights (N,) and mean where they suffice."""
    remaining = np.ones(len(weights), dtype=bool) if of_class is None else of_class.copy()
    remaining[absent] = False
    if not remaining.any():
        raise ValueError("No point is left for a query: exclude fewer, or choose another class.")
    mass = weights[remaining].sum()
    if mass >= _ENOUGH:
        return np.asarray(mean + weights[absent] @ (mean - _rows(points, absent)) / mass)
    return _anew(points, x, sigma, np.flatnonzero(remaining))


def _anew(points: Any, x: Floats, sigma: float, remaining: Integers) -> Floats:
    """D* (d,) of one query over the remaining points alone.

    Half squared distances from direct differences find the points that can weigh; with the rounding γ of a sum of d
    squares they are known to γ of themselves. The gaps of those few are then taken from differences to the nearest
    one, g = Δ·(Δ/2 − (x − y_j)), whose error vanishes with Δ.
    """
    half = np.concatenate([((rows - x) ** 2).sum(axis=1) / 2 for rows in _blocks(points, remaining)])
    gamma = 2 * (len(x) + 8) * _UNIT
    variance = max(sigma, _SMALLEST_SIGMA) ** 2
    near = remaining[half * (1 - gamma) <= half.min() * (1 + gamma) + _NO_WEIGHT * variance]
    anchor = _rows(points, remaining[[half.argmin()]])[0]
    gaps = np.concatenate([(d * (d / 2 - (x - anchor))).sum(axis=1) for d in _from(anchor, points, near)])
    with np.errstate(over="ignore", under="ignore"):
        weights = np.exp(-(gaps - gaps.min()) / variance)
    weights /= weights.sum()
    if weights.max() == 1:  # a point with all the weight is returned as it was given
        return np.asarray(_rows(points, near[[weights.argmax()]])[0])
    start, shift = 0, np.zeros(len(x))
    for differences in _from(anchor, points, near):
        shift += weights[start : start + len(differences)] @ differences
        start += len(differences)
    return np.asarray(anchor + shift)


def _from(anchor: Floats, points: Any, indices: Integers) -> Iterator[Floats]:
    return (rows - anchor for rows in _blocks(points, indices))


def _blocks(points: Any, indices: Integers) -> Iterator[Floats]:
    size = max(1, _NUMBERS_AT_ONCE // math.prod(points.shape[1:]))
    return (_rows(points, indices[start : start + size]) for start in range(0, len(indices), size))


def _rows(points: Any, indices: Integers) -> Floats:
    return np.asarray(points[indices], dtype=np.float64).reshape(len(indices), math.prod(points.shape[1:]))


def _indices(row: ArrayLike, size: int) -> Integers:
    """The distinct indices of a row, which may be empty."""
    indices = np.atleast_1d(np.asarray(row))
    if not len(indices):
        return np.empty(0, dtype=np.int64)
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or indices.min() < 0 or indices.max() >= size:
        raise ValueError(f"exclude holds {row!r}; expected whole numbers from 0 to {size - 1} for each query.")
    return np.unique(indices)
