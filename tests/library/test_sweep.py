"""Solvers at equal evaluations on a Gaussian, whose ODE has a closed form: costs, orders, failures, progress."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from problems import Gaussian

import geomodel as gm
from geomodel import solvers
from geomodel.equal_cost import cost, with_evaluations
from geomodel.experiments import Lane, compare, sweep, sweep_of
from geomodel.experiments.sweep import EVALUATIONS, spread

MEAN, VARIANCES = [0.4, -0.3], [2.0, 0.5]
MODEL = gm.MixtureDenoiser([MEAN], [VARIANCES])
X = gm.noise(range(6), (2,), 80.0)
FIXED = [row for row in solvers.SOLVERS if not row.adaptive]


class Counting:
    analytic = True

    def __init__(self):
        self.calls = 0

    def __call__(self, x, sigma):
        self.calls += 1
        return MODEL(x, sigma)


# ---------------------------------------------------------------- what steps cost


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
@pytest.mark.parametrize("zero", [False, True])
def test_the_cost_is_what_a_counting_denoiser_counts(row, zero):
    analytic = {"analytic_first_step": (np.zeros(2), 1.0)}
    offered = [{}, analytic] if any(option.name in analytic for option in row.options) else [{}]
    for options in offered:
        for steps in (1, 2, 5):
            model, sigmas = Counting(), gm.schedules.karras(steps, 0.05, 80.0, final_zero=zero)
            noise = gm.Brownian(range(6)) if row.stochastic else None
            gm.sample(model, X, sigmas, solver=row.name, display="off", noise=noise, **options)
            assert model.calls == solvers.evaluations(row, steps, final_zero=zero, options=options)


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
@pytest.mark.parametrize("zero", [False, True])
def test_the_steps_are_the_most_that_do_not_cost_more(row, zero):
    for most in range(4, 41):
        steps = solvers.steps_within(row, most, final_zero=zero)
        assert solvers.evaluations(row, steps, final_zero=zero) <= most
        assert solvers.evaluations(row, steps + 1, final_zero=zero) > most


def test_ten_evaluations():
    found = {name: solvers.steps_within(solvers.row(name), 10) for name in ("euler", "heun", "dpm3", "rk4", "unipc")}
    assert found == {"euler": 10, "heun": 5, "dpm3": 3, "rk4": 2, "unipc": 10}
    assert solvers.steps_within(solvers.row("heun"), 35, final_zero=True) == 18  # EDM's


def test_what_has_no_number_of_steps_says_why():
    with pytest.raises(ValueError, match="A step of Runge–Kutta 4 costs 4 evaluations; 3 are too few"):
        solvers.steps_within(solvers.row("rk4"), 3)
    with pytest.raises(ValueError, match="chooses its own steps"):
        solvers.evaluations(solvers.row("dop853"), 10)


# ---------------------------------------------------------------- the sweep


@pytest.fixture(scope="module")
def fine():
    return sweep(MODEL, X, ["euler", "heun", "rk4"], (64, 128, 256, 512))


def test_the_slopes_are_the_orders(fine):
    # The next order shifts the slope by about k/n at the first count: measured 0.99, 2.05 and 4.19.
    assert [line.order for line in fine.lines] == [
        pytest.approx(1.0, abs=0.05),
        pytest.approx(2.0, abs=0.1),
        pytest.approx(4.0, abs=0.3),
    ]


def test_errors_are_distances_to_the_closed_form(fine):
    exact = Gaussian(torch.tensor(MEAN, dtype=torch.float64), torch.tensor(VARIANCES, dtype=torch.float64))
    end = exact.solution(X, 80.0, 0.002).numpy()
    heun = fine.lines[1]
    run = gm.sample(MODEL, X, gm.schedules.karras(64), solver="heun")
    # DOP853 with a tolerance of 1e-10 a step and numbers up to 200 ends within 1e-7.
    np.testing.assert_allclose(heun.errors[1], np.linalg.norm(run.x[-1] - end, axis=1), atol=2e-7, rtol=0)
    assert (heun.steps[1], heun.evaluations[1]) == (64, 128)
    np.testing.assert_array_equal(heun.medians, np.median(heun.errors, axis=1))


def test_no_run_costs_more_than_it_is_given_and_none_is_run_twice():
    found = sweep(MODEL, X, {"euler": {}, "heun": {}, "rk4": {}, "unipc": {"order": 3}})
    given = dict(zip(("euler", "heun", "rk4", "unipc"), (line.evaluations for line in found.lines), strict=True))
    assert tuple(given["euler"]) == tuple(given["unipc"]) == EVALUATIONS
    assert given["heun"].tolist() == [4, 6, 8, 10, 12, 16, 20, 24, 32, 40]
    assert given["rk4"].tolist() == [4, 8, 12, 16, 20, 24, 32, 40]
    assert all(len(set(counts.tolist())) == len(counts) for counts in given.values())
    assert not found.failures


def test_evaluations_are_those_that_the_denoiser_sees():
    model = Counting()
    found = sweep(model, X, ["heun"], (7, 20), final_zero=True, sigma_min=0.05, reference="heun")
    (line,) = found.lines
    assert line.evaluations.tolist() == [7, 19]
    assert line.steps.tolist() == [4, 10]
    alone = Counting()
    compare(alone, X, [Lane("ends", "euler", [80.0, 0.05, 0.0])], reference="heun")
    assert model.calls == 26 + alone.calls - 2  # and those of the reference


def test_its_table(fine, tmp_path):
    rows = fine.rows()
    assert len(rows) == 3 * 4 * 6
    assert list(rows[0]) == ["solver", "steps", "evaluations", "sample", "error", "seconds"]
    found = rows[(1 * 4 + 2) * 6 + 5]
    assert (found["solver"], found["steps"], found["evaluations"], found["sample"]) == ("heun", 128, 256, 5)
    assert found["error"] == fine.lines[1].errors[2, 5]
    fine.write_csv(tmp_path / "sweep.csv")
    assert (tmp_path / "sweep.csv").read_text(encoding="utf-8").count("\n") == len(rows) + 1


def test_a_solver_that_fails_leaves_the_others():
    wanted = {"dop853": {}, "rk4": {}, "euler": {}, "ipndm": {"order": 9}}
    found = sweep(MODEL, X, wanted, (2, 3), failures="keep")
    assert [line.solver for line in found.lines] == ["euler"]
    assert "chooses its own steps" in found.failures["dop853"]
    assert "costs 4 evaluations; 3 are too few" in found.failures["rk4"]
    assert "order lies between" in found.failures["ipndm"]
    for one in ("dop853", "rk4"):
        with pytest.raises(ValueError, match=r"chooses its own steps|are too few"):
            sweep(MODEL, X, ["euler", one], (2, 3))
    with pytest.raises(ValueError, match="are too few"):
        sweep(MODEL, X, ["rk4"], (2, 3), failures="keep")
    with pytest.raises(ValueError, match="at least one solver"):
        sweep(MODEL, X, [])


def test_progress_tells_every_solver_and_never_falls():
    told = []
    sweep(MODEL, X, ["euler", "heun"], (4, 8), progress=lambda index, done: told.append((index, done)))
    assert told == sorted(told)
    assert {index for index, _ in told} == {-1, 0, 1}
    assert [done for index, done in told if index == 1][:3] == [0.0, 1 / 6, 1 / 6]


class Stop(Exception):
    pass


def stopping(index, done):
    if (
        index == 1 and 0.2 < done < 1
    ):  # not where it is told that a lane has ended, which nothing could take for a failure
        raise Stop


def test_an_error_of_progress_is_no_failure_of_a_lane():
    with pytest.raises(Stop):
        sweep(MODEL, X, ["euler", "heun"], (4, 8), failures="keep", progress=stopping)
    lanes = [Lane("a", "euler", [80.0, 1.0, 0.1]), Lane("b", "heun", [80.0, 10.0, 1.0, 0.1])]
    with pytest.raises(Stop):
        compare(MODEL, X, lanes, failures="keep", progress=stopping)


def test_the_sweep_of_a_job_is_that_of_its_denoiser_noise_and_levels():
    settings = gm.settings.RunSettings(data_count=60, count=5, rho=3.0, final_zero=True, schedule="polyexponential")
    job = gm.runs.prepare(settings, gm.datasets.load("two-moons", count=60))
    moments = {"analytic_first_step": (job.data.mean, job.data.std**2)}
    found = sweep_of(job, {"euler": {"analytic_first_step": True}, "churn": {}}, (5, 8))
    low, high = job.settings.sigma_min, job.settings.sigma_max
    known = {"schedule": "polyexponential", "sigma_min": low, "sigma_max": high, "rho": 3.0, "final_zero": True}
    noise = gm.Brownian(job.settings.seeds)
    expected = sweep(job.model, job.x, {"euler": moments, "churn": {}}, (5, 8), noise=noise, **known)
    for one, other in zip(found.lines, expected.lines, strict=True):
        np.testing.assert_array_equal(one.errors, other.errors)
    assert found.lines[0].steps.tolist() == [6, 9]
    levels = tuple(gm.schedules.cosine(4, low, high))
    own = gm.runs.prepare(gm.settings.RunSettings(**{**known, "schedule": "custom", "levels": levels}), job.data)
    assert sweep_of(own, {"heun": {}}, (9,)).lines[0].steps.tolist() == [4]


def test_numbers_of_evaluations_are_spread_evenly():
    assert spread(5, 40) == EVALUATIONS == (5, 6, 8, 10, 13, 16, 20, 25, 32, 40)
    assert spread(1, 3) == (1, 2, 3)
    assert spread(7, 7) == (7,)
    with pytest.raises(ValueError, match="goes up from 1"):
        spread(9, 3)


# ---------------------------------------------------------------- a sampler of settings


@pytest.mark.parametrize(
    "changes",
    [
        {"solver": "heun"},
        {"solver": "rk4", "final_zero": True},
        {"solver": "dpm3", "jump_at": 4},
        {"solver": "euler", "options": {"analytic_first_step": True}},
        {"solver": "churn", "schedule": "custom", "levels": (9.0, 3.0, 1.0, 0.1)},
    ],
)
def test_the_cost_of_settings_is_what_their_run_takes(changes):
    data = gm.datasets.load("two-moons", count=60)
    settings = gm.runs.resolved(gm.settings.RunSettings(count=2, steps=7, **changes), data)
    assert cost(settings) == gm.runs.compute(settings, data).evaluations
    equal = gm.runs.resolved(with_evaluations(settings, 10), data)
    spent = gm.runs.compute(equal, data).evaluations
    assert cost(equal) == spent <= 10 < cost(replace(equal, steps=equal.steps + 1))


def test_a_solver_with_its_own_steps_has_no_cost():
    settings = gm.settings.RunSettings(solver="rk45")
    assert cost(settings) is None
    with pytest.raises(ValueError, match="chooses its own steps"):
        with_evaluations(settings, 10)


# ---------------------------------------------------------------- a lane of a race that fails


MIDDLE = 7.0**0.3 * 80.0**0.7  # where DPM-Solver-2 with r = 0.3 takes its second evaluation, and no other lane


class Refusing:
    """Cannot be asked at a level that only one lane visits."""

    analytic = True

    def __call__(self, x, sigma):
        if abs(float(np.max(np.asarray(sigma))) - MIDDLE) < 1e-9:
            raise KeyError("no such level")
        return MODEL(x, sigma)


LANES = [
    Lane("good", "euler", [80.0, 10.0, 1.0]),
    Lane("refused", "dpm2", [80.0, 7.0, 1.0], {"r": 0.3}),
    Lane("unknown option", "euler", [80.0, 1.0], {"order": 3}),
    Lane("ascends", "euler", [80.0, 1.0, 2.0]),
    Lane("too many", "rk45", [80.0, 1.0], {"max_evaluations": 5}),
    Lane("also good", "heun", [80.0, 10.0, 1.0]),
]


def test_a_lane_that_fails_says_why_and_leaves_the_others():
    found = compare(Refusing(), X, LANES, failures="keep", reference="heun")
    assert [result.lane.name for result in found.lanes] == ["good", "also good"]
    assert list(found.failures) == ["unknown option", "ascends", "refused", "too many"]
    assert "no such level" in found.failures["refused"]
    assert "no option order" in found.failures["unknown option"]
    assert "descend" in found.failures["ascends"]
    assert "evaluations" in found.failures["too many"]
    alone = compare(Refusing(), X, [LANES[0], LANES[5]], reference="heun")
    np.testing.assert_allclose(found.lanes[1].errors, alone.lanes[1].errors, atol=1e-3)  # another grid of sub-steps
    with pytest.raises(KeyError):
        compare(Refusing(), X, LANES[:2], reference="heun")
    with pytest.raises(ValueError, match="descend"):
        compare(MODEL, X, [LANES[3]], failures="keep")
