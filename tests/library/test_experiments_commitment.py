"""Commitment of a pair of points in closed form, its controls, and the class of the nearest data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

import geomodel as gm
import resources
from geomodel import collapse
from geomodel.experiments import class_commitment, commitment, nearest_classes
from geomodel.experiments.commitment import noised

M = np.array([[3.0, 4.0], [-3.0, -4.0]])  # ‖m‖ = 5
PAIR = gm.MixtureDenoiser(M, 1e-4)
SIGMAS = np.array([20.0, 8.0, 5.0, 3.0, 1.0])


def side(x):
    return (np.asarray(x) @ M[0] < 0).astype(int)


@pytest.fixture(scope="module")
def pair():
    return commitment(PAIR, M, SIGMAS, draws=2000, classify=side)


def test_a_pair_of_points_commits_as_phi(pair):
    """From m, x = m + σz is on m's side where z along m is above −‖m‖/σ, and the ODE keeps the side by symmetry."""
    expected = norm.cdf(5 / SIGMAS)
    # a share of 4,000 draws is good to √(p(1 − p)/4000) = 0.008, of which four deviations are 0.03
    np.testing.assert_allclose(pair.same, expected, atol=0.03)
    np.testing.assert_allclose(pair.shares.mean(axis=1), pair.same)
    np.testing.assert_allclose(pair.error, np.abs(np.diff(pair.shares)[:, 0]) / 2)
    assert pair.returned.shape == (5, 2, 2000, 2)
    assert pair.classes.tolist() == [0, 1]


def test_what_comes_back_is_a_point_so_the_distance_is_the_share_of_others(pair):
    """A draw comes back to m itself or to −m, which is 10 away, up to the width 0.01 of the components."""
    np.testing.assert_allclose(pair.distance, 10 * (1 - pair.same), atol=0.03)


def test_chance_is_what_comes_back_dealt_to_the_other_end(pair):
    np.testing.assert_allclose(pair.chance, 1 - pair.same)
    three = commitment(PAIR, M[[0, 0, 1]], [0.5], draws=3, steps=4, classify=side)
    assert three.same.tolist() == [1.0]
    assert three.chance.tolist() == [2 / 6]  # of six pairs of different ends, the two of the first two agree


