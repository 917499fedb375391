"""Computes the smoothed density p_σ of points or mixtures in a plane as an image, and their optimal denoiser on a grid.

Everything here is two-dimensional: means (K, 2); variances (not standard deviations) a float, (K,) or (K, 2), 0 for a
data set; weights (K,) or None for uniform, or their logarithms. A rectangle is (x, y, width, height) from its corner
of smallest x and y; images have shape (ny, nx) with row 0 at the smallest y. Of more than `MAX_KERNELS` kernels every
k-th one is used, k = `stride(K, MAX_KERNELS)`; where they have logarithms of weights, the heaviest are used, because a
few may have all the weight.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geomodel.arrays import Floats
from geomodel.projection import stride

Rect = tuple[float, float, float, float]

MAX_KERNELS = 10_000
FLOOR = -30.0  # e^-30 of the maximum; a picture shows nothing below it
_WIDE = 4.0  # pixels; for kernels this wide or wider, the density at a pixel's centre gives its mean
_FAR = 8.5  # standard deviations; a pixel edge farther away has the whole kernel on one side, to 1e-17
_CHUNK = 1 << 20
_KERNELS_AT_ONCE = 1000  # their factors stay in the processor's caches
_SMALLEST_SUM = 1e-200  # beside it, products that underflow, at 1e-308, do not matter


def density_image(
    means: ArrayLike,
    variances: ArrayLike,
    weights: ArrayLike | None,
    sigma: float,
    rect: Rect,
    size: tuple[int, int],
    *,
    log_weights: ArrayLike | None = None,
) -> NDArray[np.float32]:
    """Logarithm of the mean of p_σ over each pixel, relative to the largest pixel of the image.

        p_σ(c) = Σ_k w_k N(c; m_k, diag(v_k + σ²)),     image = log(mean over the pixel) − max, clamped at FLOOR

    Returns float32 (ny, nx) with maximum 0, size = (nx, ny). The kernels are products of one factor along x and one
    along y, so the image is Aᵀ diag(w) B with A (K, ny) and B (K, nx). A factor is the exact mean over the pixel, a
    difference of Φ along the axis. For a kernel wider than four pixels it is the density at the pixel's centre with
    h²/12 added to the variance (h the pixel's side), which is within 0.005 nats down to the floor. Each kernel is
    scaled to its own nearest pixel before it is summed, so that a rectangle far from all data shows the tail of the
    nearest kernels instead of an underflow. σ = 0 with variance 0 is allowed and shows points. Where rectangle and
    kernels are so far apart that the powers overflow, no pixel has any mass, and the image is FLOOR everywhere. Raises
    ValueError where shapes do not fit, or the rectangle is empty or so small that its pixels are the same numbers.
    Source: p_σ of Chen et al. 2023 (arXiv 2305.19947), data smoothed by N(0, σ²I).
    """
    m, v, log_w = _kernels(means, variances, weights, log_weights)
    if not sigma >= 0:
        raise ValueError(f"sigma is {sigma}; a noise level is not negative.")
    x_edges, y_edges = _edges(rect, size)
    with np.errstate(all="ignore"):  # what overflows leaves a pixel without mass
        image, top = np.zeros(size[::-1]), -np.inf
        for start in range(0, len(m), _KERNELS_AT_ONCE):
            part = slice(start, start + _KERNELS_AT_ONCE)
            rows, log_rows = _factors(y_edges, m[part, 1], np.sqrt(v[part, 1] + sigma**2))
            columns, log_columns = _factors(x_edges, m[part, 0], np.sqrt(v[part, 0] + sigma**2))
            scale = log_w[part] + log_rows + log_columns
            if not np.isfinite(scale.max()):
                continue
            below, top = top, max(top, float(scale.max()))
            rows *= np.exp(scale - top).astype(rows.dtype)[:, None]
            image = image * np.exp(below - top) + rows.T @ columns  # all is positive, so float32 loses 1e-6 of it
        image = np.nan_to_num(image, nan=0.0, posinf=0.0)
    largest = image.max()
    if largest == 0:
        return np.full(image.shape, FLOOR, np.float32)
    return np.asarray(np.log(np.maximum(image / largest, math.exp(FLOOR))), dtype=np.float32)


def grid_points(rect: Rect, nx: int, ny: int) -> Floats:
    """Centres of nx × ny equal cells of the rectangle, (ny·nx, 2): x runs fastest, the smallest y comes first."""
    x_edges, y_edges = _edges(rect, (nx, ny))
    y, x = np.meshgrid((y_edges[1:] + y_edges[:-1]) / 2, (x_edges[1:] + x_edges[:-1]) / 2, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


def plane_denoised(
    means2: ArrayLike,
    variances: ArrayLike,
    weights: ArrayLike | None,
    sigma: float,
    at: ArrayLike,
    *,
    log_weights: ArrayLike | None = None,
) -> Floats:
    """Optimal denoiser of a plane mixture or (variance 0) of plane data at points c of the plane.

        D*(c) = Σ_k r_k [m_k + v_k / (v_k + σ²) (c − m_k)],   r = softmax_k(log w_k + log N(c; m_k, diag(v_k + σ²)))

    at (m, 2) -> (m, 2) float64. Of projected data, (c − D*(c))/σ is the marginal field, which is the mean projected
    slope of all samples at c; single trajectories do not follow it. Raises ValueError where shapes do not fit or σ <=
    0. Source: Chen et al. 2023 (arXiv 2305.19947), Proposition 4, the optimal denoiser.
    """
    m, v, log_w = _kernels(means2, variances, weights, log_weights)
    points = np.asarray(at, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"at has shape {points.shape}; expected (m, 2).")
    if not sigma > 0:
        raise ValueError(f"sigma is {sigma}; the plane's denoiser needs a positive noise level.")
    total = v + sigma**2
    shrink = v / total
    constant = log_w - 0.5 * np.log(total).sum(axis=1)
    denoised = np.empty_like(points)
    rows = max(1, _CHUNK // len(m))
    for start in range(0, len(points), rows):
        part = points[start : start + rows]
        logits = np.broadcast_to(constant, (len(part), len(m))).copy()
        for axis in range(2):
            logits -= (part[:, axis, None] - m[:, axis]) ** 2 * (0.5 / total[:, axis])
        logits -= logits.max(axis=1, keepdims=True)
        r = np.exp(logits, out=logits)
        r /= r.sum(axis=1, keepdims=True)
        denoised[start : start + rows] = r @ (m * (1 - shrink)) + part * (r @ shrink)
    return denoised


def grid_denoised(
    means2: ArrayLike, sigma: float, rect: Rect, nx: int, ny: int, *, log_weights: ArrayLike | None = None
) -> Floats:
    """`plane_denoised` of plane data at `grid_points(rect, nx, ny)`, (ny·nx, 2), from a factor along x and one along y.

    Takes (nx + ny) K exponentials instead of nx ny K. A point of the grid where all weights are small beside those of
    kernels in other places is computed by itself.
    """
    m, _, logs = _kernels(means2, 0.0, None, log_weights)
    at = grid_points(rect, nx, ny)
    if not sigma > 0:
        return plane_denoised(means2, 0.0, None, sigma, at, log_weights=log_weights)
    x, y = at[:nx, 0], at[::nx, 1]
    along_x, along_y = ((m[:, axis, None] - places) ** 2 / (-2 * sigma**2) for axis, places in enumerate((x, y)))
    scales = along_x.max(axis=1) + along_y.max(axis=1) + logs
    columns = np.exp(along_x - along_x.max(axis=1, keepdims=True))
    rows = np.exp(along_y - along_y.max(axis=1, keepdims=True) + (scales - scales.max())[:, None])
    sums = np.stack([rows.T @ (columns * factor[:, None]) for factor in (m[:, 0], m[:, 1], np.ones(len(m)))], axis=-1)
    sums = sums.reshape(-1, 3)
    small = sums[:, 2] < _SMALLEST_SUM
    with np.errstate(invalid="ignore", divide="ignore"):
        denoised: Floats = sums[:, :2] / sums[:, 2:]
    if small.any():
        denoised[small] = plane_denoised(means2, 0.0, None, sigma, at[small], log_weights=log_weights)
    return denoised


def _scaled_erfc(z: Floats) -> Floats:
    """exp(z²) erfc(z) for z >= 0, to 1e-14: t times a polynomial in 2t − 1, t = 3 / (3 + z), by Horner's rule."""
    t = 3.0 / (3.0 + z)
    y = 2.0 * t - 1.0
    value = np.full_like(t, _POLYNOMIAL[-1])
    for coefficient in _POLYNOMIAL[-2::-1]:
        value *= y
        value += coefficient
    return np.asarray(t * value)


def _fitted_polynomial() -> list[float]:
    """Coefficients for `_scaled_erfc`: Chebyshev interpolation of degree 20, whose error is 6e-15."""
    nodes = np.polynomial.chebyshev.chebpts1(21)
    quotients = [_scaled_erfc_once(3.0 / t - 3.0) / t for t in ((nodes + 1.0) / 2.0).tolist()]
    fitted = np.polynomial.chebyshev.chebfit(nodes, quotients, 20)
    return [float(coefficient) for coefficient in np.polynomial.chebyshev.cheb2poly(fitted)]


def _scaled_erfc_once(z: float) -> float:
    if z < 2.0:
        return math.exp(z * z) * math.erfc(z)
    tail = z
    for n in range(100, 0, -1):  # Laplace's continued fraction; 100 levels are exact from z = 2 on
        tail = z + n / 2.0 / tail
    return 1.0 / (math.sqrt(math.pi) * tail)


_POLYNOMIAL = _fitted_polynomial()


def _kernels(
    means: ArrayLike, variances: ArrayLike, weights: ArrayLike | None, log_weights: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Means (K, 2), variances (K, 2) and log weights (K,) up to a constant, thinned to `MAX_KERNELS`."""
    m = np.asarray(means, dtype=np.float64)
    if m.ndim != 2 or m.shape[1] != 2 or len(m) == 0:
        raise ValueError(f"means have shape {m.shape}; expected (K, 2) with K > 0.")
    v = np.asarray(variances, dtype=np.float64)
    if log_weights is not None:  # relative to the largest, exponentials that underflow do not matter
        logs = np.asarray(log_weights, dtype=np.float64)
        w = np.exp(logs - logs.max(initial=-np.inf))
    else:
        w = np.ones(len(m)) if weights is None else np.asarray(weights, dtype=np.float64)
    if v.shape not in ((), (len(m),), m.shape) or w.shape != (len(m),):
        raise ValueError(f"variances have shape {v.shape} and weights {w.shape}; there are {len(m)} means.")
    if not (v >= 0).all() or not (w >= 0).all():
        raise ValueError("Variances and weights must not be negative.")
    v = np.broadcast_to(v[:, None] if v.ndim == 1 else v, m.shape)
    if log_weights is not None and len(m) > MAX_KERNELS and logs.min() < logs.max():
        heaviest = np.argpartition(logs, -MAX_KERNELS)[-MAX_KERNELS:]
        m, v, w, logs = m[heaviest], v[heaviest], w[heaviest], logs[heaviest]
    every = stride(len(m), MAX_KERNELS)
    m, v, w = m[::every], v[::every], w[::every]
    if not w.sum() > 0:
        raise ValueError("The weights are all zero.")
    if log_weights is not None:
        return m, v, logs[::every]
    with np.errstate(divide="ignore"):  # the log of weight 0 is -inf, which leaves the kernel out
        return m, v, np.log(w / w.sum())


def _edges(rect: Rect, size: tuple[int, int]) -> tuple[Floats, Floats]:
    x, y, width, height = rect
    if not (width > 0 and height > 0 and min(size) > 0):
        raise ValueError(f"The rectangle {_listed(rect)} with {size[0]} × {size[1]} pixels is empty.")
    edges = x + np.linspace(0.0, width, size[0] + 1), y + np.linspace(0.0, height, size[1] + 1)
    if not all((np.diff(axis) > 0).all() for axis in edges):
        raise ValueError(f"The rectangle {_listed(rect)} is so small that its pixels are the same numbers; zoom out.")
    return edges


def _listed(rect: Rect) -> str:
    return "({})".format(", ".join(f"{value:.9g}" for value in rect))


def _factors(edges: Floats, means: Floats, scales: Floats) -> tuple[Floats, Floats]:
    """Mean of each one-dimensional normal density over each cell: (K, n) of order one in each row, log of its scale."""
    wide = scales >= _WIDE * (edges[1] - edges[0])
    if wide.all():
        return _wide_factors(edges, means, scales)
    if not wide.any():
        return _narrow_factors(edges, means, scales)
    factors, logs = np.empty((len(means), len(edges) - 1)), np.empty(len(means))
    for chosen, rule in ((wide, _wide_factors), (~wide, _narrow_factors)):
        factors[chosen], logs[chosen] = rule(edges, means[chosen], scales[chosen])
    return factors, logs


def _wide_factors(edges: Floats, means: Floats, scales: Floats) -> tuple[Floats, Floats]:
    variances = scales**2 + (edges[1] - edges[0]) ** 2 / 12
    factors, largest = _bells(edges, means, variances)
    return factors, largest - 0.5 * np.log(2 * math.pi * variances)


def _bells(edges: Floats, means: Floats, variances: Floats) -> tuple[Floats, Floats]:
    """e^(−(c − m)²/2v) at the cells' centres, (K, n), divided by the largest of each row; the log of that, (K,)."""
    exponents = ((edges[1:] + edges[:-1]) / 2 - means[:, None]) ** 2
    exponents *= (-0.5 / variances)[:, None]
    largest = exponents.max(axis=1)
    exponents -= largest[:, None]
    return np.exp(exponents.astype(np.float32)), largest


def _narrow_factors(edges: Floats, means: Floats, scales: Floats) -> tuple[Floats, Floats]:
    """Factors from Φ, written with the tail on the near side of each edge, so that no difference cancels."""
    cell = edges[1] - edges[0]
    z = (edges - means[:, None]) / np.maximum(scales, 1e-9 * cell)[:, None]
    nearest = np.maximum(np.maximum(z[:, 0], -z[:, -1]), 0.0)  # 0 where the mean is inside; tails are relative to it
    excess = z * z
    excess -= (nearest * nearest)[:, None]
    near = excess < _FAR**2
    tails = np.zeros_like(z)
    tails[near] = 0.5 * np.exp(-excess[near] / 2) * _scaled_erfc(np.abs(z[near]) / math.sqrt(2))
    above = z >= 0
    np.negative(tails, out=tails, where=above)  # Φ = tail below the mean, 1 − tail above it
    factors = np.diff(tails, axis=1)
    factors += above[:, 1:] & ~above[:, :-1]
    return factors, -(nearest**2) / 2 - math.log(cell)
