"""The exact tilt of a mixture against integrals on grids, and the plug-in against the covariance of the posterior."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import geomodel as gm
import resources
from geomodel.denoisers.optimal.jacobian import PosteriorCovariance
from geomodel.experiments import Tilts

RING = gm.datasets.load("gaussian-ring").mixture
LINE = gm.MixtureDenoiser([[-1.2], [0.4], [2.0]], [0.3, 0.1, 0.5], [0.5, 0.3, 0.2])
PLANE = gm.MixtureDenoiser([[-1.0, 0.5], [1.2, -0.3]], [[0.3, 0.15], [0.2, 0.5]], [0.35, 0.65])
GRID = np.linspace(-14, 14, 4001)  # the trapezoidal rule on smooth densities that end inside is exact to rounding


def density_1d(y):
    """p of LINE, also at complex y."""
    means, variances = LINE.means.numpy()[:, 0], LINE.variances.numpy()[:, 0]
    kernels = np.exp(-((y[..., None] - means) ** 2) / (2 * variances)) / np.sqrt(2 * np.pi * variances)
    return kernels @ LINE.weights.numpy()


# ---------------------------------------------------------------- the mixture


@pytest.mark.parametrize(("a", "c", "beta"), [(1.0, 0.0, 0.5), (0.7, 1.5, 2.0), (-2.0, -0.3, 0.8), (0.0, 2.0, 0.3)])
def test_on_a_line_density_reward_and_divergence_are_the_integrals(a, c, beta):
    tilt = gm.tilted(LINE, [a], c, beta)
    p, r = density_1d(GRID), a * GRID - c * GRID**2 / 2
    step = GRID[1] - GRID[0]
    z = (p * np.exp(r / beta)).sum() * step
    q = p * np.exp(r / beta) / z
    inside = q > 1e-250
    # q is of size 1 and the sums have 4,000 terms, so rounding leaves about 1e-13
    assert tilt.log_z == pytest.approx(np.log(z), abs=1e-12)
    assert tilt.mean_reward == pytest.approx((q * r).sum() * step, abs=1e-12)
    assert tilt.original_reward == pytest.approx((p * r).sum() * step, abs=1e-12)
    kl = (q[inside] * np.log(q[inside] / p[inside])).sum() * step
    assert tilt.kl == pytest.approx(kl, abs=1e-12)
    assert beta * tilt.log_z == pytest.approx(tilt.mean_reward - beta * tilt.kl, abs=1e-12)
    np.testing.assert_allclose(np.exp(tilt.log_density(GRID[:, None], 0.0)), q, atol=1e-12)
    np.testing.assert_allclose(tilt.reward(GRID[:, None]), r, rtol=1e-13)


@pytest.mark.parametrize(("a", "c", "beta"), [((0.8, -0.5), 0.0, 0.6), ((0.4, 1.0), 0.9, 1.3), ((0.2, 0.1), -0.4, 1.0)])
def test_in_the_plane_with_a_variance_for_each_coordinate(a, c, beta):
    tilt = gm.tilted(PLANE, a, c, beta)
    axis = np.linspace(-13, 13, 601)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    area = (axis[1] - axis[0]) ** 2
    p, r = np.exp(PLANE.log_density(grid, 0.0)), grid @ a - c * (grid**2).sum(1) / 2
    q = p * np.exp(r / beta)
    z = q.sum() * area
    q /= z
    assert tilt.log_z == pytest.approx(np.log(z), abs=1e-12)
    np.testing.assert_allclose(np.exp(tilt.log_density(grid, 0.0)), q, atol=1e-12)
    assert tilt.mean_reward == pytest.approx((q * r).sum() * area, abs=1e-12)
    kl = (q[q > 0] * (r[q > 0] / beta - np.log(z))).sum() * area
    assert tilt.kl == pytest.approx(kl, abs=1e-12)
    shares = PLANE.responsibilities(grid, 0.0)  # the factor of the tilt is common to all components
    np.testing.assert_allclose(tilt.weights, q @ shares * area, atol=1e-12)


@pytest.mark.parametrize("sigma", [0.2, 1.0, 3.0])
def test_the_denoiser_is_the_h_transform(sigma):
    """D' − D = σ²∇ₓ ln E[e^{r/β} | x], the derivative by a complex step, which has no cancellation."""
    a, c, beta = 0.9, 0.4, 0.7
    tilt = gm.tilted(LINE, [a], c, beta)
    x = np.linspace(-3, 4, 15)
    weights = density_1d(GRID) * np.exp(-((x[:, None] + 1e-30j - GRID) ** 2) / (2 * sigma**2))
    expected = (weights * np.exp((a * GRID - c * GRID**2 / 2) / beta)).sum(1) / weights.sum(1)
    gradient = (np.log(expected)).imag / 1e-30
    found = tilt(x[:, None], sigma)[:, 0] - LINE(x[:, None], sigma)[:, 0]
    np.testing.assert_allclose(found, sigma**2 * gradient, atol=1e-12)  # numbers of size 1, sums of 4,000


