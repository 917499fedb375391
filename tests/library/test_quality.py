"""Distances between clouds against closed forms and brute force, and the control beside every number."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from geomodel import clouds
from geomodel.quality import (
    QUALITIES,
    Yardstick,
    curves,
    data_basis,
    frechet,
    nearest_distance,
    sliced_wasserstein,
    spread,
)

RANDOM = np.random.default_rng(0)
CLOUD = RANDOM.standard_normal((40, 5)) * [3.0, 2.0, 1.0, 0.5, 0.1]
OTHER = RANDOM.standard_normal((60, 5)) + 0.3


def with_moments(count, mean, covariance):
    """Points whose own mean and covariance are exactly these."""
    rows = np.random.default_rng(1).standard_normal((count, len(mean)))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    return mean + rows @ np.linalg.cholesky(covariance).T


# ---------------------------------------------------------------- sliced Wasserstein


def test_a_shift_costs_its_length_along_every_direction():
    shift = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
    lines = clouds.unit_directions(5, 128, seed=0)
    expected = np.sqrt(((lines.T @ shift) ** 2).mean())
    assert sliced_wasserstein(CLOUD + shift, CLOUD) == pytest.approx(expected, rel=1e-12)
    many = sliced_wasserstein(CLOUD + shift, CLOUD, directions=20_000)
    # the mean of ⟨e, v⟩² is ‖v‖²/d, and 20,000 directions know it to about a hundredth
    assert many == pytest.approx(np.linalg.norm(shift) / np.sqrt(5), rel=0.02)


def test_clouds_of_different_sizes_are_compared_quantile_by_quantile():
    """Four points three times each and six points twice each are twelve quantiles without any interpolation."""
    few, more = CLOUD[:4], OTHER[:6]
    lines = clouds.unit_directions(5, 16, seed=3)
    first, second = (np.sort(np.repeat(rows, often, 0) @ lines, 0) for rows, often in ((few, 3), (more, 2)))
    expected = np.sqrt(((first - second) ** 2).mean())
    assert sliced_wasserstein(few, more, 16, seed=3) == pytest.approx(expected, rel=1e-12)
    assert sliced_wasserstein(more, few, 16, seed=3) == pytest.approx(expected, rel=1e-12)


def test_in_one_dimension_it_is_the_distance_of_sorted_numbers():
    a, b = np.random.default_rng(2).standard_normal((2, 100, 1))  # 29/100 · 100 is less than 29 in float64
    expected = np.sqrt(((np.sort(a[:, 0]) - np.sort(b[:, 0])) ** 2).mean())
    assert sliced_wasserstein(a, b) == pytest.approx(expected, rel=1e-12)


def test_order_and_place_change_nothing():
    shuffled = RANDOM.permutation(CLOUD)
    reference = sliced_wasserstein(CLOUD, OTHER)
    assert sliced_wasserstein(shuffled, OTHER) == pytest.approx(reference, rel=1e-12)
    rounded, others = (np.round(rows * 1024) / 1024 for rows in (CLOUD, OTHER))  # so that they can be moved exactly
    here, there = (sliced_wasserstein(rounded + far, others + far) for far in (0, 2.0**30))
    assert there == pytest.approx(here, rel=1e-10)
    assert sliced_wasserstein(CLOUD, CLOUD) == 0
    assert sliced_wasserstein(CLOUD, OTHER, seed=1) != reference


# ---------------------------------------------------------------- Fréchet


def test_the_frechet_distance_of_commuting_gaussians():
    first = with_moments(50, np.array([1.0, 0, 0]), np.diag([4.0, 1.0, 0.25]))
    second = with_moments(70, np.array([0, 2.0, 0]), np.diag([1.0, 9.0, 0.25]))
    assert frechet(first, second) == pytest.approx(5 + (2 - 1) ** 2 + (1 - 3) ** 2, rel=1e-10)
    assert frechet(first, first) == pytest.approx(0, abs=1e-12)


def test_the_frechet_distance_of_any_gaussians_by_matrix_roots():
    c, e = np.cov(CLOUD.T), np.cov(OTHER.T)
    root = scipy.linalg.sqrtm(scipy.linalg.sqrtm(c) @ e @ scipy.linalg.sqrtm(c)).real
    apart = ((CLOUD.mean(0) - OTHER.mean(0)) ** 2).sum()
    assert frechet(CLOUD, OTHER) == pytest.approx(apart + np.trace(c + e - 2 * root), rel=1e-9)


def test_the_frechet_distance_is_taken_in_its_basis():
    basis = data_basis(OTHER, 2)
    first, second = basis.project(CLOUD), basis.project(OTHER)
    assert frechet(CLOUD, OTHER, basis) == pytest.approx(frechet(first, second), rel=1e-10)
    assert data_basis(RANDOM.standard_normal((200, 100))).count == 64
    assert data_basis(CLOUD).count == 5  # all there are


def test_one_point_has_no_covariance():
    assert np.isnan(frechet(CLOUD[:1], OTHER))
    assert np.isnan(spread(CLOUD[:1], OTHER))
    assert np.isfinite(sliced_wasserstein(CLOUD[:1], OTHER))


# ---------------------------------------------------------------- spread and nearest data


def test_the_spread_is_a_ratio_of_variances():
    assert spread(CLOUD, OTHER) == pytest.approx(np.trace(np.cov(CLOUD.T)) / np.trace(np.cov(OTHER.T)), rel=1e-12)
    assert spread(0.5 * CLOUD + 7, CLOUD) == pytest.approx(0.25, rel=1e-12)
    assert np.isnan(spread(CLOUD, np.full((7, 5), 0.1)))  # all equal, though their mean in float64 is another number


def test_the_nearest_distance_by_brute_force(monkeypatch):
    expected = np.linalg.norm(CLOUD[:, None] - OTHER, axis=2).min(axis=1)
    np.testing.assert_allclose(nearest_distance(CLOUD, OTHER), expected, rtol=1e-12)
    assert not nearest_distance(OTHER + 1e6, OTHER + 1e6).any()
    monkeypatch.setattr(clouds, "NUMBERS_AT_ONCE", 200)  # three queries at a time
    np.testing.assert_allclose(nearest_distance(CLOUD, OTHER), expected, rtol=1e-12)
    images, data = (rows[:, :4].reshape(-1, 1, 2, 2) for rows in (CLOUD, OTHER))
    away = np.linalg.norm(CLOUD[:, None, :4] - OTHER[:, :4], axis=2).min(axis=1)
    np.testing.assert_allclose(nearest_distance(images, data), away, rtol=1e-12)
    broken = CLOUD.copy()
    broken[3, 1] = np.nan
    assert np.isnan(nearest_distance(broken, OTHER)).tolist() == [row == 3 for row in range(40)]


@pytest.mark.parametrize("function", [sliced_wasserstein, frechet, spread])
def test_what_is_no_pair_of_clouds_is_refused_and_nan_stays_nan(function):
    with pytest.raises(ValueError, match="two clouds of points of one shape"):
        function(CLOUD, OTHER[:, :3])
    with pytest.raises(ValueError, match="two clouds"):
        function(CLOUD[:0], OTHER)
    for wrong in (np.nan, np.inf):
        broken = CLOUD.copy()
        broken[3, 2] = wrong
        assert np.isnan(function(broken, OTHER))
        assert np.isnan(function(OTHER, broken))


def test_a_sliced_distance_needs_directions():
    with pytest.raises(ValueError, match="at least one direction"):
        sliced_wasserstein(CLOUD, OTHER, directions=0)


# ---------------------------------------------------------------- the control


def test_held_out_points_are_in_no_reference():
    points = np.arange(30.0).reshape(-1, 1)
    yardstick = Yardstick.of(points, 8, seed=4)
    held, kept = set(yardstick.held_out[:, 0]), set(yardstick.reference[:, 0])
    assert (len(held), len(kept), held & kept) == (8, 22, set())
    assert held | kept == set(points[:, 0])
    assert yardstick.note == ""
    assert Yardstick.of(points, 8, seed=5).held_out.tolist() != yardstick.held_out.tolist()


def test_of_one_class_only_its_points_are_parted():
    points = np.arange(30.0).reshape(-1, 1)
    yardstick = Yardstick.of(points, 4, rows=[3, 5, 8, 13, 21, 22, 23, 24, 25, 26], seed=4)
    held, kept = set(yardstick.held_out[:, 0]), set(yardstick.reference[:, 0])
    assert (len(held), held & kept) == (4, set())
    assert held | kept == {3, 5, 8, 13, 21, 22, 23, 24, 25, 26}
    with pytest.raises(ValueError, match="there are no points"):
        Yardstick.of(points, 4, rows=[])


def test_every_number_is_that_of_its_function_and_the_control_is_that_of_held_out_data():
    yardstick = Yardstick.of(OTHER, 20)
    found, reference = yardstick.measure(CLOUD), yardstick.reference
    for cloud, numbers in ((CLOUD, found), (yardstick.held_out, yardstick.control)):
        assert numbers.sliced == pytest.approx(sliced_wasserstein(cloud, reference), rel=1e-12)
        assert numbers.frechet == pytest.approx(frechet(cloud, reference, yardstick.basis), rel=1e-10)
        assert numbers.spread == pytest.approx(spread(cloud, reference), rel=1e-12)
        near = np.linalg.norm(cloud[:, None] - reference, axis=2).min(axis=1)
        assert numbers.nearest == pytest.approx(np.median(near), rel=1e-12)
        assert numbers.note == ""
        assert numbers.count == len(cloud)
    assert yardstick.basis_name == "all directions of the data"
    wide = Yardstick.of(RANDOM.standard_normal((300, 100)), 20)
    assert wide.basis_name.startswith("the data's first 64 principal components (")
    values = curves([found, yardstick.control])
    assert list(values) == [row.name for row in QUALITIES]
    assert values["sliced"].tolist() == [found.sliced, yardstick.control.sliced]


def test_too_few_data_halve_themselves_and_say_so():
    yardstick = Yardstick.of(CLOUD[:10], 256)
    assert (len(yardstick.held_out), len(yardstick.reference)) == (5, 5)
    assert yardstick.note == "The data have only 10 points, of which 5 are held out as the control of 256 samples."
    alone = Yardstick.of(CLOUD[:1], 4)
    assert "no samples" in alone.control.note
    assert np.isnan(alone.control.sliced)
    assert "only one data point" in alone.measure(CLOUD).note
    assert np.isfinite(alone.measure(CLOUD).nearest)
    with pytest.raises(ValueError, match="there are no points"):
        Yardstick.of(CLOUD[:0], 4)


def test_rows_that_are_not_finite_are_left_out_with_a_word():
    yardstick = Yardstick.of(OTHER, 20)
    broken = CLOUD.copy()
    broken[[2, 5], 1] = np.nan, np.inf
    found = yardstick.measure(broken)
    assert found.note == "2 of 40 samples are not finite and were left out."
    assert found.sliced == yardstick.measure(np.delete(CLOUD, [2, 5], 0)).sliced
    none = yardstick.measure(np.full((3, 5), np.nan))
    assert np.isnan(none.sliced)
    assert none.note.endswith("Undefined here because there are no samples.")
    with pytest.raises(ValueError, match="have shape"):
        yardstick.measure(CLOUD[:, :2])


def test_equal_data_have_no_spread():
    found = Yardstick.of(np.full((11, 5), 0.1), 4).measure(CLOUD)
    assert np.isnan(found.spread)
    assert found.note == "The spread is undefined here because all data points are equal."
    assert np.isfinite([found.sliced, found.frechet, found.nearest]).all()
