"""The plane: density images against quadrature and tails, the denoiser of the plane against sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import erfcx, log_ndtr

from geomodel import density

RECT = (-1.0, 0.5, 4.0, 2.4)  # x, y, width, height; 8 × 6 pixels of 0.5 × 0.4
SIZE = (8, 6)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def mixture(rng, count=5):
    """Means inside RECT, anisotropic variances, weights."""
    means = np.array([-1.0, 0.5]) + rng.uniform(0, 1, (count, 2)) * [4.0, 2.4]
    return means, rng.uniform(0, 0.02, (count, 2)), rng.dirichlet(np.ones(count))


def values_at(points, means, variances, weights, sigma):
    """p_σ at points (..., 2), written out."""
    v = variances + sigma**2
    z = ((points[..., None, :] - means) ** 2 / (2 * v)).sum(axis=-1)
    return (weights * np.exp(-z) / (2 * np.pi * np.sqrt(v.prod(axis=1)))).sum(axis=-1)


def expected_image(means, variances, weights, sigma):
    """The image by brute force: mean of p_σ over each pixel of RECT with ten Gauss–Legendre nodes an axis on pieces
    shorter than the narrowest kernel is wide."""
    pieces = math.ceil(0.5 / math.sqrt(variances.min() + sigma**2))
    nodes, node_weights = np.polynomial.legendre.leggauss(10)
    unit = ((np.arange(pieces)[:, None] + (nodes + 1) / 2) / pieces).ravel()
    share = np.tile(node_weights / 2 / pieces, pieces)
    image = np.empty(SIZE[::-1])
    for row in range(SIZE[1]):
        for column in range(SIZE[0]):
            x = -1.0 + 0.5 * (column + unit)
            y = 0.5 + 0.4 * (row + unit)
            grid = np.stack(np.meshgrid(x, y), axis=-1)
            image[row, column] = share @ values_at(grid, means, variances, weights, sigma) @ share
    return np.log(np.maximum(image / image.max(), math.exp(density.FLOOR)))


# ---------------------------------------------------------------- the image


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.5, 1.5])  # 0.04, 0.2, 1 and 3 pixels: the exact branch
def test_image_against_quadrature(rng, sigma):
    means, _, weights = mixture(rng)
    expected = expected_image(means, np.zeros_like(means), weights, sigma)
    image = density.density_image(means, 0.0, weights, sigma, RECT, SIZE)
    assert image.dtype == np.float32
    assert image.shape == (6, 8)
    np.testing.assert_allclose(image, expected, atol=1e-5)  # float32 of numbers up to 30: 2e-6


@pytest.mark.parametrize("sigma", [0.05, 1.7, 2.1, 30.0])  # narrow; wide along y alone (0.4 a pixel, x 0.5); wide
def test_image_of_an_anisotropic_mixture(rng, sigma):
    means, variances, weights = mixture(rng)
    expected = expected_image(means, variances, weights, sigma)
    image = density.density_image(means, variances, weights, sigma, RECT, SIZE)
    np.testing.assert_allclose(image, expected, atol=1e-4)  # the rule for wide kernels, near their centres


def test_wide_kernels_keep_their_stated_error_down_to_the_floor():
    sigma, h = 1.0, 0.25  # exactly four pixels: the worst case of the rule that uses the density at the centre
    edges = np.arange(0, 8.0 + h, h)
    exact = np.array([math.erfc(a / math.sqrt(2)) - math.erfc((a + h) / math.sqrt(2)) for a in edges[:-1]])
    image = density.density_image(np.array([[0.0, 0.0]]), 0.0, None, sigma, (0.0, -h / 2, 8.0, h), (32, 1))
    visible = np.log(exact / exact[0]) > density.FLOOR
    np.testing.assert_allclose(image[0, visible], np.log(exact / exact[0])[visible], atol=0.005)


def test_kernels_of_both_kinds_in_one_image():
    means, variances = np.array([[0.0, 1.0], [1.0, 1.5]]), np.array([0.0, 9.0])
    expected = expected_image(means, np.stack([variances] * 2, axis=1), np.array([0.5, 0.5]), 0.05)
    image = density.density_image(means, variances, None, 0.05, RECT, SIZE)
    np.testing.assert_allclose(image, expected, atol=1e-4)


@pytest.mark.parametrize("sigma", [0.003, 0.05, 0.4])
def test_a_rectangle_around_everything_holds_all_the_mass(rng, sigma):
    means, variances, weights = mixture(rng)
    rect, size = (-9.0, -8.0, 20.0, 20.0), (160, 100)
    image = density.density_image(means, variances, weights, sigma, rect, size).astype(np.float64)
    row, column = np.unravel_index(image.argmax(), image.shape)
    w, h = rect[2] / size[0], rect[3] / size[1]
    s = np.sqrt(variances + sigma**2)
    low = (np.array([rect[0] + w * column, rect[1] + h * row]) - means) / s
    high = low + np.array([w, h]) / s
    normal = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))
    peak_mass = (weights * (normal(high) - normal(low)).prod(axis=1)).sum()  # of the largest pixel, by math.erfc
    assert peak_mass * np.exp(image).sum() == pytest.approx(1.0, abs=1e-5)  # float32 logarithms


def test_row_zero_is_the_smallest_y():
    image = density.density_image(np.array([[2.9, 0.6]]), 0.0, None, 0.2, RECT, SIZE)
    assert np.unravel_index(image.argmax(), image.shape) == (0, 7)


@pytest.mark.parametrize("sigma", [0.002, 0.3, 3.0])
def test_far_from_all_data_the_image_shows_the_nearest_tail(rng, sigma):
    means, variances, weights = mixture(rng)
    variances = variances * 1e-6
    rect = (900.0, -700.0, 1.0, 1.0)
    image = density.density_image(means, variances, weights, sigma, rect, (40, 40))
    v = (variances + sigma**2)[None]
    points = density.grid_points(rect, 40, 40)[:, None, :]
    logs = np.log(weights) - (((points - means) ** 2 / v) + np.log(v)).sum(axis=2) / 2
    plain = np.logaddexp.reduce(logs, axis=1).reshape(40, 40)
    assert image.max() == 0.0
    assert np.unravel_index(image.argmax(), image.shape) == np.unravel_index(plain.argmax(), plain.shape)
    if sigma == 3.0:  # there the slope of the log density within a pixel hardly changes its mean
        np.testing.assert_allclose(image, np.maximum(plain - plain.max(), density.FLOOR), atol=0.3)


def test_kernels_outside_the_image_keep_their_distances():
    """One narrow kernel 1 to the left, one 1.03 to the right of a row of pixels: both tails, by scipy's log Φ."""
    image = density.density_image(np.array([[-1.0, 0.5], [2.03, 0.5]]), 0.0, None, 0.05, (0.0, 0.0, 1.0, 1.0), (20, 1))
    edges = np.linspace(0, 1, 21)
    tails = []
    for distance in (edges + 1.0, (2.03 - edges)[::-1]):
        near, far = log_ndtr(-distance[:-1] / 0.05), log_ndtr(-distance[1:] / 0.05)
        tails.append(near + np.log1p(-np.exp(far - near)))
    expected = np.logaddexp(tails[0], tails[1][::-1])
    assert expected[-1] - expected[0] == pytest.approx(-12.2, abs=0.1)
    np.testing.assert_allclose(image[0], np.maximum(expected - expected.max(), density.FLOOR), atol=1e-5)


