"""Branches: the control is the run's own tail, branches follow closed forms, and noise is shared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel import runs, solvers
from geomodel.experiments import branch
from geomodel.settings import RunSettings

VARIANCES = np.array([4.0, 1.0, 0.25])
GAUSSIAN = gm.MixtureDenoiser(np.zeros((1, 3)), VARIANCES[None])
MIXTURE = gm.MixtureDenoiser(np.random.default_rng(0).standard_normal((5, 3)) * 2, 0.3)
LEVELS = gm.schedules.karras(8, 0.01, 20.0, final_zero=True)
CHURN = {"s_churn": 4.0, "s_min": 0.02, "s_max": 15.0}
LONE = [row for row in solvers.SOLVERS if row.family in ("One step", "Stochastic") and row.name[-4:] != "_sde"]


def run_of(solver="euler", model=MIXTURE, sigmas=LEVELS, count=4, **options):
    noise = {"noise": gm.Brownian(range(3, 3 + count))} if solvers.row(solver).stochastic else {}
    x = gm.noise(range(count), (3,), float(sigmas[0]))
    return gm.sample(model, x, sigmas, solver=solver, seeds=range(count), **noise, **options)


@pytest.mark.parametrize("level", [0, 3, 7])
@pytest.mark.parametrize("solver", [row.name for row in LONE])
def test_without_memory_the_control_is_the_tail_of_the_run(solver, level):
    run = run_of(solver, **(CHURN if solver == "churn" else {}))
    found = branch(MIXTURE, run, 2, level, np.zeros(3))
    np.testing.assert_array_equal(found.control.x[:, 0], run.x[level:, 2])
    np.testing.assert_array_equal(found.control.denoised[:, 0], run.denoised[level:, 2])
    np.testing.assert_array_equal(found.control.sigmas, run.sigmas[level:])
    assert (found.sample, found.level) == (2, level)
    np.testing.assert_array_equal(found.branch.x[0, 0], 0)


def test_a_multistep_control_starts_again_at_order_1():
    """Its first step is Euler's; the run's own there is not."""
    run = run_of("ipndm")
    found = branch(MIXTURE, run, 1, 4, np.zeros(3))
    s, t = run.sigmas[4:6]
    x, denoised = run.x[4, 1], run.denoised[4, 1]
    np.testing.assert_allclose(found.control.x[1, 0], denoised + t / s * (x - denoised), rtol=1e-13)
    assert np.linalg.norm(found.control.x[1, 0] - run.x[5, 1]) > 1e-3
    anew = gm.sample(MIXTURE, run.x[4, 1:2], run.sigmas[4:], solver="ipndm")
    np.testing.assert_allclose(found.control.x, anew.x, rtol=1e-12, atol=1e-12)


def test_the_distance_of_branches_of_a_gaussian_in_closed_form():
    """The ODE carries a coordinate by √((λ + σ'²)/(λ + σ²)), so a displacement shrinks by that factor in each."""
    run = run_of("dop853", GAUSSIAN, gm.schedules.karras(10, 0.01, 20.0))
    shift = np.array([0.3, -0.2, 0.1])
    found = branch(GAUSSIAN, run, 0, 4, run.x[4, 0] + shift)
    kept = np.sqrt((VARIANCES + run.sigmas[4:, None] ** 2) / (VARIANCES + run.sigmas[4] ** 2))
    # dop853 solves to a relative 1e-6, and x is up to 20 here while the distance is about 0.3
    np.testing.assert_allclose(found.distance, np.linalg.norm(kept * shift, axis=1), rtol=1e-4)
    np.testing.assert_allclose(found.control.x[:, 0], run.x[4:, 0], rtol=1e-5, atol=1e-7)
    assert found.control.final_denoised.shape == (1, 3)


def test_both_see_the_same_path_of_noise():
    """Of a point mass D is one point whatever x is, so both paths differ by the displacement and no noise."""
    point = gm.OptimalDenoiser(np.ones((1, 3)))
    run = run_of("euler_ancestral", point)
    found = branch(point, run, 3, 2, run.x[2, 3] + 1.0)
    gap = found.branch.x[:, 0] - found.control.x[:, 0]
    np.testing.assert_allclose(gap - gap[:, :1], 0, atol=1e-13)
    assert (np.diff(gap[:, 0]) < 0).all()
    np.testing.assert_array_equal(found.control.x[:, 0], run.x[2:, 3])


def test_a_run_that_jumps_branches_up_to_its_jump():
    run = run_of("heun", jump_at=5)
    for level in (2, 5):
        found = branch(MIXTURE, run, 0, level, np.zeros(3))
        np.testing.assert_array_equal(found.control.x[:, 0], run.x[level:, 0])
        np.testing.assert_array_equal(found.branch.x[-1], found.branch.denoised[-1])
    adaptive = run_of("rk45", jump_at=5)
    assert len(branch(MIXTURE, adaptive, 0, 5, np.zeros(3)).control.x) == 2


def test_renoised_from_d():
    run = run_of()
    found = branch(MIXTURE, run, 1, 3, seed=7)
    z = gm.noise([7], (3,), float(run.sigmas[3])).numpy()[0]
    np.testing.assert_array_equal(found.branch.x[0, 0], run.denoised[3, 1] + z)
    blind = branch(MIXTURE, run_of(display="off", solver="unipc"), 1, 3, seed=7)
    assert np.isfinite(blind.branch.x).all()


def test_labels_and_a_program_s_run_name_everything(tmp_path):
    """A run of the program keeps its settings under "run", from which solver, levels and noise are read."""
    data = gm.datasets.load("two-moons", count=60)
    settings = RunSettings(
        data="two-moons", data_count=60, count=3, steps=6, solver="churn", options=CHURN, label=1, seed=5
    )
    run = runs.compute(settings, data)
    run.save(tmp_path / "run.npz")
    run = gm.Trajectory.load(tmp_path / "run.npz")
    optimal = gm.OptimalDenoiser(data.points, data.labels)
    found = branch(optimal, run, 2, 2, run.x[2, 2] + 0.1)
    # D* of three rows and of one may differ in the last digit of a matrix product
    np.testing.assert_allclose(found.control.x[:, 0], run.x[2:, 2], rtol=1e-11, atol=1e-11)
    assert found.control.labels.tolist() == [1]
    assert found.control.seeds.tolist() == [7]
    other = branch(optimal, run, 2, 2, run.x[2, 2], options={**CHURN, "s_churn": 0.0})
    assert np.abs(other.control.x[-1, 0] - run.x[-1, 2]).max() > 1e-3


def test_an_analytic_first_step_is_left_to_the_run():
    run = run_of("heun", analytic_first_step=(np.zeros(3), 4.0))
    found = branch(MIXTURE, run, 0, 0, np.zeros(3))
    np.testing.assert_array_equal(found.control.x[:, 0], run_of("heun").x[:, 0])


def test_a_stopped_run_is_followed_as_far_as_it_went():
    whole = run_of("heun")
    part = replace(whole, x=whole.x[:5], denoised=whole.denoised[:4], sigmas=whole.sigmas[:5])
    found = branch(MIXTURE, part, 0, 1, np.zeros(3))
    np.testing.assert_array_equal(found.control.x[:, 0], whole.x[1:5, 0])


def test_what_has_no_branch_says_why():
    run = run_of()
    for sample, level, said in ((4, 0, "samples 0 to 3"), (0, 8, "0 to 7"), (0, -1, "0 to 7"), (-1, 0, "got -1")):
        with pytest.raises(ValueError, match=said):
            branch(MIXTURE, run, sample, level, np.zeros(3))
    with pytest.raises(ValueError, match="samples have"):
        branch(MIXTURE, run, 0, 0, np.zeros(4))
    with pytest.raises(ValueError, match="NaN"):
        branch(MIXTURE, run, 0, 0, np.full(3, np.nan))
    with pytest.raises(ValueError, match="does not say"):
        branch(MIXTURE, replace(run, settings={}), 0, 0, np.zeros(3))
    draws = list(torch.zeros(8, 4, 3))
    given = gm.sample(MIXTURE, run.x[0], LEVELS, solver="euler_ancestral", noise=draws)
    with pytest.raises(ValueError, match="given as arrays"):
        branch(MIXTURE, given, 0, 0, np.zeros(3))
