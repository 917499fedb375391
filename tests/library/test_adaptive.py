"""Adaptive solvers: their tableaux, their errors against closed forms and scipy, and what they count and promise."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from problems import Gaussian, exact_end, ring8
from scipy.integrate._ivp import dop853_coefficients
from scipy.integrate._ivp.rk import DOP853, RK45

import geomodel as gm
from geomodel import schedules, solvers
from geomodel.randomness import noise
from geomodel.sampling import DenoiserError, iterate, sample
from geomodel.solvers.tableaux import DORMAND_PRINCE_5, DORMAND_PRINCE_8

NAMES = tuple(row.name for row in solvers.SOLVERS if row.adaptive)
SIGMAS = schedules.karras(10)


class PerSample:
    """A denoiser that takes one level a sample, and writes down how it was asked."""

    def __init__(self, model):
        self.model, self.calls = model, []

    def __call__(self, x, sigma, labels=None):
        assert isinstance(sigma, torch.Tensor)
        assert (sigma.shape, sigma.dtype) == ((len(x),), torch.float64)
        self.calls.append((x, sigma, labels))
        return self.model(x, sigma.reshape(-1, 1))


def ring():
    return PerSample(ring8())


def start(count=8):
    return noise(range(count), (2,), 80.0)


@pytest.fixture(scope="module")
def exact():
    """The ODE's solution from start() at every level, by scipy's DOP853 at 1e-12."""
    return np.stack([start().numpy(), *(exact_end(ring8(), start(), 80.0, float(sigma)) for sigma in SIGMAS[1:])])


# ---------------------------------------------------------------- tableaux


def dense(weights, size):
    return np.array([weights.get(j, 0.0) for j in range(size)])


def test_the_pair_of_order_5_is_scipys():
    pair = DORMAND_PRINCE_5
    for i, (node, weights) in enumerate(pair.stages[:-1], start=1):
        assert node == RK45.C[i]
        np.testing.assert_allclose(dense(weights, 5), RK45.A[i], rtol=1e-15)
    np.testing.assert_allclose(dense(pair.stages[-1][1], 6), RK45.B, rtol=1e-15)
    np.testing.assert_allclose(dense(pair.errors[0], 7), RK45.E, rtol=1e-14, atol=1e-17)
    # θ⁴ of x₀ + θ (F₁ + (1 − θ) (F₂ + θ (F₃ + (1 − θ) F₄))) is F₄ alone, and so is that of scipy's polynomial.
    np.testing.assert_allclose(dense(pair.dense[0], 7), RK45.P[:, 3], rtol=1e-14)


def test_the_pair_of_order_8_is_scipys():
    pair, size = DORMAND_PRINCE_8, dop853_coefficients.N_STAGES_EXTENDED
    for i, (node, weights) in enumerate([*pair.stages, *pair.extra], start=1):
        assert node == dop853_coefficients.C[i]
        assert np.array_equal(dense(weights, size), dop853_coefficients.A[i])
    assert np.array_equal(dense(pair.stages[-1][1], 12), DOP853.B)
    assert np.array_equal(dense(pair.errors[0], 13), DOP853.E5)
    assert np.array_equal(dense(pair.errors[1], 13), DOP853.E3)
    assert np.array_equal([dense(weights, size) for weights in pair.dense], DOP853.D)


@pytest.mark.parametrize("pair", [DORMAND_PRINCE_5, DORMAND_PRINCE_8])
def test_the_weights_fulfil_the_quadrature_conditions(pair):
    nodes = np.array([0.0, *(node for node, _ in pair.stages)])
    weights = dense(pair.stages[-1][1], len(nodes))
    for k in range(pair.order):  # Σ b_i c_i^k = 1/(k + 1) up to the order
        assert weights @ nodes**k == pytest.approx(1 / (k + 1), abs=1e-14)
    rows = [*pair.stages, *pair.extra]
    assert all(sum(row.values()) == pytest.approx(node, abs=1e-13) for node, row in rows)
    assert all(sum(error.values()) == pytest.approx(0, abs=1e-8) for error in pair.errors)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(("name", "scipys"), [("rk45", RK45), ("dop853", DOP853)])
def test_the_estimated_error_is_scipys(name, scipys):
    rule, random = solvers.create(name, rtol=1e-3, atol=1e-2), np.random.default_rng(0)
    slopes = random.normal(size=(len(rule.pair.stages) + 1, 3, 4))
    x, x_next, width = random.normal(size=(3, 4)), random.normal(size=(3, 4)), np.array([0.1, 0.2, 1.0])
    found = rule._error(*(torch.from_numpy(value) for value in (width, x, x_next)), list(torch.from_numpy(slopes)))
    scale = 1e-2 + 1e-3 * np.maximum(np.abs(x), np.abs(x_next))
    bare = object.__new__(scipys)
    expected = [bare._estimate_error_norm(slopes[:, k], width[k], scale[k]) for k in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10])
def test_the_tolerance_is_honoured_at_every_level(name, tolerance, exact):
    found = sample(ring(), start(), SIGMAS, solver=name, rtol=tolerance, atol=tolerance)
    errors = np.abs(found.x - exact) / (1 + np.abs(exact))
    # Local errors of one tolerance add up and grow along the trajectory: measured factors up to 40.
    assert errors.max() < 100 * tolerance
    assert errors[1:].max() > tolerance * 1e-4  # and no more work is done than was asked for


@pytest.mark.parametrize("name", NAMES)
def test_a_tight_tolerance_agrees_with_scipy(name, exact):
    found = sample(ring(), start(), SIGMAS, solver=name, rtol=1e-12, atol=1e-12, display="off").x
    # Both are good to about 1e-12 of x = 80 and of what follows from it.
    np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_a_gaussian_is_solved_to_its_closed_form(name):
    variances = torch.tensor([4.0, 0.5, 0.01, 0.0], dtype=torch.float64)
    model = Gaussian(torch.tensor([1.0, -2.0, 0.3, 0.0], dtype=torch.float64), variances)
    x = noise(range(6), (4,), 80.0)
    found = sample(PerSample(model), x, SIGMAS, solver=name, rtol=1e-10, atol=1e-12).x
    for i, sigma in enumerate(SIGMAS):
        expected = model.solution(x, 80.0, float(sigma)).numpy()
        np.testing.assert_allclose(found[i], expected, rtol=1e-8, atol=1e-9, err_msg=str(sigma))


@pytest.mark.parametrize(("name", "power"), [("rk45", 5), ("dop853", 8)])
def test_the_evaluations_grow_as_the_root_of_the_tolerance(name, power):
    counts = [
        sample(ring(), start(), SIGMAS[[0, -1]], solver=name, rtol=tolerance, atol=tolerance).evaluations.mean()
        for tolerance in (1e-7, 1e-12)
    ]
    growth = math.log(counts[1] / counts[0]) / math.log(1e5)
    # N ~ tolerance^(−1/order), where the steps are small enough for the order to show.
    assert growth == pytest.approx(1 / power, rel=0.3)


@pytest.mark.parametrize("name", NAMES)
def test_the_interpolant_has_the_accuracy_of_the_steps(name, exact):
    """Levels between the steps' ends: as good as the ends themselves, and the end is the same for any levels."""
    whole = sample(ring(), start(), SIGMAS, solver=name, rtol=1e-8, atol=1e-8, display="off")
    ends = sample(ring(), start(), SIGMAS[[0, -1]], solver=name, rtol=1e-8, atol=1e-8, display="off")
    # The levels are read off the steps and do not steer them: bit for bit the same end.
    np.testing.assert_array_equal(whole.x[-1], ends.x[-1])
    for i in range(1, 10):
        alone = sample(ring(), start(), SIGMAS[[0, i]], solver=name, rtol=1e-8, atol=1e-8, display="off").x[-1]
        scale = 1e-8 * (1 + np.abs(exact[i]))
        assert (np.abs(whole.x[i] - alone) / scale).max() < 100


