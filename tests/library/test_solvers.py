"""Every deterministic rule against an independent oracle, and what a `Step` says of itself."""

from __future__ import annotations

import subprocess
import sys
import threading
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from problems import (
    CASES,
    CORRECTED,
    CORRECTED_CASES,
    GRIDS,
    MOMENTS,
    TABLE,
    Gaussian,
    counts,
    derivative_estimate,
    oracle,
    ring8,
)

from geomodel import schedules, solvers
from geomodel.randomness import noise
from geomodel.sampling import iterate, sample

NAMES = tuple(row.name for row in TABLE)
ALL_CASES = CASES + CORRECTED_CASES


def case_name(value):
    if isinstance(value, dict):
        return ",".join(f"{key}={'moments' if value[key] is MOMENTS else value[key]}" for key in value) or "defaults"
    return None


@pytest.mark.parametrize(("name", "options"), ALL_CASES, ids=case_name)
def test_each_rule_follows_its_formula(name, options):
    x = noise(range(6), (2,), 80.0)
    for grid, sigmas in GRIDS.items():
        found = sample(ring8(), x, sigmas, solver=name, display="off", **options).x
        expected = oracle(name, options, ring8(), x.numpy(), sigmas)
        # The forms differ by roundings (1e-15 in D), which the slope at σ' enlarges by (σ − σ')/σ' = 40,000 where one
        # step goes from 80 to 0.002. Measured 8e-12 there, below 1e-12 on the other grids. Where far extrapolation
        # throws x to 10⁴, roundings are relative to that.
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=5e-11, err_msg=grid)


@pytest.mark.parametrize("name", NAMES)
def test_an_isotropic_gaussian_is_sampled_along_a_straight_line(name):
    model = Gaussian(torch.full((5,), 0.7, dtype=torch.float64), torch.tensor(1.3, dtype=torch.float64))
    curve = sample(model, noise(range(3), (5,), 80.0), schedules.karras(12), solver=name, display="off").x
    chord = curve[-1] - curve[0]
    along = ((curve - curve[0]) * chord).sum(-1, keepdims=True) / (chord**2).sum(-1, keepdims=True)
    # Identity 11 of the papers: no deviation from the chord, up to roundings of numbers around 200.
    assert np.abs(curve - curve[0] - along * chord).max() < 1e-10


@pytest.mark.parametrize("name", NAMES)
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


@pytest.mark.parametrize(("name", "options"), ALL_CASES, ids=case_name)
def test_the_combination_says_how_x_next_was_made(name, options):
    for sigmas in GRIDS.values():
        history: list[float] = []
        for step in iterate(ring8(), noise(range(6), (2,), 80.0), sigmas, solver=name, **options):
            made, stages = step.combination, len(step.stages)
            # This step's stages in order, then the history, newest first; a carried start stands before the history.
            assert all(a is b for a, b in zip(made.evaluations[:stages], step.stages, strict=True))
            carried = [step.sigma] if name in CORRECTED and step.index > 0 and step.sigma_next > 0 else []
            past = [item.sigma for item in made.evaluations[stages:]]
            assert past == [*carried, *history][: len(past)]
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


@pytest.mark.parametrize(("name", "options"), ALL_CASES, ids=case_name)
def test_the_slope_weights_say_the_same_where_the_rule_is_in_slopes(name, options):
    in_slopes = solvers.row(name).family in ("One step", "Multistep in slopes") and name != "dpmpp_2s"
    in_slopes = in_slopes or options.get("prediction") == "eps"
    for sigmas in GRIDS.values():
        for step in iterate(ring8(), noise(range(6), (2,), 80.0), sigmas, solver=name, **options):
            made = step.combination
            analytic = step.index == 0 and bool(options.get("analytic_first_step"))
            euler = len(made.evaluations) == len(step.stages) == 1  # in a first interval and in one to 0
            if analytic or not (euler or in_slopes):
                assert made.slope_weights is None
                continue
            moves = zip(made.slope_weights, made.evaluations, strict=True)
            mean = sum(w * (item.x - item.denoised) / item.sigma for w, item in moves)
            found = step.x + (step.sigma_next - step.sigma) * mean
            # Relative to x, the largest term here: this form has no convex sum.
            assert (found - step.x_next).abs().max() < 1e-12 * step.x.abs().max()
            # Far extrapolation has large weights of either sign: their roundings are what is left.
            size = sum(abs(w) for w in made.slope_weights)
            assert sum(made.slope_weights) == pytest.approx(1.0, abs=1e-15 * size)


