"""At which σ the noisy data part into classes (speciation), and at which they part into single points (collapse).

x_σ = x_0 + σ z throughout; noise levels in data units. Source: Biroli et al. 2024 (arXiv 2402.18491), whose times are
those of an Ornstein–Uhlenbeck process: σ = √(e^{2t} − 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, Integers, plain
from geomodel.projection import principal_components

if TYPE_CHECKING:
    from geomodel.denoisers.optimal import OptimalDenoiser


COLLAPSED = 2.0  # effective neighbours; with fewer, one point outweighs all others
_NUMBERS_AT_ONCE = 2**21  # weights in one temporary (16 MB)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Effective neighbours along σ, as `neighbours_over_sigma` measures them.

    Attributes:
        sigmas: (L,), in the order in which they were given.
        effective: (L, B): N_eff = exp(−Σ w ln w) over the different points, from 1 to their number.
        median: (L,): over the B samples.
        collapse_sigma: the level below which the median stays under 2. None where it is nowhere or everywhere under 2,
            or is above 2 again at the smallest level.
    """

    sigmas: Floats
    effective: Floats
    median: Floats
    collapse_sigma: float | None


def noisy_data(points: Any, sigmas: ArrayLike, count: int = 256, seed: int = 0) -> Iterator[Floats]:
    """Yields x_0 + σ z for every σ, (count, *shape) each, with the same points x_0 and noise z at every level.

    points: (N, *shape); x_0 is drawn from them with replacement (`source_indices` says which are drawn).
    `neighbours_over_sigma` takes these batches.
    """
    clean = np.asarray(points[source_indices(len(points), count, seed)], dtype=np.float64)
    noise = np.random.default_rng([seed, 1]).standard_normal(clean.shape)
    return (clean + sigma * noise for sigma in np.asarray(plain(sigmas), dtype=np.float64))


def source_indices(size: int, count: int, seed: int = 0) -> Integers:
    """(count,): the rows out of `size` from which `noisy_data` with this seed starts."""
    return np.random.default_rng([seed, 0]).integers(size, size=count)


def neighbours_over_sigma(
    optimal: OptimalDenoiser, sigmas: ArrayLike, x: Iterable[Any], labels: Any = None
) -> Neighbours:
    """The effective neighbours of x[l] (B, *shape) at sigmas[l], for every level.

    x: one batch for each level: `noisy_data(...)`, or the x of a trajectory (L, B, *shape). labels: (B,) or None. The
    collapse level is measured rather than predicted, so it holds for any data. Raises ValueError where there are more
    levels than batches or fewer, and where `optimal.posterior` does.
    """
    levels = np.asarray(plain(sigmas), dtype=np.float64)
    rows = [
        optimal.posterior(batch, float(sigma), labels, k=1).distinct_neighbours.numpy()
        for sigma, batch in zip(levels, x, strict=True)
    ]
    effective = np.stack(rows)
    median = np.median(effective, axis=1)
    return Neighbours(levels, effective, median, crossing(levels, median))


def crossing(sigmas: ArrayLike, values: ArrayLike, level: float = COLLAPSED) -> float | None:
    """The noise level below which `values` (L,), all positive, stay under `level`.

    Between the smallest σ where values >= level and the next smaller one (above 0), log values is taken as linear in
    log σ. None where there is no such pair. The order of the levels does not matter.
    """
    noise, heights = np.asarray(plain(sigmas), dtype=np.float64), np.asarray(plain(values), dtype=np.float64)
    order = np.argsort(noise)
    order = order[noise[order] > 0]
    noise, heights = noise[order], heights[order]
    above = np.flatnonzero(heights >= level)
    if len(above) == 0 or above[0] == 0:
        return None
    pair = slice(above[0] - 1, above[0] + 1)
    return float(np.exp(np.interp(math.log(level), np.log(heights[pair]), np.log(noise[pair]))))