def test_points_without_any_width_are_a_histogram():
    points = np.array([[-0.9, 0.6], [-0.9, 0.7], [2.6, 2.7]])
    image = density.density_image(points, 0.0, None, 0.0, RECT, SIZE)
    assert image[0, 0] == 0.0
    assert image[5, 7] == pytest.approx(math.log(0.5), abs=1e-6)
    assert (np.sort(image.ravel())[:-2] == density.FLOOR).all()


def test_a_kernel_without_weight_is_not_there(rng):
    means, variances, weights = mixture(rng)
    weights[0] = 0.0
    image = density.density_image(means, variances, weights, 0.1, RECT, SIZE)
    np.testing.assert_array_equal(image, density.density_image(means[1:], variances[1:], weights[1:], 0.1, RECT, SIZE))


def test_above_the_limit_every_kth_point_stands_for_all(rng):
    points = rng.uniform(0, 2, (2 * density.MAX_KERNELS + 1, 2))  # every third
    at = density.grid_points(RECT, 3, 2)
    image = density.density_image(points, 0.0, None, 0.1, RECT, SIZE)
    np.testing.assert_array_equal(image, density.density_image(points[::3], 0.0, None, 0.1, RECT, SIZE))
    field = density.plane_denoised(points, 0.0, None, 0.1, at)
    np.testing.assert_array_equal(field, density.plane_denoised(points[::3], 0.0, None, 0.1, at))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"means": np.zeros((3, 3))}, "means have shape"),
        ({"means": np.zeros((0, 2))}, "means have shape"),
        ({"variances": np.zeros(3)}, "there are 2 means"),
        ({"weights": np.ones(3)}, "there are 2 means"),
        ({"variances": -1.0}, "not be negative"),
        ({"weights": np.zeros(2)}, "all zero"),
        ({"sigma": -1.0}, "noise level"),
        ({"sigma": float("nan")}, "noise level"),
        ({"rect": (0.0, 0.0, 0.0, 1.0)}, "is empty"),
        ({"rect": (5.8e6, 0.0, 1e-9, 1.0)}, "same numbers; zoom out"),
        ({"size": (0, 4)}, "is empty"),
    ],
)
def test_what_does_not_fit_is_said(change, words):
    good = {"means": np.zeros((2, 2)), "variances": 0.0, "weights": None, "sigma": 1.0, "rect": RECT, "size": SIZE}
    with pytest.raises(ValueError, match=words):
        density.density_image(**{**good, **change})


