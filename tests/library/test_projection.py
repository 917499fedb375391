"""Planes through a cloud against NumPy's SVD, and what they show of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from geomodel import projection


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# both sides of d <= N, the Krylov branch on both sides, and images
@pytest.mark.parametrize(
    ("shape", "decay"),
    [((50, 7), 0.7), ((20, 60), 0.7), ((30, 3, 4, 4), 0.7), ((700, 650), 0.1), ((700, 650), 4.0), ((650, 700), 0.7)],
)
def test_principal_components_against_svd(rng, shape, decay):
    d = math.prod(shape[1:])
    spectrum = np.arange(1.0, d + 1) ** -decay
    points = rng.standard_normal((shape[0], d)) * spectrum @ np.linalg.qr(rng.standard_normal((d, d)))[0] + 5.0
    points = points.reshape(shape)
    basis = projection.principal_components(points, 3)
    centred = points.reshape(shape[0], d) - points.reshape(shape[0], d).mean(axis=0)
    _, s, v = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(basis.variances, s[:3] ** 2 / shape[0], rtol=1e-10)
    np.testing.assert_allclose(basis.explained, s[:3] ** 2 / (s**2).sum(), rtol=1e-10)
    np.testing.assert_allclose(np.abs((basis.vectors * v[:3]).sum(axis=1)), 1.0, atol=1e-10)
    np.testing.assert_allclose(basis.vectors @ basis.vectors.T, np.eye(3), atol=1e-13)
    largest = np.abs(basis.vectors).argmax(axis=1)
    assert (basis.vectors[np.arange(3), largest] > 0).all()
    coordinates = basis.project(points)
    assert coordinates.shape == (shape[0], 3)
    np.testing.assert_allclose(coordinates.var(axis=0), basis.variances, rtol=1e-10)
    assert projection.explained_by(basis, points) == pytest.approx(basis.explained.sum(), rel=1e-10)


def test_moved_parallel_to_the_plane_keeps_what_lies_outside(rng):
    basis = projection.principal_components(rng.standard_normal((30, 2, 3)) + 4.0)
    x, c = rng.standard_normal((2, 3)), rng.standard_normal((5, 2))
    moved = basis.moved(x, c)
    np.testing.assert_allclose(basis.project(moved), c, atol=1e-13)
    away = (moved - x).reshape(5, 6)
    np.testing.assert_allclose(away, away @ basis.vectors.T @ basis.vectors, atol=1e-13)
    np.testing.assert_allclose(basis.moved(x, basis.project(x)), x, atol=1e-13)
    with pytest.raises(ValueError, match="this basis takes"):
        basis.moved(x[:1], c)


def test_lift_and_project_are_inverse_in_the_plane(rng):
    basis = projection.principal_components(rng.standard_normal((40, 3, 2, 2)).astype(np.float32))
    c = rng.standard_normal((5, 4, 2))
    assert basis.lift(c).shape == (5, 4, 3, 2, 2)
    np.testing.assert_allclose(basis.project(basis.lift(c)), c, atol=1e-14)
    np.testing.assert_allclose(basis.lift(np.zeros(2)).ravel(), basis.origin)
    with pytest.raises(ValueError, match=r"this basis takes \(\.\.\., 3, 2, 2\)"):
        basis.project(np.zeros((5, 12)))
    with pytest.raises(ValueError, match="this basis takes"):
        basis.lift(np.zeros(3))


def test_projection_in_pieces(rng, monkeypatch):
    points = rng.standard_normal((100, 9))
    whole = projection.principal_components(points)
    monkeypatch.setattr(projection, "_BLOCK_NUMBERS", 63)  # seven rows at a time
    parts = projection.principal_components(points)
    np.testing.assert_allclose(parts.vectors, whole.vectors, atol=1e-13)
    np.testing.assert_allclose(parts.project(points), whole.project(points), atol=1e-13)


def test_fewer_points_than_directions_still_give_a_plane(rng):
    for count in (1, 2):
        points = rng.standard_normal((count, 5))
        basis = projection.principal_components(points, 2)
        np.testing.assert_allclose(basis.vectors @ basis.vectors.T, np.eye(2), atol=1e-15)
        np.testing.assert_allclose(basis.lift(basis.project(points)), points, atol=1e-14)
        assert basis.explained.sum() == pytest.approx(count - 1)


def test_above_the_limit_points_are_thinned_by_a_stride(rng):
    points = rng.standard_normal((101, 4))
    thinned = projection.principal_components(points, limit=50)  # every third
    np.testing.assert_array_equal(thinned.vectors, projection.principal_components(points[::3]).vectors)
    assert [projection.stride(n, 50) for n in (0, 1, 50, 51, 100, 101)] == [1, 1, 1, 2, 2, 3]


def test_identity_basis_is_the_plane_itself(rng):
    basis = projection.identity_basis(2)
    points = rng.standard_normal((6, 2))
    np.testing.assert_array_equal(basis.project(points), points)
    np.testing.assert_array_equal(basis.lift(points), points)
    assert projection.explained_by(basis, points) == pytest.approx(1.0)
    assert math.isnan(projection.explained_by(basis, points[:1]))


def test_a_cloud_off_the_plane_is_explained_in_part():
    basis = projection.principal_components(np.array([[1.0, 0, 0], [-1, 0, 0], [0, 0.5, 0], [0, -0.5, 0]]))
    cloud = np.array([[[3.0, 0, 4.0], [0, 0, 0]], [[3, 0, 0], [0, 0, 4]]])  # variances 9/4 in the plane, 4 across it
    assert projection.explained_by(basis, cloud) == pytest.approx(9 / 25)


@pytest.mark.parametrize(("points", "count"), [(np.zeros((0, 3)), 2), (np.zeros((5, 1)), 2), (np.zeros((5, 3)), 0)])
def test_components_that_do_not_exist(points, count):
    with pytest.raises(ValueError, match="do not exist"):
        projection.principal_components(points, count)
    with pytest.raises(ValueError, match="finite points"):
        projection.principal_components(np.full((3, 3), np.nan))