@pytest.mark.parametrize(("name", "options"), ALL_CASES, ids=case_name)
def test_each_step_fills_its_fields(name, options):
    for sigmas in (GRIDS["final zero"], GRIDS["log"], GRIDS["one step"]):
        x = noise(range(6), (2,), 80.0)
        for step in iterate(ring8(), x, sigmas, solver=name, **options):
            assert [step.sigma, step.sigma_next] == sigmas[step.index : step.index + 2].tolist()
            assert torch.equal(step.x, x)
            assert torch.equal(step.denoised, ring8()(step.x, step.sigma))
            assert torch.equal(step.slope, (step.x - step.denoised) / step.sigma)
            spared = int(bool(options.get("analytic_first_step")) and step.index == 0)
            assert step.evaluations == counts(name, sigmas)[step.index] - spared == len(step.stages)
            assert step.looks == int(not any(torch.equal(stage.x, step.x) for stage in step.stages))
            for stage in step.stages:
                assert torch.equal(stage.denoised, ring8()(stage.x, stage.sigma))
            assert step.x_next.dtype == torch.float64
            x = step.x_next


@pytest.mark.parametrize(("name", "options"), ALL_CASES, ids=case_name)
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
    for name in NAMES:
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


@pytest.mark.parametrize("name", CORRECTED)
def test_an_evaluation_that_corrects_is_the_next_steps_start(name):
    sigmas = GRIDS["final zero"]
    steps = list(iterate(ring8(), noise(range(6), (2,), 80.0), sigmas, solver=name))
    for before, step in pairwise(steps[:-2]):
        (made,) = before.stages[-1:]
        assert made.sigma == step.sigma
        assert not torch.equal(made.x, step.x)  # it belongs to the predicted point, not to the corrected one
        assert step.combination.evaluations[1] is made
    # No corrector before the jump to 0: D there is that of x itself, and the whole run has an evaluation a step.
    assert torch.equal(steps[-1].x_next, ring8()(steps[-1].x, steps[-1].sigma))
    assert sum(step.evaluations for step in steps) == len(steps)
    # The run without its jump is the same run.
    for step, other in zip(steps, iterate(ring8(), steps[0].x, sigmas[:-1], solver=name), strict=False):
        assert torch.equal(step.x_next, other.x_next)


@pytest.mark.parametrize("name", CORRECTED)
def test_a_jump_from_a_corrected_point_takes_its_own_d(name):
    steps = list(iterate(ring8(), noise(range(6), (2,), 80.0), GRIDS["karras"], solver=name))
    (last,) = iterate(ring8(), None, GRIDS["karras"], jump_at=4, solver=name, resume=steps[3])
    assert torch.equal(last.x_next, ring8()(steps[3].x_next, GRIDS["karras"][4]))
    assert last.evaluations == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("row", schedules.SCHEDULES, ids=lambda row: row.name)
