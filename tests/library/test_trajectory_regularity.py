"""The common shape of the bundled network's trajectories and of their controls: 50 seeds, 100 Euler steps, ρ = 7.

The ranges hold what differs between machines in float32, and what 50 other seeds would change: shares by one point,
residuals by a tenth.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import geomodel as gm
import resources
from geomodel import geometry
from geomodel.experiments import gaussian_curve, random_walk

pytestmark = pytest.mark.slow
SEEDS = range(50)


@pytest.fixture(scope="module")
def data():
    return gm.datasets.load("fashion-mnist")


@pytest.fixture(scope="module")
def x():
    """x (101, 50, 1, 28, 28) of the network. It is the whole cost of this file."""
    model = gm.load_checkpoint(resources.path("checkpoints", "fashion-mnist.safetensors"))
    sigmas = gm.schedules.karras(100)
    with torch.no_grad():
        return gm.sample(model, gm.noise(SEEDS, model.shape, 80.0), sigmas, solver="euler").x


@pytest.fixture(scope="module")
def axes(x):
    return geometry.subspace(x)


@pytest.fixture(scope="module")
def gaussian(x, data):
    return geometry.subspace(gaussian_curve(data.fitted(False), x[0], gm.schedules.karras(100)))


def shares(axes):
    """Mean cumulative shares, in per cent."""
    return 100 * np.cumsum(axes.explained, axis=1).mean(axis=0)


def test_two_components_have_almost_all_of_the_complement(axes):
    first, both = shares(axes)
    assert first == pytest.approx(90.6, abs=1.0)
    assert both == pytest.approx(98.8, abs=0.5)


def test_a_walk_with_the_same_steps_has_half_in_one_component(x):
    first, both = shares(geometry.subspace(random_walk(x, list(SEEDS))))
    assert first == pytest.approx(49, abs=1.5)
    assert both == pytest.approx(68, abs=1.5)


def test_residuals_to_the_mean_shape(axes):
    signs, turned = (geometry.shape(axes.across, turns=turns) for turns in ("signs", "orthogonal"))
    assert signs.residual == pytest.approx(0.219, abs=0.015)
    assert turned.residual == pytest.approx(0.216, abs=0.015)  # Procrustes adds little to signs
    assert turned.equal_residual == pytest.approx(0.077, abs=0.008)
    assert turned.spread == pytest.approx(0.20, abs=0.02)
    assert turned.reflections == 0


def test_the_mean_shape_is_that_of_the_gaussian_of_the_data(axes, gaussian):
    means = [geometry.shape(found.across).alignment.mean for found in (axes, gaussian)]
    distance, scale = geometry.shape_distance(*means)
    assert distance == pytest.approx(0.033, abs=0.01)
    assert scale == pytest.approx(1.09, abs=0.03)


def test_the_displacement_is_the_noise(axes):
    """The chord is ‖x_0 − x_N‖ ≈ T √d, the noise's own length, which is √(1/2d) off, and its mean √(1/100d)."""
    assert np.mean(axes.chord) / (80 * np.sqrt(784)) == pytest.approx(1.0, abs=0.01)