def test_the_error_function_against_two_others():
    z = np.concatenate([np.linspace(0, 26, 5001), [1e-9, 1e3, 1e9]])
    found = density._scaled_erfc(z)
    np.testing.assert_allclose(found, erfcx(z), rtol=2e-14)  # a polynomial of degree 20 fitted to 6e-15
    plain = [math.erfc(each) for each in z.tolist()]
    np.testing.assert_allclose(np.exp(-(z**2)) * found, plain, rtol=1e-13)  # exp of a rounded z² ≈ 676: 7.5e-14


# ---------------------------------------------------------------- arrows


def test_grid_points_are_the_centres_of_the_pixels():
    points = density.grid_points(RECT, 2, 3)
    np.testing.assert_allclose(points[:3], [[0.0, 0.9], [2.0, 0.9], [0.0, 1.7]])
    assert points.shape == (6, 2)


@pytest.mark.parametrize("sigma", [0.002, 0.3, 50.0])
def test_plane_denoised_against_a_sum(rng, sigma):
    means, variances, weights = mixture(rng, 7)
    at = rng.uniform(-1, 4, (20, 2))
    found = density.plane_denoised(means, variances, weights, sigma, at)
    for c, answer in zip(at, found, strict=True):
        v = variances + sigma**2
        logs = [math.log(weights[k]) - 0.5 * sum((c - means[k]) ** 2 / v[k] + np.log(v[k])) for k in range(7)]
        r = [math.exp(log - max(logs)) for log in logs]
        each = [means[k] + variances[k] / v[k] * (c - means[k]) for k in range(7)]
        expected = sum(r[k] * each[k] for k in range(7)) / sum(r)
        np.testing.assert_allclose(answer, expected, atol=1e-11)  # logits to 1e6 at σ = 0.002: 1e-10 of a small weight


def test_plane_denoised_is_the_gradient_of_the_density(rng):
    """Tweedie: D(c) − c = σ² ∇ log p_σ(c), the gradient by central differences."""
    means, variances, weights = mixture(rng)
    sigma, step = 0.4, 1e-5
    at = rng.uniform(0, 2, (10, 2))
    gradient = np.empty_like(at)
    for axis in range(2):
        move = np.eye(2)[axis] * step
        up, down = (np.log(values_at(at + s * move, means, variances, weights, sigma)) for s in (1, -1))
        gradient[:, axis] = (up - down) / (2 * step)
    found = density.plane_denoised(means, variances, weights, sigma, at)
    np.testing.assert_allclose(found - at, sigma**2 * gradient, atol=1e-9)  # differences of step 1e-5: 1e-10 and 1e-11


