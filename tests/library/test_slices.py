"""The slice through a sample: its logits, density and denoiser against the whole space."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.density import density_image, grid_points, plane_denoised
from geomodel.projection import principal_components
from geomodel.slices import NEGLIGIBLE, Slice


@pytest.fixture
def cloud():
    rng = np.random.default_rng(0)
    return rng.standard_normal((200, 3, 4)) * np.linspace(2, 0.3, 12).reshape(3, 4)


@pytest.fixture
def cut(cloud):
    basis = principal_components(cloud)
    x = cloud[7] + 0.4 * np.random.default_rng(1).standard_normal((3, 4))
    return Slice.through(x, basis, cloud, basis.project(cloud))


def test_squared_distances_split_into_plane_and_outside(cut, cloud):
    c = np.random.default_rng(2).standard_normal((5, 2))
    lifted = cut.lift(c)
    direct = ((lifted[:, None] - cloud[None]) ** 2).sum((2, 3))
    split = ((c[:, None] - cut.points[None]) ** 2).sum(2) + cut.outside
    # Rounding of sums of twelve squares of size one to ten.
    assert np.allclose(split, direct, rtol=1e-12, atol=1e-12)


def test_the_sample_lies_on_its_own_slice(cut):
    here = cut.basis.project(cut.x)[None]
    assert np.allclose(cut.lift(here)[0], cut.x, atol=1e-14)
    assert np.allclose(cut.basis.project(cut.lift(np.ones((1, 2)))), np.ones((1, 2)), atol=1e-13)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 3.0])
def test_the_planes_denoiser_is_the_projected_one(cut, cloud, sigma):
    rect = (-3.0, -3.0, 6.0, 6.0)
    at = grid_points(rect, 5, 4)
    points, logs = cut.kernels(sigma, rect)
    on_plane = plane_denoised(points, 0.0, None, sigma, at, log_weights=logs)
    full = OptimalDenoiser(torch.as_tensor(cloud))(cut.lift(at), sigma)
    # Logits reach 1e4 at sigma = 0.05, each rounded to 1e-16 relative: weights to 1e-12, and points of size five.
    assert np.allclose(on_plane, cut.basis.project(full), atol=1e-10)


@pytest.mark.parametrize("sigma", [0.3, 2.0])
def test_the_density_on_the_slice_is_that_of_the_space(cut, cloud, sigma):
    rect = (-0.5, 0.5, 1.0, 1.0)
    points, logs = cut.kernels(sigma, rect)
    image = density_image(points, 0.0, None, sigma, rect, (40, 40), log_weights=logs)
    at = grid_points(rect, 40, 40)
    full = OptimalDenoiser(torch.as_tensor(cloud)).posterior(cut.lift(at), sigma).log_density.numpy()
    # Pixels of h = 0.025: down to -25 nats the slope of log p is below sqrt(50)/sigma, the mean within (slope h)²/24.
    seen = image.ravel() > -25  # the image is clamped at -30
    assert seen.any()
    assert np.allclose(image.ravel()[seen], (full - full.max())[seen], atol=0.02)


def test_what_is_left_out_cannot_carry_weight(cut, cloud):
    rect = (-1.0, -1.0, 2.0, 2.0)
    sigma = 0.2
    points, _ = cut.kernels(sigma, rect)
    assert len(points) < len(cloud)
    at = grid_points(rect, 9, 9)
    logits = -(((at[:, None] - cut.points[None]) ** 2).sum(2) + cut.outside) / (2 * sigma**2)
    kept = np.isin(cut.points[:, 0], points[:, 0])
    assert (logits[:, ~kept] < logits.max(1, keepdims=True) - NEGLIGIBLE).all()


def test_the_marginal_field_is_the_mean_projected_slope():
    """The tower property: (c − D₂(c))/σ over the projected data is the mean of Eᵀ(x − D*(x))/σ over x with Eᵀx = c.

    Given c, a data point i has the weight of its projection, and x = Ec + its part off the plane + noise off the plane.
    """
    rng = np.random.default_rng(4)
    points, sigma, draws = rng.normal(size=(6, 5)) * 2, 1.5, 400_000
    plane = np.linalg.qr(rng.normal(size=(5, 2)))[0].T  # E, (2, 5)
    c = np.array([0.4, -0.7])
    optimal, projected = OptimalDenoiser(points), points @ plane.T
    marginal = (c - OptimalDenoiser(projected)(c[None], sigma)[0]) / sigma
    logits = -((c - projected) ** 2).sum(1) / (2 * sigma**2)
    weights = np.exp(logits - logits.max())
    chosen = rng.choice(6, size=draws, p=weights / weights.sum())
    noisy = points[chosen] + sigma * rng.normal(size=(draws, 5))
    x = noisy - noisy @ plane.T @ plane + c @ plane
    slopes = (x - optimal(x, sigma)) @ plane.T / sigma
    error = slopes.std(axis=0) / np.sqrt(draws)
    assert (np.abs(slopes.mean(axis=0) - marginal) < 4 * error).all()
    single = np.abs(slopes - marginal).max()
    assert single > 20 * error.max()  # single trajectories do not follow it