# ---------------------------------------------------------------- counts


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("final_zero", [False, True])
def test_evaluations_are_counted_for_each_sample(name, final_zero):
    model = ring()
    found = sample(model, start(), schedules.karras(10, final_zero=final_zero), solver=name, display="off")
    rows = sum(len(x) for x, _, _ in model.calls)
    assert (found.evaluations.dtype, found.evaluations.shape) == (np.int64, (8,))
    assert found.evaluations.sum() == rows
    assert (found.network_calls, found.looks) == (len(model.calls), 0)
    assert (found.evaluations_at.shape, found.evaluations_at.dtype) == ((11, 8), np.int64)
    np.testing.assert_array_equal(found.evaluations_at[-1], found.evaluations)
    assert (np.diff(found.evaluations_at, axis=0) >= 0).all()
    assert len(set(found.evaluations.tolist())) > 1  # each at its own pace
    for k in range(8):
        alone = ring()
        one = sample(alone, start()[k : k + 1], found.sigmas, solver=name, display="off")
        assert one.evaluations[0] == len(alone.calls) == found.evaluations[k]


@pytest.mark.parametrize("name", NAMES)
def test_info_counts_the_attempts(name):
    each = 6 if name == "rk45" else 12
    steps = list(iterate(ring(), start(), SIGMAS[[0, -1]], solver=name))
    (step,) = steps
    attempts = step.info["accepted"] + step.info["rejected"]
    assert step.info["rejected"] > 0
    assert step.evaluations.sum() == 8 * 2 + each * attempts  # no interpolant is needed here; two begin the run
    total = sum(sum(item.info.values()) for item in iterate(ring(), start(), SIGMAS, solver=name))
    assert total == attempts


