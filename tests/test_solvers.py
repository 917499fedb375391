"""Every update rule against an independent oracle, its order of convergence, and what a `Step` says of itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from problems import CASES, GRIDS, MOMENTS, Gaussian, derivative_estimate, exact_end, oracle, ring8

from geomodel import schedules, solvers
from geomodel.randomness import noise
from geomodel.sampling import iterate, sample


def case_name(value):
    if isinstance(value, dict):
        return ",".join(f"{key}={'moments' if value[key] is MOMENTS else value[key]}" for key in value) or "defaults"
    return None


@pytest.mark.parametrize(("name", "options"), CASES, ids=case_name)
def test_each_rule_follows_its_formula(name, options):
    x = noise(range(6), (2,), 80.0)
    for grid, sigmas in GRIDS.items():
        found = sample(ring8(), x, sigmas, solver=name, display="off", **options).x
        expected = oracle(name, options, ring8(), x.numpy(), sigmas)
        # The forms differ by roundings (1e-15 in D), which the slope at σ' enlarges by (σ − σ')/σ' = 40,000 where one
        # step goes from 80 to 0.002. Measured 8e-12 there, below 1e-12 on the other grids.
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-11, err_msg=grid)


RANGES = {
    "euler": (0.95, 1.10),
    "heun": (1.85, 2.10),
    "dpm2": (1.85, 2.10),
    "dpmpp_2m": (1.85, 2.10),
    "ipndm": (1.85, 2.10),
}


@pytest.fixture(scope="module")
def ring8_ends():
    x = noise(range(64), (2,), 80.0)
    return x, exact_end(ring8(), x, 80.0, 0.002)


@pytest.mark.parametrize("name", solvers.names())
def test_order_of_convergence(name, ring8_ends):
    x, exact = ring8_ends
    counts = np.array([64, 128, 256, 512])
    errors = []
    for steps in counts:
        end = sample(ring8(), x, schedules.karras(int(steps)), solver=name, display="off").x[-1]
        errors.append(np.median(np.linalg.norm(end - exact, axis=1)))
    slope = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    low, high = RANGES[name]
    assert low <= slope <= high, (slope, errors)
    assert round(slope) == solvers.row(name).order


def test_ring8_denoiser_is_the_score_of_its_density():
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 2)) * 3).requires_grad_()
    (score,) = torch.autograd.grad(ring8().log_density(x, 0.7).sum(), x)
    # Tweedie: D = x + σ² ∇ log p_σ; both sides are a few roundings of numbers below 10.
    np.testing.assert_allclose((x + 0.49 * score).detach(), ring8()(x, 0.7).detach(), atol=1e-13)


def test_gaussian_closed_form_and_its_published_heun_errors():
    variances = 3 * torch.arange(1, 65, dtype=torch.float64) ** -1.5
    model = Gaussian(torch.zeros(64, dtype=torch.float64), variances)
    x = noise(range(16), (64,), 80.0)
    exact = model.solution(x, 80.0, 0.002).numpy()
    for steps, published in ((250, 2.1e-4), (500, 5.2e-5), (1000, 1.3e-5)):
        end = sample(model, x, schedules.karras(steps), solver="heun", display="off").x[-1]
        error = np.median(np.linalg.norm(end - exact, axis=1) / np.linalg.norm(exact, axis=1))
        # Two digits are published (2.5 %), for other latents: their spread is a few per cent.
        assert error == pytest.approx(published, rel=0.1), steps


@pytest.mark.parametrize("name", solvers.names())
def test_an_isotropic_gaussian_is_sampled_along_a_straight_line(name):
    model = Gaussian(torch.full((5,), 0.7, dtype=torch.float64), torch.tensor(1.3, dtype=torch.float64))
    curve = sample(model, noise(range(3), (5,), 80.0), schedules.karras(12), solver=name, display="off").x
    chord = curve[-1] - curve[0]
    along = ((curve - curve[0]) * chord).sum(-1, keepdims=True) / (chord**2).sum(-1, keepdims=True)
    # Identity 11 of the papers: no deviation from the chord, up to roundings of numbers around 200.
    assert np.abs(curve - curve[0] - along * chord).max() < 1e-10


@pytest.mark.parametrize("name", solvers.names())
def test_a_jump_to_zero_is_the_denoised_point(name):
    x = noise(range(4), (2,), 80.0)
    (step,) = iterate(ring8(), x, [80.0, 0.0], solver=name)
    # From any point, one Euler step to 0 is D: here without even a rounding.
    assert torch.equal(step.x_next, ring8()(x, 80.0))
    assert step.evaluations == 1


def test_euler_is_the_convex_combination():
    x = noise(range(4), (2,), 80.0)
    for step in iterate(ring8(), x, schedules.karras(18), solver="euler"):
        s, t = step.sigma, step.sigma_next
        expected = (t / s) * step.x + ((s - t) / s) * ring8()(step.x, s)
        assert (step.x_next - expected).abs().max() <= 1e-12 * expected.abs().max()


def test_dpm2_with_r_1_is_heun():
    x, sigmas = noise(range(64), (2,), 80.0), schedules.karras(18)
    heun = sample(ring8(), x, sigmas, solver="heun").x
    np.testing.assert_allclose(sample(ring8(), x, sigmas, solver="dpm2", r=1.0).x, heun, rtol=0, atol=1e-12)


def test_ipndm_of_order_1_is_euler():
    x, sigmas = noise(range(8), (2,), 80.0), schedules.karras(18)
    euler = sample(ring8(), x, sigmas, solver="euler").x
    np.testing.assert_array_equal(sample(ring8(), x, sigmas, solver="ipndm", order=1).x, euler)


@pytest.mark.parametrize(
    ("name", "options"),
    [("euler", {}), ("heun", {}), ("dpm2", {}), ("dpm2", {"r": 0.25}), ("dpmpp_2m", {}), ("ipndm", {"order": 2})],
    ids=case_name,
)
def test_each_rule_is_a_taylor_step_with_its_own_derivative(name, options):
    for grid in ("karras", "log", "uneven"):
        before = None
        for step in iterate(ring8(), noise(range(6), (2,), 80.0), GRIDS[grid], solver=name, **options):
            s, ds = step.sigma, step.sigma_next - step.sigma
            estimate = derivative_estimate(name, options, step, before)
            expected = step.x + ds * step.slope - ds**2 / (2 * s) * estimate
            # x' of order 1 comes from terms of order 100: the relative figure is that of the largest term.
            assert (step.x_next - expected).abs().max() <= 1e-12 * max(1.0, step.x.abs().max().item())
            before = step


@pytest.mark.parametrize(("name", "options"), CASES, ids=case_name)
def test_the_combination_says_how_x_next_was_made(name, options):
    for sigmas in GRIDS.values():
        history: list[float] = []
        for step in iterate(ring8(), noise(range(6), (2,), 80.0), sigmas, solver=name, **options):
            made, stages = step.combination, len(step.stages)
            # This step's stages in order, then the history, newest first.
            assert all(a is b for a, b in zip(made.evaluations[:stages], step.stages, strict=True))
            assert [past.sigma for past in made.evaluations[stages:]] == history[: len(made.evaluations) - stages]
            history.insert(0, step.sigma)
            # In extended precision: what is checked are the coefficients, not the roundings of a sum.
            total = np.longdouble(made.alpha) * step.x.numpy().astype(np.longdouble)
            for item, a, b in zip(made.evaluations, made.a, made.b, strict=True):
                total = total + np.longdouble(a) * item.x.numpy() + np.longdouble(b) * item.denoised.numpy()
            analytic = step.index == 0 and bool(options.get("analytic_first_step"))
            assert (made.constant is not None) == analytic
            total = total + (made.constant.numpy() if analytic else 0.0)
            scale = step.x_next.abs().max().item()
            assert np.abs(total - step.x_next.numpy()).max() < 1e-12 * scale
            assert made.gamma == 0


@pytest.mark.parametrize(("name", "options"), CASES, ids=case_name)
def test_the_slope_weights_say_the_same_where_the_rule_is_in_slopes(name, options):
    for sigmas in GRIDS.values():
        for step in iterate(ring8(), noise(range(6), (2,), 80.0), sigmas, solver=name, **options):
            made = step.combination
            analytic = step.index == 0 and bool(options.get("analytic_first_step"))
            euler = made.evaluations == step.stages  # what 2M does in its first interval and in one to 0
            if analytic or (name == "dpmpp_2m" and not euler):
                assert made.slope_weights is None
                continue
            moves = zip(made.slope_weights, made.evaluations, strict=True)
            mean = sum(w * (item.x - item.denoised) / item.sigma for w, item in moves)
            found = step.x + (step.sigma_next - step.sigma) * mean
            # Relative to x, the largest term here: this form has no convex sum.
            assert (found - step.x_next).abs().max() < 1e-12 * step.x.abs().max()
            assert sum(made.slope_weights) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(("name", "options"), CASES, ids=case_name)
def test_each_step_fills_its_fields(name, options):
    row, sigmas = solvers.row(name), GRIDS["final zero"]
    analytic = bool(options.get("analytic_first_step"))
    x = noise(range(6), (2,), 80.0)
    for step in iterate(ring8(), x, sigmas, solver=name, **options):
        assert (step.sigma, step.sigma_next) == (sigmas[step.index], sigmas[step.index + 1])
        assert torch.equal(step.x, x)
        assert torch.equal(step.denoised, ring8()(step.x, step.sigma))
        assert torch.equal(step.slope, (step.x - step.denoised) / step.sigma)
        spared = int(analytic and step.index == 0)
        assert step.evaluations == (row.evaluations if step.sigma_next > 0 else 1) - spared == len(step.stages)
        assert step.looks == spared
        for stage in step.stages:
            assert torch.equal(stage.denoised, ring8()(stage.x, stage.sigma))
        assert step.x_next.dtype == torch.float64
        x = step.x_next


@pytest.mark.parametrize(("name", "options"), CASES, ids=case_name)
def test_a_run_goes_on_from_any_step_bit_for_bit(name, options):
    def go(x=None, **more):
        return list(iterate(ring8(), x, GRIDS["karras"], jump_at=7, solver=name, **options, **more))

    steps = go(x=noise(range(6), (2,), 80.0))
    for step in steps:
        rest = go(resume=step)
        assert [item.index for item in rest] == list(range(step.index + 1, len(steps)))
        for found, expected in zip(rest, steps[step.index + 1 :], strict=True):
            assert torch.equal(found.x_next, expected.x_next)
            assert torch.equal(found.denoised, expected.denoised)
            assert (found.combination.a, found.combination.b) == (expected.combination.a, expected.combination.b)
            assert (found.evaluations, found.looks) == (expected.evaluations, expected.looks)


def test_an_analytic_first_step_is_exact_on_its_gaussian():
    mean, variance = torch.tensor([1.0, -2.0], dtype=torch.float64), 2.5
    model = Gaussian(mean, torch.full((2,), variance, dtype=torch.float64))
    x, sigmas = noise(range(4), (2,), 80.0), schedules.karras(10)
    for name in solvers.names():
        true = sample(model, x, sigmas, solver=name)
        spared = sample(model, x, sigmas, solver=name, analytic_first_step=(mean, variance))
        np.testing.assert_allclose(spared.x, true.x, rtol=0, atol=1e-12)  # roundings of numbers around 100
        assert (true.evaluations - spared.evaluations, spared.looks - true.looks) == (1, 1)
        np.testing.assert_array_equal(spared.denoised[0], true.denoised[0])


def test_a_mean_may_be_one_number_and_must_fit():
    x, sigmas = noise(range(4), (2,), 80.0), schedules.karras(4)
    one = sample(ring8(), x, sigmas, analytic_first_step=(0.5, 8.0))
    two = sample(ring8(), x, sigmas, analytic_first_step=([0.5, 0.5], 8.0))
    np.testing.assert_array_equal(one.x, two.x)
    with pytest.raises(ValueError, match="mean of analytic_first_step"):
        iterate(ring8(), x, sigmas, analytic_first_step=([0.5, 0.5, 0.5], 8.0))


def test_the_table_is_complete():
    assert solvers.names() == ("euler", "heun", "dpm2", "dpmpp_2m", "ipndm")
    assert set(RANGES) == set(solvers.names())
    for row in solvers.SOLVERS:
        assert row.title
        assert "σ" in row.formula
        assert row.source
        assert all(option.tooltip and option.title for option in row.options)
        assert solvers.complete(row.name, {}) == {option.name: option.default for option in row.options}
    assert solvers.complete("ipndm", {"order": np.int64(2)})["order"] == 2


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("hoin", {}, ValueError, "euler, heun, dpm2, dpmpp_2m, ipndm"),
        ("heun", {"order": 3}, TypeError, "its options are analytic_first_step"),
        ("heun", {"lower_order_final": True}, TypeError, "lower_order_final"),
        ("dpm2", {"q": 0.5}, TypeError, "its options are r, analytic_first_step"),
        ("dpm2", {"r": 0.0}, ValueError, "r lies between"),
        ("dpm2", {"r": 1.5}, ValueError, "r lies between"),
        ("dpm2", {"r": float("nan")}, ValueError, "finite"),
        ("dpm2", {"r": "half"}, ValueError, "number"),
        ("ipndm", {"order": 0}, ValueError, "order lies between 1 and 4; got 0"),
        ("ipndm", {"order": 5}, ValueError, "order lies between"),
        ("ipndm", {"order": 2.5}, ValueError, "whole number"),
        ("ipndm", {"order": True}, ValueError, "whole number"),
        ("ipndm", {"lower_order_final": 1}, ValueError, "True or False"),
        ("euler", {"analytic_first_step": True}, ValueError, "pair"),
        ("euler", {"analytic_first_step": (0.0, -1.0)}, ValueError, "0 or more"),
        ("euler", {"analytic_first_step": (float("nan"), 1.0)}, ValueError, "finite mean"),
        ("euler", {"analytic_first_step": (0.0, float("inf"))}, ValueError, "finite"),
    ],
)
def test_wrong_options_are_refused_at_once(name, options, error, message):
    with pytest.raises(error, match=message):
        iterate(ring8(), noise(0, (2,), 80.0), schedules.karras(4), solver=name, **options)


def test_tables_load_no_torch():
    code = (
        "import sys, geomodel; geomodel.solvers.names(); geomodel.solvers.row('heun'); geomodel.schedules.karras(); "
        "geomodel.solvers.complete('ipndm', {'order': 2}); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
