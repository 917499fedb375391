"""A run that jumps takes the steps of the whole run up to its level, and ends with D at the x it has reached there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel import runs
from geomodel.experiments import Lane, compare
from geomodel.sampling import iterate, sample
from geomodel.settings import RunSettings

POINTS = np.random.default_rng(0).normal(size=(40, 2))
X = gm.noise(range(4), (2,), 20.0)
GRIDS = {
    "positive": gm.schedules.karras(12, 0.005, 20.0),
    "final zero": gm.schedules.karras(12, 0.005, 20.0, final_zero=True),
}
SPECIAL = [
    ("churn", {"s_churn": 3.0}),
    ("ipndm", {"order": 4, "lower_order_final": True}),
    ("unipc", {"order": 3, "lower_order_final": True}),
    ("deis_tab", {"analytic_first_step": (0.0, 1.0)}),
]
CASES = [*((name, {}) for name in gm.solvers.names()), *SPECIAL]


@pytest.fixture(scope="module")
def optimal():
    return gm.OptimalDenoiser(POINTS)


def drawn(name):
    return {"noise": gm.Brownian(range(4))} if gm.solvers.row(name).stochastic else {}


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("level", [0, 3, 11])
def test_a_jump_is_the_whole_runs_own_d(name, options, grid, level, optimal):
    sigmas = GRIDS[grid]
    whole = sample(optimal, X, sigmas, solver=name, **options, **drawn(name))
    cut = sample(optimal, X, sigmas, solver=name, jump_at=level, **options, **drawn(name))
    assert np.array_equal(cut.sigmas, [*sigmas[: level + 1], 0.0])
    assert np.array_equal(cut.x[: level + 1], whole.x[: level + 1])
    assert np.array_equal(cut.denoised[:level], whole.denoised[:level])
    assert np.array_equal(cut.evaluations_at[: level + 1], whole.evaluations_at[: level + 1])
    expected = optimal(torch.from_numpy(whole.x[level]), float(sigmas[level])).numpy()
    np.testing.assert_allclose(cut.x[-1], expected, rtol=0, atol=1e-14)  # an adaptive solver gives one σ a sample
    assert np.array_equal(cut.x[-1], cut.denoised[-1])
    # D there is one evaluation of the run. Only an adaptive solver has it already where its integration ends.
    ended = gm.solvers.row(name).adaptive and grid == "final zero" and level == 11
    assert (cut.evaluations_at[-1] - cut.evaluations_at[-2] == (0 if ended else 1)).all()


@pytest.mark.parametrize("name", gm.solvers.names())
def test_the_window_and_the_command_line_jump_as_the_library_does(name):
    data = gm.datasets.load("two-moons", count=40)
    settings = RunSettings(data_count=40, steps=12, count=4, beside=False, solver=name, jump_at=7)
    if name == "churn":
        settings = replace(settings, options={"s_churn": 3.0})
    found = runs.compute(settings, data)
    whole = runs.whole_schedule(runs.resolved(settings, data))
    start = data.mean + gm.noise(range(4), (2,), float(whole[0])).numpy()
    model = gm.OptimalDenoiser(data.points)
    cut = sample(model, start, whole, solver=name, jump_at=7, **settings.options, **drawn(name))
    assert np.array_equal(found.x, cut.x)
    assert np.array_equal(found.sigmas, cut.sigmas)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_whole_run_goes_on_into_a_jump(name, options, optimal):
    steps = list(iterate(optimal, X, GRIDS["positive"], solver=name, **options, **drawn(name)))
    given = {"solver": name, "jump_at": 5, **options, **drawn(name)}
    (last,) = iterate(optimal, None, GRIDS["positive"], resume=steps[4], **given)
    assert torch.equal(last.x, steps[5].x)
    assert last.sigma_next == 0
    assert torch.equal(last.x_next, last.denoised)


def test_a_jump_needs_no_draws_beyond_it(optimal):
    draws = list(np.random.default_rng(1).standard_normal((12, 4, 2)))
    runs_ = [
        sample(optimal, X, GRIDS["positive"], solver="euler_ancestral", noise=given, jump_at=5)
        for given in (draws, draws[:6])
    ]
    assert np.array_equal(runs_[0].x, runs_[1].x)


@pytest.mark.parametrize("name", ["unipc", "deis_tab", "churn"])
def test_a_lane_of_a_race_jumps_from_its_own_run(name, optimal):
    options = {"s_churn": 3.0} if name == "churn" else {}
    lane = Lane("jump", name, GRIDS["positive"], options, jump_at=6)
    (result,) = compare(optimal, X, [lane], noise=gm.Brownian(range(4))).lanes
    expected = sample(optimal, X, GRIDS["positive"], solver=name, jump_at=6, display="off", **options, **drawn(name))
    assert np.array_equal(result.trajectory.x, expected.x)
    assert result.errors.shape == (8, 4)