@pytest.mark.parametrize("name", NAMES)
def test_looks_show_d_at_the_levels(name):
    model = ring()
    found = sample(model, start(), SIGMAS, solver=name)
    hidden = sample(ring(), start(), SIGMAS, solver=name, display="off")
    np.testing.assert_array_equal(found.x, hidden.x)
    np.testing.assert_array_equal(found.evaluations, hidden.evaluations)
    assert (found.looks, hidden.looks) == (10, 0)  # nine levels on the way and the end; the first is an evaluation
    assert found.evaluations.sum() + 10 * 8 == sum(len(x) for x, _, _ in model.calls)
    for i, sigma in enumerate(SIGMAS[:-1]):
        np.testing.assert_array_equal(found.denoised[i], ring8()(torch.from_numpy(found.x[i]), float(sigma)))
    np.testing.assert_array_equal(found.final_denoised, ring8()(torch.from_numpy(found.x[-1]), 0.002))
    assert np.isnan(hidden.denoised[1:]).all()
    assert np.isfinite(hidden.denoised[0]).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_last_interval_to_zero_takes_d(name):
    sigmas = schedules.karras(6, final_zero=True)
    *_, before, last = iterate(ring(), start(), sigmas, solver=name)
    np.testing.assert_array_equal(last.x_next, ring8()(before.x_next, 0.002))
    assert torch.equal(last.denoised, last.x_next)
    # That D is where the integration ended: it is there already.
    assert (last.evaluations.tolist(), last.looks, dict(last.info)) == ([0] * 8, 0, {"accepted": 0, "rejected": 0})
    (step,) = iterate(ring(), start(), [80.0, 0.0], solver=name)
    assert torch.equal(step.x_next, ring8()(start(), 80.0))
    assert step.evaluations.tolist() == [1] * 8
    jumped = sample(ring(), start(), SIGMAS, solver=name, jump_at=4)
    np.testing.assert_array_equal(jumped.x[-1], ring8()(torch.from_numpy(jumped.x[4]), float(SIGMAS[4])))


@pytest.mark.parametrize("name", NAMES)
def test_only_samples_that_move_are_asked_about_within_the_levels(name):
    def numbered(x, sigma):
        return torch.cat([ring8()(x[:, :2], sigma), x[:, 2:]], dim=1)  # the third coordinate never moves

    model, labels = PerSample(numbered), torch.arange(8)
    x = torch.cat([start(), labels[:, None]], dim=1)
    sample(model, x, SIGMAS, solver=name, labels=labels, rtol=1e-3)
    for points, sigma, given in model.calls:
        assert torch.equal(points[:, 2], given.double())
        assert (sigma >= 0.002).all()
        assert (sigma <= 80.0).all()
    assert any(len(points) < 8 for points, _, _ in model.calls)


def test_network_calls_are_those_of_the_dearest_sample():
    class Guided(PerSample):
        def calls_at(self, sigma):
            return 2 if sigma > 1 else 1

    model = Guided(ring8())
    found = sample(model, start(), SIGMAS, solver="rk45", display="off")
    assert found.network_calls == sum(2 if (sigma > 1).any() else 1 for _, sigma, _ in model.calls)


# ---------------------------------------------------------------- steps


