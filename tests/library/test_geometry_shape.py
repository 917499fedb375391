"""Coordinates across the displacement, alignment, turning and fitted frames: brute force, closed forms, scipy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

import geomodel as gm
from geomodel import geometry

LAMBDA = 3.0 * np.arange(1, 65) ** -1.5
SIGMAS = gm.schedules.karras(100)


def gaussian_curves(batch=6, seed=0, variances=LAMBDA):
    """x and D (L, B, d) of N(0, diag λ) over SIGMAS, in closed form: x_k ∝ √(λ_k + σ²), D = λ/(λ + σ²) x."""
    start = 80.0 * np.random.default_rng(seed).standard_normal((batch, len(variances)))
    noisy = variances + SIGMAS[:, None, None] ** 2
    x = start * np.sqrt(noisy / (variances + 80.0**2))
    return x, variances / noisy * x


def turned(d, seed=1):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


def by_svd(curve, count):
    """Coordinates of one curve (L, d) in the complement of its displacement, by a singular value decomposition."""
    offset = curve - curve[-1]
    u = offset[0] / np.linalg.norm(offset[0])
    along = offset @ u
    rest = offset - along[:, None] * u
    _, sizes, vectors = np.linalg.svd(rest - rest.mean(axis=0), full_matrices=False)
    across = rest @ vectors[:count].T
    across *= np.sign(np.take_along_axis(across, np.abs(across).argmax(axis=0)[None], axis=0))
    return along, across, (sizes**2 / (sizes**2).sum())[:count]


# ---------------------------------------------------------------- subspace


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("of", ["x", "denoised"])
def test_the_coordinates_are_those_of_a_singular_value_decomposition(of, count):
    curve = gaussian_curves()[of == "denoised"]
    found = geometry.subspace(curve, count)
    for sample in range(curve.shape[1]):
        along, across, shares = by_svd(curve[:, sample], count)
        np.testing.assert_allclose(found.along[:, sample], along, rtol=1e-12, atol=1e-11)
        # 1e-8: the residual of the iteration, 1e-10, over the gap between two eigenvalues
        np.testing.assert_allclose(found.across[:, sample], across, atol=1e-8 * np.abs(across).max())
        np.testing.assert_allclose(found.explained[sample], shares, rtol=1e-8)
    np.testing.assert_allclose(found.chord, np.linalg.norm(curve[0] - curve[-1], axis=1))


def test_a_rough_curve_too():
    walk = np.random.default_rng(2).standard_normal((150, 2, 90)).cumsum(axis=0)
    found = geometry.subspace(walk, 2)
    for sample in range(2):
        _, across, shares = by_svd(walk[:, sample], 2)
        np.testing.assert_allclose(found.across[:, sample], across, atol=1e-6 * np.abs(across).max())
        np.testing.assert_allclose(found.explained[sample], shares, rtol=1e-8)


def test_both_ends_are_the_origin_of_what_is_across():
    found = geometry.subspace(gaussian_curves()[0])
    assert np.abs(found.across[[0, -1]]).max() < 1e-11  # the chord is 600 long
    np.testing.assert_array_equal(found.along[-1], 0.0)
    np.testing.assert_allclose(found.along[0], found.chord)
    assert (found.across.max(axis=0) >= -found.across.min(axis=0)).all()


def test_the_share_of_two_components_of_the_gaussian_of_the_paper():
    """Above 85 % (arXiv 2405.11326). Of a random walk of equal steps, two components have about 61 %."""
    x, _ = gaussian_curves(100)
    shares = np.cumsum(geometry.subspace(x).explained.mean(axis=0))
    assert shares[1] > 0.95
    walk = np.random.default_rng(3).standard_normal((101, 20, 400)).cumsum(axis=0)
    assert 0.5 < geometry.subspace(walk).explained.sum(axis=1).mean() < 0.7


def test_motion_of_the_whole_space_and_another_order_change_nothing():
    x, _ = gaussian_curves()
    found, moved = geometry.subspace(x), geometry.subspace(x @ turned(64) + 5.0)
    other = geometry.subspace(x[:, ::-1])
    for name in ("along", "across"):
        one = getattr(found, name)
        np.testing.assert_allclose(getattr(moved, name), one, atol=1e-8)
        np.testing.assert_array_equal(getattr(other, name), one[:, ::-1])
    np.testing.assert_allclose(moved.explained, found.explained, rtol=1e-8)


def test_images_in_single_precision():
    x, _ = gaussian_curves()
    single = geometry.subspace(x.reshape(101, 6, 1, 8, 8).astype(np.float32))
    np.testing.assert_allclose(single.across, geometry.subspace(x).across, atol=1e-3)  # float32 at x = 200: 2e-5 each


def test_a_straight_curve_goes_nowhere_across():
    line = np.linspace(1, 0, 50)[:, None, None] * np.random.default_rng(4).standard_normal((1, 3, 40)) + 3.0
    for curve in (line, line.astype(np.float32), line[[0, -1]], line[..., :3]):
        found = geometry.subspace(curve)
        size = np.abs(curve).max() * np.sqrt(curve.shape[2])
        assert np.abs(found.across).max() < np.finfo(curve.dtype).eps * size
        assert np.isnan(found.explained).all()  # of no variance there is no share
        np.testing.assert_allclose(found.along[0], found.chord)


def test_what_is_not_defined_is_nan_and_quiet():
    curve = np.random.default_rng(5).standard_normal((40, 5, 6))
    broken = curve.copy()
    broken[-1, 0] = broken[0, 0]  # no displacement
    broken[0, 1] = np.nan  # no start
    broken[-1, 2] = np.inf  # it diverged
    broken[7, 3] = np.nan  # one level was never evaluated
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = geometry.subspace(broken)
    for values in (found.along, found.across):
        assert np.isnan(values[:, :3]).all()
        assert np.isnan(values[7, 3]).all()
        assert np.isfinite(np.delete(values, 7, axis=0)[:, 3]).all()
    assert found.chord[0] == 0
    whole = geometry.subspace(np.delete(curve, 7, axis=0))
    np.testing.assert_allclose(np.delete(found.across, 7, axis=0)[:, 3], whole.across[:, 3], atol=1e-12)
    np.testing.assert_array_equal(found.across[:, 4], geometry.subspace(curve).across[:, 4])


def test_there_are_no_more_components_than_dimensions_across():
    flat = geometry.subspace(np.random.default_rng(6).standard_normal((30, 2, 2)), 2)
    assert np.isfinite(flat.across[..., 0]).all()
    assert np.isnan(flat.across[..., 1]).all()
    np.testing.assert_allclose(flat.explained[:, 0], 1.0)
    assert np.isnan(flat.explained[:, 1]).all()
    assert np.isfinite(geometry.subspace(np.random.default_rng(6).standard_normal((30, 2, 3)), 2).across).all()
    assert geometry.subspace(np.ones((1, 2, 3))).chord.tolist() == [0, 0]
    few = geometry.subspace(np.random.default_rng(6).standard_normal((3, 2, 50)), 2)  # three levels bend one way
    np.testing.assert_allclose(few.explained[:, 0], 1.0)
    np.testing.assert_allclose(few.across[..., 1], 0.0, atol=1e-12)
    with pytest.raises(ValueError, match="at least one component"):
        geometry.subspace(np.ones((3, 2, 3)), 0)


# ---------------------------------------------------------------- align


def shapes(seed=7, noise=0.05):
    random = np.random.default_rng(seed)
    shape = np.stack([np.sin(np.linspace(0, 3, 40)), np.linspace(0, 1, 40) ** 2, np.cos(np.linspace(0, 5, 40)) - 1], 1)
    mirrored = [np.diag([1.0, 1.0, (-1.0) ** k]) @ turned(3, k) for k in range(8)]
    curves = np.stack([shape @ turn for turn in mirrored], axis=1) + noise * random.standard_normal((40, 8, 3))
    return shape, curves


def test_every_rotation_is_scipys():
    shape, curves = shapes()
    found = geometry.align(curves, shape)
    for sample in range(8):
        expected, _ = orthogonal_procrustes(curves[:, sample], shape)
        np.testing.assert_allclose(found.rotations[sample], expected, atol=1e-12)
        np.testing.assert_allclose(found.curves[:, sample], curves[:, sample] @ expected, atol=1e-12)
        left = np.linalg.norm(curves[:, sample] @ expected - shape) / np.linalg.norm(shape)
        assert found.residuals[sample] == pytest.approx(left, rel=1e-12)
        assert found.determinants[sample] == round(np.linalg.det(expected))
    assert set(found.determinants) == {-1.0, 1.0}  # both occur among the turned curves


def test_copies_of_one_shape_meet_and_keep_its_size():
    shape, curves = shapes(noise=0.0)
    found = geometry.align(curves)
    assert found.residuals.max() < 1e-12
    assert np.linalg.norm(found.mean) == pytest.approx(np.linalg.norm(shape), rel=1e-12)
    expected, _ = orthogonal_procrustes(found.mean, shape)
    np.testing.assert_allclose(found.mean @ expected, shape, atol=1e-12)


def test_the_mean_is_a_fixed_point_and_not_shrunk():
    _, curves = shapes(noise=0.3)
    found = geometry.align(curves)
    again = geometry.align(curves, found.mean)
    np.testing.assert_allclose(again.mean, found.mean, atol=1e-9)
    np.testing.assert_allclose(again.residuals, found.residuals, atol=1e-9)
    usual = np.sqrt((np.linalg.norm(curves, axis=(0, 2)) ** 2).mean())
    assert np.linalg.norm(found.mean) == pytest.approx(usual, rel=1e-12)
    assert np.linalg.norm(found.curves.mean(axis=1)) < 0.99 * usual  # the plain mean is smaller


def test_the_shape_depends_on_neither_order_nor_rotation():
    _, curves = shapes(noise=0.2)
    found = geometry.align(curves)
    order = np.random.default_rng(8).permutation(8)
    np.testing.assert_allclose(geometry.align(curves[:, order]).mean, found.mean, atol=1e-9)
    np.testing.assert_allclose(geometry.align(curves @ turned(3, 99)).residuals, found.residuals, atol=1e-9)


def test_a_curve_in_a_plane_is_not_called_reflected():
    shape, _ = shapes()
    plane = np.column_stack([shape[:, :2], np.zeros(40)])
    spun = plane @ np.diag([-1.0, 1.0, 1.0])  # half a turn about the second axis does it, without a mirror
    found = geometry.align(spun[:, None], plane)
    assert found.determinants.tolist() == [1.0]
    np.testing.assert_allclose(found.curves[:, 0], plane, atol=1e-12)
    assert geometry.align(spun[:, None, :2], plane[:, :2]).determinants.tolist() == [-1.0]  # within the plane it is one


def test_curves_that_are_not_finite_take_no_part():
    _, curves = shapes()
    broken = np.concatenate([curves, np.full((40, 1, 3), np.nan)], axis=1)
    found, whole = geometry.align(broken), geometry.align(curves)
    np.testing.assert_array_equal(found.mean, whole.mean)
    assert np.isnan(found.residuals[-1])
    assert np.isnan(found.curves[:, -1]).all()
    assert np.isnan(found.determinants[-1])
    assert np.isnan(geometry.align(broken[:, -1:]).mean).all()
    still = geometry.align(np.zeros((5, 2, 3)))
    assert still.determinants.tolist() == [1.0, 1.0]
    assert np.isnan(still.residuals).all()


def test_alignment_refuses():
    with pytest.raises(ValueError, match="coordinates"):
        geometry.align(np.ones((4, 2, 3, 3)))
    with pytest.raises(ValueError, match=r"need \(4, 3\)"):
        geometry.align(np.ones((4, 2, 3)), np.ones((4, 2)))


# ---------------------------------------------------------------- turning


def test_a_circle_turns_evenly():
    angle = np.linspace(0, 2, 41)
    circle = 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, None] @ np.eye(2, 5)
    found = geometry.turning(circle @ turned(5))
    np.testing.assert_allclose(found[1:-1, 0], 2 / 40, rtol=1e-12)
    assert np.isnan(found[[0, -1]]).all()


def test_what_does_not_move_has_no_turning():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [2.0, 1.0], [3.0, 2.0]])[:, None]
    assert np.isnan(geometry.turning(points)[:3]).all()
    assert geometry.turning(points)[3, 0] == pytest.approx(0, abs=1e-15)
    assert np.isnan(geometry.turning(points[:1])).all()
    assert np.isnan(geometry.turning(points[:2])).all()


def test_the_turning_rate_of_two_eigenvalues_in_closed_form():
    """x_k = c_k √(λ_k + σ²) has slope σ c_k/√(λ_k + σ²), at the angle atan(t q) with t = c_2/c_1 and
    q² = (λ_1 + σ²)/(λ_2 + σ²).
    """
    first, second, tangent = 4.0, 0.25, 0.7
    sigmas = np.exp(np.linspace(np.log(50), np.log(0.01), 2001))
    noisy = np.array([first, second]) + sigmas[:, None] ** 2
    x = np.array([1.0, tangent]) * np.sqrt(noisy)
    denoised = np.array([first, second]) / noisy * x
    q = np.sqrt(noisy[:, 0] / noisy[:, 1])
    by_log_sigma = tangent * q / (1 + (tangent * q) ** 2) * np.abs(sigmas**2 / noisy[:, 0] - sigmas**2 / noisy[:, 1])
    found = geometry.turning_rate(x[:, None], denoised[:, None], sigmas)
    assert np.isnan(found[[0, -1]]).all()
    # the levels are 0.0043 apart in ln σ: a second-order formula is right to a few squares of that
    np.testing.assert_allclose(found[1:-1, 0], by_log_sigma[1:-1], rtol=1e-4, atol=1e-9)
    polygon = geometry.turning(x[:, None])[1:-1, 0] / np.log(sigmas[0] / sigmas[1])
    np.testing.assert_allclose(found[1:-1, 0], polygon, rtol=1e-3, atol=1e-6)


def test_the_differences_are_right_on_uneven_levels():
    """D = a + b ln σ + c (ln σ)² is a parabola in ln σ, whose derivative three points give exactly."""
    random = np.random.default_rng(9)
    t = -np.sort(-random.uniform(-5, 5, 30))
    a, b, c, away = random.standard_normal((4, 1, 2, 7))
    denoised = a + b * t[:, None, None] + c * t[:, None, None] ** 2
    x = denoised + away
    slope = b + 2 * c * t[:, None, None]
    across = slope - (slope * away).sum(-1, keepdims=True) / (away**2).sum(-1, keepdims=True) * away
    expected = np.linalg.norm(across, axis=-1) / np.linalg.norm(away, axis=-1)
    for rows in (30, 29):  # D is known at the last level, or not
        found = geometry.turning_rate(x, denoised[:rows], np.exp(t))
        assert found.shape == (rows, 2)
        np.testing.assert_allclose(found[1:-1], expected[1 : rows - 1], rtol=1e-9)
    zero = geometry.turning_rate(x, denoised, np.append(np.exp(t[:-1]), 0.0))
    assert np.isnan(zero[-2:]).all()
    np.testing.assert_array_equal(zero[1:-2], geometry.turning_rate(x, denoised, np.exp(t))[1:-2])


def test_the_exact_denoiser_turns_between_60_and_half_and_then_runs_straight():
    points = gm.datasets.load("clusters-64", count=100).points
    start = gm.noise(range(3), (64,), 80.0)
    run = gm.sample(gm.OptimalDenoiser(points), start, gm.schedules.karras(60), solver="heun")
    rate = geometry.turning_rate(run.x, run.denoised, run.sigmas)
    assert np.nanmax(rate[run.sigmas[:-1] < 0.02]) < 1e-6
    assert np.nanmax(rate[(run.sigmas[:-1] < 10) & (run.sigmas[:-1] > 0.1)]) > 0.02


def test_turning_rates_refuse_what_does_not_belong_together():
    x = np.ones((5, 2, 3))
    with pytest.raises(ValueError, match="do not belong together"):
        geometry.turning_rate(x, x[:3], np.arange(5.0)[::-1])
    with pytest.raises(ValueError, match="do not belong together"):
        geometry.turning_rate(x, x, np.arange(4.0)[::-1])
    with pytest.raises(ValueError, match="same samples"):
        geometry.turning_rate(x, x[:, :1], np.arange(5.0)[::-1])


# ---------------------------------------------------------------- frenet


def helix(radius, pitch, hand=1.0, count=400):
    t = np.linspace(0, 5, count)
    return np.stack([radius * np.cos(t), radius * np.sin(t), hand * pitch * t], axis=1)


@pytest.mark.parametrize("hand", [1.0, -1.0])
def test_a_helix_has_its_curvature_and_signed_torsion(hand):
    radius, pitch = 2.0, 0.7
    curves = np.stack([helix(radius, pitch, hand), helix(radius, pitch, hand) @ np.diag([1.0, 1.0, -1.0])], axis=1)
    found = geometry.frenet(curves, window=15)
    square = radius**2 + pitch**2
    inner = slice(7, -7)
    # the cubic leaves out the fourth order: (half window of 0.09)² of the answer, 1 %
    np.testing.assert_allclose(found.curvature[inner], radius / square, rtol=0.01)
    np.testing.assert_allclose(found.torsion[inner, 0], hand * pitch / square, rtol=0.02)
    np.testing.assert_allclose(found.torsion[inner, 1], -hand * pitch / square, rtol=0.02)
    for values in (found.curvature, found.torsion):
        assert np.isnan(values[:7]).all()
        assert np.isnan(values[-7:]).all()
    np.testing.assert_allclose(found.arc, geometry.arc_length(curves))


def test_a_line_has_no_torsion_and_a_window_must_be_whole():
    line = np.linspace(0, 1, 30)[:, None, None] * np.array([1.0, 2.0, 2.0])
    found = geometry.frenet(line, window=5)
    assert np.abs(found.curvature[2:-2]).max() < 1e-9
    assert np.isnan(geometry.frenet(line, window=31).curvature).all()
    still = np.zeros((30, 1, 3))
    assert np.isnan(geometry.frenet(still, window=5).curvature).all()
    broken = helix(1, 1)[:, None].copy()
    broken[200] = np.nan
    values = geometry.frenet(broken, window=5).curvature
    assert np.isnan(values[198:203]).all()


def test_frames_refuse():
    with pytest.raises(ValueError, match="three dimensions"):
        geometry.frenet(np.ones((200, 2, 2)))
    for window in (4, 3, 100):
        with pytest.raises(ValueError, match="odd number from 5"):
            geometry.frenet(np.ones((200, 2, 3)), window=window)
