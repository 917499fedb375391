"""Ends of interpolated latents: a Gaussian in closed form, the nearest data by brute force, and what has no answer."""

from __future__ import annotations

import numpy as np
import pytest

import geomodel as gm
from geomodel.experiments.interpolation import interpolate
from geomodel.interpolation import KINDS, between

RANDOM = np.random.default_rng(0)
CENTER = np.array([1.0, -2.0, 0.5])
VARIANCES = np.array([4.0, 1.0, 0.25])
GAUSSIAN = gm.MixtureDenoiser(CENTER[None], VARIANCES[None])
Z1, Z2 = RANDOM.standard_normal((2, 3))
AMOUNTS = [0.0, 0.25, 0.5, 1.0]
LEVELS = gm.schedules.karras(60, 0.01, 20.0)


def test_a_gaussian_maps_latents_by_a_number_along_each_axis():
    """x(σ') − μ = √((λ + σ'²)/(λ + σ²)) (x(σ) − μ), so every end is known for every latent."""
    found = interpolate(GAUSSIAN, Z1, Z2, AMOUNTS, LEVELS, center=CENTER)
    factor = 20.0 * np.sqrt((VARIANCES + 0.01**2) / (VARIANCES + 20.0**2))
    for kind, norms, ends, away in zip(KINDS, found.norms, found.ends, found.away, strict=True):
        latents = between(Z1, Z2, AMOUNTS, kind)
        np.testing.assert_allclose(norms, np.linalg.norm(latents, axis=1) / np.sqrt(3), rtol=1e-14)
        # Heun's error over 60 steps is about 1e-3 of the end; a quarter of it or less is the steps'
        np.testing.assert_allclose(ends, CENTER + factor * latents, rtol=4e-3, atol=2e-3)
        np.testing.assert_allclose(away, np.linalg.norm(ends - CENTER, axis=1), rtol=1e-14)
    assert np.isnan(found.nearest).all()
    assert found.amounts.tolist() == AMOUNTS


def test_ends_are_measured_from_the_mean_and_to_the_nearest_data():
    points = RANDOM.standard_normal((50, 3))
    optimal = gm.OptimalDenoiser(points)
    found = interpolate(GAUSSIAN, Z1, Z2, AMOUNTS, LEVELS, center=CENTER, mean=np.zeros(3), optimal=optimal)
    apart = np.linalg.norm(found.ends[:, :, None] - points, axis=3)
    np.testing.assert_allclose(found.nearest, apart.min(axis=2), rtol=1e-12)
    np.testing.assert_allclose(found.away, np.linalg.norm(found.ends, axis=2), rtol=1e-14)


def test_a_class_moves_the_samples():
    points, classes = RANDOM.standard_normal((40, 3)), np.arange(40) % 4
    found = interpolate(gm.OptimalDenoiser(points, classes), Z1, Z2, [0.5], LEVELS, labels=2)
    own = interpolate(gm.OptimalDenoiser(points[classes == 2]), Z1, Z2, [0.5], LEVELS)
    np.testing.assert_allclose(found.ends, own.ends, rtol=1e-12)


def test_the_nearest_are_looked_for_in_a_class():
    points, classes = RANDOM.standard_normal((40, 3)), np.arange(40) % 4
    optimal = gm.OptimalDenoiser(points, classes)
    found = interpolate(GAUSSIAN, Z1, Z2, AMOUNTS, LEVELS, optimal=optimal, data_labels=2)
    apart = np.linalg.norm(found.ends[:, :, None] - points[classes == 2], axis=3)
    np.testing.assert_allclose(found.nearest, apart.min(axis=2), rtol=1e-12)


def test_images_keep_their_shape():
    images = RANDOM.standard_normal((9, 1, 2, 3))
    optimal = gm.OptimalDenoiser(images)
    found = interpolate(optimal, *images[:2], [0.2, 0.8], LEVELS, mean=images.mean(axis=0), optimal=optimal)
    assert found.ends.shape == (3, 2, 1, 2, 3)
    flat = found.ends.reshape(3, 2, 1, 6)
    apart = np.linalg.norm(flat - images.reshape(9, 6), axis=3)
    np.testing.assert_allclose(found.nearest, apart.min(axis=2), rtol=1e-9)


def test_a_way_without_a_latent_has_no_end():
    found = interpolate(GAUSSIAN, Z1, -Z1, AMOUNTS, LEVELS, optimal=gm.OptimalDenoiser(np.zeros((1, 3))))
    lost = KINDS.index("spherical")
    for values in (found.norms, found.ends, found.away, found.nearest):
        assert np.isnan(values[lost]).all()
        assert np.isfinite(np.delete(values, lost, 0)).all()
    assert found.norms[0, 2] == 0  # the linear way passes through the centre


def test_refusals_and_cancel():
    with pytest.raises(ValueError, match="draws noise of its own"):
        interpolate(GAUSSIAN, Z1, Z2, AMOUNTS, LEVELS, solver="euler_maruyama")
    with pytest.raises(ValueError, match="numbers from 0 to 1"):
        interpolate(GAUSSIAN, Z1, Z2, [], LEVELS)
    seen = []
    interpolate(GAUSSIAN, Z1, Z2, [0.5], [4.0, 2.0, 0.0], solver="euler", progress=lambda *at: seen.append(at))
    assert seen == [(0, 0.0), (0, 0.5)]
