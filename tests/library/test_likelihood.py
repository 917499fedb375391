"""Likelihood gains against brute force and the papers' counter-example; the ODE's density against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp, softmax

import geomodel as gm
from geomodel.likelihood import along, kernel_gains, noise_shares, traces

RANDOM = np.random.default_rng(0)
POINTS = RANDOM.standard_normal((60, 8)) * np.linspace(2, 0.2, 8)
LABELS = np.arange(60) % 3
OPTIMAL = gm.OptimalDenoiser(POINTS, LABELS)
SIGMAS = gm.schedules.karras(12, 0.05, 20.0)
MEANS, VARIANCES = RANDOM.standard_normal((3, 4)) * 2, np.array([0.3, 1.0, 0.5])
MIXTURE = gm.MixtureDenoiser(MEANS, VARIANCES, [0.5, 0.2, 0.3])


def log_kernel_density(points, x, h):
    squares = ((x[:, None] - points) ** 2).sum(-1)
    d = points.shape[1]
    return logsumexp(-squares / (2 * h**2), axis=1) - np.log(len(points)) - d / 2 * np.log(2 * np.pi * h**2)


def weighted_mean(points, x, h):
    return softmax(-((x[:, None] - points) ** 2).sum(-1) / (2 * h**2), axis=1) @ points


@pytest.fixture(scope="module")
def run():
    """Euler steps of a denoiser that is off from D*, in half of the samples by more than the mean shift."""
    away = 0.6 * RANDOM.standard_normal((6, 8)) * np.array([0, 0.2, 0.5, 1, 2, 4])[:, None]

    def model(x, sigma):
        return OPTIMAL(x, sigma) + torch.as_tensor(away)

    return gm.sample(model, gm.noise(range(6), (8,), 20.0), SIGMAS, solver="euler")


# ---------------------------------------------------------------- kernel gains


@pytest.mark.parametrize("h", [None, 0.7])
def test_gains_bound_and_hypothesis_by_brute_force(run, h):
    found = kernel_gains(OPTIMAL, run.x, run.denoised, run.sigmas, bandwidth=h)
    for n, sigma in enumerate(run.sigmas[:-1]):
        x, following, output, width = run.x[n], run.x[n + 1], run.denoised[n], h or sigma
        before = log_kernel_density(POINTS, x, width)
        np.testing.assert_allclose(found.step[n], log_kernel_density(POINTS, following, width) - before, atol=1e-9)
        np.testing.assert_allclose(found.denoised[n], log_kernel_density(POINTS, output, width) - before, atol=1e-9)
        m, v = weighted_mean(POINTS, x, width) - x, following - x
        bracket = 1 + ((m**2).sum(1) - ((m - v) ** 2).sum(1)) / (2 * width**2)
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(found.bound[n], np.log(bracket.clip(min=0)), rtol=1e-9, atol=1e-9)
        exact = weighted_mean(POINTS, x, sigma)
        expected = np.linalg.norm(exact - output, axis=1) / np.linalg.norm(exact - x, axis=1)
        np.testing.assert_allclose(found.hypothesis[n], expected, rtol=1e-7, atol=1e-9)
        # the noise's shares
        assert found.step_noise[n] == pytest.approx(4 * (sigma**2 - run.sigmas[n + 1] ** 2) / width**2, rel=1e-12)
        assert found.denoised_noise[n] == pytest.approx(4 * sigma**2 / width**2, rel=1e-12)


def test_the_theorem_where_its_hypothesis_holds(run):
    found = kernel_gains(OPTIMAL, run.x, run.denoised, run.sigmas)
    holds = found.hypothesis <= 1
    assert 0 < (~holds).sum() < holds.sum()  # both kinds of steps are there
    assert (found.step[holds] > 0).all()
    assert (found.denoised[holds] > -1e-9).all()
    assert (found.step >= found.bound - 1e-9).all()
    assert (found.step[~holds] < 0).any()  # a denoiser that is off by more than the mean shift may lose


def test_the_published_theorem_fails_at_another_bandwidth():
    """Data ±1, x = 0.99, D* at σ = 5, an Euler step to 2.5: at h = 0.1 it falls from 0.6855 to −11.081."""
    pair = gm.OptimalDenoiser(np.array([[-1.0], [1.0]]))
    x = np.array([[[0.99]], [[0.0]]])
    output = np.asarray(pair(x[0], 5.0))
    x[1] = x[0] + 0.5 * (output - x[0])
    found = kernel_gains(pair, x, output[None], [5.0, 2.5], bandwidth=0.1)
    before, after = (float(log_kernel_density(np.array([[-1.0], [1.0]]), where, 0.1)[0]) for where in x)
    assert (before, after) == pytest.approx((0.6855, -11.081), abs=5e-4)
    assert found.step[0, 0] == pytest.approx(after - before, abs=1e-9)
    assert found.step[0, 0] == pytest.approx(-11.77, abs=5e-3)
    assert found.hypothesis[0, 0] == 0  # the theorem's hypothesis holds: D is D* itself
    assert found.bound[0, 0] == -np.inf
    right = kernel_gains(pair, x, output[None], [5.0, 2.5])
    assert right.step[0, 0] > right.bound[0, 0] > 0


def test_the_gain_of_pure_noise_is_its_share():
    """Of a single data point the gains are the noise's shares, for every h and to σ = 0."""
    alone = gm.OptimalDenoiser(np.zeros((1, 50)))
    z = RANDOM.standard_normal((4, 50))
    z *= np.sqrt(50) / np.linalg.norm(z, axis=1, keepdims=True)
    sigmas = np.array([5.0, 2.0, 0.3, 0.0])
    found = kernel_gains(alone, sigmas[:, None, None] * z, np.zeros((3, 4, 50)), sigmas)
    np.testing.assert_allclose(found.step, np.repeat(found.step_noise[:, None], 4, 1), rtol=1e-10)
    np.testing.assert_allclose(found.denoised, np.full((3, 4), 25.0), rtol=1e-10)
    np.testing.assert_allclose(found.step_noise, 25 * (1 - (sigmas[1:] / sigmas[:-1]) ** 2), rtol=1e-12)
    wide = kernel_gains(alone, sigmas[:, None, None] * z, np.zeros((3, 4, 50)), sigmas, bandwidth=[9.0, 1.0, 2.0])
    np.testing.assert_allclose(wide.step, np.repeat(wide.step_noise[:, None], 4, 1), rtol=1e-10)
    assert noise_shares(sigmas, 50)[1].tolist() == [25.0] * 3


