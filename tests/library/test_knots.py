"""Levels designed for a solver by its own error, against those designed for Euler steps at equal evaluations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from problems import Gaussian

import geomodel as gm
from geomodel import solvers
from geomodel.designed import gits_table
from geomodel.knots import knots_for

MEAN, VARIANCES = [0.4, -0.3], [2.0, 0.5]
GAUSSIAN = gm.MixtureDenoiser([MEAN], [VARIANCES])
EXACT = Gaussian(torch.tensor(MEAN, dtype=torch.float64), torch.tensor(VARIANCES, dtype=torch.float64))
HIGH, LOW, BUDGET = 17.0, 0.003, 10
FINE = gm.schedules.karras(60, LOW, HIGH)
SOLVERS = ("heun", "dpm2", "ipndm", "dpmpp_2m", "unipc")


def noise(seeds, center=(0.0, 0.0)):
    return gm.noise(seeds, (2,), HIGH) + torch.tensor(center)


def error(model, x, levels, solver, end):
    run = gm.sample(model, x, levels, solver=solver, display="off")
    return np.linalg.norm(run.x[-1] - end, axis=1)


def designs(model, x, solver):
    """The levels for Euler steps and those for the solver, with as many evaluations."""
    steps = solvers.steps_within(solvers.row(solver), BUDGET)
    return tuple(gm.schedules.gits(model, x, steps, fine=FINE, solver=name) for name in ("euler", solver))


@pytest.mark.parametrize("solver", ["heun", "ipndm"])
def test_on_a_gaussian_fresh_noise_ends_nearer_to_the_closed_form(solver):
    for_euler, for_solver = designs(GAUSSIAN, noise(range(24)), solver)
    assert len(for_euler) == len(for_solver)
    assert set(for_solver) <= set(FINE)
    assert for_solver[[0, -1]].tolist() == [HIGH, LOW]
    fresh = noise(range(500, 564))
    end = EXACT.solution(fresh, HIGH, LOW).numpy()
    before, after = (error(GAUSSIAN, fresh, levels, solver, end) for levels in (for_euler, for_solver))
    # Measured: Heun 0.204 to 0.138 on average, iPNDM 0.351 to 0.0006.
    assert after.mean() < 0.8 * before.mean()
    assert np.median(after) < 0.8 * np.median(before)


@pytest.mark.slow
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("data", ["two-moons", "gaussian"])
def test_the_levels_for_a_solver_are_not_worse_for_it_on_fresh_noise(data, solver):
    model, center = GAUSSIAN, (0.4, -0.3)
    if data == "two-moons":
        opened = gm.datasets.load("two-moons", count=300)
        model, center = gm.OptimalDenoiser(opened.points), tuple(opened.mean.tolist())
    for_euler, for_solver = designs(model, noise(range(64), center), solver)
    fresh = noise(range(1000, 1128), center)
    end = gm.sample(model, fresh, [HIGH, LOW], solver="dop853", rtol=1e-9, display="off").x[-1]
    before, after = (error(model, fresh, levels, solver, end) for levels in (for_euler, for_solver))
    assert after.mean() <= before.mean()
    assert np.median(after) <= np.median(before)


@pytest.mark.parametrize("zero", [False, True])
def test_no_knot_can_be_moved_by_a_level_to_lower_the_error(zero):
    x, fine = noise(range(8)), gm.schedules.karras(20, LOW, HIGH)
    start = gits_table(GAUSSIAN, x, fine=fine).path(4).tolist()
    path = knots_for(GAUSSIAN, x, fine, start, "heun", final_zero=zero)
    tail = [0.0] if zero else []
    end = EXACT.solution(x, HIGH, 0.0 if zero else LOW).numpy()

    def score(path):
        return np.sqrt((error(GAUSSIAN, x, [*fine[path], *tail], "heun", end) ** 2).mean())

    # The reference of the search is within 1e-7 of the closed form, and errors are 1e-3 and more.
    assert score(path) <= min(score(start), score([0, 5, 10, 15, 20])) + 1e-7
    assert path != start
    for knot in range(1, len(path) - 1):
        for step in (-1, 1):
            other = [*path[:knot], path[knot] + step, *path[knot + 1 :]]
            if other == sorted(set(other)):
                assert score(other) >= score(path) - 1e-7
    assert (path[0], path[-1]) == (0, 20)


def test_gits_designs_for_euler_steps_unless_told_otherwise():
    x = noise(range(8))
    plain = gm.schedules.gits(GAUSSIAN, x, 5, fine=FINE)
    np.testing.assert_array_equal(plain, gits_table(GAUSSIAN, x, fine=FINE).levels(5))
    np.testing.assert_array_equal(plain, gm.schedules.gits(GAUSSIAN, x, 5, fine=FINE, solver="euler"))
    zero = gm.schedules.gits(GAUSSIAN, x, 5, fine=FINE, solver="heun", final_zero=True)
    assert len(zero) == 6
    assert zero[[0, -2, -1]].tolist() == [HIGH, LOW, 0.0]
    for steps in (1, 2):  # there is no knot to move
        one, other = (
            gm.schedules.gits(GAUSSIAN, x, steps, fine=FINE, solver=name, final_zero=True) for name in ("euler", "heun")
        )
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("solver", "why"), [("rk45", "chooses its own steps"), ("churn", "draws noise")])
def test_a_solver_without_an_error_of_its_own_is_refused_before_anything_runs(solver, why):
    def model(x, sigma):
        raise AssertionError("it ran")

    with pytest.raises(ValueError, match=why):
        gm.schedules.gits(model, noise(range(3)), 5, solver=solver)


def test_progress_rises_and_cancels():
    told = []
    table = gits_table(GAUSSIAN, noise(range(4)), fine=FINE)
    table.levels_for(GAUSSIAN, noise(range(4)), 4, "heun", progress=told.append)
    assert 0 <= min(told) <= max(told) < 1

    class Stop(Exception):
        pass

    def stop(fraction):
        raise Stop

    with pytest.raises(Stop):
        table.levels_for(GAUSSIAN, noise(range(4)), 4, "heun", progress=stop)
