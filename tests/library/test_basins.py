"""Basins of attraction: symmetry, brute force, refinement, and where names go."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import geomodel as gm
from geomodel.basins import UNKNOWN, Basins, carried, nearest, refinements
from geomodel.density import grid_points, plane_denoised

RECT = (-4.0, -3.0, 8.0, 6.0)
LOW = 0.01


def of(points, labels, sigma):
    """Classes of the ends of points, for data in the plane."""

    def classify(at):
        return labels[nearest(points, carried(lambda x, s: plane_denoised(points, 0.0, None, s, x), at, sigma, LOW))]

    return classify


@pytest.fixture(scope="module")
def clusters():
    """Two mirror images of one cloud, left and right of the line through (0.3, 0) that leans by an angle."""
    turn, middle = 0.4, np.array([0.3, 0.0])
    normal = np.array([np.cos(turn), np.sin(turn)])
    cloud = middle + 1.5 * normal + 0.3 * np.random.default_rng(0).standard_normal((40, 2))
    mirrored = cloud - 2 * ((cloud - middle) @ normal)[:, None] * normal
    return np.concatenate([cloud, mirrored]), np.repeat([1, 0], 40), normal, middle


@pytest.mark.parametrize("sigma", [0.2, 1.0, 3.0])
def test_two_mirrored_clusters_are_parted_by_their_perpendicular_bisector(clusters, sigma):
    points, labels, normal, middle = clusters
    at = grid_points(RECT, 31, 23)
    side = (at - middle) @ normal
    assert np.array_equal(of(points, labels, sigma)(at), (side > 0).astype(int))


def test_ends_are_those_of_an_independent_solver(clusters):
    points = clusters[0]
    at = np.array([[2.0, 1.0], [-1.0, 2.0], [0.5, -2.5]])

    def slope(sigma, flat):
        x = flat.reshape(-1, 2)
        return ((x - plane_denoised(points, 0.0, None, float(sigma), x)) / sigma).ravel()

    exact = solve_ivp(slope, (2.0, 0.1), at.ravel(), method="DOP853", rtol=1e-9, atol=1e-9).y[:, -1].reshape(-1, 2)
    ends = [carried(lambda x, s: plane_denoised(points, 0.0, None, s, x), at, 2.0, 0.1, steps) for steps in (16, 32)]
    errors = [np.abs(end - exact).max() for end in ends]
    assert errors[1] < 2e-3
    assert errors[1] < errors[0] / 3  # of order 2, almost


def test_a_point_is_followed_no_further_once_one_point_is_left():
    points, calls = np.array([[0.0, 0.0], [5.0, 0.0]]), []

    def denoise(x, sigma):
        calls.append((sigma, len(x)))
        return plane_denoised(points, 0.0, None, sigma, x)

    ends = carried(denoise, [[1.0, 0.0], [2.6, 0.3]], 1.5, 1e-3)
    followed = np.array([count for _, count in calls])
    assert followed[0] == 2
    assert (np.diff(followed) <= 0).all()
    assert len(calls) < 16  # both are decided long before σ_min
    left = [carried(denoise, [x], 1.5, 1e-3)[0] for x in ([1.0, 0.0], [2.6, 0.3])]
    np.testing.assert_array_equal(ends, left)  # one does not depend on the other
    np.testing.assert_allclose(ends, points, atol=1e-3 * 5 / 1.5)  # σ_min/σ of the distance is left, at most 5


def test_at_the_smallest_sigma_it_is_the_nearest_point(clusters):
    points, labels = clusters[:2]
    at = grid_points(RECT, 9, 7)
    brute = np.linalg.norm(at[:, None] - points, axis=-1).argmin(1)
    assert np.array_equal(of(points, labels, LOW)(at), labels[brute])
    assert np.array_equal(of(points, labels, LOW / 2)(at), labels[brute])


def test_nearest_is_brute_force_far_from_the_origin_and_in_blocks(monkeypatch):
    monkeypatch.setattr("geomodel.basins._NUMBERS_AT_ONCE", 100)
    rng = np.random.default_rng(3)
    points, at = 1e6 + rng.standard_normal((90, 3, 2)), 1e6 + rng.standard_normal((40, 3, 2))
    brute = np.square(at[:, None] - points).sum((-1, -2)).argmin(1)
    assert np.array_equal(nearest(points, at), brute)
    assert nearest(np.zeros((120, 2)), np.ones((1, 2))).tolist() == [0]  # three blocks tie


def test_refinement_ends_in_the_direct_fine_grid_and_computes_nothing_twice(clusters):
    points, labels, *_ = clusters
    asked = []

    def classify(at):
        asked.append(at)
        return of(points, labels, 1.0)(at)

    passes = list(refinements(classify, RECT, (4, 3), 3))
    assert [basins.classes.shape for basins in passes] == [(3, 4), (9, 12), (27, 36)]
    assert all(basins.complete for basins in passes)
    places = np.concatenate(asked)
    assert len(places) == 27 * 36 == len(np.unique(places.round(9), axis=0))
    for basins in passes:
        rows, columns = basins.classes.shape
        direct = of(points, labels, 1.0)(grid_points(RECT, columns, rows)).reshape(rows, columns)
        assert np.array_equal(basins.classes, direct)


def test_cells_that_are_not_known_show_the_coarser_cell():
    coarse = Basins.unknown(RECT, (2, 1)).advanced(lambda at: (at[:, 0] > 0).astype(int), 2)
    fine = coarse.refined()
    assert not fine.complete
    assert fine.known.sum() == 2
    assert np.array_equal(fine.classes, [[0, 0, 0, 1, 1, 1]] * 3)
    part = fine.advanced(lambda at: np.full(len(at), 7), 4)
    assert (part.classes == 7).sum() == 4
    assert part.known.sum() == 6
    assert part.classes[1, 1] == 0  # it was known
    assert np.array_equal(fine.classes, [[0, 0, 0, 1, 1, 1]] * 3)  # what was handed out stays


@pytest.mark.parametrize("sigma", [10.0, 1.0])
def test_a_ring_of_gaussians_has_eight_sectors(sigma):
    data = gm.datasets.load("gaussian-ring", count=800)
    means, _ = data.gaussians
    points = np.concatenate([mean + (data.points[:40] - means[data.labels[:40]]) for mean in means])
    labels = np.repeat(np.arange(8), 40)
    angles = np.arange(8) * np.pi / 4
    spread = of(points, labels, sigma)(6 * np.stack([np.cos(angles), np.sin(angles)], 1))
    assert np.array_equal(spread, np.arange(8))
    *_, finest = refinements(of(points, labels, sigma), (-8.0, -8.0, 16.0, 16.0), (9, 9), 2)
    shares = finest.shares()
    assert list(shares) == sorted(shares, key=lambda label: -shares[label])
    assert sum(shares.values()) == pytest.approx(1)
    # Sectors of 45° of a square are an eighth each; the points in a component are not symmetric about its mean.
    assert np.allclose(list(shares.values()), 1 / 8, atol=0.04)
    for label, (x, y) in finest.places().items():
        assert abs(np.angle(np.exp(1j * (np.arctan2(y, x) - angles[label])))) < np.pi / 8  # inside its sector


def test_names_stand_where_a_class_is_widest_and_inside_it():
    classes = np.zeros((9, 12), dtype=np.int64)
    classes[2, :9] = 1  # a thin arm with most of the cells …
    classes[2:5, 8:11] = 1  # … and a block at its end
    basins = Basins((0.0, 0.0, 12.0, 9.0), classes, np.ones((9, 12), bool))
    places = basins.places()
    assert places[1] == (9.5, 3.5)
    x, y = places[0]
    assert classes[int(y), int(x)] == 0
    wide = Basins((0.0, 0.0, 5.0, 5.0), np.full((5, 5), 3), np.ones((5, 5), bool))
    assert wide.places() == {3: (2.5, 2.5)}  # outside the rectangle nothing is known to be inside


def test_the_unknown_has_no_share():
    basins = Basins((0.0, 0.0, 2.0, 2.0), np.array([[5, 5], [UNKNOWN, 2]]), np.ones((2, 2), bool))
    assert basins.shares() == {5: 0.5, 2: 0.25}
