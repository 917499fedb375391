"""Annealed mean shift against closed forms, and against Euler's steps on the ODE of the same D*."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import geomodel as gm
from geomodel.annealing import annealed_mean_shift, beside_ode, nearest_data

SIGMAS = gm.schedules.karras(12, 0.01, 20.0)


def test_a_single_point_is_reached_at_once():
    point = np.array([[3.0, -1.0, 2.0]])
    path = annealed_mean_shift(gm.OptimalDenoiser(point), np.full((2, 3), 50.0), SIGMAS)
    assert path.shape == (len(SIGMAS) + 1, 2, 3)
    assert np.array_equal(path[0], np.full((2, 3), 50.0))
    assert np.array_equal(path[1:], np.broadcast_to(point, (len(SIGMAS), 2, 3)))


def test_two_points_follow_the_hyperbolic_tangent():
    # data ±m: D*(x; σ) = m tanh(m·x/σ²)
    m, x = np.array([0.6, 0.8]), np.array([[0.3, 0.1], [-2.0, 0.5]])
    sigmas = np.geomspace(2.0, 0.1, 9)
    found = annealed_mean_shift(gm.OptimalDenoiser(np.stack([m, -m])), x, sigmas)
    for n, sigma in enumerate(sigmas):
        x = np.tanh(x @ m / sigma**2)[:, None] * m
        # Near the centre x is small, and a rounding of 1e-16 relative to m grows by 1/σ² a jump below σ = 1.
        np.testing.assert_allclose(found[n + 1], x, rtol=1e-11)


def test_a_gaussian_shrinks_by_a_product():
    # one Gaussian N(0, v): D(x; σ) = v/(v + σ²) x
    variance, x = 1.5, np.array([[4.0, -3.0]])
    found = annealed_mean_shift(gm.MixtureDenoiser(np.zeros((1, 2)), variance), x, SIGMAS)
    np.testing.assert_allclose(found[1:], np.cumprod(variance / (variance + SIGMAS**2))[:, None, None] * x, rtol=1e-12)


def test_the_ode_takes_a_part_of_every_jump():
    points = np.random.default_rng(0).standard_normal((200, 5))
    optimal = gm.OptimalDenoiser(points)
    start = 20.0 * np.random.default_rng(1).standard_normal((6, 5))
    euler = gm.sample(optimal, start, SIGMAS, solver="euler")
    steps = list(beside_ode(optimal, start, SIGMAS))
    np.testing.assert_allclose([step.denoised for step in steps[:-1]], euler.denoised, atol=1e-12)
    np.testing.assert_allclose([step.x for step in steps[:-1]], euler.x[1:], atol=1e-12)
    np.testing.assert_allclose(steps[-1].x, euler.x[-1], atol=1e-12)  # no level follows the last
    np.testing.assert_allclose(steps[-1].denoised, euler.final_denoised, atol=1e-12)
    np.testing.assert_allclose(
        [start, *(step.annealed for step in steps)], annealed_mean_shift(optimal, start, SIGMAS), atol=1e-12
    )
    # x' − x is the fraction (σ − σ')/σ of the full jump D* − x
    before = start
    for step, following in zip(steps, SIGMAS[1:], strict=False):
        share = (step.sigma - following) / step.sigma
        np.testing.assert_allclose(step.x - before, share * (step.denoised - before), atol=1e-12)
        before = step.x
    away = np.stack([step.annealed - step.denoised for step in steps])
    np.testing.assert_allclose([step.distance for step in steps], np.sqrt((away**2).sum(-1)), rtol=1e-14)
    assert not steps[0].distance.any()  # both jump from the same point


def test_a_step_to_zero_is_the_whole_jump():
    points = np.random.default_rng(2).standard_normal((30, 3))
    optimal = gm.OptimalDenoiser(points)
    first, last = beside_ode(optimal, np.ones((1, 3)), [0.8, 0.0])
    np.testing.assert_allclose(first.x, first.annealed, atol=1e-15)
    assert last.sigma == 0
    assert np.array_equal(last.x, first.x)
    assert np.array_equal(last.annealed[0], points[nearest_data(optimal, first.annealed)[0]])


def test_it_ends_at_a_data_point():
    points = np.random.default_rng(3).standard_normal((100, 8))
    optimal = gm.OptimalDenoiser(points)
    start = 20.0 * np.random.default_rng(4).standard_normal((10, 8))
    end = annealed_mean_shift(optimal, start, SIGMAS)[-1]
    near = nearest_data(optimal, end)
    np.testing.assert_array_equal(near, ((end[:, None] - points) ** 2).sum(-1).argmin(1))
    # At σ = 0.01 a second point, at a distance of order 1, weighs e^{−5000}.
    np.testing.assert_allclose(end, points[near], atol=1e-12)
    # From far away every path starts near the mean, so they end together where the ODE's do not.
    *_, last = beside_ode(optimal, start, SIGMAS)
    assert len(set(near)) < len(set(nearest_data(optimal, last.denoised)))


def test_it_can_be_gone_on_with():
    optimal = gm.OptimalDenoiser(np.random.default_rng(5).standard_normal((50, 4)))
    start = 20.0 * np.ones((1, 4))
    whole = list(beside_ode(optimal, start, SIGMAS))
    first = list(beside_ode(optimal, start, SIGMAS[:6]))[:5]  # a step needs the level that follows
    rest = list(beside_ode(optimal, first[-1].annealed, SIGMAS[5:], ode=first[-1].x))
    for one, other in zip([*first, *rest], whole, strict=True):
        for name in ("sigma", "annealed", "denoised", "x"):
            assert np.array_equal(getattr(one, name), getattr(other, name))


def test_labels_choose_the_data():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 9.0]])
    optimal = gm.OptimalDenoiser(points, [0, 0, 1])
    x, labels = np.zeros((2, 2)), np.array([0, 1])
    path = annealed_mean_shift(optimal, x, [5.0, 0.0], labels)
    # The class of two points, from one of them: the other weighs 1/(1 + e^{1/50}).
    np.testing.assert_allclose(path[1], [[1 / (1 + np.exp(0.02)), 0.0], [0.0, 9.0]], atol=1e-15)
    (step,) = beside_ode(optimal, x, [5.0], labels)
    np.testing.assert_array_equal(step.annealed, path[1])
    assert list(nearest_data(optimal, x, labels)) == [0, 2]


@pytest.mark.parametrize("wrong", [[], [1.0, 1.0], [1.0, 2.0], [np.inf, 1.0], [[1.0]], [1.0, -1.0]])
def test_levels_must_descend(wrong):
    with pytest.raises(ValueError, match=r"descend|not negative"):
        annealed_mean_shift(gm.OptimalDenoiser(np.zeros((1, 2))), np.zeros((1, 2)), wrong)


def test_no_torch_at_import():
    code = "import sys, geomodel.annealing; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
