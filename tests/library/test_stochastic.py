"""Solvers that draw noise: formulas, ODE limits, the exact law on a Gaussian, one path for all numbers of steps."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from problems import Gaussian, numpy_denoiser, ring8

import geomodel as gm
from geomodel import schedules, solvers
from geomodel.randomness import Brownian, noise
from geomodel.sampling import DenoiserError, iterate, sample

NAMES = tuple(row.name for row in solvers.SOLVERS if row.stochastic)
CHURN = {"s_churn": 5.0, "s_min": 0.05, "s_max": 50.0, "s_noise": 1.007}
CASES = [
    ("euler_maruyama", {"eta": 1.0}),
    ("euler_maruyama", {"eta": 0.4}),
    ("churn", CHURN),
    ("churn", {"s_churn": 40.0}),
    ("euler_ancestral", {"eta": 1.0}),
    ("euler_ancestral", {"eta": 0.4}),
    ("ddim_eta", {"eta": 1.0}),
    ("ddim_eta", {"eta": 0.4}),
    ("dpmpp_2m_sde", {"eta": 1.0}),
    ("dpmpp_2m_sde", {"eta": 0.4}),
    ("dpmpp_3m_sde", {"eta": 1.0}),
    ("dpmpp_3m_sde", {"eta": 0.4}),
]
GRIDS = {
    "karras": schedules.karras(9),
    "final zero": schedules.karras(7, final_zero=True),
    "uneven": schedules.custom([80.0, 3.0, 2.9, 2.8, 0.05, 0.04]),
}


def normals(steps, shape, seed=0):
    return list(np.random.default_rng(seed).standard_normal((steps, *shape)))


def oracle(name, options, D, x, sigmas, draws):
    """The whole run in NumPy, from the published formulas, with no shared code."""
    points, outputs, gaps = [x], [], []
    eta = options.get("eta", 1.0)
    for i, (s, t) in enumerate(pairwise(sigmas)):
        x, xi = points[-1], draws[i]
        if name == "churn":
            inside = options.get("s_min", 0) <= s <= options.get("s_max", 1e9)
            gamma = min(options["s_churn"] / (len(sigmas) - 1), np.sqrt(2) - 1) if inside else 0.0
            hat = s + gamma * s
            y = x + np.sqrt(hat**2 - s**2) * options.get("s_noise", 1.0) * xi
            e = (y - D(y, hat)) / hat
            new = y + (t - hat) * e
            if t > 0:
                new = y + (t - hat) * (e / 2 + (new - D(new, t)) / (2 * t))
            points.append(new)
            continue
        d = D(x, s)
        outputs.insert(0, d)
        if t == 0:
            points.append(d)
            continue
        h, tau = np.log(s / t), 1 - (t / s) ** 2
        H = (1 + eta) * h
        if name == "euler_maruyama":
            new = x + (t - s) * (1 + eta**2) * (x - d) / s + eta * np.sqrt(s**2 - t**2) * xi
        elif name == "euler_ancestral":
            up = min(t, eta * np.sqrt(t**2 * (s**2 - t**2) / s**2))
            down = np.sqrt(t**2 - up**2)
            new = x + (down - s) * (x - d) / s + up * xi
        elif name == "ddim_eta":
            new = d + np.sqrt(t**2 - (eta * t) ** 2 * tau) * (x - d) / s + eta * t * np.sqrt(tau) * xi
        else:
            new = t / s * np.exp(-eta * h) * x + (1 - np.exp(-H)) * d + t * np.sqrt(1 - np.exp(-2 * eta * h)) * xi
            phi2 = (np.exp(-H) - 1) / H + 1
            phi3 = phi2 / H - 0.5
            if name == "dpmpp_2m_sde" and i > 0:
                new = new + (1 - np.exp(-H)) / 2 * (outputs[0] - outputs[1]) * h / gaps[0]
            elif name == "dpmpp_3m_sde" and i > 0:
                r0 = gaps[0] / h
                first = (outputs[0] - outputs[1]) / r0
                if i == 1:
                    new = new + phi2 * first
                else:
                    r1 = gaps[1] / h
                    second = (outputs[1] - outputs[2]) / r1
                    d1 = first + (first - second) * r0 / (r0 + r1)
                    d2 = (first - second) / (r0 + r1)
                    new = new + phi2 * d1 - phi3 * d2
        gaps.insert(0, h)
        points.append(new)
    return np.stack(points)


# ---------------------------------------------------------------- formulas


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("grid", GRIDS)
def test_each_rule_follows_its_formula(name, options, grid):
    x, sigmas = noise(range(6), (2,), 80.0), GRIDS[grid]
    draws = normals(len(sigmas) - 1, (6, 2))
    found = sample(ring8(), x, sigmas, solver=name, noise=draws, display="off", **options).x
    expected = oracle(name, options, numpy_denoiser(ring8()), x.numpy(), sigmas, draws)
    # Roundings of x (80: 1e-14), enlarged by the slope at σ' by up to σ/σ' = 56 in a step.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("grid", GRIDS)
def test_the_combination_says_how_x_next_was_made(name, options, grid):
    x, sigmas = noise(range(6), (2,), 80.0), GRIDS[grid]
    path = Brownian(range(6))
    for step in iterate(ring8(), x, sigmas, solver=name, noise=path, **options):
        xi, made = path.xi(step.sigma, step.sigma_next, (2,)), step.combination
        assert torch.equal(made.apply(step.x, xi), step.x_next)
        assert made.slope_weights is None or made.gamma == 0
        terms = zip(made.evaluations, made.a, made.b, strict=True)
        total = made.alpha * step.x + made.gamma * xi + sum(a * item.x + b * item.denoised for item, a, b in terms)
        assert (total - step.x_next).abs().max() < 1e-12 * step.x.abs().max()
        assert all(a is b for a, b in zip(made.evaluations, step.stages, strict=False))
        assert len(step.stages) == step.evaluations == (solvers.row(name).evaluations if step.sigma_next > 0 else 1)
        for stage in step.stages:
            assert torch.equal(stage.denoised, ring8()(stage.x, stage.sigma))


# ---------------------------------------------------------------- their ODE limits


@pytest.mark.parametrize(
    ("name", "options", "limit"),
    [
        ("euler_maruyama", {"eta": 0.0}, "euler"),
        ("euler_ancestral", {"eta": 0.0}, "euler"),
        ("ddim_eta", {"eta": 0.0}, "euler"),
        ("dpmpp_2m_sde", {"eta": 0.0}, "dpmpp_2m"),
        ("churn", {}, "heun"),
        ("churn", {"s_churn": 40.0, "s_min": 90.0}, "heun"),
    ],
)
@pytest.mark.parametrize("grid", GRIDS)
def test_without_noise_each_is_an_ode_rule(name, options, limit, grid):
    x, sigmas = noise(range(6), (2,), 80.0), GRIDS[grid]
    nothing = [np.full((6, 2), np.nan)] * (len(sigmas) - 1)  # no draw is looked at
    found = sample(ring8(), x, sigmas, solver=name, noise=nothing, **options)
    expected = sample(ring8(), x, sigmas, solver=limit)
    # Relative to x = 80 · a few: the same weights, to a rounding, and D changes by up to 1/σ of x.
    np.testing.assert_allclose(found.x, expected.x, rtol=0, atol=1e-12 * np.abs(expected.x).max())
    assert (found.evaluations, found.looks) == (expected.evaluations, expected.looks)


def test_3m_without_noise_is_3m_as_published_from_the_third_interval_on():
    x, sigmas = noise(range(6), (2,), 80.0), schedules.karras(9)
    path = Brownian(range(6))
    one = iterate(ring8(), x, sigmas, solver="dpmpp_3m_sde", eta=0.0, noise=path)
    two = iterate(ring8(), x, sigmas, solver="dpmpp_3m_published")
    for mine, theirs in zip(one, two, strict=True):
        same = np.allclose(mine.combination.b, theirs.combination.b, rtol=0, atol=1e-12)
        assert same == (mine.index != 1)  # the second interval is of the Taylor type here, of the midpoint type there
        assert mine.combination.alpha == pytest.approx(theirs.combination.alpha, abs=1e-15)
        assert mine.combination.gamma == 0


def test_ddims_eta_is_the_ancestral_one():
    x, path = noise(range(6), (2,), 80.0), Brownian(range(6))
    for eta in (0.3, 1.0):
        one = sample(ring8(), x, GRIDS["karras"], solver="ddim_eta", eta=eta, noise=path)
        two = sample(ring8(), x, GRIDS["karras"], solver="euler_ancestral", eta=eta, noise=path)
        np.testing.assert_allclose(one.x, two.x, rtol=0, atol=1e-11)


# ---------------------------------------------------------------- the law on a Gaussian

GAUSSIAN = Gaussian(torch.full((50,), 0.7, dtype=torch.float64), torch.linspace(0.1, 3, 50, dtype=torch.float64))


@cache
def path_draws(count, dimension, sigmas):
    """What Brownian paths give on these levels to every solver: drawn once, as it takes longer than the runs."""
    path = Brownian(range(count))
    return [path.xi(sigma, sigma_next, (dimension,)) for sigma, sigma_next in pairwise(sigmas)]


def exact_law(name, options, sigmas):
    """Mean and variance of x at every level from x ~ N(0, σ₀²): the oracle is linear and is fed unit impulses."""
    steps = len(sigmas) - 1
    start, draws = np.zeros((steps + 2, 50)), np.zeros((steps, steps + 2, 50))
    start[1] = sigmas[0]
    draws[np.arange(steps), np.arange(steps) + 2] = 1
    ends = oracle(name, options, numpy_denoiser(GAUSSIAN), start, sigmas, draws)
    return ends[:, 0], ((ends[:, 1:] - ends[:, :1]) ** 2).sum(axis=1)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_law_on_a_gaussian_is_that_of_the_linear_recursion(name, options):
    sigmas, count = schedules.karras(10, sigma_max=20.0), 2000
    x, draws = noise(range(count), (50,), 20.0), path_draws(count, 50, tuple(sigmas))
    found = sample(GAUSSIAN, x, sigmas, solver=name, noise=draws, display="off", **options).x
    mean, variance = exact_law(name, options, sigmas)
    scores = (found.mean(axis=1) - mean) / np.sqrt(variance / count)
    ratios = (found.var(axis=1) / variance - 1) / np.sqrt(2 / count)
    # Standard scores of 550 numbers each, strongly dependent: five standard errors.
    assert np.abs(scores).max() < 5
    assert np.abs(ratios).max() < 5


@pytest.mark.parametrize("name", NAMES)
def test_many_steps_reach_the_variance_of_the_data(name):
    options = {"s_churn": 80.0} if name == "churn" else {}
    sigmas = schedules.karras(300, sigma_max=80.0, sigma_min=0.01)
    mean, variance = exact_law(name, options, sigmas)
    target = GAUSSIAN.variances.numpy() + 0.01**2
    # What is left: the prior's missing variance (3/6400 at most) and the rule's error at 300 steps, of first order.
    assert np.abs(variance[-1] / target - 1).max() < 0.05
    assert np.abs(mean[-1] - 0.7).max() < 0.01


# ---------------------------------------------------------------- one path


def path_errors(name, options, counts, fine):
    """Median distance of the ends to that of many steps, along the same Brownian paths, on ring8's smooth range."""
    x = noise(range(100), (2,), 20.0)

    def end(steps):
        sigmas = schedules.karras(steps, sigma_max=20.0, sigma_min=0.5)
        draws = path_draws(100, 2, tuple(sigmas))
        return sample(ring8(), x, sigmas, solver=name, noise=draws, display="off", **options).x[-1]

    exact = end(fine)
    return [np.median(np.linalg.norm(end(count) - exact, axis=1)) for count in counts]


