"""The Jacobian of D* against automatic differentiation, dense linear algebra and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from geomodel.denoisers.mixture import MixtureDenoiser
from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.denoisers.optimal import jacobian as jacobian_module
from geomodel.denoisers.optimal.jacobian import PosteriorCovariance, soft_dimension


def cloud(count: int, shape: tuple[int, ...], seed: int = 0, scale: float = 1.0):
    return scale * np.random.default_rng(seed).standard_normal((count, *shape))


def differentiated(points, x, sigma):
    """J (d, d) of the plain softmax, by autograd."""
    rows = torch.from_numpy(points.reshape(len(points), -1))

    def denoise(flat: Tensor) -> Tensor:
        return torch.softmax(-((flat - rows) ** 2).sum(1) / (2 * sigma**2), dim=0) @ rows

    return torch.autograd.functional.jacobian(denoise, torch.from_numpy(x.reshape(-1))).numpy()


def covariance(points, x, sigma, **options):
    return PosteriorCovariance(OptimalDenoiser(points), points, x, sigma, **options)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.0, 50.0])
@pytest.mark.parametrize(("count", "shape"), [(40, (2,)), (30, (1, 6, 6)), (1, (3,))])
def test_products_trace_and_eigenpairs_are_those_of_autograd(count, shape, sigma):
    points, x = cloud(count, shape), cloud(1, shape, seed=1)[0]
    expected = differentiated(points, x, sigma)
    found = covariance(points, x, sigma)
    directions = cloud(5, shape, seed=2)
    # J has norm below about 10/σ², and autograd's softmax loses a few of 16 digits
    close = {"rtol": 0, "atol": 1e-12 * max(1.0, 10 / sigma**2)}
    products = found.jacobian_times(directions).reshape(5, -1)
    np.testing.assert_allclose(products, directions.reshape(5, -1) @ expected.T, **close)
    np.testing.assert_allclose(found.times(directions[0]), sigma**2 * products[0].reshape(shape), **close)
    np.testing.assert_allclose(found.trace, np.trace(expected), **close)  # identity 33
    spectrum = found.spectrum(4)
    kept = min(4, expected.shape[0])
    np.testing.assert_allclose(spectrum.values, np.linalg.eigvalsh(expected)[::-1][:kept], **close)
    vectors = spectrum.vectors.reshape(kept, -1)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(kept), atol=1e-13)  # QR
    np.testing.assert_allclose(expected @ vectors.T, vectors.T * spectrum.values, rtol=0, atol=1e-10)
    assert spectrum.trace == found.trace
    assert spectrum.rank_used == count


def test_krylov_gram_and_blocks_agree(monkeypatch):
    points, x = cloud(80, (70,)), cloud(1, (70,), seed=1)[0]
    dense = covariance(points, x, 6.0)
    first = dense.spectrum(3)
    monkeypatch.setattr(jacobian_module, "_SMALL", 40)
    monkeypatch.setattr(jacobian_module, "_RESIDENT_NUMBERS", 0)
    monkeypatch.setattr(jacobian_module, "_BLOCK_NUMBERS", 700)
    krylov = covariance(points, x, 6.0)
    second = krylov.spectrum(3)
    np.testing.assert_allclose(first.values, second.values, rtol=1e-12)  # the residual enters squared
    # residual 1e-10 λ_1 over gaps of about 0.03 λ_1
    np.testing.assert_allclose(first.vectors, second.vectors, atol=1e-8)
    np.testing.assert_allclose(dense.trace, krylov.trace, rtol=1e-13)
    assert krylov._resident is None


def test_gaussian_pair_and_mixture():
    # two points at ±m: w = tanh, Cov = m mᵀ sech²(m·x/σ²), exactly
    m = np.array([0.6, 0.8, 0.0])
    x, sigma = np.array([0.2, -0.1, 5.0]), 0.7
    spectrum = covariance(np.stack([m, -m]), x, sigma).spectrum(3)
    value = np.cosh(m @ x / sigma**2) ** -2 / sigma**2
    np.testing.assert_allclose(spectrum.values, [value, 0, 0], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(spectrum.vectors[0], m, atol=1e-15)
    np.testing.assert_allclose(spectrum.trace, value, rtol=1e-13)


def test_many_points_of_a_gaussian_have_its_soft_dimension():
    spread = np.array([2.0, 1.0, 0.25])
    points = cloud(200_000, (3,)) * spread
    found = soft_dimension(OptimalDenoiser(points), points, np.zeros((1, 3)), 0.5)[0]
    # Monte Carlo: N_eff is about 10⁴ at the centre, so variances are known to √(2/10⁴) = 1.4 %; three of these
    np.testing.assert_allclose(found, (spread**2 / (spread**2 + 0.25)).sum(), rtol=0.042)


def test_soft_dimension_counts_the_dimensions_of_a_surface_then_vanishes():
    square = np.stack(np.meshgrid(np.arange(-10, 11) / 10, np.arange(-10, 11) / 10), -1).reshape(-1, 2)
    points = np.concatenate([square, np.zeros((len(square), 3))], axis=1)
    optimal = OptimalDenoiser(points)
    x = np.array([[0.02, 0.03, 0.1, 0.0, 0.0]])
    # Poisson summation: a grid of step h smoothed by σ = h is a plane to 4π² e^{−2π²} σ²… ≈ 1e-7; its edge is at 10 σ
    np.testing.assert_allclose(soft_dimension(optimal, points, x, 0.1), 2.0, atol=1e-5)  # identity 33: the plateau
    assert soft_dimension(optimal, points, x, 0.01)[0] < 1e-6
    assert soft_dimension(optimal, points, x, 1e-9)[0] == 0


def test_a_tie_at_tiny_sigma_keeps_its_digits():
    gap = 2.0**-30  # about 1e-9; all numbers here are exact
    points = np.array([[1e3, 0.0], [1e3 + gap, 0.0], [-1e3, 0.0]])
    found = covariance(points, points[0], gap)
    # weights 1/(1 + e^{∓1/2}), variance gap²/(4 cosh²(1/4)). A mean rounded at 1e3 would be off by 1e-4 of the gap
    np.testing.assert_allclose(found.trace, np.cosh(0.25) ** -2 / 4, rtol=1e-12)


def test_tolerance_keeps_the_mass_it_says():
    points, x = cloud(300, (4,)), np.zeros(4)
    full, part = covariance(points, x, 0.4), covariance(points, x, 0.4, tolerance=0.01)
    kept = full.weights[np.isin(full.indices, part.indices)].sum()
    alone = covariance(points[part.indices], x, 0.4)
    np.testing.assert_allclose(part.trace, alone.trace, rtol=1e-12)  # normalised, about its own mean
    assert 0.99 <= kept < 1
    assert full.weights[np.isin(full.indices, part.indices)].min() >= np.sort(full.weights)[-len(part.weights)]
    farthest = ((points - OptimalDenoiser(points)(x[None], 0.4)) ** 2).sum(1).max()
    assert abs(full.trace - part.trace) <= 0.01 * farthest / 0.16 / 0.99  # the bound stated, renormalised
    assert len(part.weights) < len(full.weights)


def test_classes_see_their_own_points():
    points, labels = cloud(60, (3,)), np.arange(60) % 3
    found = PosteriorCovariance(OptimalDenoiser(points, labels), points, points[0], 0.8, 1)
    alone = covariance(points[labels == 1], points[0], 0.8)
    np.testing.assert_allclose(found.trace, alone.trace, rtol=1e-12)
    assert (labels[found.indices] == 1).all()


def test_the_symmetric_centre_loses_stability():
    # identity 36: with s0 = 0.3, ‖m‖ = 1, the top eigenvalue at 0 passes 1 at σ² = 1 − 0.09; of the mixture, exactly
    means = torch.tensor([[0.6, 0.8], [-0.6, -0.8]], dtype=torch.float64)
    mixture = MixtureDenoiser(means, 0.09)
    for share, above in ((0.99, True), (1.01, False)):
        sigma = share * (1 - 0.09) ** 0.5
        centre = torch.zeros(2, dtype=torch.float64)
        slope = torch.autograd.functional.jacobian(lambda z, s=sigma: mixture(z[None], s)[0], centre)
        assert bool(torch.linalg.eigvalsh(slope)[-1] > 1) == above
    # and of two points (s0 = 0): σ² = ‖m‖²
    points = means.numpy()
    assert covariance(points, np.zeros(2), 0.99).spectrum(1).values[0] > 1
    assert covariance(points, np.zeros(2), 1.01).spectrum(1).values[0] < 1


def test_what_does_not_fit_is_refused():
    points = cloud(5, (2,))
    optimal = OptimalDenoiser(points)
    with pytest.raises(ValueError, match="above 0"):
        PosteriorCovariance(optimal, points, points[0], 0.0)
    with pytest.raises(ValueError, match="tolerance"):
        PosteriorCovariance(optimal, points, points[0], 1.0, tolerance=1.0)
    with pytest.raises(ValueError, match="5 others"):
        PosteriorCovariance(optimal, points[:4], points[0], 1.0)
    with pytest.raises(ValueError, match="one query"):
        PosteriorCovariance(optimal, points, points, 1.0)
    with pytest.raises(ValueError, match="v has shape"):
        covariance(points, points[0], 1.0).times(np.zeros(3))
    with pytest.raises(ValueError, match="at least 1"):
        covariance(points, points[0], 1.0).spectrum(0)
