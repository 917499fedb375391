"""Files of a run: stored with absolute paths, and looked for beside the run."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import resources
from geomodel import cli, datasets, places, runs
from geomodel.places import absolute, beside, bundled_checkpoint
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


def test_a_file_is_looked_for_beside_the_run_and_nowhere_else(here):
    """Whatever path the run names, only its last part counts."""
    folder = here / "results"
    (folder / "deep").mkdir(parents=True)
    (here / "secret.csv").write_text("", "utf-8")
    for name in ("a.csv", "deep/b.csv"):
        (folder / name).write_text("", "utf-8")
    for named in ("/gone/a.csv", "a.csv", "../a.csv", "C:\\data\\a.csv", str(folder / "deep" / "a.csv")):
        assert beside(named, folder) == (folder / "a.csv",)
    assert beside("deep/b.csv", folder) == ()
    assert beside(str(folder / "deep" / "b.csv"), folder) == ()
    for named in ("", "/", "..", "../..", ".", "gone.csv", "x" * 5000, "a.csv\0", "/dev/null", "/dev/zero"):
        assert beside(named, folder) == ()


def test_a_file_may_lie_in_the_folder_above_but_no_folder(here):
    folder = here / "results"
    (folder / "pictures").mkdir(parents=True)
    (here / "documents").mkdir()
    assert beside("/elsewhere/points.csv", folder) == (here / "points.csv",)
    assert beside("/elsewhere/pictures", folder) == (folder / "pictures",)
    assert beside("/elsewhere/documents", folder) == ()
    (folder / "points.csv").write_text("", "utf-8")
    assert beside("points.csv", folder) == (folder / "points.csv", here / "points.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_and_a_link_to_a_device_are_not_taken(here):
    os.mkfifo(here / "pipe.csv")
    (here / "device.csv").symlink_to("/dev/zero")
    assert beside("pipe.csv", here) == beside("device.csv", here) == ()


def test_a_bundled_checkpoint_is_found_wherever_the_program_was_installed():
    path = resources.path("checkpoints", "two-moons.safetensors")
    for named in (str(path), "/opt/elsewhere/resources/checkpoints/two-moons.safetensors", "two-moons.safetensors"):
        assert bundled_checkpoint(named) == path
    for named in ("", "..", "gone.safetensors", "/etc/passwd", "x" * 5000):
        assert bundled_checkpoint(named) is None


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


def test_a_name_that_came_with_a_file_is_looked_at_on_this_computer_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.csv").touch()
    assert places.local(str(tmp_path / "points.csv"))
    assert places.local(str(tmp_path))
    looked = []
    monkeypatch.setattr(places.os.path, "isfile", lambda name: looked.append(name) or True)
    for name in ("points.csv", "./points.csv", "~/points.csv", "//server/share/points.csv", r"\\server\share\x", ""):
        assert not places.local(name)
    assert looked == []  # to ask a share for a file tells its computer who is here


def test_devices_and_what_is_not_there_are_no_files_to_open(tmp_path):
    assert not places.local("/dev/zero")
    assert not places.local(str(tmp_path / "nowhere"))