@pytest.mark.parametrize(
    ("name", "options", "low", "high"),
    [
        # The noise is additive, so Euler–Maruyama has strong order 1 here (1/2 where it multiplies x).
        ("euler_maruyama", {"eta": 1.0}, 0.85, 1.35),
        ("euler_maruyama", {"eta": 0.5}, 0.85, 1.35),
        ("euler_ancestral", {"eta": 1.0}, 0.7, 1.35),
        ("ddim_eta", {"eta": 1.0}, 0.7, 1.35),
        ("dpmpp_2m_sde", {"eta": 1.0}, 0.7, 1.5),
        ("dpmpp_3m_sde", {"eta": 1.0}, 0.7, 1.5),
    ],
)
def test_finer_schedules_follow_the_same_path(name, options, low, high):
    counts = [16, 32, 64, 128]
    errors = path_errors(name, options, counts, 1024)
    slope = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert (np.diff(errors) < 0).all(), errors
    assert low < slope < high, (slope, errors)


def test_churn_refines_in_its_own_step_clock_only():
    errors = path_errors("churn", {"s_churn": 10.0}, [32, 64, 128], 1024)
    assert (np.diff(errors) < 0).all(), errors
    # Levels spaced otherwise share out the noise otherwise: another path, however many steps.
    x, path, ends = noise(range(100), (2,), 20.0), Brownian(range(100)), []
    for schedule in (schedules.karras, schedules.uniform):
        sigmas = schedule(256, sigma_max=20.0, sigma_min=0.5)
        ends.append(sample(ring8(), x, sigmas, solver="churn", s_churn=10.0, noise=path, display="off").x[-1])
    assert np.median(np.linalg.norm(ends[0] - ends[1], axis=1)) > 5 * errors[-1]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_sample_does_not_depend_on_its_batch(name, options):
    sigmas = schedules.karras(8, final_zero=True)
    x = noise(range(5), (2,), 80.0)
    batch = sample(ring8(), x, sigmas, solver=name, noise=Brownian(range(5)), **options)
    for k in range(5):
        alone = sample(ring8(), x[k : k + 1], sigmas, solver=name, noise=gm.Brownian(k), **options)
        # The noise is the same bit for bit; a denoiser's matrix product may round differently for another batch.
        np.testing.assert_allclose(alone.x[:, 0], batch.x[:, k], rtol=0, atol=1e-11)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_run_goes_on_from_any_step_bit_for_bit(name, options):
    x, path = noise(range(3), (2,), 80.0), Brownian(range(3))
    steps = list(iterate(ring8(), x, GRIDS["final zero"], solver=name, noise=path, **options))
    for start in steps[:-1]:
        again = iterate(
            ring8(), None, GRIDS["final zero"], solver=name, noise=Brownian(range(3)), resume=start, **options
        )
        for one, two in zip(steps[start.index + 1 :], again, strict=True):
            assert torch.equal(one.x_next, two.x_next)
            assert one.combination.b == two.combination.b


