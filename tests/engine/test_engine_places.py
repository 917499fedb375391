"""A saved run finds its data and network from any folder and after a move, and takes no others of that name."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from engine_bench import Bench

import resources
from app.engine.messages import OpenRun, Save, StartRun
from geomodel.settings import RunSettings


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A folder with data, a network, and a run of them that was computed from within it under relative names."""
    folder = tmp_path / "a"
    folder.mkdir()
    np.savetxt(folder / "points.csv", np.random.default_rng(0).normal(size=(30, 2)), delimiter=",")
    shutil.copy(resources.path("checkpoints", "two-moons.safetensors"), folder / "net.safetensors")
    monkeypatch.chdir(folder)
    settings = RunSettings(data="points.csv", network="net.safetensors", driver="network", steps=4, count=2)
    bench = Bench()
    trajectory = bench.handle(StartRun(1, settings)).trajectory
    bench.handle(Save(trajectory, str(folder / "run.npz")))
    monkeypatch.chdir(tmp_path)
    return folder


def opened(path):
    return Bench().handle(OpenRun(1, str(path)))


def test_from_another_folder(saved, tmp_path):
    (tmp_path / "runs").mkdir()
    path = shutil.move(saved / "run.npz", tmp_path / "runs" / "run.npz")
    run = opened(path)
    assert run.linked
    assert run.settings.data == str(saved / "points.csv")
    assert run.settings.network == str(saved / "net.safetensors")


def test_after_all_of_it_has_moved(saved, tmp_path):
    there = tmp_path / "b"
    saved.rename(there)
    run = opened(there / "run.npz")
    assert run.linked
    assert run.missing == ""
    assert run.settings.data == run.data.name == str(there / "points.csv")
    assert run.settings.network == str(there / "net.safetensors")


def test_a_relative_name_of_an_older_run_is_looked_for_beside_it(saved, tmp_path):
    run = opened(saved / "run.npz")
    old = replace(run.settings, data="points.csv", network="net.safetensors")
    settings = run.trajectory.settings
    settings["run"] |= {"data": old.data, "network": old.network}
    run.trajectory.save(saved / "old.npz")
    assert opened(saved / "old.npz").linked


def test_other_data_or_another_network_of_that_name_are_not_taken(saved, tmp_path):
    there = tmp_path / "b"
    saved.rename(there)
    kept = (there / "points.csv").read_bytes()
    (there / "points.csv").write_text("0,1\n1,0\n2,2\n")
    assert "Density, field and neighbours need the data" in opened(there / "run.npz").missing
    (there / "points.csv").write_bytes(kept)
    shutil.copy(resources.path("checkpoints", "fashion-mnist.safetensors"), there / "net.safetensors")
    run = opened(there / "run.npz")
    assert not run.linked
    assert run.missing.startswith("The field needs the network")