def test_the_class_of_a_run_restricts_its_data(run):
    classes = np.array([0, 1, 2, 0, -1, 1])
    found = kernel_gains(OPTIMAL, run.x, run.denoised, run.sigmas, labels=classes)
    for sample, label in enumerate(classes):
        own = gm.OptimalDenoiser(POINTS if label < 0 else POINTS[label == LABELS])
        one = slice(sample, sample + 1)
        single = kernel_gains(own, run.x[:, one], run.denoised[:, one], run.sigmas)
        np.testing.assert_allclose(found.step[:, one], single.step, atol=1e-9)
        np.testing.assert_allclose(found.hypothesis[:, one], single.hypothesis, rtol=1e-9, atol=1e-12)


def test_moving_everything_changes_no_gain(run):
    shift = 2.0**20
    moved = kernel_gains(gm.OptimalDenoiser(POINTS + shift), run.x + shift, run.denoised + shift, run.sigmas)
    here = kernel_gains(OPTIMAL, run.x, run.denoised, run.sigmas)
    # positions near 10⁶ are rounded to 10⁻¹⁰, which at σ = 0.05 is a few 10⁻⁷ nats
    np.testing.assert_allclose(moved.step, here.step, atol=1e-5)


def test_rows_that_are_not_finite_give_nan_and_images_work(run):
    broken, blind = run.x.copy(), run.denoised.copy()
    broken[4, 2] = np.nan
    blind[7, 1] = np.nan
    found = kernel_gains(OPTIMAL, broken, blind, run.sigmas)
    lost = np.isnan(found.step)
    assert lost.sum() == 2
    assert lost[3:5, 2].all()
    assert np.isnan(found.denoised[[4, 7], [2, 1]]).all()
    assert np.isnan(found.hypothesis[7, 1])
    square = (-1, 6, 2, 2, 2)
    images = gm.OptimalDenoiser(POINTS.reshape(-1, 2, 2, 2))
    shaped = kernel_gains(images, run.x.reshape(square), run.denoised.reshape(square), run.sigmas)
    np.testing.assert_allclose(shaped.step, kernel_gains(OPTIMAL, run.x, run.denoised, run.sigmas).step, atol=1e-9)


