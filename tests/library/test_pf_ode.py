"""Total variation of convergence theory's samplers against tables, recursions, quadrature and particles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

import geomodel as gm
from geomodel import pf_ode
from geomodel.pf_ode import bound_shape, oscillating, slopes, total_variation

STEPS = np.array([100, 200, 400, 800, 1600, 3200])
DIMENSIONS = np.array([1, 16, 256])[:, None]
TABLES = {  # at v = 1/4, three digits
    "ode": [
        [0.138, 0.0861, 0.0529, 0.0320, 0.0191, 0.0113],
        [0.577, 0.382, 0.241, 0.147, 0.0881, 0.0520],
        [0.999, 0.956, 0.784, 0.546, 0.345, 0.208],
    ],
    "sde": [
        [0.0273, 0.0157, 0.0089, 0.0050, 0.0027, 0.0015],
        [0.1257, 0.0724, 0.0410, 0.0229, 0.0126, 0.0069],
        [0.477, 0.286, 0.164, 0.092, 0.051, 0.028],
    ],
}
SCORE_ERRORS = (0.0, 0.01, 0.02, 0.04, 0.08)
WITH_ERROR = {"ode": [0.052, 0.154, 0.350, 0.668, 0.953], "sde": [0.007, 0.015, 0.037, 0.079, 0.158]}
both_samplers = pytest.mark.parametrize("sampler", pf_ode.SAMPLERS)


def recursion(steps, variance, score_error, sampler):
    """Variance produced and variance wanted, step by step as the definitions say."""
    rate = 4 * math.log(steps) / steps
    b = [steps**-2.0]
    b += [rate * min(b[0] * (1 + rate) ** t, 1.0) for t in range(1, steps)]
    kept, var = 1.0, []
    for each in b:
        kept *= 1 - each
        var.append(kept * variance + 1 - kept)
    w = 1.0
    for t in range(steps - 1, 0, -1):
        slope = -(1 + score_error) / var[t]
        if sampler == "ode":
            w = (1 + b[t] / 2 * slope) ** 2 * w / (1 - b[t])
        else:
            w = ((1 + b[t] * slope) ** 2 * w + b[t]) / (1 - b[t])
    return w, var[0]


def between(a, b, dimension):
    """TV of N(0, aI) and N(0, bI) by the radius at which their densities are equal."""
    a, b = max(a, b), min(a, b)
    square = dimension * math.log(a / b) / (1 / b - 1 / a)
    return stats.chi2.cdf(square / b, dimension) - stats.chi2.cdf(square / a, dimension)


@both_samplers
def test_tables(sampler):
    """Printed to three digits or four decimals, whichever is coarser."""
    found = total_variation(STEPS, DIMENSIONS, 0.25, sampler=sampler)
    assert found.shape == (3, 6)
    np.testing.assert_allclose(found, TABLES[sampler], rtol=3e-3, atol=6e-5)


@both_samplers
def test_score_errors(sampler):
    found = [float(total_variation(3200, 16, 0.25, score_error=p, sampler=sampler)) for p in SCORE_ERRORS]
    np.testing.assert_allclose(found, WITH_ERROR[sampler], atol=6e-4)  # three decimals


@both_samplers
@pytest.mark.parametrize(("steps", "variance", "score_error"), [(9, 3.0, 0.0), (50, 1e-4, 0.3), (300, 40.0, -0.2)])
def test_against_the_recursion_and_the_distribution_of_chi_square(sampler, steps, variance, score_error):
    """Sums and products of a few hundred numbers in float64, and an integral to 1e-13."""
    w, wanted = recursion(steps, variance, score_error, sampler)
    for dimension in (1, 2, 3, 50, 4000):
        found = float(total_variation(steps, dimension, variance, score_error=score_error, sampler=sampler))
        assert found == pytest.approx(between(w, wanted, dimension), abs=1e-10)


def test_normals_from_equal_to_far_apart():
    """scipy's own distribution function is right to about 1e-13; for a million dimensions the integral to 1e-9."""
    spread, d = np.geomspace(1e-8, 600, 80)[:, None], np.array([1, 2, 7, 1000, 10**6])
    scaled = d * spread / np.expm1(spread)
    wanted = stats.chi2.cdf(scaled * np.exp(spread), d) - stats.chi2.cdf(scaled, d)
    found = pf_ode._between_normals(spread + 0 * d, d + 0 * spread.astype(np.int64))
    np.testing.assert_allclose(found[:, :4], wanted[:, :4], atol=1e-12)
    np.testing.assert_allclose(found[:, 4], wanted[:, 4], atol=1e-9)
    assert pf_ode._between_normals(np.zeros(1), np.ones(1, np.int64)) == 0
    assert pf_ode._between_normals(np.full(1, np.inf), np.ones(1, np.int64)) == 1


def test_the_distance_of_two_normals_is_half_the_integral_of_the_difference():
    w, wanted = recursion(100, 0.25, 0.0, "ode")

    def apart(x):
        return abs(stats.norm.pdf(x, scale=w**0.5) - stats.norm.pdf(x, scale=wanted**0.5))

    assert integrate.quad(apart, 0, 10, limit=200)[0] == pytest.approx(float(total_variation(100, 1, 0.25)), abs=1e-7)


