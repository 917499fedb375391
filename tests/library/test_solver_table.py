"""Every solver of the table, on every schedule, with analytic and network denoisers: what must hold for all of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import geomodel as gm
import resources
from geomodel.solvers import SOLVERS

SEEDS = [3, 1, 4, 1, 5]
EVERYWHERE = ("heun", "rk45", "dpmpp_2m_sde")
FIXED = [row.name for row in SOLVERS if not row.adaptive]


class Counting:
    """A denoiser that counts the rows it is asked for, and how often."""

    def __init__(self, model, analytic: bool = True) -> None:
        self.model, self.analytic = model, analytic
        self.calls = 0
        self.rows = 0

    def __call__(self, x, sigma):
        self.calls += 1
        self.rows += len(x)
        return self.model(x, sigma)


@pytest.fixture(scope="module")
def analytic():
    return gm.datasets.load("gaussian-ring", count=40).mixture


@pytest.fixture(scope="module")
def network():
    return gm.load_checkpoint(resources.path("checkpoints", "two-moons.safetensors"))


def run(model, row, sigmas, seeds=SEEDS, **more):
    noise = gm.Brownian(seeds) if row.stochastic else None
    x = gm.noise(seeds, (2,), sigmas[0])
    return gm.sample(model, x, sigmas, solver=row.name, seeds=seeds, noise=noise, **more)


def levels(name, zero):
    return getattr(gm.schedules, name)(6, 0.05, 20.0, final_zero=zero)


# Every pair runs in the slow tests. By default: each solver on one schedule, one solver of each kind on each schedule.
# (test_solvers.py has the deterministic solvers on every schedule, by default.)
PAIRS = [
    pytest.param(
        row, name, id=f"{name}-{row.name}", marks=() if name == "karras" or row.name in EVERYWHERE else pytest.mark.slow
    )
    for row in SOLVERS
    for name in gm.schedules.names()
]


@pytest.mark.parametrize(("row", "name"), PAIRS)
@pytest.mark.parametrize("zero", [False, True])
def test_a_run_is_finite_deterministic_and_the_samples_do_not_know_of_each_other(row, name, zero, analytic):
    sigmas = levels(name, zero)
    whole, again = run(analytic, row, sigmas), run(analytic, row, sigmas)
    assert np.isfinite(whole.x).all()
    assert np.array_equal(whole.x, again.x)
    assert whole.x.shape == (7, 5, 2)
    assert np.array_equal(whole.x[:, 1], whole.x[:, 3])  # the same seed twice
    alone = run(analytic, row, sigmas, seeds=SEEDS[2:3])
    # Products of matrices of another size round differently: 1e-10 of values up to 20.
    assert np.allclose(whole.x[:, 2:3], alone.x, atol=1e-10)
    if row.adaptive:
        assert whole.evaluations[2] == alone.evaluations[0]


@pytest.mark.parametrize("name", FIXED)
def test_a_float32_network_is_the_same_in_any_batch(name, network):
    row = next(row for row in SOLVERS if row.name == name)
    sigmas = gm.schedules.karras(8, 0.05, 20.0)
    whole = run(network, row, sigmas, record="float64")
    alone = run(network, row, sigmas, seeds=SEEDS[2:3], record="float64")
    assert np.isfinite(whole.x).all()
    # float32 sums in another order, 1e-7 of values of size 1, carried on by a smooth network.
    assert np.allclose(whole.x[:, 2:3], alone.x, atol=1e-5 * 20)
    assert np.abs(whole.x[-1, 2] - alone.x[-1, 0]).max() < 1e-5


@pytest.mark.parametrize("row", SOLVERS, ids=lambda row: row.name)
@pytest.mark.parametrize("zero", [False, True])
def test_evaluations_are_counted_right(row, zero, analytic):
    model = Counting(analytic)
    found = run(model, row, levels("karras", zero), display="off")
    assert found.looks == 0
    if row.adaptive:
        assert found.evaluations.sum() == model.rows
    else:
        assert found.evaluations == model.calls == model.rows // len(SEEDS)
        assert found.network_calls == model.calls
    assert np.array_equal(np.max(found.evaluations_at[-1]), np.max(found.evaluations))
    shown = Counting(analytic)
    seen = run(shown, row, levels("karras", zero))
    if not row.adaptive:
        assert seen.evaluations + seen.looks == shown.calls
    assert np.array_equal(seen.x, found.x)  # looking changes nothing


@pytest.mark.parametrize("row", SOLVERS, ids=lambda row: row.name)
def test_grad_mode_is_left_alone(row, analytic):
    assert torch.is_grad_enabled()
    run(analytic, row, levels("uniform", False))
    assert torch.is_grad_enabled()
