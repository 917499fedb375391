"""D* of data that are split among processes agrees with D* of all points, within the bounds of both."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from jobs import ROOT, job

from geomodel import cli, study


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 3])
def test_parts_are_merged_within_the_bounds(processes):
    assert int(job("tests/support/sharded_parts.py", processes)) == 7 * 9 * 2 * 40


@pytest.mark.slow
def test_a_study_over_split_data_is_that_over_all_data(tmp_path):
    """The processes move the same samples, each with its part of the data."""
    options = ["run", "--steps", "9", "--samples", "50", "--batch", "30", "--threads", "1", "--solver", "euler"]
    job("main.py", 2, *options, "--split", "data", "--out", tmp_path / "split")
    subprocess.run([sys.executable, "main.py", *options, "--out", tmp_path / "whole"], cwd=ROOT, check=True)
    split, whole = (np.concatenate(list(study.read(tmp_path / name).ends())) for name in ("split", "whole"))
    # Nine steps carry the bound of an evaluation, 1e-13 here, to the end; at basins' borders it would grow.
    np.testing.assert_allclose(split, whole, rtol=0, atol=1e-9)
    assert (tmp_path / "split" / "quality.csv").exists()


def test_data_are_split_for_d_alone(tmp_path, capsys):
    command = ["run", "--samples", "5", "--split", "data", "--out", str(tmp_path)]
    for more in (["--driver", "gaussian"], ["--keep", "runs"]):
        assert cli.run(cli.parse([*command, *more])) == 2
        assert "--split data" in capsys.readouterr().err
