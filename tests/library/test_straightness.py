"""Straightness against closed forms, and what depends on the clock."""

from __future__ import annotations

import numpy as np
import pytest

import geomodel as gm
import resources


def test_a_line_at_even_speed_is_straight_in_any_units_of_time():
    times = np.array([0.0, 0.1, 0.7, 1.0]) * 5 - 2
    curve = np.array([1.0, 2.0])[None, None] + times[:, None, None] * np.array([[3.0, -1.0], [0.5, 0.0]])
    np.testing.assert_allclose(gm.geometry.straightness(curve, times), 0, atol=1e-28)
    np.testing.assert_allclose(gm.geometry.off_straight(curve, times), 0, atol=1e-14)
    assert (gm.geometry.straightness(curve, times**3 + 10 * times) > 1e-3).all()  # the same line at another pace


def test_a_parabola_in_closed_form():
    """a = (u, u²): ȧ − chord = (0, 2u − 1), S = ∫ (2u − 1)² = 1/3, and off the line by u − u²."""
    times = np.linspace(0.0, 1.0, 2001)
    curve = np.stack([times, times**2], -1)[:, None]
    assert gm.geometry.straightness(curve, times)[0] == pytest.approx(1 / 3, rel=1e-6)  # polygon: (2,000 steps)⁻²
    assert gm.geometry.straightness(curve[::-1], 7 - 3 * times[::-1])[0] == pytest.approx(1 / 3, rel=1e-6)
    np.testing.assert_allclose(gm.geometry.off_straight(curve, times)[:, 0], times - times**2, atol=1e-14)


def test_it_is_exact_for_a_polygon():
    times = np.array([0.0, 0.25, 1.0])
    curve = np.array([[[0.0]], [[1.0]], [[1.0]]])  # speed 4, then 0; the chord is 1
    assert gm.geometry.straightness(curve, times)[0] == pytest.approx(0.25 * 9 + 0.75 * 1)


def test_a_gaussian_in_flow_time_against_quadrature():
    """x(σ) = √(v + σ²) e, z = x/(1 + σ): ż by formula, S by quadrature."""
    from scipy.integrate import quad

    v, high, low = 0.5, 80.0, 0.002
    sigmas = gm.schedules.log_uniform(4000, low, high)
    z, t = gm.families.path(np.sqrt(v + sigmas**2)[:, None, None], sigmas, "flow")
    first, last, whole = t[0], t[-1], (z[-1] - z[0]).item()

    def rate(time):
        sigma = time / (1 - time)
        return sigma / np.sqrt(v + sigma**2) * (1 + sigma) - np.sqrt(v + sigma**2)

    span = last - first
    expected = quad(lambda u: (span * rate(first + span * u) - whole) ** 2, 0, 1, limit=200)[0]
    assert gm.geometry.straightness(z, t)[0] == pytest.approx(expected, rel=1e-4)  # of the polygon of 4,000 steps


def test_off_straight_is_at_least_the_deviation_from_the_line():
    rng = np.random.default_rng(0)
    curve, times = rng.normal(size=(9, 4, 3)), np.sort(rng.random(9))
    assert (gm.geometry.off_straight(curve, times) >= gm.geometry.deviation(curve) - 1e-12).all()


@pytest.mark.parametrize("times", [[0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 2.0, 1.0], [1.0, 1.0, 1.0], [0.0, np.nan, 1.0]])
def test_times_that_do_not_fit(times):
    for function in (gm.geometry.straightness, gm.geometry.off_straight):
        with pytest.raises(ValueError, match="times"):
            function(np.zeros((3, 1, 2)), times)


@pytest.mark.slow
def test_the_bundled_network_is_bent_in_flow_time_and_straight_in_sigma():
    """Measured with 16 seeds and 400 levels: S/d 0.082, S/‖chord‖² 0.062 (25 % off straight); x deviates by 0.49 %."""
    network = gm.load_checkpoint(str(resources.path("checkpoints", "fashion-mnist.safetensors")))
    levels = gm.schedules.karras(200)
    run = gm.sample(network, gm.noise(range(8), network.shape, 80.0), levels, solver="euler", display="off")
    z, t = gm.families.path(run.x, levels, "flow")
    chord = np.square(z[-1] - z[0]).reshape(8, -1).sum(1)
    found = gm.geometry.straightness(z, t)
    assert 0.07 < found.mean() / np.prod(network.shape) < 0.10
    assert 0.05 < found.sum() / chord.sum() < 0.08
    length = np.linalg.norm((run.x[-1] - run.x[0]).reshape(8, -1), axis=1)
    assert 0.003 < (gm.geometry.deviation(run.x).max(0) / length).mean() < 0.007
