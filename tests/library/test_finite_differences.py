"""Implied derivatives: the identity with each solver's update, and the true and the effective one on a Gaussian."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from problems import GRIDS, Gaussian, derivative_estimate, ring8

import geomodel as gm
from geomodel import finite_differences, solvers
from geomodel.finite_differences import effective_derivative, implied, implied_by, taylor_step, true_derivative
from geomodel.trajectory import Evaluation

RULES = [
    ("euler", {}),
    ("heun", {}),
    ("rk2", {"alpha": 0.4}),
    ("rk2", {"alpha": 2 / 3}),
    ("dpm2", {}),
    ("dpm2", {"r": 0.25}),
    ("dpmpp_2s", {}),
    ("dpmpp_2s", {"r": 0.8}),
    ("dpmpp_2m", {}),
    ("exp_x0", {"order": 2}),
    ("ipndm", {"order": 2}),
    ("ab", {"order": 2}),
    ("dpm_2m", {}),
    ("deis_log", {"order": 2}),
]
RULES = [rule for rule in RULES if rule[0] in solvers.names()]
IDS = [f"{name}{options or ''}" for name, options in RULES]
GAUSSIAN = Gaussian(torch.tensor([1.0, -2.0], dtype=torch.float64), torch.tensor([0.5, 4.0], dtype=torch.float64))


def gaussian_derivative(x, sigma):
    """Ḋ of the Gaussian: ∂D/∂σ = −2σ v/(v + σ²)² (x − m) and ∂D/∂x = v/(v + σ²), along e = σ (x − m)/(v + σ²)."""
    centred, variance = x - GAUSSIAN.mean, GAUSSIAN.variances
    total = variance + sigma**2
    return -2 * sigma * variance / total**2 * centred + variance / total * (sigma * centred / total)


def steps_of(name, options, grid="karras", **more):
    return list(gm.iterate(ring8(), gm.noise(range(6), (2,), 80.0), GRIDS[grid], solver=name, **options, **more))


@pytest.mark.parametrize(("name", "options"), RULES, ids=IDS)
@pytest.mark.parametrize("grid", ["karras", "log", "uniform", "uneven"])
def test_the_taylor_step_with_the_implied_derivative_is_the_solvers_update(name, options, grid):
    for step in steps_of(name, options, grid):
        derivative = implied_by(step, name, **options)
        made = taylor_step(Evaluation(step.x, step.sigma, step.denoised), step.sigma_next, derivative)
        # x' of order 1 comes from terms of order 100: the relative figure is that of the largest term. Measured 8e-16.
        assert (made - step.x_next).abs().max() <= 1e-12 * max(1.0, step.x.abs().max().item())


@pytest.mark.parametrize(
    ("name", "options"), [rule for rule in RULES if rule[0] in ("heun", "dpm2", "ipndm", "dpmpp_2m")]
)
def test_the_implied_derivative_is_that_of_the_papers_table(name, options):
    before = None
    for step in steps_of(name, options):
        expected = derivative_estimate(name, options, step, before)
        # The same formula on denoised values recomputed at points that differ by roundings.
        np.testing.assert_allclose(implied_by(step, name, **options), expected, rtol=1e-7, atol=1e-9)
        before = step


def test_the_first_step_of_a_multistep_rule_is_euler():
    for name in ("ipndm", "dpmpp_2m"):
        assert not implied_by(steps_of(name, {})[0], name).any()


def test_only_the_stored_evaluations_are_read():
    s, t = 4.0, 2.0
    ones = torch.ones(3, 2, dtype=torch.float64)
    start, end = Evaluation(5 * ones, s, 1 * ones), Evaluation(3 * ones, t, 2 * ones)
    # (s/t) (2 − 1)/(t − s) = −1, whatever x is at the other end.
    assert torch.equal(implied("heun", (start, end), t), -ones)
    before = Evaluation(7 * ones, 8.0, 3 * ones)
    # e_p − e = 4/8 − 4/4 = −1/2; times s/(t − s) = −2.
    assert torch.equal(implied("ipndm", (start, before), t, order=2), ones)
    # times s/(s − p) = −1.
    assert torch.equal(implied("ab", (start, before), t, order=2), 0.5 * ones)
    # h = h_0 = ln 2: (1 − 3)/(−2).
    assert torch.equal(implied("dpmpp_2m", (start, before), t), ones)


def test_what_implies_no_derivative_is_refused():
    jump = steps_of("heun", {}, "final zero")[-1]
    with pytest.raises(ValueError, match="σ = 0 is an Euler step"):
        implied_by(jump, "heun")
    with pytest.raises(ValueError, match="from 3 evaluations is not the difference of two"):
        implied_by(steps_of("ipndm", {"order": 3})[4], "ipndm", order=3)
    moments = (np.zeros(2), 8.0)
    first = steps_of("heun", {}, analytic_first_step=moments)[0]
    with pytest.raises(ValueError, match="start was not evaluated"):
        implied_by(first, "heun")
    with pytest.raises(ValueError, match="no solver"):
        implied("haun", steps_of("heun", {})[0].stages, 1.0)
    with pytest.raises(TypeError, match="alpha"):
        implied("dpm2", steps_of("dpm2", {})[0].stages, 1.0, alpha=0.5)


def test_every_other_solver_says_that_it_is_no_difference():
    known = {name for name, _ in RULES}
    for row in solvers.SOLVERS:
        if row.name in known or row.stochastic or row.adaptive:
            continue
        for step in steps_of(row.name, {})[2:4]:
            with pytest.raises(ValueError, match=r"not the difference of two|start was not evaluated"):
                implied_by(step, row.name)


# ---------------------------------------------------------------- the true derivative


@pytest.mark.parametrize("sigma", [30.0, 2.0, 0.3, 0.002])
def test_the_true_derivative_of_a_gaussian(sigma):
    x = GAUSSIAN.mean + gm.noise(range(5), (2,), 1.0) * torch.sqrt(GAUSSIAN.variances + sigma**2)
    found = true_derivative(GAUSSIAN, x, sigma)
    assert found.method == "jvp"
    # The slope (x − D)/σ loses digits as x and D meet: 1e-16/0.002 = 5e-14 of x in the worst case.
    np.testing.assert_allclose(found.value, gaussian_derivative(x, sigma), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("sigma", [30.0, 2.0, 0.3])
def test_a_model_that_is_not_differentiable_gets_a_central_difference(sigma):
    def model(x, sigma):
        return torch.from_numpy(GAUSSIAN(x, float(sigma)).numpy())

    x = GAUSSIAN.mean + gm.noise(range(5), (2,), 1.0) * torch.sqrt(GAUSSIAN.variances + sigma**2)
    found = true_derivative(model, x, sigma)
    assert found.method == "central difference"
    # (h/σ)² = 1e-8 of D‴ σ²; roundings of D/h are 1e-12 |D|/σ.
    np.testing.assert_allclose(found.value, gaussian_derivative(x, sigma), rtol=1e-6, atol=1e-10)


def test_a_graph_cut_within_the_model_is_noticed():
    def model(x, sigma):
        return GAUSSIAN(x, float(sigma))  # σ as a number: forward mode sees no ∂D/∂σ, without a word

    x = gm.noise(range(5), (2,), 2.0)
    found = true_derivative(model, x, 2.0)
    assert found.method == "central difference"
    np.testing.assert_allclose(found.value, gaussian_derivative(x, 2.0), rtol=1e-6, atol=1e-10)


def test_our_denoisers_have_derivatives(two_moons_network):
    data = gm.datasets.load("two-moons", count=200)
    x = gm.noise(range(4), (2,), 1.0)
    expected = {"MixtureDenoiser": "jvp", "NetworkDenoiser": "jvp"}
    for model in (gm.OptimalDenoiser(data.points), gm.MixtureDenoiser(data.points[:5], 0.3), two_moons_network):
        found = true_derivative(model, x, 1.0)
        near = effective_derivative(model, x, 1.0, 0.999)
        # The two differ by O(s − t), 0.1 % of the next derivative; measured 0.02 to 0.1 %.
        assert (found.value - near).norm() <= 0.01 * near.norm()
        assert found.method == expected.get(type(model).__name__, found.method)


@pytest.fixture(scope="module")
def two_moons_network():
    import resources

    return gm.load_checkpoint(resources.path("checkpoints", "two-moons.safetensors"))


def test_labels_reach_the_model():
    data = gm.datasets.load("two-moons", count=200)
    both, one = gm.OptimalDenoiser(data.points, data.labels), gm.OptimalDenoiser(data.points[data.labels == 1])
    x, labels = gm.noise(range(3), (2,), 0.5), torch.tensor([1, 1, 1])
    # The same sums about another centre: roundings of D/h.
    np.testing.assert_allclose(
        true_derivative(both, x, 0.5, labels).value, true_derivative(one, x, 0.5).value, atol=1e-8, rtol=0
    )
    near, alone = effective_derivative(both, x, 0.5, 0.4, labels), effective_derivative(one, x, 0.5, 0.4)
    np.testing.assert_allclose(near, alone, atol=1e-9, rtol=0)


class Staircase:
    """A network that knows three noise levels."""

    def __call__(self, x, sigma):
        return GAUSSIAN(x, self.round_sigma(sigma))

    def round_sigma(self, sigma):
        return min((0.1, 1.0, 10.0), key=lambda known: abs(known - sigma))


def test_where_there_is_no_derivative_the_reason_is_said():
    x = gm.noise(range(2), (2,), 1.0)
    with pytest.raises(ValueError, match="rounds noise levels"):
        true_derivative(Staircase(), x, 1.0)
    with pytest.raises(ValueError, match="above 0; got 0"):
        true_derivative(GAUSSIAN, x, 0.0)
    with pytest.raises(ValueError, match="one above 0; got 1 and 0"):
        effective_derivative(GAUSSIAN, x, 1.0, 0.0)


# ---------------------------------------------------------------- the effective derivative


@pytest.mark.parametrize(("sigma", "sigma_next"), [(10.0, 6.0), (2.0, 1.5), (0.5, 0.3)])
def test_the_effective_derivative_lands_on_the_ode(sigma, sigma_next):
    x = gm.noise(range(4), (2,), sigma)
    start = Evaluation(x, sigma, GAUSSIAN(x, sigma))
    landed = taylor_step(start, sigma_next, effective_derivative(GAUSSIAN, x, sigma, sigma_next))
    # What RK4 with 32 sub-steps leaves: (ln 2/32)⁴/120 of x.
    np.testing.assert_allclose(landed, GAUSSIAN.solution(x, sigma, sigma_next), atol=1e-7)


def test_the_effective_derivative_tends_to_the_true_one():
    x = gm.noise(range(4), (2,), 2.0)
    exact = gaussian_derivative(x, 2.0)
    gaps = [
        float((effective_derivative(GAUSSIAN, x, 2.0, 2.0 * (1 - share)) - exact).norm())
        for share in (0.1, 0.05, 0.025)
    ]
    # First order in s − t; the next term is a fifth of the share.
    np.testing.assert_allclose(np.log2(np.array(gaps[:-1]) / gaps[1:]), 1.0, atol=0.1)


def test_second_order_rules_imply_nearly_the_true_derivative_on_a_fine_grid():
    sigmas = gm.schedules.log_uniform(200, 0.5, 10.0)
    for name, options in RULES[1:]:
        for step in list(gm.iterate(GAUSSIAN, gm.noise(range(4), (2,), 10.0), sigmas, solver=name, **options))[50:52]:
            exact = gaussian_derivative(step.x, step.sigma)
            # One step is 1.5 % in log σ, and the estimate belongs half a step or so away: 3 % at most.
            error = (implied_by(step, name, **options) - exact).norm() / exact.norm()
            assert error < 0.05, name


def test_the_module_covers_the_table():
    assert {"heun", "dpm2", "ipndm", "dpmpp_2m"} <= {name for name, _ in RULES}
    assert finite_differences.__doc__
