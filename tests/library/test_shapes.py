"""Common shapes of curves, the distance of two of them, and other points in a curve's axes: brute force and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import procrustes

from geomodel import geometry


def arc(levels=40):
    """A bent curve (L, 2) from the origin and back to it, not symmetric."""
    t = np.linspace(0, 1, levels)
    return np.stack([np.sin(np.pi * t), 0.3 * np.sin(2 * np.pi * t) * t], axis=1)


def bundle(batch=7, seed=0, noise=0.05):
    """Copies of the arc in several sizes, with noise, some of them mirrored or turned."""
    rng = np.random.default_rng(seed)
    sizes = rng.uniform(0.5, 2.0, batch)
    curves = arc()[:, None] * sizes[:, None] + noise * rng.standard_normal((40, batch, 2))
    flips = np.where(rng.random((batch, 2)) < 0.5, -1.0, 1.0)
    return curves * flips


# ---------------------------------------------------------------- which turns are allowed


def test_signs_are_the_best_of_all_signs():
    curves = bundle()
    found = geometry.align(curves, turns="signs")
    every = [np.diag([a, b]) for a in (1.0, -1.0) for b in (1.0, -1.0)]
    for sample in range(curves.shape[1]):
        away = [np.linalg.norm(curves[:, sample] @ turn - found.mean) for turn in every]
        np.testing.assert_array_equal(found.rotations[sample], every[int(np.argmin(away))])
        assert found.residuals[sample] == pytest.approx(min(away) / np.linalg.norm(found.mean), rel=1e-12)


def test_nothing_is_turned_where_nothing_may_be():
    curves = bundle()
    found = geometry.align(curves, turns="none")
    np.testing.assert_array_equal(found.curves, curves)
    assert (found.determinants == 1).all()


def test_what_is_allowed_more_fits_better():
    none, signs, orthogonal = (geometry.shape(bundle(), turns=turns) for turns in ("none", "signs", "orthogonal"))
    assert none.residual > signs.residual > orthogonal.residual
    assert signs.reflections == orthogonal.reflections > 0


# ---------------------------------------------------------------- shapes


def test_copies_in_several_sizes_differ_in_size_alone():
    sizes = np.array([1.0, 2.0, 3.0, 4.0])
    found = geometry.shape(arc()[:, None] * sizes[:, None])
    assert found.spread == pytest.approx(sizes.std() / sizes.mean(), rel=1e-12)
    usual = np.sqrt(np.mean(sizes**2))  # the mean shape has the root mean square size
    assert found.residual == pytest.approx(np.sqrt(np.mean((sizes / usual - 1) ** 2)), rel=1e-12)
    assert found.equal_residual < 1e-12
    assert (found.count, found.reflections) == (4, 0)


def test_the_residual_at_equal_size_does_not_know_the_sizes():
    curves = bundle()
    scaled = curves * np.random.default_rng(1).uniform(0.1, 10, curves.shape[1])[:, None]
    assert geometry.shape(scaled).equal_residual == pytest.approx(geometry.shape(curves).equal_residual, rel=1e-6)
    assert geometry.shape(scaled).residual != pytest.approx(geometry.shape(curves).residual, rel=0.01)


def test_curves_without_a_shape_are_counted_out():
    curves = bundle()
    curves[:, 0] = 0.0
    curves[3, 1] = np.nan
    found, alone = geometry.shape(curves), geometry.shape(curves[:, 2:])
    assert found.count == curves.shape[1] - 2
    assert np.isnan(found.equal[:2]).all()
    assert found.equal_residual == pytest.approx(alone.equal_residual, rel=1e-12)


def test_without_any_curve_there_are_no_numbers():
    found = geometry.shape(np.full((5, 3, 2), np.nan))
    assert np.isnan([found.residual, found.equal_residual, found.spread]).all()
    assert (found.count, found.reflections) == (0, 0)
    assert np.isnan(geometry.shape(np.zeros((5, 3, 2))).spread)  # no sizes to compare


# ---------------------------------------------------------------- two shapes


def test_the_distance_is_scipys():
    """scipy moves both to their means and scales both, so curves with mean 0; its disparity is the distance squared."""
    rng = np.random.default_rng(3)
    a, b = (values - values.mean(axis=0) for values in rng.standard_normal((2, 30, 2)))
    distance, scale = geometry.shape_distance(a, b)
    assert distance**2 == pytest.approx(procrustes(a, b)[2], rel=1e-12)
    turn, sum_of_values = orthogonal_procrustes(b, a)
    assert scale == pytest.approx(sum_of_values / np.linalg.norm(b) ** 2, rel=1e-12)
    assert distance == pytest.approx(np.linalg.norm(scale * b @ turn - a) / np.linalg.norm(a), rel=1e-12)


def test_a_turned_and_larger_copy_is_no_distance_away():
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    distance, scale = geometry.shape_distance(arc(), 2.5 * arc() @ turn)
    assert distance < 1e-12
    assert scale == pytest.approx(1 / 2.5, rel=1e-12)


def test_the_distance_is_the_same_from_either_side():
    one, other = arc(), bundle()[:, 0]
    assert geometry.shape_distance(one, other)[0] == pytest.approx(geometry.shape_distance(other, one)[0], rel=1e-9)


def test_a_shape_without_extent_has_no_distance():
    for other in (np.zeros((40, 2)), np.full((40, 2), np.nan)):
        assert np.isnan(geometry.shape_distance(arc(), other)).all()
    with pytest.raises(ValueError, match="at the same levels"):
        geometry.shape_distance(arc(), arc(39))


# ---------------------------------------------------------------- other points in the axes of a curve


def curves_of(shape, levels=30, batch=3, seed=4):
    """Smooth curves (L, B, *shape) far from the origin."""
    t = np.linspace(1, 0, levels)[:, None]
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    flat = [np.hstack([t, t**2, t**3, np.sin(3 * t)]) @ rng.standard_normal((4, size)) for _ in range(batch)]
    return 5.0 + np.stack(flat, axis=1).reshape(levels, batch, *shape)


@pytest.mark.parametrize("shape", [(9,), (2, 5, 5), (60,)])
def test_a_curve_in_its_own_axes_has_its_coordinates(shape):
    curve = curves_of(shape)
    axes = geometry.subspace(curve)
    along, across = geometry.placed(curve, curve, axes)
    np.testing.assert_allclose(along, axes.along, atol=1e-12)
    np.testing.assert_allclose(across, axes.across, atol=1e-9)


def test_distances_to_other_points_are_kept_where_the_axes_span_the_space():
    curve, points = curves_of((3,)), curves_of((3,), levels=7, seed=5)
    along, across = geometry.placed(points, curve, geometry.subspace(curve))
    found = np.sqrt(along**2 + (across**2).sum(axis=-1))
    np.testing.assert_allclose(found, np.linalg.norm(points - curve[-1], axis=-1), rtol=1e-9)


def test_a_step_towards_a_point_is_one_in_the_axes():
    """x′ = x + (1 − σ′/σ)(D − x) holds for the coordinates too, so the arrow from x to D shows where a step leads."""
    curve = curves_of((40,))
    axes = geometry.subspace(curve)
    goal = curves_of((40,), seed=6)
    moved = curve + 0.3 * (goal - curve)
    (at, off), (to, away), (here, there) = (geometry.placed(p, curve, axes) for p in (curve, goal, moved))
    np.testing.assert_allclose(here, at + 0.3 * (to - at), atol=1e-9)
    np.testing.assert_allclose(there, off + 0.3 * (away - off), atol=1e-9)


def test_points_without_axes_are_nan_and_quiet():
    curve = curves_of((6,))
    curve[:, 0] = 1.0  # it does not move
    curve[2, 1] = np.nan
    curve[:, 2] = np.linspace(1, 0, 30)[:, None]  # straight: a displacement and nothing across it
    axes = geometry.subspace(curve)
    along, across = geometry.placed(curves_of((6,), seed=7), curve, axes)
    assert np.isnan(along[:, 0]).all()
    assert np.isfinite(along[:, 1:]).all()
    assert np.isfinite(across[:, 1]).all()
    assert np.isnan(across[:, 2]).all()
    planar = curves_of((2,))
    assert np.isnan(geometry.placed(planar, planar, geometry.subspace(planar))[1][..., 1]).all()


def test_points_of_another_shape_are_refused():
    curve = curves_of((6,))
    with pytest.raises(ValueError, match="do not belong"):
        geometry.placed(curves_of((5,)), curve, geometry.subspace(curve))
