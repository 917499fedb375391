"""Drift: two mean shifts against a brute-force sum, two scores and closed forms; the numbers of two moons."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel import drift
from geomodel.quality import sliced_wasserstein


def brute(cloud, x, h):
    """The softmax-weighted mean of a cloud at x, one query at a time."""
    found = []
    for query in x:
        logits = [-math.fsum((query - y) ** 2) / (2 * h * h) for y in cloud]
        weights = [math.exp(logit - max(logits)) for logit in logits]
        found.append(sum(w * y for w, y in zip(weights, cloud, strict=True)) / math.fsum(weights))
    return np.array(found)


@pytest.fixture(scope="module")
def clouds():
    random = np.random.default_rng(0)
    return random.normal(size=(40, 2)), 2 * random.normal(size=(30, 2)) + 1, random.normal(size=(7, 2))


@pytest.mark.parametrize("h", [0.05, 0.5, 5.0])
def test_the_field_is_two_sums(clouds, h):
    points, particles, x = clouds
    expected = brute(points, x, h) - brute(particles, x, h)
    np.testing.assert_allclose(drift.field(points, particles, x, h), expected, atol=1e-12)  # sums of 40 numbers near 1


def test_the_field_is_antisymmetric_and_zero_between_equal_clouds(clouds):
    points, particles, x = clouds
    np.testing.assert_array_equal(drift.field(points, particles, x, 0.5), -drift.field(particles, points, x, 0.5))
    assert not drift.field(points, points.copy(), x, 0.5).any()
    (moved,) = drift.rounds(points, points, [0.3])
    np.testing.assert_array_equal(moved, points)  # particles on the data are at rest, because each feels itself


def test_the_field_is_the_difference_of_two_scores(clouds):
    points, particles, x = clouds
    h, step = 0.6, 1e-5

    def log_density(cloud, at):
        return np.log(np.exp(-((at[:, None] - cloud) ** 2).sum(-1) / (2 * h * h)).mean(1))

    score = np.zeros((2, *x.shape))
    for cloud, found in zip((points, particles), score, strict=True):
        for axis in range(2):
            shift = step * np.eye(2)[axis]
            found[:, axis] = (log_density(cloud, x + shift) - log_density(cloud, x - shift)) / (2 * step)
    # central differences: (step/h)² of the third derivative and 1e-16/step of rounding, both below 1e-8
    np.testing.assert_allclose(drift.field(points, particles, x, h), h * h * (score[0] - score[1]), atol=1e-8)


def test_one_point_and_one_particle(clouds):
    point, particle = np.array([[3.0, 1.0]]), np.array([[0.0, -1.0]])
    np.testing.assert_array_equal(drift.field(point, particle, clouds[2], 0.1), np.tile([[3.0, 2.0]], (7, 1)))
    (moved,) = drift.rounds(point, particle, [0.1])
    np.testing.assert_array_equal(moved, point)  # it does not push itself, so it arrives in one round


def test_far_and_small_clouds_drift_alike(clouds):
    points, particles, x = clouds
    plain = drift.field(points, particles, x, 0.5)
    for scale, shift in ((1e3, 1e5), (1e-3, 1e5)):
        moved = (shift + scale * cloud for cloud in (points, particles, x))
        found = drift.field(*moved, 0.5 * scale)
        np.testing.assert_allclose(found / scale, plain, atol=1e-6)  # 1e5 · 2⁻⁵³ / 1e-3 ≈ 1e-8, times a slope


def test_clouds_of_many_dimensions_tensors_and_denoisers(clouds):
    random = np.random.default_rng(1)
    points, particles = random.normal(size=(20, 3, 4)), random.normal(size=(10, 3, 4))
    flat = drift.field(points.reshape(20, 12), particles.reshape(10, 12), particles.reshape(10, 12), 2.0)
    found = drift.field(gm.OptimalDenoiser(points), torch.as_tensor(particles), particles, 2.0)
    np.testing.assert_allclose(found.reshape(10, 12), flat, atol=1e-13)


@pytest.mark.parametrize("h", [0.0, -1.0, math.nan, math.inf])
def test_a_bandwidth_is_positive(clouds, h):
    with pytest.raises(ValueError, match="bandwidth"):
        drift.field(*clouds, h)


def test_clouds_that_do_not_fit_are_refused(clouds):
    points, particles, x = clouds
    for wrong in ((points[:, :1], particles, x), (points[:0], particles, x), (points * np.nan, particles, x)):
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            drift.field(*wrong, 0.5)


def test_an_annealed_bandwidth_falls_evenly_on_a_log_axis():
    levels = [drift.annealed(0.5, number) for number in range(drift.ROUNDS + 50)]
    assert levels[0] == 2.0
    np.testing.assert_allclose(np.diff(np.log(levels[: drift.ROUNDS])), math.log(0.1) / 199, rtol=1e-9)
    np.testing.assert_allclose(levels[drift.ROUNDS - 1 :], 0.2)


def test_the_ruler_is_the_sliced_distance(clouds):
    points, particles, _ = clouds
    ruler = drift.Ruler(points)
    expected = sliced_wasserstein(particles, points, drift.DIRECTIONS)
    assert ruler.distance(particles) == pytest.approx(expected, rel=1e-12)
    assert ruler.distance(points) < 1e-14
    assert math.isnan(ruler.distance(particles * np.inf))
    with pytest.raises(ValueError, match="no points"):
        drift.Ruler(np.zeros((0, 2)))


def test_the_control_is_that_of_draws_from_the_data(clouds):
    two = drift.Ruler(np.array([[-1.0], [1.0]]))
    assert two.control(1) == pytest.approx(math.sqrt(2))  # half of the mass stands two units away
    assert two.control(4_000) < 0.36  # W² = 4 |k/n − ½| < 4 deviations of 1/126
    ruler = drift.Ruler(clouds[0])
    assert ruler.control(50) == ruler.control(50) > ruler.control(5000) > 0
    assert two.control(7, lambda number: [[float(number)]]) == two.distance([[5.0]])  # the median of 1 … 9


def test_particles_begin_wide_and_nest():
    data = gm.datasets.load("two-moons")
    found = drift.start(data, 400)
    np.testing.assert_array_equal(drift.start(data, 100), found[:100])
    assert not np.array_equal(drift.start(data, 400, seed=1), found)
    # four errors of a mean and of a deviation of 400 draws of deviation 2 s
    np.testing.assert_allclose(found.mean(0), data.mean, atol=4 * 2 * data.std / 20)
    np.testing.assert_allclose(found.std(0), 2 * data.std, rtol=4 / math.sqrt(800))


@pytest.mark.slow
def test_the_numbers_of_two_moons():
    """400 particles, 200 rounds: a narrow kernel does not reach, a wide one blurs, and annealing beats both. The ranges
    hold for five seeds of the start; a fresh sample of 400 points is at 0.1.
    """
    data = gm.datasets.load("two-moons")
    ruler, optimal, begin = drift.Ruler(data.points), gm.OptimalDenoiser(data.points), drift.start(data, 400)
    assert 1.4 < ruler.distance(begin) < 2.0
    fresh = ruler.control(400, lambda number: gm.datasets.load("two-moons", count=400, seed=number).points)
    assert 0.07 < fresh < 0.13
    ends = {}
    for h in (0.2, 0.5, 1.0, 2.0):
        for particles in drift.rounds(optimal, begin, [h] * 200):
            end = particles
        ends[h] = ruler.distance(end)
    for particles in drift.rounds(optimal, begin, [drift.annealed(0.5, number) for number in range(200)]):
        end = particles
    assert ruler.distance(end) < 0.023 < ends[0.5] + 0.003
    assert 0.035 < ends[0.2] < 0.08
    assert 0.017 < ends[0.5] < 0.03
    assert 0.033 < ends[1.0] < 0.047
    assert 0.09 < ends[2.0] < 0.115