def test_slopes():
    """The rate in d is a half on product laws, where the bound has one."""
    in_steps, in_dimension = slopes(3200, 16, 0.25)
    assert in_dimension == pytest.approx(0.513, abs=5e-4)
    wanted = [float(total_variation(T, 16, 0.25)) for T in (1600, 6400)]
    assert in_steps == pytest.approx(math.log(wanted[1] / wanted[0]) / math.log(4))
    assert -0.8 < in_steps < -0.7
    assert slopes(3200, 16, 0.25, sampler="sde")[0] < in_steps
    assert math.isfinite(sum(slopes(9, 1, 0.25)))


def test_the_bound_lies_above_with_a_constant_of_one():
    for sampler in pf_ode.SAMPLERS:
        found = total_variation(STEPS, DIMENSIONS, 0.25, sampler=sampler)
        assert (found < bound_shape(STEPS, DIMENSIONS, sampler=sampler)).all()
    np.testing.assert_allclose(bound_shape(100, [1, 3]), np.array([1, 3]) * math.log(100) ** 4 / 100)


# ---------------------------------------------------------------- one error size, many ends


@pytest.mark.parametrize(
    ("frequency", "wanted"), [(0, 0.047), (1, 0.179), (3, 0.316), (10, 0.746), (30, 0.987), (100, 1.0)]
)
def test_oscillating_errors_of_one_size(frequency, wanted):
    found = oscillating(frequency)
    assert found.total_variation == pytest.approx(wanted, abs=2e-3)
    if frequency:
        assert found.score_error == pytest.approx(0.0354, abs=3e-3)
        assert found.jacobian_error == pytest.approx(0.05 * frequency * 2 / math.pi, rel=0.1)


def test_without_an_error_it_is_the_distance_of_two_normals():
    """256 cells, in each of which the difference is taken to have one sign."""
    assert oscillating(0.0).total_variation == pytest.approx(float(total_variation(400, 1, 1.0)), abs=1e-4)


@pytest.mark.parametrize("frequency", [1.0, 10.0])
def test_densities_against_particles(frequency):
    """Of 100,000 particles a bin holds up to a fifth, with a standard deviation of 0.0013."""
    x = np.random.default_rng(0).normal(size=100_000)
    for b in pf_ode.learning_rates(400)[:0:-1]:
        x = (x + b / 2 * (0.05 * np.sin(frequency * x) - x)) / math.sqrt(1 - b)
    found = oscillating(frequency)
    counts, _ = np.histogram(x, bins=60, range=(-4, 4))
    held = found.produced.reshape(60, 10).sum(axis=1) * 8 / 600
    np.testing.assert_allclose(held, counts / len(x), atol=4e-3)
    for density in (found.produced, found.target):
        assert density.sum() * 8 / 600 == pytest.approx(1, abs=5e-4)  # what lies beyond 4
    np.testing.assert_allclose(found.target, stats.norm.pdf(found.places), atol=1e-4)


@pytest.mark.parametrize("frequency", [0.3, 1.0, 3.0])
def test_errors_against_quadrature(frequency):
    found, law = oscillating(frequency, amplitude=0.2), stats.norm
    square, _ = integrate.quad(lambda x: (0.2 * math.sin(frequency * x)) ** 2 * law.pdf(x), -9, 9, limit=200)
    slope, _ = integrate.quad(lambda x: 0.2 * frequency * abs(math.cos(frequency * x)) * law.pdf(x), -9, 9, limit=400)
    assert found.score_error == pytest.approx(math.sqrt(square), rel=1e-6)
    assert found.jacobian_error == pytest.approx(slope, rel=1e-3)


# ---------------------------------------------------------------- what does not fit

BAD = {
    "few steps": (lambda: total_variation(8, 1, 0.25), "steps"),
    "half a step": (lambda: total_variation([9, 9.5], 1, 0.25), "steps"),
    "no steps": (lambda: total_variation(math.nan, 1, 0.25), "steps"),
    "dimension": (lambda: total_variation(100, 0, 0.25), "dimension"),
    "variance": (lambda: total_variation(100, 1, 0.0), "variance"),
    "score": (lambda: total_variation(100, 1, 1.0, score_error=-1.0), "score_error"),
    "sampler": (lambda: total_variation(100, 1, 1.0, sampler="heun"), "choose one of ode, sde"),
    "frequency": (lambda: oscillating(-1.0), "frequency"),
    "high": (lambda: oscillating(1e9, amplitude=0.0), "frequency"),
    "amplitude": (lambda: oscillating(1.0, amplitude=math.inf), "amplitude"),
    "folding": (lambda: oscillating(400.0), "frequency × amplitude is 20; with 400 steps it may be"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_one_sentence(case):
    make, words = BAD[case]
    with pytest.raises(ValueError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_it_is_public():
    assert gm.pf_ode.total_variation is total_variation
