"""Consistency functions: the exact end in closed form, what a distillation minimises, and how it is stopped."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel.consistency import ConsistencySettings, Distillation
from geomodel.datasets.dataset import Dataset
from geomodel.recipe import TrainError

SHORT = ConsistencySettings(iterations=20, batch=32)


def moons(shift=0.0, scale=1.0, count=60):
    return Dataset(
        name="moons", kind="points", stored=gm.datasets.load("two-moons", count=count).points * scale + shift
    )


def start(sigma, count=5):
    return np.random.default_rng(0).standard_normal((count, 2)) * sigma


# ---------------------------------------------------------------- the exact end


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1e5, 1e3), (-3.0, 1e-3)])
def test_solve_is_the_closed_form_of_a_gaussian(shift, scale):
    """Tolerance: the solver's relative 1e-10 over some hundred steps, in units of σ."""
    mean, variance = np.array([1.0, -2.0]) * scale + shift, (0.7 * scale) ** 2
    sigma, low = 5.0 * scale, 0.01 * scale
    x = mean + start(sigma)
    found = gm.consistency.solve(gm.MixtureDenoiser(mean[None], variance), x, sigma, low)
    expected = mean + (x - mean) * math.sqrt((variance + low**2) / (variance + sigma**2))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * sigma + 1e-11 * abs(shift))
    assert found.dtype == np.float64


def test_solve_is_batch_first_and_takes_any_denoiser():
    x = start(2.0)
    seen = []

    def careless(points, sigma):
        seen.append(points.shape)
        answer = points / (1 + torch.as_tensor(sigma).reshape(-1, 1) ** 2)
        points.zero_()  # as code that works in place would
        return answer

    whole = gm.consistency.solve(careless, torch.from_numpy(x), 2.0, 0.1)
    assert all(shape[1:] == (2,) for shape in seen)
    np.testing.assert_allclose(whole, x * math.sqrt(1.01 / 5), atol=1e-8)
    for row, end in zip(x, whole, strict=True):  # the error of each sample is controlled alone
        np.testing.assert_allclose(gm.consistency.solve(careless, row[None], 2.0, 0.1)[0], end, atol=1e-12)
    np.testing.assert_array_equal(gm.consistency.solve(careless, x, 2.0, 2.0), x)
    with pytest.raises(ValueError, match="descend"):
        gm.consistency.solve(careless, x, 0.1, 2.0)


def test_solve_asks_for_the_class_and_agrees_with_many_small_steps():
    data = gm.datasets.load("two-moons", count=40)
    optimal = gm.OptimalDenoiser(data.points, data.labels)
    labels = np.zeros(5, np.int64)
    x = start(2.0)
    found = gm.consistency.solve(optimal, x, 2.0, 0.05, labels=labels)
    one = gm.OptimalDenoiser(data.points[data.labels == 0])
    levels = gm.schedules.karras(500, 0.05, 2.0)
    run = gm.sample(one, x, levels, solver="heun", display="off")
    np.testing.assert_allclose(found, run.x[-1], atol=1e-3)  # Heun's error at 500 steps


def test_jumps_are_multistep_consistency_sampling():
    """With the exact function of a Gaussian each jump ends on the data; two of them need the noise of the middle."""
    mean, variance = np.array([[1.0, 2.0]]), 0.25

    def exact(x, sigma):
        return mean + (x - mean) * math.sqrt(variance / (variance + sigma**2))

    x = mean + np.random.default_rng(1).standard_normal((4000, 2)) * math.sqrt(variance + 100)
    one, two = gm.consistency.jumps(exact, x, [10.0]), gm.consistency.jumps(exact, x, [10.0, 0.8], seed=3)
    np.testing.assert_allclose(one, exact(x, 10.0))
    noise = np.random.default_rng([3, 1]).standard_normal(x.shape)
    np.testing.assert_allclose(two, exact(one + 0.8 * noise, 0.8))
    np.testing.assert_allclose(two.std(axis=0), 0.5, rtol=0.05)  # 4,000 draws: 1.1 %


def test_gaps_are_distances_to_the_end():
    curve = np.arange(12.0).reshape(3, 2, 2)
    ends = np.ones((2, 2))
    gaps = np.linalg.norm(curve - ends, axis=2)
    np.testing.assert_allclose(gm.consistency.gaps(curve, ends), gaps)
    assert gm.consistency.mean_gap(curve, ends) == pytest.approx(gaps.mean())
    curve[0, 1] = np.nan
    assert gm.consistency.mean_gap(curve, ends) == pytest.approx(np.delete(gaps, 1).mean())
    assert math.isnan(gm.consistency.mean_gap(curve * np.nan, ends))