@pytest.mark.parametrize("sigma", [0.0, -1.0])
def test_a_grid_needs_a_noise_level(sigma):
    with pytest.raises(ValueError, match="noise level"):
        density.grid_denoised([[0.0, 1.0]], sigma, RECT, *SIZE)


def test_plane_denoised_in_pieces_and_by_limits(rng):
    points = rng.standard_normal((900, 2))
    at = rng.standard_normal((3000, 2))  # more than one piece
    found = density.plane_denoised(points, 0.0, None, 0.5, at)
    # matrix products of another number of rows may sum in another order: a few roundings of numbers up to 3
    np.testing.assert_allclose(found[-2:], density.plane_denoised(points, 0.0, None, 0.5, at[-2:]), rtol=0, atol=1e-14)
    wide = density.plane_denoised(points, 0.0, None, 1e6, at[:3])
    np.testing.assert_allclose(wide, np.tile(points.mean(axis=0), (3, 1)), atol=1e-9)  # σ large: the mean of the data
    nearest = points[((at[:5, None] - points) ** 2).sum(axis=2).argmin(axis=1)]
    np.testing.assert_allclose(density.plane_denoised(points, 0.0, None, 1e-5, at[:5]), nearest)  # σ small: a point


def test_plane_denoised_says_what_does_not_fit():
    with pytest.raises(ValueError, match="positive noise level"):
        density.plane_denoised(np.zeros((1, 2)), 0.0, None, 0.0, np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"expected \(m, 2\)"):
        density.plane_denoised(np.zeros((1, 2)), 0.0, None, 1.0, np.zeros(2))


@pytest.mark.parametrize(
    ("scale", "sigma", "rect"),
    [
        (1e20, 0.0, (0.0, 0.0, 1.0, 1.0)),  # cells far below the distance that numbers near the kernels can have
        (1e300, 1.0, (0.0, 0.0, 1.0, 1.0)),
        (1e-150, 0.0, (0.0, 0.0, 1e-300, 1e-300)),
    ],
)
def test_an_image_without_mass_is_the_floor_everywhere(scale, sigma, rect):
    """The project's tests turn warnings into errors, so nothing is divided by zero on the way."""
    points = scale * (1 + np.random.default_rng(0).random((20, 2)))
    image = density.density_image(points, 0.0, None, sigma, rect, (8, 6))
    assert image.shape == (6, 8)
    assert (image == density.FLOOR).all()


@pytest.mark.parametrize("sigma", [1e-3, 0.05, 0.7, 30.0])
def test_the_denoiser_on_a_grid_is_that_of_its_points(sigma):
    """Near the data and far from them, where all factors underflow; with weights that differ by hundreds of nats."""
    random = np.random.default_rng(6)
    points, logs = random.standard_normal((400, 2)), -300 * random.random(400) ** 2
    for rect in ((-2.0, -2.0, 4.0, 3.0), (5.0, -80.0, 90.0, 100.0), (1e3, 1e3, 1.0, 1.0)):
        at = density.grid_points(rect, 9, 7)
        for given in (None, logs):
            found = density.grid_denoised(points, sigma, rect, 9, 7, log_weights=given)
            expected = density.plane_denoised(points, 0.0, None, sigma, at, log_weights=given)
            # logits are up to half this square, rounded to 1e-16 of them; the points are of size one to four
            square = (np.abs(rect).max() + 110) ** 2 / sigma**2
            np.testing.assert_allclose(found, expected, atol=1e-14 + 4e-16 * square)


def test_of_many_kernels_with_weights_the_heaviest_are_kept(monkeypatch):
    """One of forty kernels has all the weight, as in a slice at small σ. Every k-th may miss it."""
    monkeypatch.setattr(density, "MAX_KERNELS", 10)
    random = np.random.default_rng(7)
    points, logs = random.standard_normal((40, 2)), -1e4 * random.random(40)
    logs[3] = 0.0
    image = density.density_image(points, 0.0, None, 0.1, (-3.0, -3.0, 6.0, 6.0), (30, 30), log_weights=logs)
    alone = density.density_image(points[3:4], 0.0, None, 0.1, (-3.0, -3.0, 6.0, 6.0), (30, 30))
    np.testing.assert_allclose(image, alone, atol=1e-5)
