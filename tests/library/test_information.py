"""The information along a trajectory: against all weights written out, an exponential family, and refinement."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import log_softmax

import geomodel as gm

POINTS = np.random.default_rng(0).standard_normal((60, 5)) * np.array([3, 2, 1, 0.5, 0.2])
LABELS = np.arange(60) % 3


@pytest.fixture(scope="module")
def run():
    sigmas = gm.schedules.karras(40, 0.05, 30.0)
    return gm.sample(gm.OptimalDenoiser(POINTS, LABELS), gm.noise(range(4), (5,), 30.0), sigmas)


def written_out(x, sigmas, points):
    """√J by the definition, with the logarithms of all weights."""
    logs = [
        log_softmax(-((at[:, None] - points) ** 2).sum(-1) / (2 * s**2), axis=1)
        for at, s in zip(x, sigmas, strict=True)
    ]
    return np.stack([np.sqrt(((np.exp(a) - np.exp(b)) * (a - b)).sum(axis=1)) for a, b in pairwise(logs)])


def test_it_is_the_divergence_of_all_weights(run):
    optimal = gm.OptimalDenoiser(POINTS, LABELS)
    found = gm.geometry.information(optimal, run.x, run.sigmas)
    # 1e-5: what 10⁻⁹ nats of entropy leave of a root
    np.testing.assert_allclose(found, written_out(run.x, run.sigmas, POINTS), rtol=1e-6, atol=1e-5)
    asked = np.array([0, 1, 2, 1])
    found = gm.geometry.information(optimal, run.x, run.sigmas, asked)
    for sample, label in enumerate(asked):
        own = written_out(run.x[:, sample : sample + 1], run.sigmas, POINTS[label == LABELS])
        np.testing.assert_allclose(found[:, sample : sample + 1], own, rtol=1e-6, atol=1e-5)


def test_it_is_the_product_of_natural_and_mean_parameters(run):
    optimal = gm.OptimalDenoiser(POINTS)
    found = gm.geometry.information(optimal, run.x, run.sigmas)
    for level in (3, 12, 20):
        parts = []
        for row in (level, level + 1):
            sigma = run.sigmas[row]
            weights = optimal.posterior(run.x[row], sigma, every=True).every.numpy()
            eta = np.column_stack([run.x[row] / sigma**2, np.full(4, -1 / (2 * sigma**2))])
            parts.append((eta, np.column_stack([weights @ POINTS, weights @ (POINTS**2).sum(1)])))
        (eta, mu), (other_eta, other_mu) = parts
        np.testing.assert_allclose(found[level], np.sqrt(((eta - other_eta) * (mu - other_mu)).sum(1)), rtol=1e-6)


def test_the_length_does_not_depend_on_how_fine_the_levels_are():
    optimal, x = gm.OptimalDenoiser(POINTS), gm.noise(range(4), (5,), 30.0)
    lengths = []
    for steps in (50, 100):
        run = gm.sample(optimal, x, gm.schedules.karras(steps, 0.05, 30.0), solver="heun")
        lengths.append(gm.geometry.information(optimal, run.x, run.sigmas).sum(axis=0))
    np.testing.assert_allclose(*lengths, rtol=0.02)  # of a chord of 0.1 the error is its square


def test_after_collapse_there_is_nothing_to_learn():
    optimal = gm.OptimalDenoiser(POINTS)
    sigmas = gm.schedules.karras(60, 0.002, 30.0)
    run = gm.sample(optimal, gm.noise(range(4), (5,), 30.0), sigmas)
    found = gm.geometry.information(optimal, run.x, run.sigmas)
    assert found[sigmas[:-1] < 0.01].max() < 1e-4
    assert found.sum(axis=0).min() > 1


def test_points_twice_and_far_away_change_nothing(run):
    optimal = gm.OptimalDenoiser(POINTS)
    found = gm.geometry.information(optimal, run.x, run.sigmas)
    twice = gm.geometry.information(gm.OptimalDenoiser(np.repeat(POINTS, 2, axis=0)), run.x, run.sigmas)
    np.testing.assert_allclose(twice, found, atol=1e-5)
    far = gm.geometry.information(gm.OptimalDenoiser(POINTS + 1e4), run.x + 1e4, run.sigmas)
    np.testing.assert_allclose(far, found, atol=1e-4)  # coordinates of 10⁴ are rounded by 2e-12, over σ² = 0.0025


def test_the_last_step_to_zero_is_unknown(run):
    optimal = gm.OptimalDenoiser(POINTS)
    found = gm.geometry.information(optimal, run.x, np.append(run.sigmas[:-1], 0.0))
    assert np.isnan(found[-1]).all()
    np.testing.assert_array_equal(found[:-1], gm.geometry.information(optimal, run.x, run.sigmas)[:-1])
    assert gm.geometry.information(optimal, run.x[:1], run.sigmas[:1]).shape == (0, 4)
    with pytest.raises(ValueError, match="41 positions"):
        gm.geometry.information(optimal, run.x, run.sigmas[1:])