def test_borders_are_where_neighbouring_ends_are_apart():
    """On the plane of two Gaussians far apart the exact f jumps between them, at x = 0."""
    ends = np.where(np.arange(6)[None, :, None] < 3, -2.0, 2.0) * np.ones((4, 1, 2))
    ends[3, 5] += 0.5
    expected = np.zeros((4, 6), bool)
    expected[:, 3] = True
    np.testing.assert_array_equal(gm.consistency.borders(ends, 1.0), expected)
    expected[3, 5] = True
    np.testing.assert_array_equal(gm.consistency.borders(ends, 0.5), expected)


# ---------------------------------------------------------------- the function


def test_f_is_the_identity_at_sigma_min_and_below():
    data = moons(3.0, 2.0)
    f = gm.consistency.train(data, settings=SHORT)
    x = start(1.0) + 3.0
    assert f.sigma_min == pytest.approx(0.02 * data.std)
    for sigma in (f.sigma_min, f.sigma_min / 3, 0.0):
        np.testing.assert_allclose(f(x, sigma), x, atol=1e-12)  # rounding of y = (x − m)/s and back
    assert np.abs(f(x, 1.0) - x).max() > 0.1
    assert isinstance(f(torch.from_numpy(x), 1.0), torch.Tensor)
    with pytest.raises(ValueError, match="expected"):
        f(x[:, :1], 1.0)


def test_the_coefficients_are_those_of_the_paper():
    """Before the first iteration F is 0, so that f is c_skip x about the data's mean."""
    data = moons(5.0, 3.0)
    f = Distillation(data, None, SHORT).function()
    x, s = start(4.0) + 5.0, data.std
    for sigma in (0.1 * s, s, 10 * s):
        c_skip = s**2 / ((sigma - 0.02 * s) ** 2 + s**2)
        np.testing.assert_allclose(f(x, sigma), data.mean + c_skip * (x - data.mean), rtol=1e-12)
    distillation = Distillation(data, None, SHORT)
    torch.nn.init.ones_(distillation._average.out.bias)
    torch.nn.init.zeros_(distillation._average.out.weight)
    c_out = s * (s - 0.02 * s) / math.hypot(s, s)  # F = 1 in units of s
    more = distillation.function()(x, s) - f(x, s)
    np.testing.assert_allclose(more, c_out, rtol=1e-12)


def test_a_function_keeps_its_weights():
    distillation = Distillation(moons(), None, SHORT)
    distillation.advance()
    early = distillation.function()
    x = start(1.0)
    before = early(x, 1.0)
    for _ in range(10):
        distillation.advance()
    np.testing.assert_array_equal(early(x, 1.0), before)
    assert (early.iteration, distillation.function().iteration) == (1, 11)


# ---------------------------------------------------------------- the distillation


def test_the_teacher_takes_heuns_step_between_neighbouring_levels():
    data = moons()
    distillation = Distillation(data, None, SHORT)
    x, high, following, low = distillation._pairs()
    optimal = gm.OptimalDenoiser((data.points - data.mean) / data.std)
    relative = SHORT.relative
    assert len(set(high.tolist())) > 5
    for k in range(8):
        n = int(np.flatnonzero(relative == float(high[k]))[0])
        assert relative[n + 1] == float(low[k])
        step = gm.sample(optimal, x[k : k + 1], relative[n : n + 2], solver="heun", display="off")
        np.testing.assert_allclose(following[k], step.x[-1, 0], atol=1e-10)


def test_it_repeats_bit_for_bit_and_leaves_the_global_generator_alone():
    torch.manual_seed(7)
    state = torch.get_rng_state()
    first = gm.consistency.train(moons(), settings=SHORT)
    assert torch.equal(torch.get_rng_state(), state)
    stepped = Distillation(moons(), None, SHORT)
    while not stepped.finished:
        stepped.advance()
    x = start(2.0)
    np.testing.assert_array_equal(first(x, 1.0), stepped.function()(x, 1.0))
    with torch.no_grad():  # as on a thread that only samples
        again = gm.consistency.train(moons(), settings=SHORT)
    np.testing.assert_array_equal(again(x, 1.0), first(x, 1.0))
    other = gm.consistency.train(moons(), settings=ConsistencySettings(iterations=20, batch=32, seed=1))
    assert np.abs(first(x, 1.0) - other(x, 1.0)).max() > 1e-4


@pytest.mark.parametrize(("shift", "scale"), [(1e5, 1.0), (0.0, 1e3), (-20.0, 1e-3)])
def test_moved_and_scaled_data_train_alike(shift, scale):
    """Points at 1e5 keep eleven digits; twenty iterations of Adam in float32 may make 1e-4 of what is lost."""
    here, there = moons(), moons(shift, scale)
    f, g = (gm.consistency.train(data, settings=SHORT) for data in (here, there))
    x = start(2.0)
    np.testing.assert_allclose((g(x * scale + shift, 1.5 * scale) - shift) / scale, f(x, 1.5), atol=1e-3)