def test_a_level_alone_has_no_gain():
    found = kernel_gains(OPTIMAL, POINTS[None, :3], np.empty((0, 3, 8)), [1.0])
    assert found.step.shape == (0, 3)


def test_bad_runs_and_bandwidths_are_refused(run):
    with pytest.raises(ValueError, match="a trajectory"):
        kernel_gains(OPTIMAL, run.x[0], run.denoised, run.sigmas)
    with pytest.raises(ValueError, match="over its levels"):
        kernel_gains(OPTIMAL, run.x, run.denoised, run.sigmas[1:])
    with pytest.raises(ValueError, match="one row a step"):
        kernel_gains(OPTIMAL, run.x, run.denoised[2:], run.sigmas)
    for level, wrong in ((3, 0.0), (-1, -1.0)):
        sigmas = run.sigmas.copy()
        sigmas[level] = wrong
        with pytest.raises(ValueError, match="only the last may be 0"):
            kernel_gains(OPTIMAL, run.x, run.denoised, sigmas)
    for wrong in (0.0, -1.0, np.nan, [1.0, 2.0]):
        with pytest.raises(ValueError, match="bandwidth is a number above 0"):
            kernel_gains(OPTIMAL, run.x, run.denoised, run.sigmas, bandwidth=wrong)


# ---------------------------------------------------------------- the ODE's density


def mixture_run(levels, count=5, sigma_max=10.0):
    random = np.random.default_rng(3)
    x = MIXTURE.sample(count, 1) + sigma_max * random.standard_normal((count, 4))
    # DOP853 with a relative tolerance of 1e-10, so that the positions add nothing to the error of the integral
    grid = gm.schedules.log_uniform(levels, 0.1, sigma_max)
    return gm.sample(MIXTURE, x, grid, solver="dop853", rtol=1e-10, display="off", record="float64")


def test_the_density_of_a_mixture_to_second_order():
    errors = []
    for levels in (25, 50, 100):
        run = mixture_run(levels)
        exact = np.stack([MIXTURE.log_density(x, sigma) for x, sigma in zip(run.x, run.sigmas, strict=True)])
        found = along(MIXTURE, run.x, run.sigmas, exact[0])
        assert found.values.shape == exact.shape
        assert not found.error.any()
        np.testing.assert_array_equal(np.asarray(found), found.values)
        errors.append(np.abs(found.values - exact).max())
    assert errors[2] < 2e-3
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2, atol=0.2)


def test_hutchinsons_estimate_is_within_its_standard_error():
    run = mixture_run(20, count=12)
    start = MIXTURE.log_density(run.x[0], run.sigmas[0])
    exact = along(MIXTURE, run.x, run.sigmas, start)
    away = []
    for seed in range(3):
        few = along(MIXTURE, run.x, run.sigmas, start, probes=40, seed=seed)
        assert not few.error[0].any()
        away.append((few.values - exact.values)[-1] / few.error[-1])
    # 36 values that are nearly standard normal: their root mean square is 1 ± 0.12
    assert 0.6 < np.sqrt(np.mean(np.square(away))) < 1.5
    again = along(MIXTURE, run.x, run.sigmas, start, probes=40, seed=2)
    np.testing.assert_array_equal(again.values, few.values)


