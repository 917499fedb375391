"""Families of processes: the table of values, clocks and their inverses, one ODE for all, priors, Euler's order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import geomodel as gm
from geomodel.experiments import exact
from geomodel.families.error import first_inside
from geomodel.families.table import rate_time

F = gm.families
# At t = ½: m, b, σ, to the six digits that are printed. From 0.1 to 20 for β, 0.01 to 50 for VE, θ = 1, g = √2 for OU.
HALFWAY = {
    "vp": (0.281183, 0.959654, 3.412918),
    "sub_vp": (0.281183, 0.920936, 3.275221),
    "ve": (1, 0.707036, 0.707036),
    "ou": (0.606531, 0.795060, 1.310832),
    "cosine": (0.707107, 0.707107, 1),
    "flow": (0.5, 0.5, 1),
    "cvp": (3.556404, 3.412918, 0.959654),
    "c_sub_vp": (3.556404, 11.648011, 3.275221),
    "cou": (1.648721, 1.310832, 0.795060),
}
NAMES = tuple(HALFWAY)
MIXTURE = gm.MixtureDenoiser(np.array([[2.0, 0.5], [-1.0, 1.0], [0.0, -2.0]]), np.array([0.3, 0.1, 0.2]))
START = np.array([[0.4, -0.9], [1.7, 1.1], [-1.2, 0.3]])


def top(name):
    """A level from which each family can start."""
    return min(8.0, 0.9 * F.row(name).largest)


def test_the_table_has_the_families_in_order():
    assert F.names() == NAMES
    assert [row.name for row in F.FAMILIES if row.contractive] == ["cvp", "c_sub_vp", "cou"]


@pytest.mark.parametrize("name", NAMES)
def test_values_halfway(name):
    row = F.row(name)
    found = row.mean(0.5), row.deviation(0.5), row.sigma(0.5)
    np.testing.assert_allclose(found, HALFWAY[name], atol=6e-7, rtol=0)  # half of the last printed digit
    assert all(isinstance(value, float) for value in found)


@pytest.mark.parametrize("name", NAMES)
def test_the_clock_is_its_inverse_up_to_rounding(name):
    row = F.row(name)
    low = 1e-9 * row.last
    t = np.concatenate([[0.0], np.geomspace(low, row.last, 50), np.linspace(low, row.last, 50)])
    sigma = row.sigma(t)
    finite = np.isfinite(sigma)
    # σ changes by eps σ, which moves t by eps σ dt/dσ. Near σ = 1 that is much for families that stay below it.
    m, g2 = row.mean(t[finite]), row.squared_diffusion(t[finite])
    per_sigma = m**2 * sigma[finite] / np.where(g2 > 0, g2 / 2, np.inf)
    apart = np.abs(row.time(sigma[finite]) - t[finite])
    assert (apart <= 16 * np.finfo(float).eps * (t[finite] + sigma[finite] * per_sigma)).all()
    levels = np.geomspace(1e-6, min(row.largest, 1e5), 100)
    # and back: t is known to eps t, which moves σ by eps t dσ/dt
    t = np.asarray(row.time(levels))
    slope = row.squared_diffusion(t) / (2 * row.mean(t) ** 2 * levels)
    assert (np.abs(row.sigma(t) - levels) <= 32 * np.finfo(float).eps * (levels + t * slope)).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_ends_of_the_clock(name):
    row = F.row(name)
    assert row.sigma(0.0) == 0.0
    assert row.time(0.0) == 0.0
    assert row.mean(0.0) == 1.0
    assert row.time(row.largest) == pytest.approx(row.last, rel=1e-12)
    assert row.time(row.largest) <= row.last
    with pytest.raises(ValueError, match=f"The times of {row.title} run from 0 to {row.last:g}; got -0.1"):
        row.mean(-0.1)
    with pytest.raises(ValueError, match="run from 0 to"):
        row.deviation([0.1, row.last * 1.001])
    with pytest.raises(ValueError, match="got nan"):
        row.sigma(np.nan)
    with pytest.raises(ValueError, match="noise levels from 0 to"):
        row.time(-1e-9)
    if np.isfinite(row.largest):
        with pytest.raises(ValueError, match="noise levels from 0 to"):
            row.time([0.1, 1.001 * row.largest])


@pytest.mark.parametrize("name", ["cosine", "flow"])
def test_two_of_them_leave_nothing_of_the_data(name):
    row = F.row(name)
    assert row.mean(1.0) == 0.0
    assert row.largest == np.inf
    assert row.time(np.inf) == 1.0


def test_an_unknown_family_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="no family 'edm'; choose one of vp, sub_vp"):
        F.row("edm")


@pytest.mark.parametrize("name", NAMES)
def test_drift_and_diffusion_are_the_derivatives_of_mean_and_deviation(name):
    row, h = F.row(name), 1e-6
    t = np.linspace(0.1, 0.9, 9) * row.last
    slope = (np.log(row.mean(t + h)) - np.log(row.mean(t - h))) / (2 * h)
    np.testing.assert_allclose(row.drift(t), slope, rtol=1e-8, atol=1e-8)  # a central difference, h² and eps/h
    variance = (row.deviation(t + h) ** 2 - row.deviation(t - h) ** 2) / (2 * h)
    g2 = variance - 2 * slope * row.deviation(t) ** 2
    lost = 16 * np.finfo(float).eps * row.deviation(t) ** 2 / h  # roundings of b², which the difference divides by h
    assert (np.abs(row.squared_diffusion(t) - g2) <= 1e-8 * np.abs(g2) + lost).all()


@pytest.mark.parametrize("name", ["cvp", "cou"])
def test_two_of_them_never_reach_sigma_one(name):
    assert F.row(name).largest < 1
    with pytest.raises(ValueError, match=r"noise levels from 0 to 0\.99998; got 1"):
        F.solve(MIXTURE, START, [1.0, 0.1], name, 4)


@pytest.mark.parametrize("name", NAMES)
def test_an_accurate_integrator_gives_the_one_ode(name):
    """scipy's DOP853 in (t, z) against scipy's DOP853 in (σ, x)."""
    high, low = top(name), 0.05
    row, given = F.row(name), {"rtol": 1e-13, "atol": 1e-13, "method": "DOP853"}
    x = START * high

    def in_sigma(sigma, flat):
        here = flat.reshape(x.shape)
        return ((here - MIXTURE(here, sigma)) / sigma).ravel()

    expected = solve_ivp(in_sigma, (high, low), x.ravel(), **given).y[:, -1].reshape(x.shape)
    z, t = F.path(x[None], [high], name)

    def in_time(time, flat):
        return F.velocity(MIXTURE, flat.reshape(x.shape), time, name).ravel()

    found = solve_ivp(in_time, (t[0], row.time(low)), z.ravel(), **given).y[:, -1].reshape(x.shape) / row.mean(
        row.time(low)
    )
    # Contractive OU divides the score's terms, of size e^{2t}, by each other; it is the one that loses digits.
    np.testing.assert_allclose(found, expected, atol=5e-8 if name == "cou" else 1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_center_and_unit_are_those_of_the_data(name):
    """Data moved by c and stretched by u, in a family with that centre and unit, are the same z."""
    center, unit = np.array([300.0, -40.0]), 1000.0
    moved = gm.MixtureDenoiser(
        np.array([[2.0, 0.5], [-1.0, 1.0], [0.0, -2.0]]) * unit + center, np.array([0.3, 0.1, 0.2]) * unit**2
    )
    high = top(name)
    plain = F.solve(MIXTURE, START * high, [high, 0.1], name, 6)
    other = F.solve(moved, START * high * unit + center, [high * unit, 0.1 * unit], name, 6, center=center, unit=unit)
    np.testing.assert_allclose(other.t, plain.t, rtol=1e-12)
    np.testing.assert_allclose(other.z, plain.z, rtol=1e-9, atol=1e-9 * np.abs(plain.z).max())
    np.testing.assert_allclose(other.x, plain.x * unit + center, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_euler_in_a_family_is_of_first_order(name):
    high = top(name)
    truth = exact.solve(MIXTURE, START * high, gm.schedules.log_uniform(2, 0.1, high), labels=None, reference=None)[-1]
    coarse, fine = (
        np.linalg.norm(F.solve(MIXTURE, START * high, [high, 0.1], name, steps).x[-1] - truth) for steps in (250, 500)
    )
    assert coarse / fine == pytest.approx(2, abs=0.03)  # the next order: 0.012 at most


def test_ve_and_flow_by_hand():
    """One step each. VE: x' = x + (t' − t) dσ/dt (x − D)/σ. Flow: z' = z + (t' − t) [(x − D)/σ − D]."""
    high, low, row = 2.0, 0.5, F.row("ve")
    x, d = START, MIXTURE(START, 2.0)
    t, after = row.time(high), row.time(low)
    rate = (row.sigma(t + 1e-7) - row.sigma(t - 1e-7)) / 2e-7
    np.testing.assert_allclose(
        F.solve(MIXTURE, x, [high, low], "ve", 1).x[-1], x + (after - t) * rate * (x - d) / high, rtol=1e-8
    )
    t, after = high / (1 + high), low / (1 + low)
    z = x / (1 + high) + (after - t) * ((x - d) / high - d)
    np.testing.assert_allclose(F.solve(MIXTURE, x, [high, low], "flow", 1).z[-1], z, rtol=1e-13)


@pytest.mark.parametrize("steps", [1, 6])
def test_euler_in_flow_is_euler_in_sigma_at_the_same_levels(steps):
    """z of the flow is linear in t where D stands still, so that its step is DDIM's, which is Euler's in σ."""
    run = F.solve(MIXTURE, START * 8, [8.0, 0.1], "flow", steps)
    np.testing.assert_allclose(run.x, gm.sample(MIXTURE, START * 8, run.sigmas, solver="euler").x, rtol=1e-12)


def test_nodes_are_even_times_with_exact_ends():
    levels = F.nodes([80.0, 3.0, 0.002], "vp", 10)
    assert levels[0] == 80.0
    assert levels[-1] == 0.002
    steps = np.diff(F.row("vp").time(levels))
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-9)
    for wrong in (0, 2.5, True):
        with pytest.raises(ValueError, match="steps must be"):
            F.nodes([1.0, 0.1], "vp", wrong)


def test_given_levels_are_the_nodes():
    levels = gm.schedules.karras(7, sigma_max=20.0)
    run = F.solve(MIXTURE, START * 20, levels, "vp")
    np.testing.assert_array_equal(run.sigmas, levels)
    even = F.solve(MIXTURE, START * 20, levels, "vp", 7)
    np.testing.assert_array_equal(F.solve(MIXTURE, START * 20, even.sigmas, "vp").x, even.x)
    with pytest.raises(ValueError, match="above 0"):
        F.solve(MIXTURE, START, [1.0, 0.0], "vp", 3)
    with pytest.raises(ValueError, match="no slope at t = 0"):
        F.velocity(MIXTURE, START, 0.0, "vp")


def test_path_and_solve_agree_about_z():
    run = F.solve(MIXTURE, START * 5, [5.0, 0.1], "sub_vp", 5)
    z, t = F.path(run.x, run.sigmas, "sub_vp")
    np.testing.assert_allclose(z, run.z, rtol=1e-13)
    np.testing.assert_allclose(t, run.t, rtol=1e-12)


def test_labels_reach_the_model():
    asked = []

    def model(x, sigma, labels=None):
        asked.append(labels)
        return 0 * x

    F.solve(model, START, [1.0, 0.5], "flow", 2, labels=[0, 1, -1])
    assert [labels.tolist() for labels in asked] == [[0, 1, -1]] * 2


def test_a_callable_that_works_in_place_changes_nothing():
    def careless(x, sigma):
        x *= 0.5
        return x

    fine = F.solve(lambda x, sigma: 0.5 * x, START, [1.0, 0.1], "vp", 5)
    np.testing.assert_array_equal(F.solve(careless, START, [1.0, 0.1], "vp", 5).x, fine.x)


# ---------------------------------------------------------------- priors


@pytest.mark.parametrize("name", NAMES)
def test_what_the_prior_ignores_against_draws(name):
    row, rng = F.row(name), np.random.default_rng(0)
    data = rng.normal([0.5, -1.0], [2.0, 0.3], (200_000, 2))
    z = row.mean(row.last) * data + row.deviation(row.last) * rng.normal(size=data.shape)
    found = F.mismatch(name, 2.0, [0.5, -1.0])
    assert found.spread == pytest.approx(z[:, 0].std(), rel=0.01)  # 200,000 draws: 0.0016
    assert found.shift == pytest.approx(np.linalg.norm(z.mean(0)) / row.prior, abs=0.02)
    assert found.ratio == found.spread / row.prior


@pytest.mark.parametrize("name", NAMES)
def test_what_noise_alone_ignores_at_a_level_is_the_same_in_every_family(name):
    found = F.mismatch(name, 1.5, [0.3, 0.4], sigma=0.8)
    assert found.ratio == pytest.approx(np.hypot(1.5, 0.8) / 0.8, rel=1e-12)
    assert found.shift == pytest.approx(0.5 / 0.8, rel=1e-12)
    with pytest.raises(ValueError, match="above 0; got 0"):
        F.mismatch(name, 1.5, sigma=0.0)


def test_the_prior_of_contractive_vp_ignores_the_data_themselves():
    assert F.mismatch("cvp", 1.0).ratio == pytest.approx(np.sqrt(2), rel=1e-4)
    assert F.mismatch("flow", 1.0, [3.0]).ratio == 1.0
    assert F.mismatch("flow", 1.0, [3.0]).shift == 0.0
    assert F.mismatch("vp", 1000.0, unit=1000.0) == F.mismatch("vp", 1.0)
    with pytest.raises(ValueError, match="0 or more"):
        F.mismatch("vp", -1.0)


def test_the_unit_is_one_for_data_of_ordinary_size():
    assert [F.unit_of(s) for s in (0.2, 0.7, 4.0, 0.0, np.nan)] == [1.0] * 5
    assert F.unit_of(2000.0) == 1000.0
    assert F.unit_of(0.002) == pytest.approx(0.01)


# ---------------------------------------------------------------- Euler's errors beside their controls


def test_errors_against_runs_by_hand():
    levels = np.append(gm.schedules.karras(6, sigma_min=0.05, sigma_max=8.0), 0.0)
    x = START * 8
    told = []
    found = F.errors(MIXTURE, x, levels, 5, progress=lambda part, share: told.append((part, share)))
    assert [row.name for row in found] == list(NAMES)
    truth = exact.solve(MIXTURE, x, levels[:-1], labels=None, reference=None)
    for row in found:
        first = int(np.argmax(levels <= F.row(row.name).largest))
        assert row.first == first
        own = F.solve(MIXTURE, truth[first], levels[first:-1], row.name, 5)
        same = gm.sample(MIXTURE, truth[first], own.sigmas, solver="euler").x[-1]
        run = gm.sample(MIXTURE, truth[first], levels[first:-1], solver="euler").x[-1]
        for values, ends in ((row.own, own.x[-1]), (row.same, same), (row.run, run)):
            np.testing.assert_allclose(values, np.linalg.norm(ends - truth[-1], axis=1), rtol=1e-12)
    assert {part for part, _ in told} == set(range(-1, len(NAMES)))
    assert all(0 <= share <= 1 for _, share in told)


def test_data_far_from_the_origin_are_solved_as_accurately_as_they_are_rounded():
    """Spread 10⁻³ at 10⁵: a number there has 1.5e-11 as its last digit, so 10⁻¹⁰ of the spread cannot be reached."""
    rng = np.random.default_rng(0)
    points = 1e-3 * rng.normal(size=(20, 2))
    x, levels = 0.01 * START, gm.schedules.karras(6, 2e-5, 0.01)
    near, far = (
        exact.solve(gm.OptimalDenoiser(points + c), x + c, levels, labels=None, reference=None)[-1] - c
        for c in (0.0, 1e5)
    )
    np.testing.assert_allclose(far, near, atol=2e-7)  # 32 roundings a step, of 10⁵


def test_a_family_that_reaches_one_level_at_most_is_left_out():
    found = F.errors(MIXTURE, START * 8, [8.0, 2.0, 0.5], 3, families=("vp", "cvp"))
    assert [row.name for row in found] == ["vp"]
    assert first_inside([8.0, 2.0], "cvp") == 2


def test_an_exception_of_progress_ends_the_work():
    class Enough(Exception):
        pass

    def stop(part, share):
        if part == 1:
            raise Enough

    with pytest.raises(Enough):
        F.errors(MIXTURE, START * 8, [8.0, 1.0, 0.5], 3, progress=stop)


def test_the_clock_of_a_linear_rate_is_shared_with_checkpoints():
    total = np.array([0.0, 1e-12, 1.0, 10.0])
    t = rate_time(total, 0.1, 19.9)
    np.testing.assert_allclose(0.1 * t + 19.9 * t**2 / 2, total, rtol=1e-14)
