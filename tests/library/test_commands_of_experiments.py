"""The command line of an experiment writes the numbers of its script, because both state the same settings."""

from __future__ import annotations

import csv
import shlex
from dataclasses import replace

import numpy as np
import pytest
from code_of_runs import NETWORK, here, settings_of

import geomodel as gm
from geomodel import cli, runs, scripts
from geomodel.origin import Computed
from geomodel.scripts import commands
from geomodel.settings import RunSettings

MOONS = RunSettings(data_count=60, count=6, steps=5, seed=3)
NET = replace(MOONS, **NETWORK, driver="network")
BY_CLASS = replace(MOONS, label=1, final_zero=True)
KINDS = pytest.mark.parametrize("settings", [MOONS, NET, BY_CLASS], ids=["D*", "network", "class"])
SOLVERS = {"heun": {}, "rk2": {"alpha": 0.5}, "churn": {"s_churn": 3.0}}


def written(line, folder, **where):
    """The table that the command writes."""
    words = shlex.split(line)
    assert words[:3] == ["python", "main.py", "experiment"]
    path = folder / "table.csv"
    assert cli.run(cli.parse([*words[2:], "--out", str(path)])) == 0
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[name] == value for name, value in where.items())]


def numbers(rows, column):
    return [float(row[column]) for row in rows]


@KINDS
def test_a_sweep(settings, tmp_path):
    rows = written(commands.sweep(settings, SOLVERS, (4, 7)), tmp_path)
    found = here(scripts.sweep(settings, SOLVERS, (4, 7)))["sweep"].rows()
    assert numbers(rows, "error") == [row["error"] for row in found]
    assert [row["solver"] for row in rows] == [row["solver"] for row in found]


@KINDS
def test_a_race(settings, tmp_path):
    lanes = [
        ('it\'s "5"', MOONS),
        ("own levels", settings_of("own levels", tmp_path)),
        ("to D", settings_of("jump", tmp_path)),
    ]
    lanes = [(name, runs.resolved(own, gm.datasets.load("two-moons", count=60))) for name, own in lanes]
    rows = written(commands.race(settings, lanes), tmp_path)
    found = here(scripts.race(settings, lanes))["race"].rows()
    assert numbers(rows, "error") == [row["error"] for row in found]
    assert {row["lane"] for row in rows} == {name for name, _ in lanes}


@KINDS
@pytest.mark.parametrize("kind", ["gits", "for the solver", "tors"])
def test_designed_levels(settings, kind, tmp_path):
    own = {} if kind == "tors" else {"metric": "l1", "coeff": 1.3, "for_solver": kind == "for the solver"}
    name = "tors" if kind == "tors" else "gits"
    rows = written(commands.design(settings, name, **own), tmp_path)
    assert numbers(rows, "sigma") == here(scripts.design(settings, name, **own))["levels"].tolist()


@KINDS
def test_jumps_and_the_quality_of_a_run(settings, tmp_path):
    settings = replace(settings, solver="euler", count=30)
    rows = written(commands.jump(settings, 4), tmp_path, cloud="jump")
    assert numbers(rows, "sliced") == here(scripts.jump(settings, 4))["jumps"].curve("sliced").tolist()
    rows = written(commands.quality(settings), tmp_path, cloud="D")
    expected = here(scripts.quality(settings))["quality"].curve("sliced", "denoised")
    np.testing.assert_array_equal(numbers(rows, "sliced"), expected)


def test_claims(tmp_path):
    rows = written(commands.claims(NET, (2, 1)), tmp_path)
    found = here(scripts.claims(NET, (2, 1)))["claims"]
    assert [row["number"] for row in rows] == ["1", "2"]
    assert numbers(rows, "measured") == [claim.measured for claim in found]


def test_what_decides_the_last_bits_is_stated():
    line = commands.sweep(NET, {"heun": {}}, (5,), computed=Computed(threads=3, piece=7))
    assert line.endswith("--piece 7 --threads 3 --sweep heun --evaluations 5")


def test_what_is_wrong_is_said(tmp_path, capsys):
    base = ["experiment", "--data", "two-moons", "--count", "2", "--steps", "3", "--out", str(tmp_path / "table.csv")]
    for kind, more, sentence in (
        ("race", [], "There is nothing to compare"),
        ("sweep", [], "at least one solver"),
        ("sweep", ["--sweep", "rk4", "--evaluations", "2"], "are too few"),
        ("sweep", ["--sweep", "rk2", "alpha"], "NAME=VALUE"),
        ("gits", ["--for-solver", "--solver", "churn"], "draws noise"),
        ("jumps", ["--solver", "heun"], "one evaluation a step"),
        ("jumps", ["--solver", "euler", "--evaluations", "1"], "at least 2 evaluations"),
        ("claims", ["--only", "999"], "999"),
    ):
        assert cli.run(cli.parse([base[0], kind, *base[1:], *more])) == 2, kind
        assert sentence in capsys.readouterr().err
    assert not (tmp_path / "table.csv").exists()
    words = ["experiment", "sweep", *base[1:], "--sweep", "euler", "--sweep", "dop853", "--evaluations", "3"]
    assert cli.run(cli.parse(words)) == 0  # a solver that fails leaves the others
    assert "dop853: DOP853 chooses its own steps" in capsys.readouterr().err