def test_the_h_transform_in_the_plane():
    a, beta, sigma = np.array([0.8, -0.5]), 0.6, 0.8
    tilt, axis = gm.tilted(PLANE, a, 0.0, beta), np.linspace(-8, 8, 401)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    p, factor = np.exp(PLANE.log_density(grid, 0.0)), np.exp(grid @ a / beta)
    for x in ([0.3, -0.7], [2.0, 1.0]):
        gradient = []
        for step in np.eye(2) * 1e-30j:
            weights = p * np.exp(-(((np.array(x) + step - grid) ** 2).sum(1)) / (2 * sigma**2))
            gradient.append(np.log((weights * factor).sum() / weights.sum()).imag / 1e-30)
        query = np.array([x])
        np.testing.assert_allclose(
            (tilt(query, sigma) - PLANE(query, sigma))[0], sigma**2 * np.array(gradient), atol=1e-12
        )


def test_no_reward_leaves_the_mixture_as_it_is():
    tilt = gm.tilted(RING)
    assert isinstance(tilt, gm.MixtureDenoiser)
    assert (tilt.log_z, tilt.kl, tilt.mean_reward) == (pytest.approx(0, abs=1e-15), pytest.approx(0, abs=1e-15), 0.0)
    for name in ("means", "variances", "weights"):
        np.testing.assert_allclose(getattr(tilt, name), getattr(RING, name), atol=1e-15)


def test_the_ring_at_one_half():
    tilt = gm.tilted(RING, [1.0, 0.0], beta=0.5)
    # components at 4 (cos, sin), each moved by v/β = 0.18 and weighted by e^{8 cos}
    angle = np.arange(8) * np.pi / 4
    shares = np.exp(8 * np.cos(angle)) / np.exp(8 * np.cos(angle)).sum()
    np.testing.assert_allclose(tilt.weights, shares, atol=1e-14)
    assert tilt.mean_reward == pytest.approx(0.18 + 4 * shares @ np.cos(angle), abs=1e-13)
    assert (round(tilt.mean_reward, 2), round(float(tilt.weights.max()), 2)) == (3.99, 0.84)


def test_data_far_from_the_origin_and_of_other_scales_keep_their_digits():
    binary = gm.MixtureDenoiser([[-1.0, 0.5], [1.25, -0.25]], [[0.3, 0.15], [0.2, 0.5]], [0.35, 0.65])
    usual = gm.tilted(binary, [0.8, -0.5], 0.0, 0.6)
    for away in (1e5, 2.0**30):
        far = gm.MixtureDenoiser(binary.means + away, binary.variances, binary.weights)  # exact, and so are differences
        moved = gm.tilted(far, [0.8, -0.5], 0.0, 0.6)
        np.testing.assert_allclose(moved.weights, usual.weights, atol=1e-14)
        assert moved.kl == pytest.approx(usual.kl, abs=1e-14)
        np.testing.assert_allclose(moved.means - away, usual.means, atol=2.0**-22)  # of 2³⁰ the last digit
        assert moved.least_kl(moved.mean_reward) == pytest.approx(usual.kl, abs=1e-6)  # r itself is of size 1e9
    for scale in (1e3, 1e-3):
        wide = gm.MixtureDenoiser(PLANE.means * scale, PLANE.variances * scale**2, PLANE.weights)
        tilt = gm.tilted(wide, [0.8 / scale, -0.5 / scale], 0.7 / scale**2, 0.6)
        same = gm.tilted(PLANE, [0.8, -0.5], 0.7, 0.6)
        np.testing.assert_allclose(tilt.weights, same.weights, rtol=1e-12)
        np.testing.assert_allclose(tilt.means, same.means * scale, rtol=1e-12)
        assert tilt.kl == pytest.approx(same.kl, rel=1e-12)


def test_a_strong_tilt_neither_overflows_nor_loses_the_other_components():
    tilt = gm.tilted(RING, [1.0, 0.0], beta=1e-3)
    assert tilt.log_z == pytest.approx(4e3 + 0.09 / 2e-6 + np.log(1 / 8), rel=1e-12)
    assert float(tilt.weights.max()) == 1.0
    assert np.isfinite(tilt(np.zeros((1, 2)), 1.0)).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"beta": 0.0}, "beta must be"),
        ({"beta": -1.0}, "beta must be"),
        ({"beta": float("nan")}, "beta must be"),
        ({"linear": [1.0]}, "shape of one point"),
        ({"linear": [1.0, float("nan")]}, "linear must be finite"),
        ({"linear": [1j, 0]}, "real numbers"),
        ({"quadratic": float("inf")}, "quadratic must be"),
        ({"quadratic": -12.0}, "cannot be normalised"),
        ({"quadratic": -1 / 0.3**2}, "cannot be normalised"),  # 1/v + c/β = 0
    ],
)
def test_a_refusal_is_one_sentence(given, words):
    with pytest.raises(ValueError, match=words) as error:
        gm.tilted(RING, **given)
    assert str(error.value).count(".\n") == 0
    assert str(error.value).endswith(".")


