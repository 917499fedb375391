"""The engine's experiments: races, designed schedules, end errors, implied derivatives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import geomodel as gm
from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Cancel, StartRun
from app.rooms.compare.messages import RaceTask
from app.rooms.derivatives.messages import DerivativeAnswer, DerivativeRequest
from app.rooms.schedule import answers
from app.rooms.schedule.messages import Designed, DesignTask, EndErrorTask
from geomodel import finite_differences, memory, runs
from geomodel.settings import RunSettings

TOY = RunSettings(data="two-moons", data_count=50, count=3, steps=6)


def filled(settings=TOY):
    """The settings with their noise levels, as the window has them."""
    return runs.resolved(settings, gm.datasets.load(settings.data, count=settings.data_count))


def lanes(*names, **changes):
    return tuple((name, filled(replace(TOY, solver=name, **changes))) for name in names)


# ---------------------------------------------------------------- races


def test_a_race_is_compare_from_the_runs_own_noise(bench):
    ended = bench.handle(RaceTask(5, filled(), lanes("euler", "heun", "euler_maruyama")))
    assert isinstance(ended, TaskEnded)
    assert (ended.task.task_id, ended.message) == (5, "")
    moons = gm.datasets.load("two-moons", count=50)
    settings = filled()
    x = moons.mean + gm.noise(settings.seeds, (2,), settings.sigma_max).numpy()
    sigmas = runs.noise_levels(settings)
    for name, result in zip(("euler", "heun"), ended.result.comparison.lanes, strict=False):
        direct = gm.sample(gm.OptimalDenoiser(moons.points), x, sigmas, solver=name)
        assert np.array_equal(result.trajectory.x, direct.x)
    drawn = gm.sample(
        gm.OptimalDenoiser(moons.points), x, sigmas, solver="euler_maruyama", noise=gm.Brownian(settings.seeds)
    )
    assert np.array_equal(ended.result.comparison.lanes[2].trajectory.x, drawn.x)
    euler, heun, _ = (result.final_errors.max() for result in ended.result.comparison.lanes)
    assert heun < euler
    progress = bench.of(TaskProgress)
    assert {event.part for event in progress} >= {0, 1, 2}
    assert all(event.task_id == 5 for event in progress)


def test_lanes_start_where_the_noise_is(bench):
    """A lane from a saved run may have another σ max: the race is from one x."""
    own = replace(filled(), solver="heun", sigma_max=99.0, steps=4)
    ended = bench.handle(RaceTask(1, filled(), (("a", own),)))
    assert ended.result.comparison.lanes[0].trajectory.sigmas[0] == filled().sigma_max
    assert len(ended.result.comparison.lanes[0].trajectory.sigmas) == 5


def test_a_race_is_cancelled_between_evaluations(bench):
    asked = bench.worker.inbox

    def notice(event):
        bench.events.append(event)
        if isinstance(event, TaskProgress):
            asked.put(Cancel(9))

    bench.worker.post = notice
    ended = bench.handle(RaceTask(9, filled(), lanes("euler", "rk4")))
    assert (ended.result, ended.message) == (None, "")
    assert bench.worker.running is None


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ((), "nothing to compare"),
        (lanes("euler") * 2, "Two lanes are called euler"),
    ],
)
def test_what_cannot_race_says_why(bench, chosen, sentence):
    ended = bench.handle(RaceTask(1, filled(), chosen))
    assert ended.result is None
    assert sentence in ended.message


def test_a_lane_that_fails_says_why_and_leaves_the_others(bench):
    ended = bench.handle(RaceTask(1, filled(), (*lanes("rk45", options={"max_evaluations": 10}), *lanes("euler"))))
    assert "evaluations" in ended.result.comparison.failures["rk45"]
    assert [lane.lane.name for lane in ended.result.comparison.lanes] == ["euler"]


def test_a_race_that_does_not_fit_into_memory_is_refused(bench, monkeypatch):
    monkeypatch.setattr(memory, "physical", lambda: 1000)
    ended = bench.handle(RaceTask(1, replace(filled(), count=1, steps=1), lanes("heun", steps=100)))
    assert "would take" in ended.message


# ---------------------------------------------------------------- designed schedules


@pytest.mark.parametrize("zero", [False, True])
def test_gits_comes_with_its_table(bench, zero):
    ended = bench.handle(DesignTask(2, filled(replace(TOY, final_zero=zero)), "gits", "l2", 1.0))
    assert isinstance(ended.result, Designed)
    assert len(ended.result.levels) == TOY.steps + 1
    assert (ended.result.levels[0], ended.result.levels[-1]) == (
        filled().sigma_max,
        0.0 if zero else filled().sigma_min,
    )
    assert ended.result.levels == tuple(ended.result.table.levels(TOY.steps, zero))
    assert (ended.result.table.metric, ended.result.table.coeff) == ("l2", 1.0)
    assert bench.of(TaskProgress)


def test_tors_has_no_table(bench):
    ended = bench.handle(DesignTask(2, filled(), "tors"))
    assert (len(ended.result.levels), ended.result.table, ended.message) == (TOY.steps + 1, None, "")
    assert np.all(np.diff(ended.result.levels) < 0)


def test_what_cannot_be_designed_says_why(bench):
    ended = bench.handle(DesignTask(2, filled(), "gits", "l7"))
    assert "metric is one of dev, l1, l2" in ended.message


# ---------------------------------------------------------------- end errors


@pytest.mark.parametrize("zero", [False, True])
def test_the_end_error_is_that_of_a_race(bench, zero):
    settings = filled(replace(TOY, solver="dpmpp_2m", final_zero=zero))
    answer = bench.handle(EndErrorTask(3, settings))
    raced = bench.handle(RaceTask(4, settings, (("one", settings),))).result.comparison
    # The reference of the race stops at every level of the lane: two adaptive runs of tolerance 1e-10.
    assert np.allclose(answer.result, raced.lanes[0].final_errors, atol=1e-7)


def test_the_reference_is_solved_once_for_a_start(bench, monkeypatch):
    solved = []
    whole = answers.solve
    monkeypatch.setattr(answers, "solve", lambda *given, **more: solved.append(1) or whole(*given, **more))
    settings = filled()
    levels = list(runs.noise_levels(settings))
    first = bench.handle(EndErrorTask(1, settings))
    levels[3] *= 1.2
    moved = bench.handle(EndErrorTask(1, runs.with_levels(settings, levels)))
    assert len(solved) == 1
    assert not np.array_equal(first.result, moved.result)
    bench.handle(EndErrorTask(1, replace(settings, seed=7)))
    assert len(solved) == 2


# ---------------------------------------------------------------- derivatives


@pytest.mark.parametrize("solver", ["heun", "dpm2", "dpmpp_2m", "euler"])
def test_a_derivative_is_taken_from_the_stored_evaluations(bench, solver):
    bench.handle(StartRun(1, filled(replace(TOY, solver=solver))))
    answer = bench.handle(DerivativeRequest(1, 2, 1))
    assert isinstance(answer, DerivativeAnswer)
    context = bench.worker.contexts[1]
    job, record = context.job, context.record
    step = next(step for step in runs.steps_of(job, job.model) if step.index == 2)
    expected = finite_differences.implied_by(step, solver)[1]
    assert np.allclose(answer.implied, expected, atol=1e-12)
    x = torch.as_tensor(record.x[2, 1:2])
    true = finite_differences.true_derivative(job.model, x, float(record.sigmas[2]))
    assert np.allclose(answer.true, true.value[0])
    assert answer.method == true.method
    assert answer.effective.shape == (2,)
    assert answer.why.startswith("This is an Euler step") == (solver == "euler")
    assert answer.distance("true") == pytest.approx(
        np.linalg.norm(answer.implied - answer.true) / np.linalg.norm(answer.true)
    )


def test_what_implies_no_derivative_says_why(bench):
    bench.handle(StartRun(1, filled(replace(TOY, solver="rk4"))))
    answer = bench.handle(DerivativeRequest(1, 2, 1))
    assert answer.implied is None
    assert "not the difference of two" in answer.why
    assert answer.true is not None
    assert np.isnan(answer.distance("true"))
    for run, solver, word in ((4, "dop853", "steps of its own"), (5, "euler_maruyama", "draws noise")):
        bench.handle(StartRun(run, filled(replace(TOY, solver=solver))))
        answer = bench.handle(DerivativeRequest(run, 2, 1))
        assert answer.implied is None
        assert word in answer.why
    bench.handle(StartRun(2, filled(replace(TOY, final_zero=True))))
    answer = bench.handle(DerivativeRequest(2, 5, 0))
    assert "Euler step" in answer.why
    assert answer.effective is None
    bench.handle(StartRun(3, filled(replace(TOY, options={"analytic_first_step": True}))))
    assert "was not evaluated" in bench.handle(DerivativeRequest(3, 0, 0)).why