def test_any_solver_on_any_schedule(row, name):
    x = noise(range(3), (2,), 30.0)
    for steps, final_zero in ((1, False), (1, True), (2, True), (5, False), (6, True)):
        sigmas = schedules.build(row.name, steps=steps, sigma_min=0.05, sigma_max=30.0, final_zero=final_zero)
        found = sample(ring8(), x, sigmas, solver=name, display="off")
        assert np.isfinite(found.x).all()
        assert np.diff(found.evaluations_at).tolist() == counts(name, sigmas)
        np.testing.assert_array_equal(sample(ring8(), x, sigmas, solver=name, display="off").x, found.x)
        for k in range(3):
            alone = sample(ring8(), x[k : k + 1], sigmas, solver=name, display="off").x
            # Only the products' order of summation may differ: roundings, enlarged by σ/σ' = 600 at most.
            np.testing.assert_allclose(alone[:, 0], found.x[:, k], rtol=0, atol=1e-10 * np.abs(found.x).max())


def test_the_table_is_complete():
    families = [family for family, _ in groupby(row.family for row in solvers.SOLVERS)]
    assert len(families) == len(set(families))
    for row in solvers.SOLVERS:
        assert len(row.title) <= 32
        assert "σ" in row.formula
        assert row.source
        assert all(option.tooltip and option.title for option in row.options)
        assert solvers.complete(row.name, {}) == {option.name: option.default for option in row.options}
    for row in TABLE:
        names = [option.name for option in row.options]
        assert "analytic_first_step" in names
        assert ("lower_order_final" in names) == (row.family != "One step")
    assert solvers.complete("ipndm", {"order": np.int64(2)})["order"] == 2
    assert solvers.complete("unipc", {}).items() >= {"order": 2, "variant": "bh2", "prediction": "x0"}.items()
    assert solvers.complete("rk2", {})["alpha"] == 1
    assert all(solvers.complete(name, {})["r"] == 0.5 for name in ("dpm2", "dpmpp_2s"))
    assert all(solvers.complete(name, {})["order"] == 3 for name in ("ipndm", "ab", "deis_tab", "deis_log", "exp_x0"))


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("hoin", {}, ValueError, "euler, heun, rk2, dpm2"),
        ("heun", {"order": 3}, TypeError, "its options are analytic_first_step"),
        ("heun", {"lower_order_final": True}, TypeError, "lower_order_final"),
        ("dpm2", {"q": 0.5}, TypeError, "its options are r, analytic_first_step"),
        ("dpm2", {"r": 0.0}, ValueError, "r lies between"),
        ("dpm2", {"r": float("nan")}, ValueError, "finite"),
        ("dpm2", {"r": "half"}, ValueError, "number"),
        ("rk2", {"alpha": 0.0}, ValueError, "alpha lies between"),
        ("unipc", {"order": 4}, ValueError, "order lies between 1 and 3; got 4"),
        ("unipc", {"variant": "bh3"}, ValueError, "variant is one of bh1, bh2"),
        ("unipc", {"prediction": "v"}, ValueError, "prediction is one of x0, eps"),
        ("ipndm", {"order": 0}, ValueError, "order lies between 1 and 4; got 0"),
        ("ipndm", {"order": 2.5}, ValueError, "whole number"),
        ("ipndm", {"order": True}, ValueError, "whole number"),
        ("ipndm", {"lower_order_final": 1}, ValueError, "True or False"),
        ("euler", {"analytic_first_step": True}, ValueError, "pair"),
        ("euler", {"analytic_first_step": (0.0, -1.0)}, ValueError, "0 or more"),
        ("euler", {"analytic_first_step": (float("nan"), 1.0)}, ValueError, "finite mean"),
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
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_a_denoiser_that_does_not_return_keeps_no_other_thread_from_its_run():
    entered, leave, done = threading.Event(), threading.Event(), []

    def held(x, sigma):
        entered.set()
        leave.wait()
        return 0 * x

    x, sigmas = noise(range(2), (2,), 80.0), schedules.karras(3)
    threads = [threading.Thread(target=lambda m=m: done.append(sample(m, x, sigmas))) for m in (held, ring8())]
    threads[0].start()
    entered.wait()
    threads[1].start()
    threads[1].join(timeout=60)  # a bound for a stuck test, not a speed
    finished = not threads[1].is_alive()
    leave.set()
    for thread in threads:
        thread.join()
    assert finished
    assert len(done) == 2