def test_the_posterior_of_the_own_class_of_a_pair():
    """E σ(2(‖m‖² + ‖m‖σz)/σ²) over z ~ N(0, 1), σ(·) the logistic function, by Gauss–Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    argument = 2 * (25 + 5 * SIGMAS[:, None] * nodes) / SIGMAS[:, None] ** 2
    expected = (weights / (1 + np.exp(-argument))).sum(axis=1) / math.sqrt(2 * math.pi)
    optimal = gm.OptimalDenoiser(M)
    found = class_commitment(optimal, [0, 1], M, [0, 1], SIGMAS, draws=2000)
    np.testing.assert_allclose(found, expected, atol=0.03)
    # the same noise, so that the ODE and the posterior can be compared draw by draw: here the ODE keeps more
    assert (found[1:4] < norm.cdf(5 / SIGMAS)[1:4]).all()
    assert class_commitment(optimal, [0, 1], M, [-1, 5], [1.0]).tolist() == [0.0]


def test_of_large_sigma_the_class_is_that_of_chance():
    """Three narrow points of classes 0, 0, 1: the origin of what comes back is forgotten."""
    angles = 2 * np.pi * np.arange(3) / 3
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    model = gm.MixtureDenoiser(points, 1e-4)
    classify = nearest_classes(points, [0, 0, 1], 1)
    found = commitment(model, points, [300.0], draws=300, steps=12, classify=classify, sigma_min=0.01)
    # 5/9 in the limit; 900 draws are good to 0.017, and at σ = 300 the ends are still 1/300 apart
    assert found.same[0] == pytest.approx(5 / 9, abs=0.06)
    assert found.chance[0] == pytest.approx(found.same[0], abs=0.06)


def test_draws_depend_on_the_seed_and_the_place_alone():
    first = commitment(PAIR, M, SIGMAS, draws=3, classify=side)
    again = commitment(PAIR, M[:1], SIGMAS[::-1], draws=3, classify=side)
    np.testing.assert_allclose(again.returned[::-1, 0], first.returned[:, 0], atol=1e-10)
    assert not np.array_equal(commitment(PAIR, M, SIGMAS, draws=3, classify=side, seed=1).returned, first.returned)
    assert np.isnan(again.error).all()
    assert np.isnan(again.chance).all()


def test_each_end_has_a_noise_of_its_own_of_the_right_size():
    z = noised(np.zeros((2, 3000)), 2.0, 3, seed=4)
    assert z.shape == (2, 3, 3000)
    correlations = np.corrcoef(z.reshape(6, 3000)) - np.eye(6)
    assert np.abs(correlations).max() < 0.08  # 3,000 numbers: a standard deviation of 0.018
    assert z.std() == pytest.approx(2.0, rel=0.03)
    np.testing.assert_allclose(noised(np.zeros((1, 3000)), 1.0, 3, seed=4)[0], z[0] / 2)


def test_at_sigma_min_there_is_one_step_and_progress_is_told():
    seen = []
    commitment(PAIR, M, [0.002, 1.0], draws=1, steps=3, classify=side, progress=lambda *at: seen.append(at))
    assert [index for index, _ in seen] == [0, 1, 1, 1, 1, 1]  # 2 · 3 − 1 evaluations
    assert [share for _, share in seen][-1] == pytest.approx(2 / 3)


class Stopped(Exception):
    pass


def test_an_exception_from_progress_stops_it():
    def stop(index, share):
        raise Stopped

    with pytest.raises(Stopped):
        commitment(PAIR, M, SIGMAS, draws=1, classify=side, progress=stop)
    with pytest.raises(Stopped):
        class_commitment(gm.OptimalDenoiser(M), [0, 1], M, [0, 1], SIGMAS, progress=stop)


def test_no_class_is_never_the_same():
    found = commitment(PAIR, M, [0.1], draws=2, classify=lambda x: np.full(len(x), -1))
    assert found.same.tolist() == [0.0]
    assert found.chance.tolist() == [0.0]


def test_what_has_no_commitment_says_why():
    for wrong in ([], [0.0], [-1.0], [np.nan]):
        with pytest.raises(ValueError, match="noise levels above 0"):
            commitment(PAIR, M, wrong, classify=side)
    with pytest.raises(ValueError, match="at least one draw"):
        commitment(PAIR, M, SIGMAS, draws=0, classify=side)
    with pytest.raises(ValueError, match="one row a sample"):
        commitment(PAIR, M[:0], SIGMAS, classify=side)
    with pytest.raises(ValueError, match="whole numbers"):
        commitment(PAIR, M, SIGMAS, classify=lambda x: np.zeros(len(x)))


def test_the_class_of_most_of_the_nearest_data():
    """Against distances in full. The far offset would lose the small differences without the shift to the first."""
    random = np.random.default_rng(1)
    points, x = (random.standard_normal((count, 2, 3)) + 1e4 for count in (70, 50))
    labels = random.integers(-1, 3, 70)
    away = np.linalg.norm((x[:, None] - points).reshape(50, 70, 6), axis=2)
    expected = []
    for row in away:
        votes = [label for label in labels[np.argsort(row)[:5]] if label >= 0]
        expected.append(max(votes, key=lambda label: (votes.count(label), -votes.index(label))) if votes else -1)
    assert nearest_classes(points, labels, 5)(x).tolist() == expected
    x[3, 0, 0] = np.nan
    assert nearest_classes(points, labels, 5)(x)[3] == -1
    assert nearest_classes(points[:2], [0, 1])(points[:2]).tolist() == [0, 1]  # a tie goes to the nearest
    for wrong in ([0, 1], np.zeros(70)):
        with pytest.raises(ValueError, match="one whole number for each of 70"):
            nearest_classes(points, wrong)


def test_blocks_of_data_give_the_same_neighbours(monkeypatch):
    random = np.random.default_rng(2)
    points, labels, x = random.standard_normal((90, 4)), random.integers(0, 4, 90), random.standard_normal((20, 4))
    whole = nearest_classes(points, labels)(x)
    monkeypatch.setattr("geomodel.experiments.votes._NUMBERS_AT_ONCE", 4 * 12)
    np.testing.assert_array_equal(nearest_classes(points, labels)(x), whole)


@pytest.mark.slow
def test_the_bundled_network_commits_between_twenty_and_one():
    """Measured: the same class 0.17 at σ = 20 (chance 0.11), 0.46 at 8, 0.69 at 3, 0.85 at 0.7; σ_S = 8.9."""
    data = gm.datasets.load("fashion-mnist")
    model = gm.load_checkpoint(resources.path("checkpoints", "fashion-mnist.safetensors"))
    x = gm.noise(range(24), model.shape, 80.0)
    ends = gm.sample(model, x, gm.schedules.karras(18), display="off").x[-1]
    classify = nearest_classes(data.points, data.labels)
    found = commitment(model, ends, [20.0, 8.0, 3.0, 0.7], draws=3, classify=classify)
    # 72 draws of 24 ends: a standard error of about 0.06 where the share is a half
    for share, low, high in zip(found.same, (0.05, 0.2, 0.4, 0.75), (0.35, 0.6, 0.8, 1.0), strict=True):
        assert low <= share <= high
    assert abs(found.same[0] - found.chance[0]) < 0.15
    assert (np.diff(found.same) > 0).all()
    assert collapse.speciation_sigma(data.points) == pytest.approx(8.93, abs=0.05)
