"""The linear picture of latents."""

from __future__ import annotations

import numpy as np
import pytest

from geomodel.latents import preview


def test_each_colour_is_a_sum_of_channels():
    latents = np.random.default_rng(1).normal(size=(2, 5, 4, 3, 6))
    found = preview(latents, "sd")
    assert found.shape == (2, 5, 3, 3, 6)
    red = 0.3512 * latents[:, :, 0] + 0.3250 * latents[:, :, 1] - 0.2829 * latents[:, :, 2] - 0.2120 * latents[:, :, 3]
    blue = 0.3227 * latents[:, :, 0] + 0.2350 * latents[:, :, 1] + 0.2721 * latents[:, :, 2] - 0.7177 * latents[:, :, 3]
    np.testing.assert_allclose(found[:, :, 0], red)
    np.testing.assert_allclose(found[:, :, 2], blue)


def test_latents_of_edm2_are_brought_to_the_others_first():
    """Their zero is the mean latent, and 0.5 one standard deviation of the encoder's output."""
    assert np.allclose(preview(np.zeros((4, 1, 1)), "edm2"), preview(0.18215 * mean()[:, None, None], "sd"))
    one = mean() + np.array([4.17, 4.62, 3.71, 3.28])
    assert np.allclose(preview(np.full((4, 1, 1), 0.5), "edm2"), preview(0.18215 * one[:, None, None], "sd"))


def mean():
    return np.array([5.81, 3.25, 0.12, -2.15])


def test_what_is_no_latent():
    with pytest.raises(ValueError, match=r"got \(3, 8, 8\)"):
        preview(np.zeros((3, 8, 8)), "sd")
    with pytest.raises(ValueError, match="is 'flux'; known are: sd, edm2"):
        preview(np.zeros((4, 8, 8)), "flux")