# ---------------------------------------------------------------- draws, looks, ends


@pytest.mark.parametrize("name", [name for name in NAMES if name != "churn"])
def test_an_interval_to_zero_takes_d_and_draws_nothing(name):
    x = noise(range(4), (2,), 80.0)
    draws = [*normals(2, (4, 2)), np.full((4, 2), np.nan)]
    *_, last = iterate(ring8(), x, [80.0, 20.0, 5.0, 0.0], solver=name, noise=draws)
    assert torch.equal(last.x_next, ring8()(last.x, 5.0))
    assert (last.evaluations, last.combination.gamma) == (1, 0.0)


def test_churn_lifts_x_also_before_zero_and_looks_at_the_displayed_point():
    x, sigmas, draws = noise(range(4), (2,), 80.0), [80.0, 20.0, 5.0, 0.0], normals(3, (4, 2))
    found = sample(ring8(), x, sigmas, solver="churn", s_churn=30.0, s_min=6.0, noise=draws)
    # At 80 and 20 the stages are at lifted points: two looks. At 5 there is no churn, at 0 nothing to look at.
    assert (found.evaluations, found.looks) == (5, 2)
    for i in range(3):
        np.testing.assert_array_equal(found.denoised[i], ring8()(torch.from_numpy(found.x[i]), sigmas[i]))
    lifted = list(iterate(ring8(), x, sigmas, solver="churn", s_churn=0.3, noise=draws))[-1]
    (stage,) = lifted.stages
    assert stage.sigma == pytest.approx(5.0 * 1.1)
    spread = 5 * np.sqrt(1.1**2 - 1)
    np.testing.assert_allclose(stage.x, lifted.x.numpy() + spread * draws[2], rtol=1e-13)
    assert torch.equal(lifted.x_next, stage.denoised)
    assert sample(ring8(), x, sigmas, solver="churn", s_churn=30.0, noise=draws, display="off").looks == 0


