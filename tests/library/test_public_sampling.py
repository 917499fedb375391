"""The public surface of sampling as scripts see it: schedules, noise, runs, steps, geometry."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from problems import CORRECTED, TABLE

import geomodel as gm
import resources

SOLVERS = [row.name for row in TABLE if row.name not in CORRECTED]  # the table's evaluations in every interval
SCHEDULES = gm.schedules.names()
SIGMAS = gm.schedules.karras(4, sigma_max=20.0)


@pytest.fixture(scope="module")
def optimal():
    return gm.OptimalDenoiser(gm.datasets.load("two-moons", count=200).points)


@pytest.fixture(scope="module")
def network():
    return gm.load_checkpoint(resources.path("checkpoints", "two-moons.safetensors"))


# ---------------------------------------------------------------- schedules and noise


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("final_zero", [False, True])
def test_schedules_have_steps_plus_one_exact_levels(name, final_zero):
    sigmas = getattr(gm.schedules, name)(steps=7, sigma_min=0.01, sigma_max=30.0, final_zero=final_zero)
    assert (type(sigmas), sigmas.dtype, sigmas.shape) == (np.ndarray, np.float64, (8,))
    assert (np.diff(sigmas) < 0).all()
    assert sigmas[0] == 30
    assert sigmas[-2 if final_zero else -1] == 0.01
    assert (sigmas[-1] == 0) == final_zero


def test_the_final_zero_is_one_of_the_steps(optimal):
    sigmas = gm.schedules.karras(18, final_zero=True)
    assert gm.sample(optimal, gm.noise(0, (2,), 80.0), sigmas, solver="heun").evaluations == 35


def test_custom_levels_are_kept():
    assert gm.schedules.custom([3, 2, 0]).tolist() == [3.0, 2.0, 0.0]


def test_noise_belongs_to_its_seed():
    batch = gm.noise([5, 1, 5], (2, 3), 4.0)
    assert (batch.shape, batch.dtype, batch.device.type) == ((3, 2, 3), torch.float64, "cpu")
    assert torch.equal(batch[0], batch[2])
    assert torch.equal(batch[1:2], gm.noise(1, (2, 3), 4.0))
    assert torch.allclose(batch, 4.0 * gm.noise([5, 1, 5], (2, 3), 1.0), rtol=1e-15)


# ---------------------------------------------------------------- sampling


@pytest.mark.parametrize("x", [np.ones((2, 2)), torch.ones(2, 2), np.ones((2, 2), np.float32)])
def test_any_callable_is_a_denoiser_called_with_a_tensor_and_a_float(x):
    calls = []

    def model(*arguments, **names):
        calls.append((arguments, names))
        return arguments[0] / 2

    gm.sample(model, x, list(SIGMAS), solver="dpm2")
    gm.sample(model, x, SIGMAS, labels=[1, -1], solver="euler")
    plain, labelled = calls[:-5], calls[-5:]  # four steps and the look at the end
    for (point, sigma), names in plain:
        assert isinstance(point, torch.Tensor)
        assert (type(sigma), names) == (float, {})
    for (point, sigma), names in labelled:
        assert isinstance(point, torch.Tensor)
        assert type(sigma) is float
        assert list(names) == ["labels"]
        assert names["labels"].tolist() == [1, -1]
        assert names["labels"].dtype == torch.int64


@pytest.mark.parametrize("name", SOLVERS)
def test_what_a_trajectory_holds(name, optimal, tmp_path):
    x = gm.noise(range(3), (2,), SIGMAS[0])
    run = gm.sample(optimal, x, SIGMAS, solver=name, seeds=range(3))
    assert isinstance(run, gm.Trajectory)
    assert (run.x.shape, run.denoised.shape, run.sigmas.shape) == ((5, 3, 2), (4, 3, 2), (5,))
    assert {type(run.x), type(run.denoised), type(run.sigmas), type(run.final_denoised)} == {np.ndarray}
    assert {run.x.dtype, run.denoised.dtype, run.sigmas.dtype} == {np.dtype(np.float64)}
    assert np.array_equal(run.sigmas, SIGMAS)
    assert np.array_equal(run.x[0], x)
    for i in range(4):
        assert np.array_equal(run.denoised[i], optimal(run.x[i], float(SIGMAS[i])))
    assert np.array_equal(run.final_denoised, optimal(run.x[-1], float(SIGMAS[-1])))
    assert type(run.evaluations) is type(run.network_calls) is type(run.looks) is int
    assert run.evaluations == run.network_calls == run.evaluations_at[-1] == 4 * gm.solvers.row(name).evaluations
    assert run.evaluations_at.shape == (5,)
    assert run.looks == 1
    assert run.seeds.tolist() == [0, 1, 2]
    assert run.labels is None
    assert json.loads(json.dumps(run.settings)) == run.settings
    run.save(tmp_path / "run.npz")
    back = gm.Trajectory.load(tmp_path / "run.npz")
    for field in ("x", "denoised", "sigmas", "evaluations_at", "final_denoised", "seeds"):
        assert np.array_equal(getattr(back, field), getattr(run, field))
    assert (back.evaluations, back.network_calls, back.looks) == (run.evaluations, run.network_calls, run.looks)
    assert back.settings == run.settings


def test_records_of_networks_are_float32_unless_asked(network):
    x = gm.noise(range(2), (2,), 20.0)
    assert gm.sample(network, x, SIGMAS).x.dtype == np.float32
    assert gm.sample(network, x, SIGMAS, record="float64").x.dtype == np.float64


def test_display_off_spends_no_looks(optimal):
    x = gm.noise(range(2), (2,), 20.0)
    run = gm.sample(optimal, x, SIGMAS, display="off", analytic_first_step=(0.0, 2.0))
    assert np.isnan(run.denoised[0]).all()
    assert np.isfinite(run.denoised[1:]).all()
    assert run.final_denoised is None
    assert run.looks == 0


def test_a_jump_stops_there_and_takes_d(optimal):
    x = gm.noise(range(2), (2,), 20.0)
    run = gm.sample(optimal, x, SIGMAS, jump_at=2)
    assert np.array_equal(run.sigmas, [*SIGMAS[:3], 0])
    assert np.array_equal(run.x[-1], optimal(run.x[2], float(SIGMAS[2])))
    assert run.final_denoised is None


def test_a_foreign_file_is_refused_and_never_unpickled(tmp_path):
    path = tmp_path / "foreign.npz"
    np.savez(path, x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"foreign\.npz"):
        gm.Trajectory.load(path)


@pytest.mark.parametrize("name", SOLVERS)
def test_steps_and_resuming(name, optimal):
    x = gm.noise(range(2), (2,), 20.0)
    steps = list(gm.iterate(optimal, x, SIGMAS, solver=name))
    assert [step.index for step in steps] == [0, 1, 2, 3]
    for step, sigma, sigma_next in zip(steps, SIGMAS[:-1], SIGMAS[1:], strict=True):
        assert isinstance(step, gm.Step)
        assert (step.sigma, step.sigma_next) == (sigma, sigma_next)
        assert {step.x.dtype, step.x_next.dtype, step.denoised.dtype, step.slope.dtype} == {torch.float64}
        assert torch.equal(step.slope, (step.x - step.denoised) / sigma)
        assert len(step.stages) == step.evaluations == gm.solvers.row(name).evaluations
        for point, level, denoised in step.stages:
            assert torch.equal(denoised, optimal(point, level))
        # The combination is how the loop itself makes x_next.
        assert torch.equal(step.combination.apply(step.x), step.x_next)
        assert dict(step.info) == {}
        with pytest.raises(AttributeError):
            step.index = 1
    again = list(gm.iterate(optimal, None, SIGMAS, solver=name, resume=steps[1]))
    assert [step.index for step in again] == [2, 3]
    assert torch.equal(again[-1].x_next, steps[-1].x_next)


STOCHASTIC = [row.name for row in gm.solvers.SOLVERS if row.stochastic]
ADAPTIVE = [row.name for row in gm.solvers.SOLVERS if row.adaptive]


@pytest.mark.parametrize("name", STOCHASTIC)
def test_stochastic_solvers_take_brownian_paths(name, optimal):
    x = gm.noise(range(3), (2,), 20.0)
    run = gm.sample(optimal, x, SIGMAS, solver=name, noise=gm.Brownian(range(3)), seeds=range(3))
    assert (type(run.evaluations), run.evaluations_at.shape) == (int, (5,))
    assert json.loads(json.dumps(run.settings)) == run.settings
    again = gm.sample(optimal, x[1:2], SIGMAS, solver=name, noise=gm.Brownian(1))
    assert np.allclose(again.x[:, 0], run.x[:, 1], rtol=0, atol=1e-10)  # roundings of the softmax's product
    with pytest.raises(ValueError, match="draws noise"):
        gm.sample(optimal, x, SIGMAS, solver=name)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_adaptive_solvers_count_for_each_sample(name, optimal, tmp_path):
    x = gm.noise(range(3), (2,), 20.0)
    run = gm.sample(optimal, x, SIGMAS, solver=name)
    assert (run.x.shape, run.denoised.shape) == ((5, 3, 2), (4, 3, 2))
    assert (run.evaluations.dtype, run.evaluations.shape) == (np.int64, (3,))
    assert run.evaluations_at.shape == (5, 3)
    assert type(run.network_calls) is type(run.looks) is int
    for i in range(4):
        assert np.allclose(run.denoised[i], optimal(run.x[i], float(SIGMAS[i])), rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="max_evaluations"):
        gm.sample(optimal, x, SIGMAS, solver=name, max_evaluations=30)


# ---------------------------------------------------------------- geometry


@pytest.mark.parametrize("shape", [(2,), (1, 4, 4)])
def test_geometry_takes_curves_and_gives_levels_by_samples(shape):
    curve = np.random.default_rng(0).standard_normal((6, 3, *shape))
    for name in ("deviation", "norm", "distance_to_end", "cosine_to_end"):
        assert getattr(gm.geometry, name)(curve).shape == (6, 3)
    assert gm.geometry.step_length(curve).shape == (5, 3)
    deviation = gm.geometry.deviation(curve)
    assert (deviation[0] == 0).all()
    # The last point is the line's own end: what remains is rounding of numbers of size 1.
    assert np.allclose(deviation[-1], 0, atol=1e-15)
    assert (deviation[1:-1] > 0).all()