def test_a_cancel_in_the_middle_of_an_iteration_changes_nothing():
    data = moons()
    optimal = gm.OptimalDenoiser(data.points)
    calls = []

    def interrupted(x, sigma):
        calls.append(1)
        if len(calls) == 6:  # between the two evaluations of the third iteration
            raise KeyboardInterrupt
        return optimal(x, sigma)

    stopped, whole = Distillation(data, interrupted, SHORT), Distillation(data, optimal, SHORT)
    for _ in range(3):
        whole.advance()
    stopped.advance()
    stopped.advance()
    with pytest.raises(KeyboardInterrupt):
        stopped.advance()
    assert stopped.iteration == 2
    stopped.advance()
    x = start(1.0)
    np.testing.assert_array_equal(stopped.function()(x, 1.0), whole.function()(x, 1.0))


def test_progress_is_told_and_may_stop_it():
    told = []

    def progress(at):
        told.append(at)
        if at.iteration == 3:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        gm.consistency.train(moons(), settings=SHORT, progress=progress)
    assert [at.iteration for at in told] == [1, 2, 3]
    assert told[0].iterations == 20
    assert told[-1].loss > 0


def gap(f, run):
    curve = np.stack([f(x, float(sigma)) for x, sigma in zip(run.x, run.sigmas, strict=True)])
    return float(gm.consistency.gaps(curve, run.x[-1]).mean())


def test_the_trajectories_shrink_towards_their_ends():
    data = gm.datasets.load("two-moons", count=100)
    optimal = gm.OptimalDenoiser(data.points)
    settings = ConsistencySettings(iterations=150, batch=128, learning_rate=3e-3)
    distillation = Distillation(data, optimal, settings)
    run = gm.sample(optimal, gm.noise(range(16), (2,), 10 * data.std), settings.relative * data.std, solver="heun")
    own = float(gm.consistency.gaps(run.denoised, run.x[-1]).mean())
    first = gap(distillation.function(), run)
    while not distillation.finished:
        distillation.advance()
    assert gap(distillation.function(), run) < 0.6 * min(first, own)  # 0.51 was measured


@pytest.mark.slow
def test_the_published_numbers_of_two_moons():
    """Measured 0.755 → 0.254 → 0.108 after 250 and 500 iterations, D's own 0.681; half as much again either way."""
    data = gm.datasets.load("two-moons")
    optimal = gm.OptimalDenoiser(data.points)
    distillation = Distillation(data, optimal, ConsistencySettings())
    levels = distillation.settings.relative * data.std
    run = gm.sample(optimal, data.mean + gm.noise(range(128), (2,), levels[0]).numpy(), levels, solver="heun")
    assert float(gm.consistency.gaps(run.denoised, run.x[-1]).mean()) == pytest.approx(0.681, rel=0.15)
    assert gap(distillation.function(), run) == pytest.approx(0.755, rel=0.1)
    for until, most in ((250, 0.254), (500, 0.108)):
        while distillation.iteration < until:
            distillation.advance()
        assert gap(distillation.function(), run) < 1.5 * most


# ---------------------------------------------------------------- refusals


def test_what_it_does_not_take_is_said():
    pictures = Dataset(name="pictures", kind="images", stored=np.zeros((4, 1, 12, 12), np.uint8))
    with pytest.raises(TrainError, match=r"for points here; pictures are images\."):
        gm.consistency.train(pictures)
    alone = Dataset(name="one", kind="points", stored=np.ones((1, 2)))
    with pytest.raises(TrainError, match=r"The data one are a single point"):
        gm.consistency.train(alone)
    near = Dataset(name="near", kind="points", stored=np.array([[1e-300, 2e-300], [3e-300, 1e-300]]))
    with pytest.raises(TrainError, match=r"so near to one another that their spread is 0"):
        gm.consistency.train(near)
    with pytest.raises(TrainError, match=r"The teacher returned shape \(32, 1\); expected \(32, 2\)\."):
        gm.consistency.train(moons(), lambda x, sigma: x[:, :1], SHORT)
    with pytest.raises(TrainError, match="not finite at iteration 1"):
        gm.consistency.train(moons(), lambda x, sigma: x * math.nan, SHORT)
    for wrong in ({"iterations": 0}, {"levels": 1}, {"lowest": 0.0}, {"highest": 0.01}, {"keep": 1.0}, {"seed": -1}):
        with pytest.raises(TrainError):
            ConsistencySettings(**wrong)
