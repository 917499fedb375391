"""Runs of every kind follow the table of the format, and come back as they were saved."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
import resources
from geomodel import runs
from geomodel.run_format import ARRAYS, EXTRA
from geomodel.settings import RunSettings
from geomodel.trajectory import Trajectory

TOY = RunSettings(data="two-moons", data_count=40, steps=4, count=3)
NETWORK = str(resources.path("checkpoints", "two-moons.safetensors"))
RUNS = {
    "D*": TOY,
    "of a class": replace(TOY, label=1),
    "of a mixture": replace(TOY, data="gaussian-ring", driver="mixture"),
    "of a network, beside D*": replace(TOY, network=NETWORK, driver="network"),
    "of a blend to 0": replace(TOY, network=NETWORK, driver="blend", final_zero=True),
    "adaptive": replace(TOY, solver="rk45"),
    "that jumps": replace(TOY, jump_at=2),
    "that draws noise": replace(TOY, solver="churn"),
    "of one step to 0": replace(TOY, steps=1, final_zero=True),
}


@pytest.fixture(scope="module")
def network():
    return gm.load_checkpoint(NETWORK)


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_follows_the_table_and_comes_back(tmp_path, network, kind):
    settings = RUNS[kind]
    data = gm.datasets.load(settings.data, count=settings.data_count)
    run = runs.compute(settings, data, network if settings.network else None)
    run.save(tmp_path / "run.npz")
    back = Trajectory.load(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as file:
        assert set(file) <= {row.name for row in ARRAYS}  # no array stands for itself alone
        assert {EXTRA + name for name in run.extras} <= set(file)
    for name in ("x", "denoised", "sigmas", "evaluations", "evaluations_at", "final_denoised", "seeds", "labels"):
        np.testing.assert_array_equal(getattr(back, name), getattr(run, name), err_msg=name)
    assert back.extras.keys() == run.extras.keys()
    for name, values in run.extras.items():
        np.testing.assert_array_equal(back.extras[name], values, err_msg=name)
    assert (back.looks, back.network_calls) == (run.looks, run.network_calls)
    assert back.settings == json.loads(json.dumps(run.settings))


def test_a_stopped_run_follows_it_too(tmp_path):
    job = runs.prepare(TOY, gm.datasets.load("two-moons", count=40))
    record = runs.new_record(job)

    def stop():
        if record.committed == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.advance(job, job.model, record, stop)
    runs.finish(job, record, display=False).save(tmp_path / "run.npz")
    assert Trajectory.load(tmp_path / "run.npz").x.shape == (3, 3, 2)


def test_a_run_without_looks_follows_it_too(tmp_path):
    optimal = gm.OptimalDenoiser(gm.datasets.load("two-moons", count=40).points)
    run = gm.sample(optimal, gm.noise(range(2), (2,), 5.0), [5.0, 2.0, 1.0], solver="unipc", display="off")
    assert np.isnan(run.denoised).any()
    run.save(tmp_path / "run.npz")
    np.testing.assert_array_equal(Trajectory.load(tmp_path / "run.npz").denoised, run.denoised)
