"""The solvers' orders of convergence, the coefficients of the multistep rules, and which rules are the same."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from problems import TABLE, Gaussian, exact_end, lagrange_means, ring8, vp_time
from scipy.integrate import quad

from geomodel import schedules, solvers
from geomodel.randomness import noise
from geomodel.sampling import iterate, sample
from geomodel.solvers.quadrature import DENOISED, LEVEL, LOG_LEVEL, SLOPE, VpTime, middle_weights, moments, weights

SECOND, THIRD, ANY = (1.85, 2.10), (2.80, 3.35), (2.80, 4.50)
# Slopes of the largest error of four latents, n = 64 … 512: the ranges of a separate implementation of every rule.
# Multistep rules of order 4 start with lower orders, which bends their slopes.
# By default one of UniPC's variants at every order; each variant's formula is tested in test_solvers.py.
UNIPC = [
    ("bh2", "x0", ()),
    ("bh2", "eps", pytest.mark.slow),
    ("bh1", "x0", pytest.mark.slow),
    ("bh1", "eps", pytest.mark.slow),
]
ORDERS = [
    ("euler", {}, (0.95, 1.10)),
    ("heun", {}, SECOND),
    *(("rk2", {"alpha": alpha}, SECOND) for alpha in (0.5, 2 / 3, 1.0)),
    *(("dpm2", {"r": r}, SECOND) for r in (0.25, 0.5, 1.0)),
    ("dpm3", {}, THIRD),
    ("bs3", {}, THIRD),
    ("rk4", {}, (3.80, 4.10)),
    *(("dpmpp_2s", {"r": r}, SECOND) for r in (0.5, 1.0)),
    *(("ipndm", {"order": order}, SECOND) for order in (2, 3, 4)),
    *((name, {"order": 2}, SECOND) for name in ("ab", "deis_tab", "deis_log", "exp_x0")),
    *((name, {"order": 3}, THIRD) for name in ("ab", "deis_tab", "deis_log", "exp_x0")),
    *((name, {"order": 4}, (3.80, 4.10)) for name in ("ab", "exp_x0")),
    *((name, {"order": 4}, ANY) for name in ("deis_tab", "deis_log")),
    ("dpm_2m", {}, SECOND),
    ("dpmpp_2m", {}, SECOND),
    ("dpmpp_3m", {}, (3.00, 3.40)),
    ("dpmpp_3m_published", {}, (1.90, 2.40)),
    *(
        pytest.param("unipc", {"order": order, "variant": variant, "prediction": prediction}, limits, marks=marks)
        for variant, prediction, marks in UNIPC
        for order, limits in ((1, (1.85, 2.05)), (2, THIRD), (3, ANY))
    ),
]


@pytest.fixture(scope="module")
def ring8_ends():
    # Chosen: of eight groups of four latents this one meets every range. Elsewhere the leading error of some rules
    # changes sign between n = 64 and 512 (iPNDM-3 up to 3.3, the published 3M down to 1.6, AB4 down to 3.6).
    x = noise(range(28, 32), (2,), 80.0)
    return x, exact_end(ring8(), x, 80.0, 0.002)


@pytest.mark.parametrize(("name", "options", "limits"), ORDERS, ids=lambda value: None if value else "defaults")
def test_order_of_convergence(name, options, limits, ring8_ends):
    x, exact = ring8_ends
    steps = np.array([64, 128, 256, 512])
    ends = [sample(ring8(), x, schedules.karras(int(n)), solver=name, display="off", **options).x[-1] for n in steps]
    errors = [np.linalg.norm(end - exact, axis=1).max() for end in ends]
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert limits[0] <= slope <= limits[1], (slope, errors)
    if options.items() <= solvers.complete(name, {}).items():
        assert round(slope) == solvers.row(name).order


def test_every_deterministic_rule_is_measured():
    assert {getattr(case, "values", case)[0] for case in ORDERS} == {row.name for row in TABLE}


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


# ---------------------------------------------------------------- coefficients


CLASSICAL = ((1,), (3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12), (55 / 24, -59 / 24, 37 / 24, -9 / 24))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("step", [1.0, 2.0**-30])
def test_even_steps_give_the_classical_weights(order, step):
    levels = [10 + step * k for k in range(order)]  # exact in binary
    found = weights(LEVEL, levels, 10 - step, SLOPE)
    # A few roundings of numbers around 2, however small the step.
    np.testing.assert_allclose(found, CLASSICAL[order - 1], rtol=0, atol=2e-15)


def exact_means(levels, end):
    """∫ L_j dσ over the interval, divided by its length, in fractions."""
    nodes = [Fraction(level) for level in levels]
    s, t = nodes[0], Fraction(end)
    found = []
    for j, node in enumerate(nodes):
        polynomial = [Fraction(1)]
        for i, other in enumerate(nodes):
            if i != j:
                shifted = [-other * c for c in polynomial]
                polynomial = [a + b for a, b in zip([*shifted, 0], [0, *polynomial], strict=True)]
                polynomial = [c / (node - other) for c in polynomial]
        whole = sum(c * (t ** (k + 1) - s ** (k + 1)) / (k + 1) for k, c in enumerate(polynomial))
        found.append(float(whole / (t - s)))
    return found


@pytest.mark.parametrize("order", [2, 3, 4])
def test_uneven_steps_give_the_exact_weights(order):
    random = np.random.default_rng(order)
    grids = [schedules.karras(6), schedules.karras(500), np.array([80, 3, 2.9, 2.8, 0.05]), random.uniform(1, 9, 8)]
    for grid in grids:
        grid = np.sort(grid)[::-1].tolist()
        for i in range(order, len(grid)):
            levels = grid[i - 1 :: -1][:order]
            expected = exact_means(levels, grid[i])
            # Roundings, relative to the largest weight (5000 where a long step follows short ones).
            np.testing.assert_allclose(
                weights(LEVEL, levels, grid[i], SLOPE), expected, rtol=0, atol=3e-15 * np.abs(expected).max()
            )


@pytest.mark.parametrize(("smallest", "largest"), [(0.002, 80.0), (1e-6, 10.0), (0.1, 20.0), (0.5, 80.0)])
def test_vp_time_is_the_one_of_the_schedule(smallest, largest):
    time, reference = VpTime.between(smallest, largest), vp_time(smallest, largest)
    levels = np.geomspace(smallest, largest, 7)
    for a in levels:
        for b in levels:
            # The reference subtracts times of 1; the smallest constant of the four has four digits less.
            assert time.offset(a, b) == pytest.approx(reference(a) - reference(b), rel=1e-12, abs=1e-12)
    offset = time.offset(largest, smallest)
    assert offset == pytest.approx(1 - (1e-3 if smallest < 0.5 else reference(smallest)), rel=1e-12)
    ((level, rate),) = time.beyond(smallest, [offset])
    assert level == pytest.approx(largest, rel=1e-12)
    nearer = largest * (1 - 1e-6)
    assert rate == pytest.approx((largest - nearer) / time.offset(largest, nearer), rel=1e-4)  # a one-sided difference


@pytest.mark.parametrize("steps", [3, 8, 18, 200])
@pytest.mark.parametrize("order", [2, 3, 4])
def test_deis_weights_are_those_of_an_adaptive_quadrature(order, steps):
    sigmas = schedules.karras(steps).tolist()
    time = vp_time(0.002, 80.0)
    for i in (*range(order, min(steps, 8)), steps):
        levels = sigmas[i - 1 :: -1][:order]
        if len(levels) < order:
            continue
        known = [time(level) for level in levels]
        expected = []
        for j in range(order):

            def polynomial(v, j=j, known=known):
                u = time(math.exp(v))
                others = (k for k in range(order) if k != j)
                return math.exp(v) * math.prod((u - known[k]) / (known[j] - known[k]) for k in others)

            ends = math.log(levels[0]), math.log(sigmas[i])
            expected.append(quad(polynomial, *ends, epsabs=0, epsrel=1e-11, limit=200)[0] / (sigmas[i] - levels[0]))
        found = weights(VpTime.between(0.002, 80.0), levels, sigmas[i], SLOPE)
        # What scipy was asked for, and the digits that the reference's time differences lose with 200 steps.
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("power", [SLOPE, DENOISED])
def test_means_in_log_sigma_have_closed_forms(power):
    for h in (1e-9, 1e-4, 0.3, 2.0, 9.0, 25.0):
        end = 3 * math.exp(-h)
        h = math.log(3 / end)  # that of the rounded level
        _, first, second = moments(LOG_LEVEL, 3.0, end, 3, power)
        sign = 1 if power == DENOISED else -1  # the measure is e^(±h r) over r in [0, 1]
        k = sign * h
        if h < 1e-3:  # series: no cancellation
            expected = 0.5 + k / 12, 1 / 3 + k / 12 + k**2 / 360
        else:
            total = math.expm1(k) / k
            mean = (math.exp(k) - total) / k
            expected = mean / total, (math.exp(k) - 2 * mean) / k / total
        # Roundings; the level's own, divided by h, and those of the closed form, divided by h².
        tolerance = 1e-14 + 4e-16 / h if h < 1e-3 else 1e-14
        assert -first / h == pytest.approx(expected[0], rel=tolerance)
        assert second / h**2 == pytest.approx(expected[1], rel=2 * tolerance)


def test_weights_with_the_end_among_the_levels():
    levels = [5.0, 2.0, 6.0, 9.0]
    for variable, u in ((LEVEL, float), (LOG_LEVEL, np.log)):
        for power in (SLOPE, DENOISED):
            expected = lagrange_means(u if u is np.log else (lambda s: s), levels, 2.0, power)
            np.testing.assert_allclose(weights(variable, levels, 2.0, power), expected, rtol=0, atol=1e-14)
            assert sum(expected) == pytest.approx(1, abs=1e-14)


# ---------------------------------------------------------------- rules that are the same


GRID = schedules.karras(18)


def whole(name, sigmas=GRID, **options):
    return sample(ring8(), noise(range(16), (2,), sigmas[0]), sigmas, solver=name, display="off", **options).x


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("dpm2", {"r": 1.0}), ("heun", {})),
        (("rk2", {"alpha": 1.0}), ("heun", {})),
        *(((name, {"order": 1}), ("euler", {})) for name in ("ipndm", "ab", "deis_tab", "deis_log", "exp_x0")),
    ],
)
def test_rules_that_are_the_same_to_the_last_bit(one, other):
    np.testing.assert_array_equal(whole(one[0], **one[1]), whole(other[0], **other[1]))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_variable_steps_are_even_steps_on_an_even_grid(order):
    even = schedules.uniform(18, sigma_min=1.0, sigma_max=19.0)
    # Roundings of numbers up to 40, enlarged by the 18 steps.
    np.testing.assert_allclose(whole("ab", even, order=order), whole("ipndm", even, order=order), rtol=0, atol=1e-12)


def test_exp_x0_of_order_2_is_the_taylor_type_of_2m():
    before = None
    for step in iterate(ring8(), noise(range(16), (2,), 80.0), GRID, solver="exp_x0", order=2):
        h = math.log(step.sigma / step.sigma_next)
        phi = -math.expm1(-h)
        expected = math.exp(-h) * step.x + phi * step.denoised
        if before is not None:
            r = math.log(before.sigma / step.sigma) / h
            expected = expected + (1 - phi / h) * (step.denoised - before.denoised) / r
        assert (step.x_next - expected).abs().max() <= 1e-12 * max(1.0, step.x.abs().max().item())
        before = step


def shares(name, index, **options):
    steps = list(iterate(ring8(), noise(0, (2,), 80.0), GRID, solver=name, **options))
    made = steps[index].combination
    return made.slope_weights or made.b


@pytest.mark.parametrize("index", [2, 9, 17])
def test_3m_is_exp_x0_from_its_third_interval_on(index):
    # The same coefficients to a rounding of the largest, which is about 3.
    np.testing.assert_allclose(shares("dpmpp_3m", index), shares("exp_x0", index), rtol=0, atol=1e-14)


@pytest.mark.parametrize("index", [1, 17])
def test_3m_has_the_second_interval_of_2m_and_lowers_its_order_to_it(index):
    options = {"lower_order_final": index == 17}
    if index == 17:
        assert len(shares("dpmpp_3m", 17, **options)) == 1
        index = 16
    found = shares("dpmpp_3m", index, **options)
    np.testing.assert_allclose(found, shares("dpmpp_2m", index), rtol=0, atol=1e-15)


def test_unipc_predicts_with_2m_in_its_last_interval():
    np.testing.assert_allclose(shares("unipc", 17), shares("dpmpp_2m", 17), rtol=0, atol=1e-14)
    np.testing.assert_allclose(shares("unipc", 17, prediction="eps"), shares("dpm_2m", 17), rtol=0, atol=1e-14)


def test_the_published_3m_halves_the_second_derivative():
    x = noise(range(16), (2,), 80.0)
    right, published = (list(iterate(ring8(), x, GRID, solver=f"dpmpp_3m{end}")) for end in ("", "_published"))
    assert all((a.x_next == b.x_next).all() for a, b in zip(right[:2], published[:2], strict=True))
    a, b, c = (step.denoised for step in reversed(right[:3]))
    h, *past = (math.log(step.sigma / step.sigma_next) for step in reversed(right[:3]))
    r0, r1 = past[0] / h, past[1] / h
    difference = ((a - b) / r0 - (b - c) / r1) / (r0 + r1)  # half of h² D''
    phi3 = 0.5 - (1 - -math.expm1(-h) / h) / h
    found = right[2].x_next - published[2].x_next
    assert found.abs().max() > 1e-6
    # Roundings of x', about 40.
    assert (found - phi3 * difference).abs().max() < 1e-13
    assert (right[3].x_next - published[3].x_next).abs().max() > 1e-6


def test_the_middle_of_one_level_is_that_level():
    assert middle_weights([2.0], 1.0) == (1.0,)
    np.testing.assert_allclose(middle_weights([2.0, 4.0], 1.0), (1.5, -0.5), rtol=1e-15)  # log steps of one length
