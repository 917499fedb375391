"""The controls of a trajectory's shape: a Gaussian's own curves, and walks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import geomodel as gm
from geomodel import geometry
from geomodel.experiments import gaussian_curve, random_walk

SIGMAS = gm.schedules.karras(12, sigma_min=0.05, sigma_max=30.0)


@pytest.fixture(scope="module")
def gaussian():
    rng = np.random.default_rng(0)
    return gm.Gaussians.fit(rng.standard_normal((200, 2, 3)) * [[3.0, 1.0, 0.2], [2.0, 0.5, 0.1]] + 0.7)


def test_the_gaussians_curve_is_that_of_an_independent_solver(gaussian):
    x = 30.0 * np.random.default_rng(1).standard_normal((3, 2, 3))
    found = gaussian_curve(gaussian, x, SIGMAS)

    def slope(sigma, flat):
        here = flat.reshape(x.shape)
        return ((here - np.asarray(gaussian(here, sigma))) / sigma).ravel()

    solved = solve_ivp(slope, SIGMAS[[0, -1]], x.ravel(), "DOP853", SIGMAS[::-1][::-1], rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(found.reshape(len(SIGMAS), -1), solved.y.T, atol=1e-8)


def test_the_gaussians_curve_can_be_left(gaussian):
    calls = []

    def third():
        calls.append(None)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gaussian_curve(gaussian, np.ones((1, 2, 3)), SIGMAS, third)


def test_a_walk_has_the_start_and_the_step_lengths_of_its_curve():
    curve = np.random.default_rng(2).standard_normal((20, 4, 2, 5)).cumsum(axis=0)
    walk = random_walk(curve, range(4))
    np.testing.assert_array_equal(walk[0], curve[0])
    np.testing.assert_allclose(geometry.step_length(walk), geometry.step_length(curve), rtol=1e-12)


def test_a_walk_goes_everywhere_alike():
    """Mean cosine of neighbouring steps 0 ± 5/√(number d), and the mean step is 0 in each direction."""
    curve = np.arange(2001.0)[:, None, None] * np.eye(1, 8)[None]
    steps = np.diff(random_walk(curve, [5])[:, 0], axis=0)
    assert abs(np.mean((steps[1:] * steps[:-1]).sum(axis=1))) < 5 / np.sqrt(2000 * 8)
    assert np.abs(steps.mean(axis=0)).max() < 5 / np.sqrt(2000 * 8)
    np.testing.assert_allclose(steps.T @ steps / 2000, np.eye(8) / 8, atol=5 / np.sqrt(2000) / 8)


def test_a_walk_belongs_to_its_seed_alone():
    curve = np.random.default_rng(3).standard_normal((6, 3, 4)).cumsum(axis=0)
    whole = random_walk(curve, [7, 8, 9])
    np.testing.assert_array_equal(random_walk(curve[:, 2:], [9])[:, 0], whole[:, 2])
    assert not np.allclose(whole[1] - whole[0], random_walk(curve, [8, 7, 9])[1] - curve[0])


def test_a_walk_of_a_curve_that_breaks_off_breaks_off():
    curve = np.ones((5, 2, 3))
    curve[3, 0] = np.nan
    walk = random_walk(curve, [0, 1])
    assert np.isnan(walk[3:, 0]).all()
    np.testing.assert_array_equal(walk[:, 1], 1.0)  # steps of length 0
    with pytest.raises(ValueError, match="one each"):
        random_walk(curve, [0])


def test_shares_of_a_long_walk_are_those_of_brownian_motion():
    """Across its displacement a walk is a Brownian bridge, and about its mean that has the variances 1/(2πk)², each
    twice, of 1/12 in all: shares of 3/(πk)².
    """
    curve = np.arange(301.0)[:, None, None] * np.eye(1, 4000)[None]
    shares = geometry.subspace(random_walk(np.repeat(curve, 4, axis=1), range(4)), 3).explained.mean(axis=0)
    np.testing.assert_allclose(shares, 3 / (np.pi * np.array([1, 1, 2])) ** 2, rtol=0.06)  # d is finite: 1/√(d/12)
