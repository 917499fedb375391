"""The exact curve under a step, against the closed form of a Gaussian and an independent solver."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from problems import Gaussian, exact_end, ring8

from geomodel.denoisers.mixture import MixtureDenoiser
from geomodel.randomness import noise
from geomodel.reference import FLOOR, SUBSTEPS, exact_curve

MEAN, VARIANCES = [1.0, -2.0], [0.5, 4.0]
MODEL = MixtureDenoiser([MEAN], [VARIANCES])
EXACT = Gaussian(torch.tensor(MEAN, dtype=torch.float64), torch.tensor(VARIANCES, dtype=torch.float64))


@pytest.mark.parametrize(("sigma", "sigma_next"), [(10.0, 5.0), (2.0, 0.5), (0.5, 0.4), (0.1, 0.01)])
def test_every_point_of_the_curve_is_on_the_closed_form(sigma, sigma_next):
    x = noise(range(3), (2,), sigma)
    curve = exact_curve(MODEL, x, sigma, sigma_next)
    assert (curve.shape, curve.dtype) == ((SUBSTEPS + 1, 3, 2), torch.float64)
    assert torch.equal(curve[0], x)
    levels = np.geomspace(sigma, sigma_next, SUBSTEPS + 1)
    expected = torch.stack([EXACT.solution(x, sigma, float(level)) for level in levels])
    # RK4 leaves h⁴/120 of the fifth derivative in log σ, of the size of x: h = ln(10)/32 and x of 0.3, or h = ln(2)/32
    # and x of 20, give 1e-7 at most; measured 9e-9.
    assert torch.allclose(curve, expected, rtol=0, atol=1e-7)


def test_the_error_falls_with_the_fourth_power_of_the_substep():
    x = noise(range(3), (2,), 2.0)
    exact = EXACT.solution(x, 2.0, 0.5)
    errors = [float((exact_curve(MODEL, x, 2.0, 0.5, n)[-1] - exact).abs().max()) for n in (8, 16, 32, 64)]
    orders = [math.log2(coarse / fine) for coarse, fine in pairwise(errors)]
    assert orders == pytest.approx([4, 4, 4], abs=0.1)  # the next term shifts the order by about 1/n


@pytest.mark.parametrize(("sigma", "sigma_next"), [(80.0, 30.0), (6.0, 2.0), (2.0, 1.0), (0.3, 0.1)])
def test_an_independent_solver_arrives_at_the_same_point(sigma, sigma_next):
    model, x = ring8(), noise(range(4), (2,), sigma)
    found = exact_curve(model, x, sigma, sigma_next)[-1]
    exact = exact_end(model, x, sigma, sigma_next)
    # Where the ring's modes separate the derivatives are largest: measured 3e-6 there, 3e-7 elsewhere.
    assert np.allclose(found, exact, rtol=0, atol=1e-5)
    # 16 times as many substeps: 16⁴ times nearer, 4e-11.
    assert np.allclose(exact_curve(model, x, sigma, sigma_next, 16 * SUBSTEPS)[-1], exact, rtol=0, atol=2e-10)


def test_an_interval_to_zero_ends_in_d():
    x = noise(range(3), (2,), 2.0)
    curve = exact_curve(MODEL, x, 2.0, 0.0)
    assert curve.shape == (SUBSTEPS + 1, 3, 2)
    before = EXACT.solution(x, 2.0, 2.0 * FLOOR)
    # The whole way in 32 substeps of ln(10⁴)/32: measured 9e-6.
    assert torch.allclose(curve[-1], EXACT(before, 2.0 * FLOOR), rtol=0, atol=1e-4)
    fine = exact_curve(MODEL, x, 2.0, 0.0, 16 * SUBSTEPS)
    assert torch.allclose(fine[-1], EXACT(before, 2.0 * FLOOR), rtol=0, atol=1e-9)  # 16⁴ times nearer
    # D(x; σ) at σ = 2e-4 differs from x at 0 by σ²/2v of x − m: 4e-8 times numbers of size 3.
    assert torch.allclose(fine[-1], EXACT.solution(x, 2.0, 0.0), rtol=0, atol=2e-7)


def test_the_end_of_an_interval_to_zero_is_an_answer_of_the_model():
    answers = []

    def model(x, sigma):
        answers.append((EXACT(x, sigma), sigma))
        return answers[-1][0]

    x = noise(0, (2,), 2.0)
    end = exact_curve(model, x, 2.0, 0.0, 8)[-1]
    assert torch.equal(end, answers[-1][0])
    assert answers[-1][1] == pytest.approx(2.0 * FLOOR, rel=1e-15)
    assert len(answers) == 4 * 8 + 1