@pytest.mark.parametrize("name", NAMES)
def test_a_run_goes_on_from_any_step_bit_for_bit(name):
    sigmas = schedules.karras(12, final_zero=True)
    steps = list(iterate(ring(), start(), sigmas, solver=name))
    for begin in steps[:-1]:
        again = list(iterate(ring(), None, sigmas, solver=name, resume=begin))
        assert [step.index for step in again] == list(range(begin.index + 1, 12))
        for one, two in zip(steps[begin.index + 1 :], again, strict=True):
            assert torch.equal(one.x_next, two.x_next)
            assert torch.equal(one.denoised, two.denoised)
            assert (one.evaluations == two.evaluations).all()
            assert (one.looks, one.info) == (two.looks, two.info)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_does_not_depend_on_its_batch(name):
    batch = sample(ring(), start(), SIGMAS, solver=name)
    for k in range(8):
        alone = sample(ring(), start()[k : k + 1], SIGMAS, solver=name)
        # A matrix product over another number of rows may round differently.
        np.testing.assert_allclose(alone.x[:, 0], batch.x[:, k], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_fills_its_fields(name):
    x = start()
    for step in iterate(ring(), x, SIGMAS, solver=name):
        assert torch.equal(step.x, x)
        assert step.stages == ()
        assert torch.equal(step.slope, (step.x - step.denoised) / step.sigma)
        assert torch.equal(step.combination.apply(step.x), step.x_next)
        assert step.x_next.dtype == torch.float64
        x = step.x_next


@pytest.mark.parametrize("name", NAMES)
def test_runs_are_saved_with_a_count_for_each_sample(name, tmp_path):
    optimal = gm.OptimalDenoiser(gm.datasets.load("two-moons", count=200).points)
    run = gm.sample(optimal, start(3), SIGMAS, solver=name, seeds=range(3))
    assert json.loads(json.dumps(run.settings))["options"] == solvers.complete(name, {})
    run.save(tmp_path / "run.npz")
    back = gm.Trajectory.load(tmp_path / "run.npz")
    np.testing.assert_array_equal(back.evaluations, run.evaluations)
    np.testing.assert_array_equal(back.evaluations_at, run.evaluations_at)
    assert back.evaluations.dtype == np.int64


def test_images_are_moved_as_well():
    points = torch.from_numpy(np.random.default_rng(0).normal(size=(7, 1, 4, 4)))
    optimal = gm.OptimalDenoiser(points)
    x = noise(range(3), (1, 4, 4), 80.0)
    found = gm.sample(optimal, x, SIGMAS, solver="dop853", rtol=1e-8, atol=1e-8)
    finer = gm.sample(optimal, x, SIGMAS, solver="rk45", rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.x, finer.x, rtol=1e-6, atol=1e-6)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("limit", [1, 20, 100])
def test_max_evaluations_bounds_every_sample(name, limit):
    model = ring()
    sentence = rf"rtol = 1e-09, atol = 1e-08 needs more than max_evaluations = {limit}: sample \d has come to σ = \d"
    with pytest.raises(ValueError, match=sentence):
        sample(model, start(), SIGMAS, solver=name, rtol=1e-9, max_evaluations=limit, labels=torch.arange(8))
    asked = np.bincount(np.concatenate([labels for x, _, labels in model.calls]))
    # Looks come on top: nine levels at most.
    assert asked.max() <= limit + 9


def test_an_unreachable_tolerance_ends_too():
    def rough(x, sigma):
        return torch.sign(torch.sin(1e6 * x))

    with pytest.raises(ValueError, match="Raise max_evaluations or the tolerance"):
        sample(PerSample(rough), start(2), SIGMAS, solver="rk45", rtol=1e-12, atol=1e-12, max_evaluations=2000)


@pytest.mark.parametrize("options", [{"rtol": 0.0}, {"atol": 0.0}, {"rtol": -1.0}, {"rtol": math.nan}])
def test_tolerances_are_positive(options):
    with pytest.raises(ValueError, match=r"[ra]tol"):
        sample(ring(), start(), SIGMAS, solver="rk45", **options)


def test_what_the_denoiser_raises_passes_through():
    class Cancelled(Exception):
        pass

    calls = []

    def model(x, sigma):
        calls.append(sigma)
        if len(calls) == 30:
            raise Cancelled
        return ring8()(x, sigma.reshape(-1, 1))

    with pytest.raises(Cancelled):
        sample(model, start(), SIGMAS, solver="dop853")
    assert len(calls) == 30


def test_an_unusable_answer_names_where_the_samples_are():
    def spoiled(x, sigma):
        return torch.where((sigma < 1).reshape(-1, 1), math.nan, ring8()(x, sigma.reshape(-1, 1)))

    with pytest.raises(DenoiserError, match=r"returned NaN at σ = 0\.\d+ to \d"):
        sample(spoiled, start(), SIGMAS, solver="rk45")
    with pytest.raises(DenoiserError, match=r"returned shape \(5, 1\) at σ = 80"):
        sample(lambda x, sigma: x[:, :1], start(5), SIGMAS, solver="rk45")


def test_only_a_step_of_the_same_kind_and_end_can_be_resumed():
    step = next(iter(iterate(ring(), start(), SIGMAS, solver="rk45")))
    with pytest.raises(ValueError, match="another kind of solver"):
        iterate(ring8(), None, SIGMAS, solver="euler", resume=step)
    with pytest.raises(ValueError, match="another kind of solver"):
        iterate(ring(), None, SIGMAS, solver="rk45", resume=next(iter(iterate(ring8(), start(), SIGMAS))))
    with pytest.raises(ValueError, match=r"on its way to σ = 0\.002"):
        iterate(ring(), None, [*SIGMAS[:5], 0.0], solver="rk45", resume=step)
