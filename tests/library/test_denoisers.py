"""Gaussian mixtures against closed forms, Tweedie's formula and quadrature; guidance against its identities."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from geomodel.denoisers.guided import Guided
from geomodel.denoisers.mixture import MixtureDenoiser
from geomodel.denoisers.optimal import OptimalDenoiser


def _cloud(count, shape, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((count, *shape))


@pytest.mark.parametrize("sigma", [0.0, 0.1, 3.0, 80.0])
def test_one_gaussian_is_the_closed_form(sigma):
    mean, variance = _cloud(1, (1, 4, 3)), np.exp(_cloud(1, (1, 4, 3), seed=1))
    x = _cloud(5, (1, 4, 3), seed=2, scale=1 + sigma)
    expected = (sigma**2 * mean + variance * x) / (variance + sigma**2)
    # a handful of roundings of numbers as large as x
    np.testing.assert_allclose(MixtureDenoiser(mean, variance)(x, sigma), expected, rtol=0, atol=1e-14 * (1 + sigma))
    logs = stats.norm.logpdf(x, mean, np.sqrt(variance + sigma**2)).sum((1, 2, 3))
    np.testing.assert_allclose(MixtureDenoiser(mean, variance).log_density(x, sigma), logs, rtol=1e-13)


@pytest.mark.parametrize("variances", [0.3, np.array([0.1, 0.5, 2.0]), np.exp(_cloud(3, (2,), seed=4))])
@pytest.mark.parametrize("sigma", [0.02, 0.5, 20.0])
def test_mixture_obeys_tweedie(variances, sigma):
    mixture = MixtureDenoiser(_cloud(3, (2,), scale=2.0), variances, weights=[1.0, 2.0, 5.0])
    x = torch.from_numpy(_cloud(40, (2,), seed=3, scale=2 + sigma)).requires_grad_()
    (score,) = torch.autograd.grad(mixture.log_density(x, sigma).sum(), x)
    # σ² times the score cancels x at large σ: a few roundings of |x|
    torch.testing.assert_close(mixture(x, sigma), x + sigma**2 * score, rtol=0, atol=1e-13 * (1 + sigma))


@pytest.mark.parametrize("sigma", [0.3, 1.0, 5.0])
def test_mixture_is_the_integral_in_one_dimension(sigma):
    means, variances, weights = np.array([[-2.0], [0.5], [3.0]]), np.array([0.2, 1.0, 0.05]), np.array([0.2, 0.5, 0.3])
    mixture = MixtureDenoiser(means, variances, weights)
    for x in (-4.0, 0.1, 2.5):

        def joint(clean, x=x):
            prior = (weights * stats.norm.pdf(clean, means[:, 0], np.sqrt(variances))).sum()
            return prior * stats.norm.pdf(x, clean, sigma)

        mass, _ = integrate.quad(joint, -12, 12, points=[-2, 0.5, 3, x], epsabs=1e-13, epsrel=1e-12, limit=200)
        first, _ = integrate.quad(
            lambda y, f=joint: y * f(y), -12, 12, points=[-2, 0.5, 3, x], epsabs=1e-13, epsrel=1e-12, limit=200
        )
        # quadrature to 1e-12 of masses that are at least 1e-3
        assert mixture(np.array([[x]]), sigma)[0, 0] == pytest.approx(first / mass, abs=1e-8)
        assert mixture.log_density(np.array([[x]]), sigma)[0] == pytest.approx(math.log(mass), abs=1e-8)


def test_narrow_mixture_is_the_optimal_denoiser():
    points, x = _cloud(30, (3,)), _cloud(50, (3,), seed=1, scale=2.0)
    # the variance 1e-24 shifts D by v/σ² = 1e-22 of |x − y|: what remains are the roundings of the logits
    narrow, exact = MixtureDenoiser(points, 1e-24)(x, 0.1), OptimalDenoiser(points)(x, 0.1)
    np.testing.assert_allclose(narrow, exact, rtol=0, atol=1e-10)


def test_mixture_shares_and_samples(monkeypatch):
    mixture = MixtureDenoiser([[0.0, 0.0], [6.0, 0.0]], [1.0, 0.25], weights=[3, 1])
    assert mixture.weights.tolist() == [0.75, 0.25]
    x = torch.from_numpy(_cloud(20, (2,), scale=5.0))
    whole, shares = mixture(x, 0.7), mixture.responsibilities(x, 0.7)
    torch.testing.assert_close(shares.sum(1), torch.ones(20, dtype=torch.float64), rtol=0, atol=1e-15)
    monkeypatch.setattr("geomodel.denoisers.mixture._NUMBERS_AT_ONCE", 12)  # three rows at a time
    torch.testing.assert_close(mixture(x, 0.7), whole, rtol=0, atol=1e-14)  # the order of a product's sums may differ
    drawn = mixture.sample(20_000, seed=5)
    np.testing.assert_array_equal(drawn, mixture.sample(20_000, seed=5))
    # five standard errors: mean 1.5 (deviation 2.8 in x), variances 0.75·1 + 0.25·0.25 + 36·3/16 and 0.8125
    assert drawn.mean(0) == pytest.approx([1.5, 0.0], abs=5 * 2.8 / math.sqrt(20_000))
    assert drawn.var(0) == pytest.approx([7.5625, 0.8125], rel=0.06)


@pytest.mark.parametrize(
    ("means", "variances", "weights"),
    [
        ([0.0, 1.0], 1.0, None),
        ([[0.0]], 0.0, None),
        ([[0.0]], -1.0, None),
        ([[math.nan]], 1.0, None),
        ([[0.0], [1.0]], [1.0, 1.0, 1.0], None),
        ([[0.0], [1.0]], 1.0, [1.0]),
        ([[0.0], [1.0]], 1.0, [1.0, -0.5]),
        ([[0.0], [1.0]], 1.0, [0.0, 0.0]),
    ],
)
def test_mixture_refuses(means, variances, weights):
    with pytest.raises(ValueError):
        MixtureDenoiser(means, variances, weights)


def test_guidance_identities():
    points, x = _cloud(60, (2,)), _cloud(8, (2,), seed=1)
    optimal = OptimalDenoiser(points, np.arange(60) % 2)
    labels, none = np.arange(8) % 2, np.full(8, -1)
    conditional, unconditional = optimal(x, 0.7, labels=labels), optimal(x, 0.7)
    np.testing.assert_array_equal(Guided(optimal, 1.0)(x, 0.7, labels=labels), conditional)
    np.testing.assert_array_equal(Guided(optimal, 0.0)(x, 0.7, labels=labels), unconditional)
    np.testing.assert_allclose(Guided(optimal, 5.0)(x, 0.7, labels=none), unconditional, rtol=0, atol=1e-15)
    triple = unconditional + 3 * (conditional - unconditional)
    np.testing.assert_array_equal(Guided(optimal, 3.0)(x, 0.7, labels=labels), triple)
    inside = Guided(optimal, 3.0, interval=(0.7, 2.0))
    np.testing.assert_array_equal(inside(x, 0.7, labels=labels), triple)
    np.testing.assert_array_equal(inside(x, 0.69, labels=labels), optimal(x, 0.69, labels=labels))
    mixed = inside(x, np.array([0.7, 3.0] * 4), labels=labels)
    np.testing.assert_allclose(mixed[::2], triple[::2], rtol=0, atol=1e-14)  # another batch, another summing order
    np.testing.assert_allclose(mixed[1::2], optimal(x, 3.0, labels=labels)[1::2], rtol=0, atol=1e-14)
    assert (inside.shape, inside.num_classes, inside.analytic) == ((2,), 2, True)
    assert [inside.calls_at(s) for s in (0.5, 0.7, 2.0, 2.1)] == [1, 2, 2, 1]
    assert Guided(optimal, 1.0).calls_at(1.0) == 1
    with pytest.raises(ValueError, match="needs labels"):
        inside(x, 1.0)


@pytest.mark.parametrize(("scale", "interval"), [(math.nan, None), (2.0, (2.0, 1.0)), (2.0, (-1.0, 1.0))])
def test_guidance_refuses(scale, interval):
    with pytest.raises(ValueError):
        Guided(OptimalDenoiser([[0.0]]), scale, interval)