def test_a_quadratic_below_the_limit_is_refused_and_just_above_it_is_not():
    limit = -0.5 / 0.3**2
    gm.tilted(RING, quadratic=limit * (1 - 1e-9), beta=0.5)
    with pytest.raises(ValueError, match=r"choose c above −β/v = -5\.556"):
        gm.tilted(RING, quadratic=limit * (1 + 1e-9), beta=0.5)


def test_only_a_mixture_has_an_exact_tilt():
    with pytest.raises(TypeError, match="OptimalDenoiser"):
        gm.tilted(gm.OptimalDenoiser(np.eye(2)), [1.0, 0.0])


# ---------------------------------------------------------------- the plug-in


def covariance(mixture, x, sigma):
    """Cov(x_0 | x) of a mixture with variances along the axes, at one x (d,)."""
    v, m = mixture.variances.expand_as(mixture.means).numpy(), mixture.means.numpy()
    shares = mixture.responsibilities(x[None], sigma)[0]
    centres = m + v / (v + sigma**2) * (x - m)
    away = centres - shares @ centres
    return np.einsum("k,ki,kj->ij", shares, away, away) + np.diag(shares @ (v * sigma**2 / (v + sigma**2)))


@pytest.mark.parametrize("sigma", [0.05, 0.6, 4.0])
def test_the_plug_in_of_a_mixture_is_its_posterior_covariance_times_the_gradient(sigma):
    a, c, beta = np.array([0.8, -0.5]), 0.7, 0.6
    x = np.array([[0.3, -0.7], [2.0, 1.0], [-1.0, 0.4]])
    denoised = PLANE(x, sigma)
    expected = [d + covariance(PLANE, q, sigma) @ (a - c * d) / beta for q, d in zip(x, denoised, strict=True)]
    found = gm.PlugInTilt(PLANE, a, beta, quadratic=c)(x, sigma)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_for_one_gaussian_and_a_linear_reward_the_plug_in_is_exact():
    gaussian = gm.MixtureDenoiser([[1.0, -2.0]], [[0.5, 2.0]])
    x, sigma = np.array([[0.4, 3.0]]), np.array([0.9])
    exact, plug_in = gm.tilted(gaussian, [0.7, 0.2], beta=0.4), gm.PlugInTilt(gaussian, [0.7, 0.2], 0.4)
    np.testing.assert_allclose(plug_in(x, sigma), exact(x, sigma), atol=1e-14)


def test_the_plug_in_of_the_optimal_denoiser_is_the_covariance_over_the_data():
    data = gm.datasets.load("two-moons", count=200)
    optimal, a = gm.OptimalDenoiser(data.points), np.array([0.3, 1.0])
    x = np.array([[0.1, 0.2], [1.5, -0.4]])
    sigma = np.array([0.5, 0.2])
    found = gm.PlugInTilt(optimal, a, 0.25)(x, sigma)
    for row in range(2):
        cov = PosteriorCovariance(optimal, data.points, x[row], float(sigma[row]))
        np.testing.assert_allclose(found[row], optimal(x, sigma)[row] + cov.times(a) / 0.25, atol=1e-10)


def test_at_no_noise_the_plug_in_is_the_denoiser_also_where_that_has_no_derivative():
    pair = gm.OptimalDenoiser(np.array([[-1.0, 0.0], [1.0, 0.0]]))
    x = np.array([[0.0, 0.3], [0.4, 0.1]])  # the first is as near to both points: D* jumps there
    np.testing.assert_array_equal(gm.PlugInTilt(pair, [0.3, 1.0], 0.25)(x, 0.0), pair(x, 0.0))


