"""The η of `ddim_eta` is the paper's. Runs that were saved when it was the share of variance keep their numbers."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from problems import ring8

import geomodel as gm
from geomodel import run_files
from geomodel.sampling import sample
from geomodel.settings import RunSettings, from_json, to_json

SIGMAS = gm.schedules.karras(6, 0.05, 20.0)
X = gm.noise(range(3), (2,), 20.0)


def by_share_of_variance(share):
    """x' = D + σ' √(1 − share τ) (x − D)/σ + σ' √(share τ) ξ, τ = 1 − (σ'/σ)²: what η meant before."""
    x, path = X, gm.Brownian(range(3))
    for s, t in pairwise(SIGMAS.tolist()):
        denoised, anew = ring8()(x, s), share * (1 - (t / s) ** 2)
        x = denoised + t * (1 - anew) ** 0.5 * (x - denoised) / s + t * anew**0.5 * path.xi(s, t, (2,))
    return x


def drawn(**options):
    return sample(ring8(), X, SIGMAS, solver="ddim_eta", noise=gm.Brownian(range(3)), **options)


@pytest.mark.parametrize(("eta", "share"), [(0.0, 0.0), (0.5, 0.25), (0.3, 0.09), (1.0, 1.0)])
def test_eta_squared_is_the_share_of_variance(eta, share):
    np.testing.assert_allclose(drawn(eta=eta).x[-1], by_share_of_variance(share), rtol=0, atol=1e-11)


def test_eta_is_that_of_the_papers_sigma():
    # DDIM, equation 16, in σ: the noise drawn has the standard deviation η √(σ'²/σ² (σ² − σ'²)).
    (step,) = gm.iterate(ring8(), X, [20.0, 5.0], solver="ddim_eta", eta=0.4, noise=gm.Brownian(range(3)))
    assert step.combination.gamma == pytest.approx(0.4 * np.sqrt(25 / 400 * (400 - 25)), rel=1e-14)


def test_old_settings_are_converted_once():
    old = {**to_json(RunSettings(solver="ddim_eta", options={"eta": 0.25})), "schema_version": 1}
    new = from_json(json.loads(json.dumps(old)))
    assert new.options == {"eta": 0.5}
    assert from_json(to_json(new)) == new
    for solver, options in (("euler_ancestral", {"eta": 0.25}), ("ddim_eta", {}), ("ddim_eta", {"eta": 1.0})):
        values = {**to_json(RunSettings(solver=solver, options=options)), "schema_version": 1}
        assert from_json(values).options == options


@pytest.mark.parametrize("version", [1, 2])
def test_a_saved_run_repeats_its_numbers(version, tmp_path, monkeypatch):
    run = drawn(eta=0.3)
    if version == 1:
        run.settings["options"]["eta"] = 0.09  # as that version wrote it
        monkeypatch.setattr(run_files, "VERSION", 1)
    run.save(tmp_path / "run.npz")
    monkeypatch.undo()
    back = gm.Trajectory.load(tmp_path / "run.npz")
    again = drawn(**back.settings["options"])
    np.testing.assert_allclose(again.x, run.x, rtol=0, atol=1e-12)


@pytest.mark.parametrize("version", [1, 2])
def test_runs_of_earlier_versions_started_about_zero(version):
    old = {**to_json(RunSettings()), "schema_version": version}
    assert from_json(json.loads(json.dumps(old))) == RunSettings(start="origin")
    assert from_json({"schema_version": version}).start == "origin"  # the default of that version
    assert from_json({**old, "start": "exact"}).start == "exact"
    assert from_json(to_json(RunSettings())).start == "noise"