def isotropic_gaussian_collapse_sigma(count: int, dimension: int, deviation: float) -> float:
    """σ_C = s/√(n^{2/d} − 1) for n different points of an isotropic Gaussian of standard deviation s in d dimensions.

    Below this noise level the n balls of radius σ√d around the points no longer fill the shell of noisy data, so D*
    knows which point x came from (whose weight is about 0.58 at σ_C). The formula is asymptotic, for ln n of the order
    of d. It is about s √(d/(2 ln n)) for large d, and infinite for one point. It does not hold for real data, which are
    not Gaussian; `neighbours_over_sigma` measures theirs. Raises ValueError for numbers that are not positive.

    Source: arXiv 2402.18491, t_C = ½ ln(1 + s²/(n^{2/d} − 1)), in σ.
    """
    if count < 1 or dimension < 1 or not deviation > 0:
        raise ValueError(
            f"Expected at least 1 point and 1 dimension and a deviation above 0; got {count}, {dimension}, {deviation}."
        )
    excess = math.expm1(2 * math.log(count) / dimension)
    return deviation / math.sqrt(excess) if excess else math.inf


def speciation_sigma(points: Any) -> float:
    """σ_S = √Λ, the noise level at which classes begin to part; Λ is the largest eigenvalue of the points' covariance.

    points (N, *shape). Above σ_S the noise is wider than the data in every direction. (In coordinates where the noisy
    data keep unit variance the same rule reads Λ e^{−2t} = 1.) Of more than 20,000 points every k-th is used, as in
    `principal_components`, which also raises the errors.
    """
    return math.sqrt(float(principal_components(points, 1).variances[0]))


def neighbours_and_classes(
    optimal: OptimalDenoiser, x: Any, sigma: Any, classes: ArrayLike | None = None, labels: Any = None
) -> tuple[Floats, Floats | None]:
    """N_eff (B,) and `class_posterior` (B, C) of x (B, *shape), computed in one pass over the data.

    Without `classes` the second is None. sigma: a float, or (B,), so that a batch may be one point at many levels.
    labels (B,) restrict the data as in a call of D*; the shares of the classes are then those among the data that are
    left. Raises ValueError as `class_posterior` does.
    """
    of_point = None if classes is None else _of_points(classes, len(optimal))
    size = len(x) if of_point is None else _NUMBERS_AT_ONCE // len(optimal)
    levels = np.zeros(len(x)) + np.asarray(plain(sigma), dtype=np.float64)
    effective = np.zeros(len(x))
    shares = None if of_point is None else np.zeros((len(x), int(of_point.max()) + 1))
    for start in range(0, len(x), max(1, size)):
        rows = slice(start, start + max(1, size))
        seen = None if labels is None else labels[rows]
        posterior = optimal.posterior(x[rows], levels[rows], seen, k=1, every=of_point is not None)
        effective[rows] = posterior.distinct_neighbours.numpy()
        if shares is not None and posterior.every is not None:
            for label in range(shares.shape[1]):
                shares[rows, label] = posterior.every.numpy()[:, of_point == label].sum(axis=1)
    return effective, shares


def class_posterior(optimal: OptimalDenoiser, classes: ArrayLike, x: Any, sigma: float) -> Floats:
    """p(c | x_σ = x) = Σ over the points of class c of w_i, for all points at once: (B, C).

    classes: (N,) whole numbers from 0 on, of the points of `optimal`; points with -1 have no class, and their weight is
    in no column. C is the largest class + 1. Raises ValueError for classes of another length or kind.
    """
    shares = neighbours_and_classes(optimal, x, sigma, classes)[1]
    assert shares is not None
    return shares


def _of_points(classes: ArrayLike, count: int) -> Array:
    of_point = np.asarray(classes)
    if of_point.shape != (count,) or of_point.dtype.kind not in "iu" or of_point.max() < 0:
        raise ValueError(f"classes has shape {of_point.shape}; expected ({count},) whole numbers, some above -1.")
    return of_point


def class_posterior_over_sigma(
    optimal: OptimalDenoiser, classes: ArrayLike, sigmas: ArrayLike, x: Iterable[Any]
) -> Floats:
    """`class_posterior` of x[l] (B, *shape) at sigmas[l]: (L, B, C). x as `neighbours_over_sigma` takes it."""
    levels = np.asarray(plain(sigmas), dtype=np.float64)
    rows = zip(levels, x, strict=True)
    return np.stack([class_posterior(optimal, classes, batch, float(sigma)) for sigma, batch in rows])
