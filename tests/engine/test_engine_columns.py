"""The engine opens a table with the columns that a person names, in runs that are opened again too."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.messages import OpenData, OpenFailed, OpenPath, OpenRun, RunOpened, StartRun
from geomodel.settings import DataKey, RunSettings

ROWS = [(n, n / 7, n / 3, f"k{n % 2}") for n in range(12)]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a,b,c,kind", *(",".join(map(str, row)) for row in ROWS)]))
    return str(path)


@pytest.mark.parametrize("command", [OpenData, lambda *given: OpenPath(given[0], 7, *given[1:])])
def test_columns_are_taken(command, bench, file):
    opened = bench.handle(command(file, 1, 0, "b, c; class kind"))
    assert np.array_equal(opened.dataset.points, np.array([row[1:3] for row in ROWS]))
    assert (opened.columns, opened.dataset.label_names) == ("b, c; class kind", ("k0", "k1"))
    assert opened.key == DataKey(file, 1, 0, "b, c; class kind")


def test_a_run_reproduces_with_its_columns(bench, file, tmp_path):
    settings = RunSettings(data=file, data_columns="b, c; class kind", count=2, steps=3)
    finished = bench.handle(StartRun(1, settings))
    finished.trajectory.save(tmp_path / "run.npz")
    opened = bench.handle(OpenRun(2, str(tmp_path / "run.npz")))
    assert isinstance(opened, RunOpened)
    assert (opened.linked, opened.settings.data_columns, opened.data.columns) == (True, *["b, c; class kind"] * 2)


def test_a_refused_table_says_that_other_columns_may_open(bench, file, tmp_path):
    refused = bench.handle(OpenData(file, 1, 0))
    assert isinstance(refused, OpenFailed)
    assert ("'k0' is not a number" in refused.message, refused.table) == (True, True)
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY")
    for name in (str(tmp_path / "bad.npy"), str(tmp_path / "missing.csv"), "no-such-set", str(tmp_path), "\0"):
        refused = bench.handle(OpenData(name, 1, 0))
        assert (refused.name, refused.table) == (name, False)
