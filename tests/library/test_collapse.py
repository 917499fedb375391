"""Collapse and speciation against closed forms."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

import geomodel as gm
from geomodel import collapse
from geomodel.denoisers.optimal import OptimalDenoiser


def test_crossing_is_exact_for_power_laws():
    sigmas = np.geomspace(80, 0.01, 37)
    np.testing.assert_allclose(collapse.crossing(sigmas, 5 * sigmas**1.7), (2 / 5) ** (1 / 1.7), rtol=1e-13)
    # the last crossing counts, the order does not, and σ = 0 has no logarithm
    np.testing.assert_allclose(
        collapse.crossing([0.0, 8.0, 4.0, 2.0, 1.0], [1.0, 9.0, 1.0, 4.0, 1.0]), math.sqrt(2), rtol=1e-14
    )
    assert collapse.crossing([1.0, 2.0], [1.0, 1.5]) is None
    assert collapse.crossing([1.0, 2.0], [2.5, 3.0]) is None
    assert collapse.crossing([0.0, 1.0, 2.0], [1.0, 3.0, 4.0]) is None
    np.testing.assert_allclose(collapse.crossing([1.0, 2.0], [1.0, 2.0]), 2.0, rtol=1e-15)


def test_neighbours_of_a_triangle():
    # three points at distance 1 from each other, x on one of them: w = (1, q, q)/(1 + 2q), q = exp(−1/(2σ²))
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(0.75)]])
    sigmas = np.geomspace(10, 0.1, 201)
    found = collapse.neighbours_over_sigma(OptimalDenoiser(points), sigmas, [points] * 201)
    tail = np.exp(-1 / (2 * sigmas**2))
    entropy = np.log1p(2 * tail) + 2 * tail / (1 + 2 * tail) / (2 * sigmas**2)
    np.testing.assert_allclose(found.effective, np.exp(entropy)[:, None] * np.ones(3), rtol=1e-12)
    np.testing.assert_allclose(found.median, np.exp(entropy), rtol=1e-12)
    root = np.interp(math.log(2), entropy[::-1], np.log(sigmas[::-1]))
    assert abs(math.log(found.collapse_sigma / math.exp(root))) < 1e-12  # the same interpolation, entropy = log N_eff
    with pytest.raises(ValueError, match="shorter"):
        collapse.neighbours_over_sigma(OptimalDenoiser(points), sigmas, [points])


@pytest.mark.parametrize("dimension", [8, 64])
@pytest.mark.slow
def test_isotropic_gaussian_collapses_where_the_formula_says(dimension):
    count, deviation = 2000, 1.5
    points = deviation * np.random.default_rng(0).standard_normal((count, dimension))
    sigma = collapse.isotropic_gaussian_collapse_sigma(count, dimension, deviation)
    optimal, source = OptimalDenoiser(points), collapse.source_indices(count, 800)
    weights = []
    for share, x in zip(
        (0.7, 1.0, 1.4), collapse.noisy_data(points, sigma * np.array([0.7, 1, 1.4]), 800), strict=True
    ):
        posterior = optimal.posterior(x, share * sigma, k=count)
        weights.append(
            float((posterior.weights.numpy() * (posterior.indices.numpy() == source[:, None])).sum(1).mean())
        )
    # identity 34. Spread of a weight about 0.4, of the mean of 800 thus 0.014
    assert 0.85 < weights[0] < 0.99
    assert 0.5 < weights[1] < 0.65
    assert 0.1 < weights[2] < 0.3
    sigmas = sigma * np.geomspace(4, 0.25, 25)
    measured = collapse.neighbours_over_sigma(optimal, sigmas, collapse.noisy_data(points, sigmas, 400))
    assert 0.5 < measured.collapse_sigma / sigma < 1.5  # an asymptotic formula: its order


def test_closed_form_of_the_collapse():
    for count, dimension in ((2000, 8), (50, 3)):
        found = collapse.isotropic_gaussian_collapse_sigma(count, dimension, 2.0)
        time = 0.5 * math.log(1 + 4 / (count ** (2 / dimension) - 1))
        np.testing.assert_allclose(found, math.sqrt(math.expm1(2 * time)), rtol=1e-12)  # the published form
    far = collapse.isotropic_gaussian_collapse_sigma(1000, 10**9, 1.0)
    np.testing.assert_allclose(far, math.sqrt(1e9 / (2 * math.log(1000))), rtol=1e-7)  # relative (ln n)/d
    assert collapse.isotropic_gaussian_collapse_sigma(1, 4, 1.0) == math.inf
    for wrong in ((0, 2, 1.0), (2, 0, 1.0), (2, 2, 0.0)):
        with pytest.raises(ValueError, match="at least 1"):
            collapse.isotropic_gaussian_collapse_sigma(*wrong)


def test_effective_neighbours_sink_from_all_to_one_along_a_trajectory():
    points = np.random.default_rng(3).standard_normal((200, 16))  # identity 35
    optimal = OptimalDenoiser(points)
    sigmas = gm.schedules.karras(40, 0.002, 80.0)
    start = 80.0 * np.random.default_rng(4).standard_normal((30, 16))
    run = gm.sample(optimal, start, sigmas, solver="heun")
    found = collapse.neighbours_over_sigma(optimal, run.sigmas, run.x)
    assert found.median[0] > 195
    np.testing.assert_allclose(found.median[-1], 1, atol=1e-9)
    assert (np.diff(found.median) < 1e-9).all()
    assert 0.1 < found.collapse_sigma < 1.5


def test_speciation_of_two_points_and_of_pictures():
    m = np.array([3.0, 4.0])
    np.testing.assert_allclose(collapse.speciation_sigma(np.stack([m, -m])), 5.0, rtol=1e-14)  # Λ = ‖m‖²
    points = np.random.default_rng(0).standard_normal((60, 1, 4, 5))
    top = np.linalg.norm((points - points.mean(0)).reshape(60, 20), 2) / math.sqrt(60)
    np.testing.assert_allclose(collapse.speciation_sigma(points), top, rtol=1e-12)


def test_class_posterior_of_a_pair_is_logistic(monkeypatch):
    monkeypatch.setattr(collapse, "_NUMBERS_AT_ONCE", 12)  # four queries at once, of six
    m = np.array([0.6, 0.8])
    points, classes = np.stack([m, -m, [50.0, 50.0]]), np.array([0, 1, -1])
    x = np.random.default_rng(0).standard_normal((6, 2))
    sigmas = np.array([3.0, 1.0, 0.4])
    found = collapse.class_posterior_over_sigma(OptimalDenoiser(points), classes, sigmas, [x] * 3)
    expected = 1 / (1 + np.exp(-2 * (x @ m) / sigmas[:, None] ** 2))
    # the third point is 60 away: its weight is below e^{-190}
    np.testing.assert_allclose(found[..., 0], expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-14)
    for wrong in (classes[:2], classes * 1.0, -np.ones(3, dtype=int)):
        with pytest.raises(ValueError, match="whole numbers"):
            collapse.class_posterior(OptimalDenoiser(points), wrong, x, 1.0)


def test_one_point_at_many_levels_is_a_batch(monkeypatch):
    points = np.random.default_rng(0).standard_normal((40, 3))
    classes, labels = np.arange(40) % 4 - 1, np.arange(40) % 2
    sigmas = np.geomspace(5, 0.05, 9)
    x = np.array([[0.3, -0.2, 0.1]]) + sigmas[:, None] * np.ones(3)
    optimal = OptimalDenoiser(points, labels)
    for size in (2**21, 120):  # at once, and three queries at a time
        monkeypatch.setattr(collapse, "_NUMBERS_AT_ONCE", size)
        effective, shares = collapse.neighbours_and_classes(optimal, x, sigmas, classes)
        for n, sigma in enumerate(sigmas):
            weights = np.exp(-((points - x[n]) ** 2).sum(1) / (2 * sigma**2))
            weights /= weights.sum()
            entropy = -(weights[weights > 0] * np.log(weights[weights > 0])).sum()
            np.testing.assert_allclose(effective[n], np.exp(entropy), rtol=1e-12)
            np.testing.assert_allclose(shares[n], [weights[classes == c].sum() for c in range(3)], atol=1e-12)
    alone, none = collapse.neighbours_and_classes(optimal, x, sigmas, labels=np.ones(9, dtype=int))
    assert none is None
    np.testing.assert_allclose(
        alone, collapse.neighbours_and_classes(OptimalDenoiser(points[1::2]), x, sigmas)[0], rtol=1e-12
    )
    assert collapse.neighbours_and_classes(optimal, x[:0], 1.0, classes)[1].shape == (0, 3)


def test_no_torch_at_import():
    code = "import sys, geomodel.collapse; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
