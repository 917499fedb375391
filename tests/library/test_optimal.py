"""The optimal denoiser against brute force, exact rational arithmetic and the papers' identities."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import special, stats

from geomodel.denoisers.optimal import OptimalDenoiser, untruncated
from geomodel.denoisers.optimal import optimal as optimal_module


def _cloud(count, shape, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((count, *shape))


def _brute(points, x, sigma):
    """D* by direct differences in float64, with the weights."""
    rows = points.reshape(len(points), -1)
    square = ((x.reshape(len(x), 1, -1) - rows) ** 2).sum(2)
    gap = square - square.min(1, keepdims=True)
    with np.errstate(over="ignore", under="ignore"):
        weights = np.exp(-gap / 2 / sigma / sigma) if sigma > 0 else (gap == 0).astype(float)
    weights /= weights.sum(1, keepdims=True)
    return (weights @ rows).reshape(x.shape), weights


def _exact(points, x, sigma):
    """D* of one query with rational squared distances: only the last exponential is rounded."""
    rows = [[Fraction(float(value)) for value in row] for row in points]
    query, width = [Fraction(float(value)) for value in x], Fraction(sigma)
    squares = [sum((a - b) ** 2 for a, b in zip(row, query, strict=True)) for row in rows]
    least = min(squares)
    logits = [max(-1000.0, float(-(square - least) / (2 * width * width))) for square in squares]
    weights = [Fraction(math.exp(logit)) for logit in logits]
    columns = zip(*rows, strict=True)
    return np.array([float(sum(w * v for w, v in zip(weights, c, strict=True)) / sum(weights)) for c in columns])


@pytest.mark.parametrize(("count", "shape"), [(200, (2,)), (60, (1, 8, 8)), (1, (3,))])
def test_optimal_is_brute_force(count, shape):
    points = _cloud(count, shape)
    optimal, low, high = OptimalDenoiser(points), points.min(0), points.max(0)
    for sigma in (0.0, 1e-160, 1e-12, 1e-6, 1e-3, 0.03, 0.3, 1.0, 8.0, 80.0, 1e4, 1e9):
        x = _cloud(30, shape, seed=1, scale=sigma + 0.5)
        denoised = optimal(x, sigma)
        # brute force has logits off by d·2⁻⁵³·‖x − y‖²/σ², at most 1e-12 where two weights are alive
        np.testing.assert_allclose(denoised, _brute(points, x, sigma)[0], rtol=0, atol=1e-11)
        assert ((denoised >= low - 1e-14) & (denoised <= high + 1e-14)).all()  # the hull's box, to the last rounding


@pytest.mark.parametrize("sigma", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_near_ties_at_tiny_sigma(sigma, offset):
    random = np.random.default_rng(3)
    points = _cloud(40, (6,)) + offset
    for first in points[:6]:
        second = first + 0.2 * random.standard_normal(6)  # these two are nearest to their middle
        data = np.concatenate([points, second[None]])
        direction = (first - second) / np.sum((first - second) ** 2)
        x = (first + second) / 2 + random.uniform(-2, 2) * sigma**2 * direction
        posterior = OptimalDenoiser(data).posterior(x[None], sigma)
        error = np.linalg.norm(posterior.mean[0].numpy() - _exact(data, x, sigma))
        assert error <= posterior.bound[0]
        # the pair's gap is good to a few 2⁻⁵³ ‖Δ‖² = 1e-16: over σ² in nats, times a quarter of ‖Δ‖ = 0.5
        assert error <= 1e-13 + 1e-16 / sigma**2
        assert posterior.weights[0, 1] > 0.05  # a tie indeed


def test_the_first_pass_alone_would_fail_the_near_ties(monkeypatch):
    monkeypatch.setattr(untruncated, "_LOGIT_ERROR", math.inf)
    points = np.concatenate([_cloud(40, (6,), scale=1e3), [[0.0] * 6, [1e-3] * 6]])
    x, sigma = np.full(6, 0.5e-3 + 1e-9), 1e-5
    rough = OptimalDenoiser(points)(x[None], sigma)[0]
    monkeypatch.undo()
    fine = OptimalDenoiser(points)(x[None], sigma)[0]
    expected = _exact(points, x, sigma)
    assert np.abs(fine - expected).max() < 1e-12  # the weighted sum's roundings, 2⁻⁵³ of distances of 1e3
    assert np.abs(rough - expected).max() > 1e-6


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_the_bound_holds_everywhere(offset):
    points = _cloud(50, (4,)) + offset
    optimal = OptimalDenoiser(points)
    for sigma in (1e-9, 1e-4, 0.02, 0.3, 1.0, 30.0, 1e6):
        x = points[:6] + sigma * _cloud(6, (4,), seed=7)
        posterior = optimal.posterior(x, sigma)
        errors = [np.linalg.norm(m - _exact(points, q, sigma)) for m, q in zip(posterior.mean.numpy(), x, strict=True)]
        assert (np.array(errors) <= posterior.bound.numpy()).all()
        assert posterior.bound.max() < 1e-10 * (1 + offset)  # N 2⁻⁵³ (|y| + offset), far from ties


def test_ties_average_at_zero():
    optimal = OptimalDenoiser([[1.0, 0.0], [-1.0, 0.0], [0.0, 5.0], [1.0, 0.0]])
    denoised = optimal(np.array([[0.0, 0.25], [0.5, 0.0], [0.0, 4.0]]), 0.0)
    np.testing.assert_allclose(denoised, [[1 / 3, 0.0], [1.0, 0.0], [0.0, 5.0]], rtol=0, atol=1e-15)


def test_small_sigma_returns_the_nearest_point_bit_for_bit():
    points = _cloud(300, (5,)) + 0.3
    x = points[:50] + 1e-6 * _cloud(50, (5,), seed=2)
    np.testing.assert_array_equal(OptimalDenoiser(points)(x, 1e-5), points[:50])
    posterior = OptimalDenoiser(points).posterior(x, 1e-5)
    assert (posterior.effective_neighbours == 1).all()
    np.testing.assert_array_equal(posterior.indices[:, 0].numpy(), np.arange(50))


def test_large_sigma_returns_the_mean_like_one_over_sigma():
    points = _cloud(500, (64,), scale=3 / 8)  # norms near 3
    direction, centre = _cloud(20, (64,), seed=1), points.mean(0)
    covariance = (points - centre).T @ (points - centre) / len(points)
    for sigma in (1e3, 1e4, 1e6):
        shift = OptimalDenoiser(points)(centre + sigma * direction, sigma) - centre
        first_order = direction @ covariance / sigma
        # the next term of the expansion is smaller by about ‖y‖/σ = 3/σ; then D's own rounding, 1e-15
        allowed = 5 / sigma * np.abs(first_order).max() + 1e-15
        np.testing.assert_allclose(shift, first_order, rtol=0, atol=allowed)


def test_the_exact_sampler_ends_on_the_data():
    points = _cloud(300, (64,), scale=3 / 8)
    optimal = OptimalDenoiser(points)
    levels = (80 ** (1 / 7) + np.linspace(0, 1, 101) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    x = 80 * _cloud(30, (64,), seed=1)
    for high, low in pairwise(levels):
        x = x + (low - high) * (x - optimal(x, high)) / high
    nearest = np.sqrt(((x[:, None] - points) ** 2).sum(2).min(1))
    # σ_min √d = 0.016; after the collapse ‖x − y‖/σ no longer changes and is √d to within a few of its deviations 1/√2
    np.testing.assert_allclose(nearest, 0.016, rtol=0.3)


@pytest.mark.parametrize("sigma", [0.2, 1.0, 30.0])
def test_posterior_fields(sigma):
    points, x = _cloud(200, (3,)), _cloud(25, (3,), seed=1, scale=1 + sigma)
    optimal = OptimalDenoiser(points)
    posterior = optimal.posterior(x, sigma)
    denoised, weights = _brute(points, x, sigma)
    square = ((x[:, None] - points) ** 2).sum(2)
    assert posterior.weights.shape == posterior.indices.shape == (25, 64)
    # logits of at most a few hundred, each good to 1e-15 of itself
    np.testing.assert_allclose(posterior.weights, -np.sort(-weights)[:, :64], rtol=1e-11, atol=1e-15)
    np.testing.assert_array_equal(posterior.mean, optimal(x, sigma))
    np.testing.assert_allclose(posterior.mean, denoised, atol=1e-12)
    np.testing.assert_allclose(np.take_along_axis(weights, posterior.indices.numpy(), 1), posterior.weights, atol=1e-13)
    np.testing.assert_allclose(posterior.entropy, stats.entropy(weights, axis=1), atol=1e-12)
    np.testing.assert_allclose(posterior.effective_neighbours, np.exp(posterior.entropy.numpy()), rtol=1e-14)
    density = (
        special.logsumexp(-square / (2 * sigma**2), axis=1) - math.log(200) - 1.5 * math.log(2 * math.pi * sigma**2)
    )
    np.testing.assert_allclose(posterior.log_density, density, rtol=1e-13, atol=1e-12)
    whole = optimal.posterior(x, sigma, k=1000)
    np.testing.assert_allclose(whole.weights.sum(1), 1, rtol=0, atol=1e-14)  # 200 roundings of numbers up to 1
    assert (whole.weights >= 0).all()


def test_effective_neighbours_fall_from_all_to_one():
    points = _cloud(400, (16,))
    z = _cloud(40, (16,), seed=1)
    optimal = OptimalDenoiser(points)
    counts = [optimal.posterior(points[:40] + s * z, s).effective_neighbours.mean() for s in (1e6, 10, 3, 1, 0.3, 1e-3)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == pytest.approx(400, abs=1e-3)  # entropy falls short of ln N by about tr Cov/(2σ²)
    assert counts[-1] == pytest.approx(1, abs=1e-12)


def test_log_density_at_zero_noise():
    density = OptimalDenoiser([[0.0, 1.0], [2.0, 3.0]]).posterior(np.array([[2.0, 3.0], [1.0, 1.0]]), 0.0).log_density
    assert density.tolist() == [math.inf, -math.inf]


def test_labels_restrict_to_the_class():
    points, x = _cloud(90, (1, 3, 3)), _cloud(12, (1, 3, 3), seed=1)
    classes = np.arange(90) % 3
    classes[-3:] = -1  # points of no class
    optimal = OptimalDenoiser(points, classes)
    assert optimal.num_classes == 3
    labels = np.array([0, 1, 2, -1] * 3)
    denoised, posterior = optimal(x, 0.8, labels=labels), optimal.posterior(x, 0.8, labels=labels)
    for label in (-1, 0, 1, 2):
        rows = labels == label
        subset = OptimalDenoiser(points[classes == label] if label >= 0 else points)
        # another data mean, hence other roundings
        np.testing.assert_allclose(denoised[rows], subset(x[rows], 0.8), rtol=0, atol=1e-13)
        expected = subset.posterior(x[rows], 0.8)
        torch.testing.assert_close(posterior.log_density[rows], expected.log_density, rtol=0, atol=1e-12)
        assert label < 0 or (classes[posterior.indices[rows, 0]] == label).all()
    for model, wrong in ((optimal, 3), (OptimalDenoiser(points), 0), (OptimalDenoiser(points, classes * 2), 1)):
        with pytest.raises(ValueError, match=f"No data point has the label {wrong}"):
            model(x, 0.8, labels=np.full(12, wrong))


def test_calls_take_every_form():
    points = _cloud(40, (2,)).astype(np.float32)
    optimal, x = OptimalDenoiser(points), _cloud(5, (2,), seed=1)
    expected = optimal(x, 0.5)
    assert isinstance(expected, np.ndarray)
    assert expected.dtype == np.float64
    levels = np.full(5, 0.5)
    for sigma in (np.float32(0.5), np.array(0.5), levels, torch.tensor(0.5), torch.from_numpy(levels)):
        np.testing.assert_array_equal(optimal(x, sigma), expected)
    assert optimal(torch.from_numpy(x).float(), 0.5).dtype == torch.float32
    mixed = optimal(x, np.array([0.0, 0.1, 0.5, 10.0, 1e9]))
    for row, sigma in enumerate((0.0, 0.1, 0.5, 10.0, 1e9)):
        np.testing.assert_allclose(mixed[row : row + 1], optimal(x[row : row + 1], sigma), rtol=0, atol=1e-14)
    frozen = points.copy()
    frozen.setflags(write=False)
    np.testing.assert_array_equal(OptimalDenoiser(frozen)(x, 0.0), optimal(x, 0.0))
    np.testing.assert_array_equal(OptimalDenoiser(frozen[::-1])(x, 0.0), optimal(x, 0.0))
    points += 1  # what was given may be edited afterwards
    np.testing.assert_array_equal(OptimalDenoiser(frozen)(x, 0.0), optimal(x, 0.0))
    assert optimal(np.empty((0, 2)), 1.0).shape == (0, 2)


@pytest.mark.parametrize("sigma", [1e-4, 0.2, 5.0, 1e7])
@pytest.mark.parametrize("ordered", [False, True])  # a class may not be met in the first blocks
def test_chunks_and_blocks_change_nothing(monkeypatch, sigma, ordered):
    points, labels = _cloud(101, (1, 3, 4)).astype(np.float32), np.arange(101) // 26 if ordered else np.arange(101) % 4
    x, wanted = points[:23] + sigma * _cloud(23, (1, 3, 4), seed=1), np.arange(23) % 5 - 1
    whole = OptimalDenoiser(points, labels).posterior(x, sigma, labels=wanted)
    monkeypatch.setattr(optimal_module, "NUMBERS_AT_ONCE", 404)  # four queries, 33 points, 8 differences at a time
    monkeypatch.setattr(untruncated, "NUMBERS_AT_ONCE", 404)
    monkeypatch.setattr(untruncated, "_NUMBERS_IN_BLOCK", 404)
    monkeypatch.setattr(optimal_module, "RESIDENT_NUMBERS", 0)
    split = OptimalDenoiser(points, labels, tolerance=0).posterior(x, sigma, labels=wanted)
    # the same sums in another order
    torch.testing.assert_close(split.mean, whole.mean, rtol=0, atol=1e-13)
    torch.testing.assert_close(split.log_density, whole.log_density, rtol=1e-13, atol=1e-12)
    torch.testing.assert_close(split.weights, whole.weights, rtol=0, atol=1e-12)


@pytest.mark.parametrize("points", [np.empty((0, 2)), np.zeros(3), [[0.0, math.nan]], [[math.inf]], [[1e200], [0.0]]])
def test_optimal_refuses_points(points):
    with pytest.raises(ValueError):
        OptimalDenoiser(points)
    with pytest.raises(ValueError):
        OptimalDenoiser(np.zeros((3, 2)), labels=[0, 1])


def test_mean_shift_climbs_to_a_fixed_point():
    points = np.concatenate([_cloud(60, (2,), scale=0.3), _cloud(60, (2,), seed=1, scale=0.3) + 3])
    optimal, x = OptimalDenoiser(points), _cloud(30, (2,), seed=2, scale=2.0) + 1.5
    path = optimal.mean_shift_path(x, 0.5, tolerance=1e-9)
    assert path.shape[1:] == (30, 2)
    np.testing.assert_array_equal(path[0], x)
    density = torch.stack([optimal.posterior(level, 0.5).log_density for level in path])
    assert (density.diff(dim=0) > -1e-13).all()  # an EM step never loses; rounding of log densities of order 10
    assert (optimal(path[-1], 0.5) - path[-1]).norm(dim=1).max() < 1e-9 * 0.5
    # The ends are the two modes: within the linear rate's q/(1 − q) moves of 5e-10, q below 0.9 for these clusters.
    assert len(torch.unique((path[-1] / 1e-6).round(), dim=0)) == 2
    assert len(optimal.mean_shift_path(x, 0.5, max_iterations=3)) == 4
