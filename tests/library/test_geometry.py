"""Measures of curves: closed forms, brute force, and the identities of the papers on toy models sampled right here."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from geomodel import geometry

SIGMAS = (80 ** (1 / 7) + np.linspace(0, 1, 101) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7  # EDM grid, 100 steps


def rotation(d: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


def curve_of(points: np.ndarray) -> np.ndarray:
    """(levels, d) as a curve with one sample."""
    return points[:, None, :]


# ---------------------------------------------------------------- closed forms


def test_a_straight_line_far_away_has_no_deviation():
    t = np.array([1.0, 0.75, 0.5, 0.125, 0.0])[:, None]
    points = np.array([4000.0, -3000.0, 500.0]) + t * np.array([3072.0, 4096.0, 12288.0])  # exact in float64
    values = geometry.deviation(curve_of(points))
    assert values.shape == (5, 1)
    assert np.abs(values).max() < 1e-12  # one rounding of a coordinate of 4000 is 4.5e-13


def test_a_small_deviation_of_a_distant_curve_is_exact():
    t = np.array([1.0, 0.6875, 0.5, 0.25, 0.0])[:, None]
    bump = np.array([0.0, 1.0, -2.0, 1.0, 0.0])[:, None] * 2.0**-26
    points = 4096.0 + t * np.array([3072.0, 4096.0, 0.0]) + bump * np.array([-4.0, 3.0, 0.0])  # exact in float64
    expected = 5 * np.abs(bump[:, 0])  # 7.5e-8 and 1.5e-7, four thousand away
    # 1e-12: two roundings of the chord's length, 5120
    np.testing.assert_allclose(geometry.deviation(curve_of(points))[:, 0], expected, rtol=0, atol=1e-12)


def test_the_second_pass_removes_what_the_rounded_direction_leaves():
    d, t = 12288, np.linspace(1.0, 0.0, 9)[:, None]
    chord = np.random.default_rng(5).standard_normal(d) * 1e9
    # one pass leaves (1 - |u|^2) times the distance, here 3e-5; two leave the rounding of the coordinates, 1e-7 each
    assert geometry.deviation(curve_of(t * chord)).max() < 1.2e-7 * np.sqrt(d)


def test_deviation_of_a_parabola_turned_in_space():
    t = np.linspace(0, 1, 21)
    points = np.zeros((21, 5))
    points[:, 0], points[:, 1] = 10 * t, t * (1 - t)
    values = geometry.deviation(curve_of(points @ rotation(5) + 40.0))
    np.testing.assert_allclose(values[:, 0], t * (1 - t), atol=1e-13)  # rounding of coordinates of 50
    assert values[0, 0] == 0.0
    assert values[-1, 0] == 0.0


def test_deviation_of_an_arc():
    radius, opening = 3.0, 2.0
    angle = np.linspace(0, opening, 31)
    points = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    expected = radius * (np.cos(angle - opening / 2) - np.cos(opening / 2))
    np.testing.assert_allclose(geometry.deviation(curve_of(points))[:, 0], expected, atol=1e-14)


def test_helix_deviation_and_length():
    t = np.linspace(0, 6 * np.pi, 91)
    points = np.stack([2 * np.cos(t), 2 * np.sin(t), 0.5 * t], axis=1)
    values = geometry.deviation(curve_of(points))[:, 0]
    np.testing.assert_allclose(values, 4 * np.abs(np.sin(t / 2)), atol=1e-14)  # the line runs up the side at (2, 0)
    h = t[1]
    chord = np.hypot(4 * np.sin(h / 2), 0.5 * h)
    np.testing.assert_allclose(geometry.step_length(curve_of(points))[:, 0], chord, rtol=1e-13)
    np.testing.assert_allclose(geometry.arc_length(curve_of(points))[:, 0], chord * np.arange(91), rtol=1e-13)


def test_deviation_is_the_least_distance_to_the_line():
    curve = np.random.default_rng(1).standard_normal((6, 3, 2, 4)).cumsum(axis=0)
    values = geometry.deviation(curve)
    flat = curve.reshape(6, 3, 8)
    for level in range(1, 5):
        for sample in range(3):
            first, last, here = flat[0, sample], flat[-1, sample], flat[level, sample]
            least = minimize_scalar(lambda t, a=first, b=last, p=here: ((a + t * (b - a) - p) ** 2).sum()).fun
            assert values[level, sample] == pytest.approx(np.sqrt(least), rel=1e-7)  # the minimiser's own accuracy


def test_the_line_is_not_the_segment():
    points = np.array([[0.0, 0.0], [5.0, 1.0], [1.0, 0.0]])
    assert geometry.deviation(curve_of(points))[1, 0] == 1.0


def test_a_closed_curve_has_its_distance_to_the_common_point():
    points = np.array([[1.0, 2.0], [4.0, 6.0], [1.0, 2.0]])
    np.testing.assert_array_equal(geometry.deviation(curve_of(points))[:, 0], [0.0, 5.0, 0.0])


def test_norm_step_and_distance_by_hand():
    curve = np.array([[[3.0, 4.0], [0.0, 2.0]], [[0.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]]])
    np.testing.assert_array_equal(geometry.norm(curve), [[5.0, 2.0], [0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(geometry.step_length(curve), [[5.0, 1.0], [1.0, 1.0]])
    np.testing.assert_allclose(geometry.distance_to_end(curve), [[20**0.5, 2.0], [1.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(geometry.arc_length(curve), [[0.0, 0.0], [5.0, 1.0], [6.0, 2.0]])


def test_cosine_of_a_straight_shrinking_path_is_one():
    curve = np.array([80.0, 20.0, 3.0, 0.5])[:, None, None] * np.random.default_rng(2).standard_normal((1, 4, 6)) + 7.0
    values = geometry.cosine_to_end(curve)
    np.testing.assert_allclose(values[:-1], 1.0, atol=1e-14)
    assert np.isnan(values[-1]).all()


def test_cosine_with_given_slopes():
    curve = np.array([[[2.0, 0.0]], [[1.0, 0.0]], [[0.0, 0.0]]])
    angle = np.array([0.3, np.pi / 2])
    slopes = 9 * np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, None, :]
    np.testing.assert_allclose(geometry.cosine_to_end(curve, slopes)[:2, 0], np.cos(angle), atol=1e-15)
    np.testing.assert_allclose(geometry.cosine_to_end(curve, -slopes)[0, 0], -np.cos(0.3), atol=1e-15)
    assert np.isnan(geometry.cosine_to_end(curve, 0 * slopes)).all()  # a zero slope has no direction
    with pytest.raises(ValueError, match="slopes have shape"):
        geometry.cosine_to_end(curve, slopes[:1])


# ---------------------------------------------------------------- shapes, dtypes, what is not a number

EVERY = (geometry.norm, geometry.step_length, geometry.arc_length, geometry.distance_to_end, geometry.deviation)


@pytest.mark.parametrize("function", [*EVERY, geometry.cosine_to_end])
def test_images_and_float32_are_flattened_and_widened(function):
    images = (np.random.default_rng(3).standard_normal((5, 2, 3, 4, 4)) + 4000).astype(np.float32)
    values = function(images)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, function(images.astype(np.float64).reshape(5, 2, 48)))


@pytest.mark.parametrize("function", [*EVERY, geometry.cosine_to_end])
def test_a_curve_needs_its_axes(function):
    with pytest.raises(ValueError, match=r"\(levels, samples"):
        function(np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"\(levels, samples"):
        function(np.zeros((0, 2, 2)))


@pytest.mark.parametrize("function", [*EVERY, geometry.cosine_to_end])
def test_one_level_is_a_curve(function):
    values = function(np.ones((1, 2, 3)))
    assert values.shape == ((0, 2) if function is geometry.step_length else (1, 2))


@pytest.mark.parametrize("function", [*EVERY, geometry.cosine_to_end])
def test_a_diverged_or_unevaluated_point_stays_in_its_sample_and_is_quiet(function):
    curve = np.random.default_rng(4).standard_normal((5, 3, 2))
    broken = curve.copy()
    broken[2, 0], broken[2, 1] = np.nan, np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = function(broken)
    np.testing.assert_array_equal(values[:, 2], function(curve)[:, 2])
    assert not np.isfinite(values[2, :2]).any()


def test_deviation_without_its_first_point_is_unknown():
    curve = np.ones((3, 1, 2))
    curve[0] = np.nan
    assert np.isnan(geometry.deviation(curve)).all()


# ---------------------------------------------------------------- identities of the papers (paper section 6)


def optimal_denoiser(points):
    """D*(x; σ) over a data set, written out: softmax of −‖x − y‖²/(2σ²)."""

    def denoise(x, sigma):
        logits = -((x[:, None, :] - points) ** 2).sum(axis=2) / (2 * sigma**2)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return weights @ points / weights.sum(axis=1, keepdims=True)

    return denoise


def gaussian_denoiser(variances):
    """D(x; σ) = Λ (Λ + σ²)⁻¹ x for N(0, diag Λ)."""
    return lambda x, sigma: x * variances / (variances + sigma**2)


def sample(denoise, x, *, heun=False):
    """(x, D) of an Euler or Heun run over SIGMAS, D at every level but the last."""
    xs, denoised = [x], []
    for s, t in pairwise(SIGMAS):
        d = denoise(x, s)
        slope = (x - d) / s
        after = x + (t - s) * slope
        if heun:
            after = x + (t - s) * (slope + (after - denoise(after, t)) / t) / 2
        xs.append(after)
        denoised.append(d)
        x = after
    return np.stack(xs), np.stack(denoised)


@pytest.fixture(scope="module")
def clustered():
    """A run of D* on clustered data in 64 dimensions from σ = 80: (x, D, typical norm of the data).

    The norm, 3.3, has to T√d = 640 the relation that CIFAR-10 has: 24 to 4434.
    """
    rng = np.random.default_rng(0)
    centres = 0.4 * rng.standard_normal((10, 64))
    points = centres[rng.integers(0, 10, 400)] + 0.12 * rng.standard_normal((400, 64))
    scale = float(np.linalg.norm(points - points.mean(axis=0), axis=1).mean())
    return *sample(optimal_denoiser(points), 80.0 * rng.standard_normal((48, 64))), scale


def test_identity_10_the_deviation_is_tiny_and_peaks_at_the_scale_of_the_data(clustered):
    x, _, scale = clustered
    values = geometry.deviation(x)
    ratio = values.max(axis=0) / geometry.distance_to_end(x)[0]
    assert ratio.max() < 0.01
    assert ratio.mean() > 0.001  # and it is not zero: the papers see 0.003
    peak = SIGMAS[values.mean(axis=1).argmax()]
    assert scale / 3 < peak < 3 * scale  # the papers: σ 7 to 12 for data of norm about 10


@pytest.mark.parametrize("heun", [False, True])
def test_identity_11_isotropic_gaussians_run_straight_and_others_do_not(heun):
    start = 80.0 * np.random.default_rng(1).standard_normal((8, 64))
    x, _ = sample(gaussian_denoiser(1.7), start, heun=heun)
    assert geometry.deviation(x).max() < 1e-10
    x, _ = sample(gaussian_denoiser(3.0 * np.arange(1, 65) ** -1.5), start, heun=heun)
    assert (geometry.deviation(x).max(axis=0) > 0.1).all()


def test_deviation_of_the_gaussian_of_the_paper():
    """Closed form x(σ) = Σ c_k √((λ_k + σ²)/(λ_k + T²)), λ_k = 3 k^-1.5, d = 64: max dev/L = 0.0025 at σ = 7.1."""
    variances = 3.0 * np.arange(1, 65) ** -1.5
    start = 80.0 * np.random.default_rng(2).standard_normal((400, 64))
    x = start * np.sqrt((variances + SIGMAS[:, None, None] ** 2) / (variances + 80.0**2))
    values = geometry.deviation(x).mean(axis=1)
    # 0.0025 and 7.1 were measured with other noise: 10 % covers the spread of 400 samples and the grid of σ
    assert values.max() / geometry.distance_to_end(x)[0].mean() == pytest.approx(0.0025, rel=0.1)
    assert SIGMAS[values.argmax()] == pytest.approx(7.1, rel=0.1)


def test_identity_15_the_arc_is_as_long_as_its_chord(clustered):
    x, _, _ = clustered
    chord = geometry.distance_to_end(x)[0]
    assert (geometry.arc_length(x)[-1] / chord < 1.002).all()
    assert (geometry.arc_length(x)[-1] >= chord).all()
    # ‖z‖ of 64 coordinates spreads by 9 % a sample: compare each chord with its own start, and the mean with T √d
    np.testing.assert_allclose(chord / geometry.norm(x)[0], 1.0, atol=0.005)  # ‖data‖/T√d = 3.2/640
    assert chord.mean() / (80 * 8) == pytest.approx(1.0, abs=0.03)  # 9 % / √48 = 1.3 %, twice


def test_identity_16_the_slope_has_length_root_d(clustered):
    x, denoised, scale = clustered
    slopes = (x[:-1] - denoised) / SIGMAS[:-1, None, None]
    lengths = geometry.norm(slopes)[SIGMAS[:-1] > scale] / 8
    start = geometry.norm(x)[0] / (80 * 8)  # each sample's own ‖z‖/√d, 1 on average
    np.testing.assert_allclose((lengths / start).mean(axis=1), 1.0, atol=0.02)


def test_identity_17_both_trajectories_approach_their_end(clustered):
    x, denoised, _ = clustered
    assert (np.diff(geometry.distance_to_end(x), axis=0) < 0).all()
    mean = geometry.distance_to_end(denoised).mean(axis=1)
    assert (np.diff(mean) <= 1e-9).all()  # at the end D has arrived at a data point and moves by rounding only


def test_identity_21_the_slope_points_away_from_the_end(clustered):
    x, denoised, _ = clustered
    cosines = geometry.cosine_to_end(x, (x[:-1] - denoised) / SIGMAS[:-1, None, None])
    assert cosines[:-1][SIGMAS[:-1] > 10].min() > 0.999
    assert cosines[:-1].min() > 0.9


# ---------------------------------------------------------------- curvature and torsion


def helix(angles: np.ndarray, radius: float = 2.0, pitch: float = 0.7, d: int = 7) -> np.ndarray:
    """A helix turned in d dimensions, as a curve: κ = a/(a² + b²), τ = b/(a² + b²)."""
    points = np.zeros((len(angles), d))
    points[:, :3] = np.stack([radius * np.cos(angles), radius * np.sin(angles), pitch * angles], axis=1)
    return curve_of(points @ rotation(d) + 3.0)


def test_curvature_and_torsion_of_a_helix_on_an_uneven_grid():
    angles = np.cumsum(np.random.default_rng(1).uniform(0.8, 1.2, 301)) * 0.02
    curve = helix(angles)
    bending, twist = geometry.curvature(curve)[:, 0], geometry.torsion(curve)[:, 0]
    assert (bending.shape, twist.shape) == ((301,), (300,))
    assert np.isnan(bending[[0, -1]]).all()
    assert np.isnan(twist[[0, -1]]).all()
    # h² κ²/12 with h = 0.02 is 3e-5; torsion has the factor of a wider stencil. Measured 2e-5 and 8e-5.
    np.testing.assert_allclose(bending[1:-1], 2.0 / (4 + 0.49), rtol=5e-5)
    np.testing.assert_allclose(twist[1:-1], 0.7 / (4 + 0.49), rtol=2e-4)


def test_the_errors_of_curvature_and_torsion_fall_with_the_square_of_the_chord():
    errors = []
    for count in (50, 100, 200):
        curve = helix(np.linspace(0, 4, count + 1))
        bending, twist = geometry.curvature(curve)[1:-1], geometry.torsion(curve)[1:-1]
        errors.append([np.abs(bending - 2 / 4.49).max(), np.abs(twist - 0.7 / 4.49).max()])
    np.testing.assert_allclose(
        np.log2(np.array(errors[:-1]) / errors[1:]), 2.0, atol=0.01
    )  # the next term is h² smaller


def test_the_curvature_of_a_circle_is_one_over_its_radius():
    angles = np.cumsum(np.random.default_rng(2).uniform(0.5, 1.5, 60)) * 0.01
    circle = 5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    np.testing.assert_allclose(geometry.curvature(curve_of(circle))[1:-1, 0], 0.2, rtol=1e-4)  # h²/24 per chord
    assert np.nanmax(geometry.torsion(curve_of(circle))) < 1e-9  # roundings of the plane's direction


def test_a_planar_curve_that_changes_its_side_has_no_torsion():
    t = np.linspace(-1, 1, 42)
    curve = np.stack([t, t**3, 0 * t, 0 * t], axis=1) @ rotation(4, seed=3)
    assert np.nanmax(geometry.torsion(curve_of(curve))) < 1e-9


def test_a_straight_line_has_no_plane_of_bending():
    line = np.linspace(0, 1, 9)[:, None] * np.array([3.0, 1.0, -2.0]) + 100.0
    assert np.nanmax(geometry.curvature(curve_of(line))) < 1e-11  # 1e-14 of the position over a chord of 0.5, twice
    assert np.isnan(geometry.torsion(curve_of(line))).all()


def test_positions_in_single_precision_give_no_torsion_they_do_not_know():
    curve = helix(np.linspace(0, 0.2, 60))
    assert np.isfinite(geometry.torsion(curve)[1:-1]).all()
    assert np.isnan(geometry.torsion(curve.astype(np.float32))).all()


def test_curvature_is_that_of_every_sample_alone():
    samples = np.concatenate([helix(np.linspace(0, 3, 40), radius) for radius in (1.0, 2.0, 4.0)], axis=1)
    for measure in (geometry.curvature, geometry.torsion):
        together = measure(samples)
        for k in range(3):
            np.testing.assert_allclose(together[:, k], measure(samples[:, [k]])[:, 0], rtol=1e-12)


def test_curvature_of_a_curve_with_a_repeated_point_is_not_a_number_there():
    curve = helix(np.linspace(0, 3, 9))
    curve[4] = curve[3]
    bending = geometry.curvature(curve)[:, 0]
    assert np.isnan(bending[[0, 3, 4, 8]]).all()
    assert np.isfinite(bending[[1, 2, 5, 6, 7]]).all()


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_short_curves_have_no_torsion(levels):
    curve = helix(np.linspace(0, 1, levels))
    assert geometry.curvature(curve).shape == (levels, 1)
    twist = geometry.torsion(curve)
    assert twist.shape == (levels - 1, 1)
    assert np.isnan(twist).all()


def test_curvature_along_the_ode_is_the_bending_of_the_denoised_curve():
    """κ = σ ‖P⊥ dD/dσ‖/‖x − D‖²: the papers' curvature relation, on the exact solution of an uneven Gaussian."""
    variances = 3 * np.arange(1, 9) ** -1.5
    sigmas = np.geomspace(20, 0.05, 1001)
    start = np.random.default_rng(4).standard_normal(8) * 20
    x = start * np.sqrt((variances + sigmas[:, None] ** 2) / (variances + 400))
    denoised = variances / (variances + sigmas[:, None] ** 2) * x
    slope = (x - denoised) / sigmas[:, None]
    change = -2 * sigmas[:, None] * variances / (variances + sigmas[:, None] ** 2) ** 2 * x
    change += variances / (variances + sigmas[:, None] ** 2) * slope  # total derivative along the ODE
    unit = slope / np.linalg.norm(slope, axis=1, keepdims=True)
    across = np.linalg.norm(change - (change * unit).sum(1, keepdims=True) * unit, axis=1)
    expected = sigmas * across / np.linalg.norm(x - denoised, axis=1) ** 2
    found = geometry.curvature(curve_of(x))[:, 0]
    # An uneven grid shifts the place by a part of h = 0.6 % in log σ, over which κ changes by as much.
    np.testing.assert_allclose(found[1:-1], expected[1:-1], rtol=0.01)
