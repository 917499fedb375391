"""Quality over σ and ODE-Jump on Gaussians and mixtures, whose numbers are known, and what they refuse."""

from __future__ import annotations

import csv
from itertools import pairwise

import numpy as np
import pytest

import geomodel as gm
from geomodel.experiments import jump, quality_over_sigma
from geomodel.experiments.quality import jump_levels, one_evaluation_solvers, write_qualities
from geomodel.quality import Yardstick

RANDOM = np.random.default_rng(0)
VARIANCES = np.array([4.0, 1.0, 0.25])
GAUSSIAN = gm.MixtureDenoiser(np.zeros((1, 3)), VARIANCES[None])
POINTS = RANDOM.standard_normal((4000, 3)) * np.sqrt(VARIANCES)
MIXTURE = gm.MixtureDenoiser(RANDOM.standard_normal((40, 16)) * 1.5, 0.05)
DRAWN = MIXTURE.sample(2000, seed=5)
LEVELS = [2.0, 1.0, 0.3, 0.05]


@pytest.fixture(scope="module")
def run():
    """A thousand samples of the noisy data themselves, so that x_n is distributed as p_σ at every level."""
    start = RANDOM.standard_normal((1000, 3)) * np.sqrt(VARIANCES + 40.0**2)
    return gm.sample(GAUSSIAN, start, gm.schedules.karras(20, 0.002, 40.0), solver="heun")


def test_d_is_under_dispersed_and_x_carries_its_noise(run):
    """x has covariance λ + σ² and D has λ²/(λ + σ²) along each axis, so both spreads are known."""
    found = quality_over_sigma(run, POINTS)
    total = VARIANCES.sum()
    sigmas = run.sigmas[:, None]
    noisy, shrunk = ((VARIANCES + sigmas**2).sum(1), (VARIANCES**2 / (VARIANCES + sigmas**2)).sum(1))
    # a variance of 1,000 normal numbers is good to √(2/1000) = 4.5 %, of which 10 % is more than two deviations
    np.testing.assert_allclose(found.curve("spread", "x"), noisy / total, rtol=0.1)
    np.testing.assert_allclose(found.curve("spread", "denoised"), shrunk / total, rtol=0.1)
    both = [found.curve("sliced", of) for of in ("x", "denoised")]
    assert (both[1] < both[0])[run.sigmas > 0.1].all()
    assert (both[0][run.sigmas > 5] > 3).all()
    # the ends are as good as data that were kept out: both are at the level of what 1,000 points can show
    assert both[0][-1] < 2 * found.yardstick.control.sliced
    assert len(found.yardstick.held_out) == 1000
    assert (found.sigmas == run.sigmas).all()


def test_levels_without_d_are_undefined_and_say_so():
    blind = gm.sample(GAUSSIAN, POINTS[:8], gm.schedules.karras(3, 0.01, 40.0), display="off")
    found = quality_over_sigma(blind, POINTS)
    assert np.isnan(found.denoised[-1].sliced)
    assert found.denoised[-1].note == "Undefined here because D was not evaluated at this level."
    assert np.isfinite(found.x[-1].sliced)


def test_one_step_one_sample_and_progress():
    seen = []
    short = gm.sample(GAUSSIAN, POINTS[:1], [1.0, 0.0])
    found = quality_over_sigma(
        short, gm.datasets.load("two-moons", count=50).points @ np.eye(2, 3), progress=seen_by(seen)
    )
    assert seen == [(0, 0.0), (0, 0.5)]
    assert np.isnan(found.curve("frechet", "x")).all()
    assert np.isfinite(found.curve("nearest", "x")).all()
    with pytest.raises(ValueError, match="the data have"):
        quality_over_sigma(short, gm.datasets.load("two-moons", count=50))


def seen_by(calls):
    return lambda lane, share: calls.append((lane, share))


# ---------------------------------------------------------------- ODE-Jump


def test_a_jump_costs_as_many_evaluations_as_the_whole_run():
    x = gm.noise(range(20), (16,), 20.0)
    found = jump(MIXTURE, x, DRAWN, solver="ipndm", evaluations=5, jump_sigmas=[0.05, 2.0, 0.3, 1.0], sigma_max=20.0)
    assert found.jump_sigmas.tolist() == LEVELS
    for low, sigmas, end in zip(LEVELS, found.sigmas, found.ends, strict=True):
        grid = gm.schedules.karras(4, low, 20.0)
        assert sigmas.tolist() == [*grid, 0.0]
        whole = gm.sample(MIXTURE, x, [*grid, 0.0], solver="ipndm")
        assert whole.evaluations == 5
        np.testing.assert_array_equal(end, whole.x[-1])
        np.testing.assert_array_equal(end, whole.denoised[-1])
    assert found.evaluations == 5
    assert found.errors is None
    yardstick = Yardstick.of(DRAWN, 20)
    assert found.curve("sliced").tolist() == [yardstick.measure(end).sliced for end in found.ends]


def test_euler_on_a_gaussian_in_closed_form():
    """Every step and the jump multiply each coordinate by a number."""
    x = np.ones((1, 3))
    found = jump(GAUSSIAN, x, POINTS, evaluations=4, jump_sigmas=0.7, sigma_max=9.0, rho=3.0)
    (levels,) = found.sigmas
    factor = np.ones(3)
    for s, t in pairwise(levels):
        factor = factor * (t / s + (1 - t / s) * VARIANCES / (VARIANCES + s**2))
    np.testing.assert_allclose(found.ends[0, 0], factor, rtol=1e-13)
    assert levels[-2:].tolist() == [0.7, 0.0]
    assert levels[1] == pytest.approx((9 ** (1 / 3) + (0.7 ** (1 / 3) - 9 ** (1 / 3)) / 3) ** 3)


