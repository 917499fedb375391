"""Files of a run: stored with absolute paths, and looked for beside the run."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from geomodel import cli, datasets, runs
from geomodel.places import absolute, candidates
from geomodel.settings import RunSettings, from_json


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with data and code, which is the present one."""
    np.savetxt(tmp_path / "points.csv", np.random.default_rng(0).normal(size=(20, 2)), delimiter=",")
    (tmp_path / "own.py").write_text("", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_exists_becomes_absolute_and_nothing_else(here):
    assert absolute("points.csv") == str(here / "points.csv")
    assert absolute("./points.csv") == str(here / "points.csv")
    assert absolute("own.py:make") == f"{here / 'own.py'}:make"
    for name in ("", "two-moons", "gone.csv", "gone.py:make", "x" * 5000):
        assert absolute(name) == name


def test_a_named_set_is_no_file_of_that_name(here):
    (here / "two-moons").mkdir()
    assert absolute("two-moons") == "two-moons"
    assert candidates("two-moons", here) == ("two-moons",)


def test_a_file_is_looked_for_where_the_run_says_and_beside_it(here):
    folder = here / "sub"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.csv", "deep/b.csv"):
        (folder / name).write_text("", "utf-8")
    assert candidates("/gone/a.csv", folder) == ("/gone/a.csv", str(folder / "a.csv"))
    assert candidates("C:\\data\\a.csv", folder) == ("C:\\data\\a.csv", str(folder / "a.csv"))
    assert candidates("deep/b.csv", folder) == ("deep/b.csv", str(folder / "deep/b.csv"))
    assert candidates("/gone/c.csv", folder) == ("/gone/c.csv",)
    assert candidates("", folder) == ("",)


def test_the_command_line_makes_paths_absolute(here):
    parsed = cli.parse(["--data", "points.csv", "--denoiser", "own.py:make", "--open", "points.csv"])
    assert (parsed.data, parsed.denoiser) == (str(here / "points.csv"), f"{here / 'own.py'}:make")
    assert parsed.files == [str(here / "points.csv")]
    parsed = cli.parse(["run", "--data", "points.csv", "--model", "own.py"])
    assert (parsed.data, parsed.network) == (str(here / "points.csv"), str(here / "own.py"))
    assert cli.settings_from(cli.parse(["run"])) == RunSettings()


def test_a_run_of_a_script_keeps_absolute_paths_too(here):
    settings = RunSettings(data="points.csv", steps=3, count=2)
    trajectory = runs.compute(settings, datasets.load("points.csv"))
    stored = from_json(trajectory.settings["run"]).data
    assert os.path.isabs(stored)
    assert Path(stored).samefile(here / "points.csv")