def test_the_plug_in_of_a_network_is_a_product_with_its_transposed_jacobian():
    network = gm.load_checkpoint(resources.path("checkpoints", "two-moons.safetensors"))
    a, beta, sigma = torch.tensor([0.6, -0.4]), 0.5, 0.7
    x = torch.tensor([[0.2, 0.1], [1.0, -0.5]])
    found = gm.PlugInTilt(network, a, beta, quadratic=0.3)(x, sigma)
    assert (found.dtype, found.requires_grad) == (torch.float32, False)
    for row in range(2):
        jacobian = torch.autograd.functional.jacobian(lambda q: network(q[None], sigma)[0], x[row])
        denoised = network(x[row : row + 1], sigma)[0].detach()
        expected = denoised + sigma**2 / beta * jacobian.T @ (a - 0.3 * denoised)
        torch.testing.assert_close(found[row], expected, atol=1e-5, rtol=1e-5)  # float32
    # sampling turns gradients off, and the plug-in works there too
    ends = gm.sample(gm.PlugInTilt(network, a, beta), 10 * x, gm.schedules.karras(6, 0.01, 10.0)).x[-1]
    assert np.isfinite(ends).all()


def test_labels_reach_the_model():
    data = gm.datasets.load("two-moons", count=100)
    optimal = gm.OptimalDenoiser(data.points, data.labels)
    of_one = gm.OptimalDenoiser(np.asarray(data.points)[data.labels == 1])
    x, labels = np.array([[0.5, 0.1]]), np.array([1])
    found = gm.PlugInTilt(optimal, [1.0, 0.0], 0.5)(x, 0.4, labels)
    np.testing.assert_allclose(found, gm.PlugInTilt(of_one, [1.0, 0.0], 0.5)(x, 0.4), atol=1e-12)


def test_the_plug_in_can_be_differentiated_itself():
    x = torch.tensor([[0.3, -0.7]], dtype=torch.float64, requires_grad=True)
    model = gm.PlugInTilt(PLANE, [0.8, -0.5], 0.6, quadratic=0.7)
    assert torch.autograd.gradcheck(lambda q: model(q, 0.6), (x,))


def test_a_callable_without_derivatives_is_refused_in_one_sentence():
    class Careless:
        shape = (2,)

        def __call__(self, x, sigma, labels=None):
            x *= 0.5
            return torch.from_numpy(x.detach().numpy().copy())

    query = np.ones((1, 2))
    with pytest.raises(ValueError, match="cannot be differentiated by x"):
        gm.PlugInTilt(Careless(), [1.0, 0.0])(query, 1.0)
    with pytest.raises(ValueError, match="beta must be"):
        gm.PlugInTilt(PLANE, [1.0, 0.0], 0.0)
    np.testing.assert_array_equal(query, 1)


# ---------------------------------------------------------------- samples


def test_on_the_ring_the_plug_in_takes_more_reward_than_there_is():
    found = Tilts(RING, seeds=range(1000)).at([1.0, 0.0], beta=0.5)
    exact, tilted, plug_in = found.exact, found.tilted, found.plug_in
    assert tilted.reward == pytest.approx(exact.mean_reward, abs=4 * tilted.error)
    assert tilted.shares.max() == pytest.approx(float(exact.weights.max()), abs=0.05)  # 4 √(0.84 · 0.16/1,000)
    # the plug-in's ends depend on the solver; over levels and steps the reward was between 4.71 and 4.81
    assert 4.6 < plug_in.reward < 4.9
    assert 0.95 < plug_in.shares.max() < 0.99
    assert plug_in.least_kl > 1.5 * exact.kl
    assert abs(found.untilted.reward) < 4 * found.untilted.error  # the control


def test_the_bound_on_the_divergence_holds_with_equality_for_the_exact_tilt():
    exact = gm.tilted(RING, [1.0, 0.0], beta=0.5)
    assert exact.least_kl(exact.mean_reward) == pytest.approx(exact.kl, abs=1e-12)
    for beta in (0.3, 0.8, 2.0):  # another tilt of the same family has a KL in closed form
        other = gm.tilted(RING, [1.0, 0.0], beta=beta)
        assert exact.least_kl(other.mean_reward) < other.kl


def test_all_ends_come_from_the_same_noise_and_a_sample_depends_on_its_seed_alone():
    few, many = Tilts(PLANE, seeds=[3, 5], steps=8), Tilts(PLANE, seeds=[5, 8, 3], steps=8)
    tilt = {"linear": [0.8, -0.5], "quadratic": 0.2, "beta": 0.6}
    for name in ("untilted", "tilted", "plug_in"):
        first, second = getattr(few.at(**tilt), name).points, getattr(many.at(**tilt), name).points
        np.testing.assert_allclose(first, second[[2, 0]], atol=1e-12)
    nothing = few.at()
    np.testing.assert_allclose(nothing.tilted.points, nothing.untilted.points, atol=1e-12)
    np.testing.assert_allclose(nothing.plug_in.points, nothing.untilted.points, atol=1e-12)


def test_one_sample_has_no_error_and_none_is_refused():
    assert np.isnan(Tilts(PLANE, seeds=[1], steps=4).at([1.0, 0.0]).tilted.error)
    with pytest.raises(ValueError, match="no seeds"):
        Tilts(PLANE, seeds=[])