def test_with_few_evaluations_a_jump_is_nearer_to_the_truth():
    """The papers' claim on a toy. Six Euler evaluations that jump at σ = 0.5 have half the distance of six to σ_min."""
    x = gm.noise(range(256), (16,), 20.0)
    exact = gm.sample(MIXTURE, x, gm.schedules.karras(100, 1e-4, 20.0), display="off")
    found = jump(MIXTURE, x, DRAWN, evaluations=6, jump_sigmas=[2.0, 0.5, 0.002], sigma_max=20.0, reference=exact)
    early, best, never = found.curve("sliced")
    assert best < 0.6 * never < early  # measured 0.15, 0.29 and 0.41
    np.testing.assert_allclose(found.errors[2], np.linalg.norm(found.ends[2] - exact.x[-1], axis=1), rtol=1e-12)
    same = jump(MIXTURE, x, DRAWN, evaluations=6, jump_sigmas=[0.5], sigma_max=20.0, reference=exact.x[-1])
    np.testing.assert_array_equal(same.errors[0], found.errors[1])


def test_progress_and_cancel():
    calls = []
    jump(MIXTURE, DRAWN[:2], DRAWN, evaluations=3, jump_sigmas=[1.0, 0.1], sigma_max=20.0, progress=seen_by(calls))
    assert calls == [(lane, share / 3) for lane in (0, 1) for share in (0, 1, 2, 3)]


def test_a_measurement_can_be_cancelled():
    class Cancelled(Exception):
        pass

    def cancel():
        raise Cancelled

    with pytest.raises(Cancelled):
        jump(MIXTURE, DRAWN[:2], DRAWN, jump_sigmas=[1.0], sigma_max=20.0, between=cancel)
    run = gm.sample(MIXTURE, DRAWN[:2], [1.0, 0.5])
    with pytest.raises(Cancelled):
        quality_over_sigma(run, DRAWN, between=cancel)


def test_levels_to_jump_at_are_even_in_log_sigma():
    levels = jump_levels(0.002, 80.0, 0.7)
    assert len(levels) == 8
    np.testing.assert_allclose(levels[1:] / levels[:-1], (0.002 / 2.1) ** (1 / 7))
    assert (levels[0], levels[-1]) == (pytest.approx(2.1), 0.002)
    assert jump_levels(0.002, 1.0, 0.7)[0] == 0.5  # half of σ_max
    for narrow in ((0.5, 1.0, 0.7), (0.9, 1.0, 0.7), (0.002, 80.0, 0.0)):
        assert jump_levels(*narrow).tolist() == [narrow[0]]


def test_the_table_holds_every_cloud_with_all_digits(tmp_path):
    yardstick = Yardstick.of(DRAWN, 20)
    jumped = yardstick.measure(DRAWN[:20] * 0.9)
    write_qualities([("jump", 0.3, jumped), ("control", np.nan, yardstick.control)], tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["cloud"] for row in rows] == ["jump", "control"]
    assert (float(rows[0]["sigma"]), rows[0]["count"]) == (0.3, "20")
    for name in ("sliced", "frechet", "spread", "nearest"):
        assert float(rows[0][name]) == getattr(jumped, name)


@pytest.mark.parametrize("solver", ["heun", "rk4", "euler_maruyama", "dop853"])
def test_a_solver_with_another_cost_is_refused(solver):
    with pytest.raises(ValueError, match=rf"one evaluation a step.*got {solver}"):
        jump(MIXTURE, DRAWN[:2], DRAWN, solver=solver, jump_sigmas=[1.0], sigma_max=20.0)


@pytest.mark.parametrize("solver", one_evaluation_solvers())
def test_every_solver_that_is_named_keeps_to_the_cost(solver):
    assert jump(MIXTURE, DRAWN[:2], DRAWN, solver=solver, jump_sigmas=[1.0], sigma_max=20.0).evaluations == 6


def test_bad_jumps_are_refused():
    for wrong in ([20.0], [0.0], [-1.0], [], [np.nan]):
        with pytest.raises(ValueError, match="jumps at levels above 0 and below"):
            jump(MIXTURE, DRAWN[:2], DRAWN, jump_sigmas=wrong, sigma_max=20.0)
    with pytest.raises(ValueError, match="at least 2 evaluations"):
        jump(MIXTURE, DRAWN[:2], DRAWN, evaluations=1, jump_sigmas=[1.0], sigma_max=20.0)
    moments = {"analytic_first_step": (np.zeros(16), 1.0)}
    with pytest.raises(ValueError, match="every run costs the same"):
        jump(MIXTURE, DRAWN[:2], DRAWN, jump_sigmas=[1.0], sigma_max=20.0, options=moments)
    with pytest.raises(ValueError, match="The reference ends with"):
        jump(MIXTURE, DRAWN[:2], DRAWN, jump_sigmas=[1.0], sigma_max=20.0, reference=DRAWN[:3])
    with pytest.raises(ValueError, match="have shape"):
        jump(MIXTURE, DRAWN[:2], POINTS, jump_sigmas=[1.0], sigma_max=20.0)
