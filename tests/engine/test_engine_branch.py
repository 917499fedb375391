"""Branches as the engine follows them: against the library, in the plane and on a slice, refused, cancelled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
from app.engine.contract import TaskEnded
from app.engine.messages import Cancel, StartRun
from app.rooms.plane.messages import BranchAnswer, Branched, BranchRequest, BranchTask
from app.session.plane_options import BranchStart
from geomodel.experiments import branch
from geomodel.settings import RunSettings

MOONS = RunSettings(data="two-moons", data_count=60, steps=5, count=3, solver="euler")
START = BranchStart(run_id=1, sample=2, level=1, point=(0.5, -1.0))


def ran(bench, settings=MOONS):
    """The run's trajectory, as the window has it."""
    return bench.handle(StartRun(1, settings)).trajectory


def test_a_drag_is_answered_by_the_library_s_branch(bench):
    run = ran(bench)
    answer = bench.handle(BranchRequest(run_id=1, run=run, start=START))
    assert isinstance(answer, BranchAnswer)
    data = gm.datasets.load("two-moons", count=60)
    found = branch(gm.OptimalDenoiser(data.points), run, 2, 1, [0.5, -1.0])
    np.testing.assert_allclose(answer.branched.branch, found.branch.x[:, 0], rtol=1e-12)
    np.testing.assert_allclose(answer.branched.control, run.x[1:, 2], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(answer.branched.distance, found.distance, rtol=1e-12)
    assert not answer.branched.branch.flags.writeable


def test_in_many_dimensions_x_moves_parallel_to_the_plane(bench, tmp_path):
    points = np.random.default_rng(0).standard_normal((40, 5)) * [3, 2, 1, 1, 1]
    np.save(tmp_path / "cloud.npy", points)
    run = ran(bench, replace(MOONS, data=str(tmp_path / "cloud.npy")))
    plane = bench.worker.contexts[1].data.opened.plane
    answer = bench.handle(BranchRequest(run_id=1, run=run, start=START))
    moved = answer.branched.branch[0]
    np.testing.assert_allclose(plane.project(moved), START.point, atol=1e-12)
    away = moved - run.x[1, 2]
    np.testing.assert_allclose(away, away @ plane.vectors.T @ plane.vectors, atol=1e-12)


def test_renoised_and_refused(bench):
    run = ran(bench)
    first, second = (
        bench.handle(BranchRequest(run_id=1, run=run, start=replace(START, point=None, seed=seed))).branched
        for seed in (0, 1)
    )
    z = gm.noise([1], (2,), float(run.sigmas[1])).numpy()[0]
    np.testing.assert_allclose(second.branch[0], run.denoised[1, 2] + z, rtol=1e-12)
    assert not np.allclose(first.branch[0], second.branch[0])
    answer = bench.handle(BranchRequest(run_id=1, run=run, start=replace(START, level=5)))
    assert answer.branched is None
    assert "with a step after it" in answer.message


def test_a_task_gives_the_same_and_can_be_cancelled(bench):
    run = ran(bench)
    task = BranchTask(task_id=7, settings=MOONS, run=run, start=START)
    ended = bench.handle(task)
    assert isinstance(ended.result, Branched)
    quick = bench.handle(BranchRequest(run_id=1, run=run, start=START)).branched
    np.testing.assert_array_equal(ended.result.branch, quick.branch)
    bench.worker.submit(Cancel(7))  # the gate finds it before the first evaluation
    assert bench.handle(task) == TaskEnded(task)
    bad = bench.handle(replace(task, start=replace(START, level=5)))
    assert bad.result is None
    assert "with a step after it" in bad.message


@pytest.mark.parametrize("solver", ["euler_ancestral", "rk45"])
def test_stochastic_and_adaptive_runs_have_branches_too(bench, solver):
    run = ran(bench, replace(MOONS, solver=solver))
    found = bench.handle(BranchRequest(run_id=1, run=run, start=START)).branched
    # a control of an adaptive solver has other steps of its own: its tolerance is 1e-6 of |x|, which is 20 at first
    np.testing.assert_allclose(found.control, run.x[1:, 2], rtol=1e-4, atol=1e-4)
