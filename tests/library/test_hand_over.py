"""Hand-over against relays to the bit and closed forms of Gaussians, and on the bundled network."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import geomodel as gm
import resources
from geomodel.denoisers.mixture import MixtureDenoiser
from geomodel.experiments import hand_over

SIGMAS = gm.schedules.karras(6, 0.05, 8.0)


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shift", [0.0, 1e5])
def test_it_is_a_relay_in_euler_steps_to_the_bit(reverse, final, shift):
    sigmas = np.append(SIGMAS, 0.0) if final else SIGMAS
    points = shift + np.random.default_rng(0).normal(size=(9, 3))
    model, other = gm.OptimalDenoiser(points), MixtureDenoiser([[shift] * 3], 1.0)
    x = shift + 8 * np.random.default_rng(1).normal(size=(4, 3))
    found = hand_over(model, other, x, sigmas, reverse=reverse)
    np.testing.assert_array_equal(found.own, gm.sample(model, x, sigmas, solver="euler").x[-1])
    np.testing.assert_array_equal(found.sigmas, sigmas[:-1])
    above, below = (model, other) if reverse else (other, model)
    for at, sigma in enumerate(sigmas[:-1]):
        relay = gm.Relay([(sigma, above), (0.0, below)])
        end = gm.sample(relay, x, sigmas, solver="euler").x[-1]
        np.testing.assert_array_equal(found.ends[at], end)
        apart = np.linalg.norm(end - found.own, axis=1)
        np.testing.assert_allclose(found.distances[at], apart, rtol=1e-12)
        assert found.distance[at] == pytest.approx(apart.mean(), rel=1e-12)


def test_two_gaussians_in_closed_form():
    """A step of a centred Gaussian of variance v multiplies x by 1 + (σ' − σ) σ/(v + σ²)."""
    first, second = MixtureDenoiser([[0.0]], 4.0), MixtureDenoiser([[0.0]], 0.5)

    def factors(v):
        return 1 + np.diff(SIGMAS) * SIGMAS[:-1] / (v + SIGMAS[:-1] ** 2)

    x = np.array([[1.0], [-2.0], [6.0]])
    found = hand_over(first, second, x, SIGMAS, [4, 0])
    own, upper = np.prod(factors(4.0)), factors(0.5)
    for row, h in enumerate((4, 0)):
        shared = np.prod(upper[: h + 1]) * np.prod(factors(4.0)[h + 1 :])
        np.testing.assert_allclose(found.distances[row], np.abs(x[:, 0]) * abs(shared - own), rtol=1e-12)
    assert found.between == pytest.approx(own * (3 + 5 + 8) / 3, rel=1e-12)


def test_a_model_that_stands_in_for_itself_changes_nothing():
    model = MixtureDenoiser([[1.0, 0.0]], 1.0)
    found = hand_over(model, model, torch.ones(1, 2), SIGMAS)
    np.testing.assert_array_equal(found.distances, 0)
    assert math.isnan(found.between)  # of one sample


def test_progress_counts_evaluations_and_cancels():
    model, seen = MixtureDenoiser([[0.0]], 1.0), []
    hand_over(model, model, np.ones((2, 1)), SIGMAS, [1, 5], progress=lambda _, share: seen.append(share))
    np.testing.assert_allclose(seen, np.arange(16) / 16)  # 6 + 6 for both alone, 4 + 0 for the rest

    def stop(_lane, share):
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hand_over(model, model, np.ones((2, 1)), SIGMAS, [1, 5], progress=stop)


@pytest.mark.parametrize("at", [[], [6], [-1], [[0]]])
def test_a_hand_over_is_after_a_step(at):
    model = MixtureDenoiser([[0.0]], 1.0)
    with pytest.raises(ValueError, match="steps 0 to 5"):
        hand_over(model, model, np.ones((2, 1)), SIGMAS, at)


@pytest.mark.slow
def test_the_bundled_network_can_be_reached_in_one_jump_of_a_gaussian():
    """Measured with 16 samples, of a norm of 22: .03 at 50, .17 at 30, .47 at 17.5, 1.6 at 9.7, 4.6 at 5.1 and 7.4 at
    2.5; the network above and the Gaussian below: 6.1 at 0.74, 2.6 at 0.17, 0.47 at 0.026. 8 samples move the small
    ones by a third.
    """
    data = gm.datasets.load("fashion-mnist")
    network = gm.load_checkpoint(str(resources.path("checkpoints", "fashion-mnist.safetensors")))
    gaussian, x = gm.theories.build("gaussian", data), gm.noise(range(8), (1, 28, 28), 80.0)
    wanted = np.array([30.0, 17.5, 9.7, 5.1, 2.5, 0.74, 0.17, 0.026])
    sigmas = np.unique(np.concatenate([gm.schedules.karras(24, 0.002, 80.0), wanted]))[::-1]
    at = np.flatnonzero(np.isin(sigmas, wanted))
    with torch.no_grad():
        found = hand_over(network, gaussian, x, sigmas, at[:5])
        below = hand_over(network, gaussian, x, sigmas, at[5:] - 1, reverse=True)  # the Gaussian is asked from there on
    assert 20 < np.linalg.norm(found.own.reshape(8, -1), axis=1).mean() < 25
    assert 18 < found.between < 25
    assert 0.05 < found.distance[0] < 0.25
    np.testing.assert_allclose(found.distance[1:], [0.35, 1.4, 4.6, 7.3], rtol=0.3)  # of these 8
    np.testing.assert_allclose(below.distance, [6.1, 2.6, 0.47], rtol=0.4)