def test_the_noise_is_recorded():
    x, sigmas = noise(range(2), (2,), 80.0), schedules.karras(3)
    one = sample(ring8(), x, sigmas, solver="ddim_eta", noise=Brownian([4, 5]))
    assert one.settings["noise"] == {"brownian": [4, 5]}
    two = sample(ring8(), x, sigmas, solver="ddim_eta", noise=normals(3, (2, 2)))
    assert two.settings["noise"] == "given"
    assert "noise" not in sample(ring8(), x, sigmas).settings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, r"draws noise: give noise=gm\.Brownian\(seeds\), or 3 arrays"),
        (7, "draws noise"),
        (Brownian([1, 2, 3]), "3 seeds for 2 samples"),
        (normals(2, (2, 2)), r"each of the 3 intervals; got 2"),
        (normals(3, (3, 2)), r"one array of shape \(2, 2\)"),
    ],
)
def test_a_stochastic_solver_needs_noise_that_fits(given, message):
    x, sigmas = noise(range(2), (2,), 80.0), schedules.karras(3)
    for run in (iterate, sample):
        with pytest.raises(ValueError, match=message):
            run(ring8(), x, sigmas, solver="euler_maruyama", noise=given)


def test_noise_may_be_one_array_or_tensors():
    x, sigmas, draws = noise(range(2), (2,), 80.0), schedules.karras(3), np.stack(normals(3, (2, 2)))
    runs = [
        sample(ring8(), x, sigmas, solver="euler_maruyama", noise=given).x
        for given in (draws, list(draws), torch.from_numpy(draws), tuple(torch.from_numpy(draws)))
    ]
    assert all(np.array_equal(run, runs[0]) for run in runs)


def test_noise_that_is_not_finite_stops_the_run():
    x, draws = noise(range(2), (2,), 80.0), [np.full((2, 2), np.nan)] * 3
    with pytest.raises(DenoiserError, match="x became NaN"):
        sample(ring8(), x, schedules.karras(3), solver="euler_maruyama", noise=draws)


@pytest.mark.parametrize("name", ["heun", "rk45"])
def test_other_solvers_refuse_noise(name):
    for run in (iterate, sample):
        with pytest.raises(ValueError, match=f"{name} draws no noise"):
            run(ring8(), noise(0, (2,), 80.0), schedules.karras(3), solver=name, noise=Brownian(0))