def test_more_dimensions_take_probes_by_themselves():
    """D of an isotropic Gaussian has J = c I: every probe is exact, and log p is known."""
    gaussian = gm.MixtureDenoiser(np.zeros((1, 100)), 4.0)
    run = gm.sample(gaussian, gm.noise(range(3), (100,), 10.0), gm.schedules.log_uniform(200, 0.1, 10.0), solver="rk4")
    exact = np.stack([gaussian.log_density(x, sigma) for x, sigma in zip(run.x, run.sigmas, strict=True)])
    rows = []

    def counting(x, sigma):
        rows.append(len(x))
        return gaussian(x, sigma)

    found = along(counting, run.x, run.sigmas, exact[0])
    assert set(rows) == {3 * 16}
    np.testing.assert_allclose(found.values, exact, atol=5e-3)  # 100 dimensions times the trapezoidal error
    assert np.abs(found.error).max() < 1e-9
    assert found.error.shape == (201, 3)


def test_known_traces_are_taken_as_they_are():
    from geomodel.denoisers.optimal.jacobian import soft_dimension

    run = gm.sample(OPTIMAL, gm.noise([1, 2], (8,), 10.0), gm.schedules.karras(6, sigma_min=0.1, sigma_max=10.0))
    asked = along(OPTIMAL, run.x, run.sigmas, 0.0)
    told = along(None, run.x, run.sigmas, 0.0, trace=lambda x, sigma: soft_dimension(OPTIMAL, POINTS, x, sigma))
    np.testing.assert_allclose(told.values, asked.values, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("sigma", [0.4, 3.0])
def test_traces_are_those_of_the_posterior_covariance(sigma):
    from geomodel.denoisers.optimal.jacobian import soft_dimension

    x = POINTS[:4] + sigma
    np.testing.assert_allclose(
        traces(OPTIMAL, x, sigma)[0], soft_dimension(OPTIMAL, POINTS, x, sigma), rtol=1e-9, atol=1e-9
    )
    labels = np.array([0, 1, 2, 0])
    by_class = soft_dimension(OPTIMAL, POINTS, x, sigma, labels)
    np.testing.assert_allclose(traces(OPTIMAL, x, sigma, labels=labels)[0], by_class, rtol=1e-9, atol=1e-9)


def test_the_sum_over_pieces_is_the_same(monkeypatch):
    whole = traces(MIXTURE, MEANS, 1.0)
    monkeypatch.setattr("geomodel.likelihood.ROWS_AT_ONCE", 30)  # two directions at a time
    np.testing.assert_allclose(traces(MIXTURE, MEANS, 1.0), whole, rtol=1e-12)


def test_the_density_at_no_noise_is_undefined():
    def positive(x, sigma):
        assert sigma > 0
        return MIXTURE(x, sigma)

    run = gm.sample(MIXTURE, MEANS * 2, [5.0, 1.0, 0.0])
    found = along(positive, run.x, run.sigmas, 0.0)
    assert np.isnan(found.values[2]).all()
    assert np.isfinite(found.values[:2]).all()


def test_a_row_that_is_not_finite_is_undefined_and_the_others_are_not():
    run = mixture_run(6)
    broken = run.x.copy()
    broken[2:, 1] = np.nan
    found = along(MIXTURE, broken, run.sigmas, np.zeros(5)).values
    np.testing.assert_allclose(np.delete(found, 1, 1), np.delete(along(MIXTURE, run.x, run.sigmas, 0.0).values, 1, 1))
    assert np.isnan(found[2:, 1]).all()
    assert np.isfinite(found[:2, 1]).all()


def test_what_cannot_be_differentiated_is_said():
    def blind(x, sigma):
        return torch.as_tensor(MIXTURE(x.detach().numpy(), sigma))

    run = mixture_run(3)
    with pytest.raises(ValueError, match="cannot be differentiated by x"):
        along(blind, run.x, run.sigmas, 0.0)
    with pytest.raises(ValueError, match="at least 2 probes"):
        along(MIXTURE, run.x, run.sigmas, 0.0, probes=1)
    with torch.no_grad():
        assert np.isfinite(along(MIXTURE, run.x, run.sigmas, 0.0).values).all()
    assert math.isfinite(float(traces(MIXTURE, MEANS[:1], 1.0)[0, 0]))
