"""Leaving points out against the optimal denoiser of the subset."""

from __future__ import annotations

import numpy as np
import pytest

from geomodel.denoisers.optimal import OptimalDenoiser, leave_one_out
from geomodel.denoisers.optimal.leave_one_out import leave_out

SIGMAS = (0.0, 1e-160, 1e-12, 1e-6, 1e-3, 0.03, 0.1, 0.3, 1.0, 8.0, 80.0, 1e6)


def cloud(count, shape, seed=0):
    return np.random.default_rng(seed).standard_normal((count, *shape))


def expected(points, x, sigma, exclude, labels=None):
    """One subset's D* after another, with the bound on its own rounding."""
    answers, bounds = [], []
    for query, row in zip(x, exclude, strict=True):
        kept = np.delete(np.arange(len(points)), row)
        subset = OptimalDenoiser(points[kept], None if labels is None else labels[kept])
        posterior = subset.posterior(query[None], sigma)
        answers.append(posterior.mean[0].numpy())
        bounds.append(float(posterior.bound[0]))
    return np.stack(answers), np.array(bounds)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize(("count", "shape"), [(60, (2,)), (40, (1, 6, 6))])
def test_it_is_the_optimal_denoiser_of_the_subset(count, shape, sigma):
    points = cloud(count, shape)
    random = np.random.default_rng(1)
    exclude = [[i] for i in range(10)] + [[], [3, 4, 5], list(range(count - 1)), [7, 7]]
    # each query starts from an excluded point: at a small σ that point carries all the weight
    x = points[[row[0] if row else 0 for row in exclude]] + min(sigma, 10) * random.standard_normal((14, *shape))
    found = leave_out(OptimalDenoiser(points), points, x, sigma, exclude)
    answers, bounds = expected(points, x, sigma, exclude)
    errors = np.abs(found - answers).reshape(14, -1).max(1)
    # both round; where a tenth of the mass remains the rounding of D* grows tenfold
    assert (errors <= 1e-13 + 12 * np.minimum(bounds, 1e-10)).all()


@pytest.mark.parametrize("sigma", [1e-7, 1e-5, 1e-3])
def test_a_near_tie_behind_the_excluded_point(sigma):
    # the excluded point sits on x; two others, at distance 1, differ by about σ² in half squared distance
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0 + 0.7 * sigma**2], [100.0, 0.0]])
    found = leave_out(OptimalDenoiser(points), points, np.zeros((1, 2)), sigma, [[0]])[0]
    gap = (points[2, 1] - 1) * (points[2, 1] + 1) / 2  # exact differences of what is stored
    share = 1 / (1 + np.exp(gap / sigma**2))
    # logits are known to a rounding of the gap's terms, of size 1: 2⁻⁵³/σ² nats
    doubt = 4 * 2.0**-53 / sigma**2
    np.testing.assert_allclose(found, [1 - share, share * points[2, 1]], rtol=0, atol=1e-13 + doubt)


def test_classes_and_levels_of_each_query():
    points, classes = cloud(50, (3,)), np.arange(50) % 2
    optimal = OptimalDenoiser(points, classes)
    x, labels = points[:4] + 0.01, np.array([0, 1, -1, 1])
    sigmas = np.array([0.01, 0.5, 0.02, 0.03])
    exclude = np.arange(4)[:, None]
    found = leave_out(optimal, points, x, sigmas, exclude, labels, classes=classes)
    for query in range(4):
        kept = (np.arange(50) != query) & ((labels[query] < 0) | (classes == labels[query]))
        subset = OptimalDenoiser(points[kept])
        np.testing.assert_allclose(found[query], subset(x[query][None], sigmas[query])[0], atol=1e-13)


def test_blocks_change_nothing(monkeypatch):
    points = cloud(60, (5,))
    x, exclude = points[:20] + 1e-3, np.arange(20)[:, None]
    whole = leave_out(OptimalDenoiser(points), points, x, 0.4, exclude)
    monkeypatch.setattr(leave_one_out, "_NUMBERS_AT_ONCE", 70)
    parts = leave_out(OptimalDenoiser(points), points.astype(np.float64), x, 0.4, exclude)
    np.testing.assert_allclose(parts, whole, atol=1e-14)  # sums in another order


def test_what_does_not_fit_is_refused():
    points = cloud(4, (2,))
    optimal = OptimalDenoiser(points, [0, 0, 0, 1])
    with pytest.raises(ValueError, match="4 others"):
        leave_out(optimal, points[:3], points, 1.0, [[]] * 4)
    with pytest.raises(ValueError, match="one for each"):
        leave_out(optimal, points, points, 1.0, [[]])
    for wrong in ([4], [-1], [0.5], [[1]]):
        with pytest.raises(ValueError, match="whole numbers"):
            leave_out(optimal, points, points[:1], 1.0, [wrong])
    with pytest.raises(ValueError, match="No point is left"):
        leave_out(optimal, points, points[:1], 1.0, [[0, 1, 2, 3]])
    with pytest.raises(ValueError, match="needs classes"):
        leave_out(optimal, points, points[:1], 1.0, [[0]], [1])
    with pytest.raises(ValueError, match="No point is left"):
        leave_out(optimal, points, points[:1], 1.0, [[3]], [1], classes=[0, 0, 0, 1])
