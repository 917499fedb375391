"""The first step of the adaptive solvers, by the usual starting rule, on problems of DETEST with closed forms.

A problem y' = g(t, y) is that of the denoiser D = x + g(t, x) at t = −ln σ. Sources: Hull, Enright, Fellen and Sedgwick
1972 (classes A and D); Hairer, Nørsett and Wanner 1993, II.4, whose rule scipy has too.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import DOP853, RK45

import geomodel as gm
from geomodel import solvers
from geomodel.sampling import sample

NAMES = {"rk45": RK45, "dop853": DOP853}
END = 4.0


def kepler(eccentricity, time):
    """Position and velocity on the orbit that is at its nearest point at time 0, by Newton's method."""
    angle = time
    for _ in range(60):
        angle -= (angle - eccentricity * math.sin(angle) - time) / (1 - eccentricity * math.cos(angle))
    radius, minor = 1 - eccentricity * math.cos(angle), math.sqrt(1 - eccentricity**2)
    place = [math.cos(angle) - eccentricity, minor * math.sin(angle)]
    return np.array([*place, -math.sin(angle) / radius, minor * math.cos(angle) / radius])


def attraction(t, y):
    return torch.cat([y[:, 2:], -y[:, :2] / y[:, :2].norm(dim=1, keepdim=True) ** 3], dim=1)


PROBLEMS = {
    "A1": (lambda t, y: -y, lambda t: np.exp([-t])),
    "A2": (lambda t, y: -(y**3) / 2, lambda t: np.array([(1 + t) ** -0.5])),
    "A3": (lambda t, y: y * torch.cos(t), lambda t: np.exp(np.sin([t]))),
    "A4": (lambda t, y: y / 4 * (1 - y / 20), lambda t: 20 / (1 + 19 * np.exp([-t / 4]))),
    "D1": (attraction, lambda t: kepler(0.1, t)),
    "D3": (attraction, lambda t: kepler(0.5, t)),
    "D5": (attraction, lambda t: kepler(0.9, t)),
    "a fast start": (lambda t, y: -2e4 * t * torch.exp(-1e4 * t**2) + 0 * y, lambda t: np.exp([-1e4 * t**2])),
    "a fast decay": (lambda t, y: -100 * y**2, lambda t: np.array([1 / (1 + 100 * t)])),
}


def denoiser(rate):
    return lambda x, sigma: x + rate(-torch.log(sigma)[:, None], x)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_end_is_the_closed_form(problem, name, tolerance):
    rate, exact = PROBLEMS[problem]
    given = {"solver": name, "rtol": tolerance, "atol": tolerance, "display": "off"}
    found = sample(denoiser(rate), exact(0.0)[None], [1.0, math.exp(-END)], **given).x[-1, 0]
    # The control bounds the error of a step, which the orbits enlarge: measured 130 tolerances at most (D5, rk45).
    assert np.abs(found - exact(END)).max() < 300 * tolerance


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(("rtol", "atol"), [(1e-3, 1e-6), (1e-6, 1e-8), (1e-10, 1e-3)])
def test_the_first_width_is_scipys(problem, name, rtol, atol):
    rate, exact = PROBLEMS[problem]

    def slope(t, y):
        return rate(torch.tensor([[t]], dtype=torch.float64), torch.from_numpy(y)[None])[0].numpy()

    expected = NAMES[name](slope, 0.0, exact(0.0), END, rtol=rtol, atol=atol).h_abs
    rule, model = solvers.create(name, rtol=rtol, atol=atol), denoiser(rate)

    def ask(x, time, rows):
        return model(x, torch.exp(-time))

    begun = rule._first_width(ask, rule._begin(ask, torch.from_numpy(exact(0.0))[None], 0.0), END)
    assert float(begun.width) == pytest.approx(expected, rel=1e-9)
    assert begun.evaluations.tolist() == [2]


def test_each_sample_has_its_own_first_width_and_pays_one_evaluation():
    calls = []

    def model(x, sigma):
        calls.append(len(x))
        return x / (1 + sigma[:, None] ** 2)

    x = gm.noise(range(3), (2,), 5.0)
    together = sample(model, x, [5.0, 1.0], solver="dop853", display="off")
    spent = sum(calls)
    assert together.evaluations.sum() == spent
    for k in range(3):
        alone = sample(model, x[k : k + 1], [5.0, 1.0], solver="dop853", display="off")
        np.testing.assert_allclose(alone.x[-1, 0], together.x[-1, k], rtol=1e-14)
        assert alone.evaluations[0] == together.evaluations[k]


def test_a_state_of_zeros_and_a_still_denoiser_have_a_first_step():
    for model in (lambda x, sigma: torch.zeros_like(x), lambda x, sigma: x):
        found = sample(model, torch.zeros(1, 2), [5.0, 1.0], solver="rk45")
        assert not found.x.any()
