"""Interpolated latents: laws of their norms, their ends, and what has no answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel.interpolation import KINDS, between, combine

Z1, Z2 = np.random.default_rng(0).standard_normal((2, 3, 4, 4))


@pytest.mark.parametrize("kind", KINDS)
def test_it_begins_at_the_first_and_ends_at_the_second(kind):
    found = between(Z1, Z2, [0.0, 0.3, 1.0], kind)
    assert (found.shape, found.dtype) == ((3, 3, 4, 4), np.float64)
    np.testing.assert_allclose(found[0], Z1, atol=1e-14)
    np.testing.assert_allclose(found[2], Z2, atol=1e-14)
    np.testing.assert_allclose(between(Z2, Z1, 0.7, kind), found[1], atol=1e-14)  # from the other side
    np.testing.assert_array_equal(between(torch.as_tensor(Z1), torch.as_tensor(Z2), 0.3, kind), found[1])


@pytest.mark.parametrize(("kind", "expected"), [("linear", 0.5), ("spherical", 1.0), ("in-distribution", 1.0)])
def test_the_variance_at_the_middle_in_many_dimensions(kind, expected):
    """Identity 24 of the papers, d = 3,072: 0.50, 1.00, 1.00."""
    pairs = np.random.default_rng(1).standard_normal((200, 2, 3072))
    middles = np.stack([between(*pair, 0.5, kind) for pair in pairs])
    assert middles.var() == pytest.approx(expected, rel=5 * np.sqrt(2 / middles.size))  # five standard errors


def test_in_two_dimensions_only_one_keeps_the_variance():
    pairs = np.random.default_rng(2).standard_normal((20_000, 2, 2))
    variances = {kind: np.var([between(*pair, 0.5, kind) for pair in pairs]) for kind in KINDS}
    assert variances["linear"] == pytest.approx(0.5, rel=0.05)
    assert variances["in-distribution"] == pytest.approx(1.0, rel=0.05)
    assert variances["spherical"] > 2  # two latents that are nearly opposite pass far outside


def test_the_spherical_way_is_an_arc():
    first, second = np.array([2.0, 0.0]), 2 * np.array([np.cos(1.2), np.sin(1.2)])
    for amount in (0.25, 0.5, 0.9):
        expected = 2 * np.array([np.cos(1.2 * amount), np.sin(1.2 * amount)])
        np.testing.assert_allclose(between(first, second, amount, "spherical"), expected, atol=1e-14)


def test_ways_without_an_angle():
    np.testing.assert_allclose(between(Z1, Z1, 0.4, "spherical"), Z1)
    assert np.isnan(between(Z1, -Z1, 0.4, "spherical")).all()
    assert np.isnan(between(Z1, 0 * Z1, 0.4, "spherical")).all()
    np.testing.assert_allclose(between(Z1, 3 * Z1, 0.5, "spherical"), 2 * Z1)


def test_combining_is_interpolating_in_distribution_and_keeps_the_law():
    for amount in (0.0, 0.2, 0.5, 1.0):
        np.testing.assert_allclose(combine([1 - amount, amount], [Z1, Z2]), between(Z1, Z2, amount), atol=1e-15)
    latents = np.random.default_rng(3).standard_normal((5, 40_000))
    weights = np.array([[1.0, 2.0, -3.0, 0.5, 0.0], [1, 1, 1, 1, 1]])
    found = combine(weights, latents)
    assert found.shape == (2, 40_000)
    np.testing.assert_allclose(found.var(axis=1), 1.0, rtol=5 * np.sqrt(2 / 40_000))
    np.testing.assert_allclose(found[1], latents.sum(axis=0) / np.sqrt(5))
    np.testing.assert_allclose(combine(weights[0] * 7, latents), found[0])  # the scale of the weights is no matter


def test_refusals():
    with pytest.raises(ValueError, match="must be equal"):
        between(Z1, Z2[0], 0.5)
    with pytest.raises(ValueError, match="linear, spherical, in-distribution"):
        between(Z1, Z2, 0.5, "cubic")
    with pytest.raises(ValueError, match="one weight a latent"):
        combine([1, 2, 3], [Z1, Z2])
    with pytest.raises(ValueError, match="All weights are 0"):
        combine([[1, 0], [0, 0]], [Z1, Z2])
    assert gm.interpolation.between is between
