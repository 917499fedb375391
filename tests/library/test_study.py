"""Many samples in shards: they are the runs of the library, and neither a kill nor more processes change a byte."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jobs import job

import geomodel as gm
from geomodel import cli, runs, study
from geomodel.quality import Yardstick
from geomodel.settings import RunSettings
from geomodel.study_quality import quality_of

ROOT = Path(__file__).parents[2]
SMALL = ("--steps", "4", "--data-count", "50", "--samples", "70", "--batch", "32", "--seed", "5")
SETTINGS = RunSettings(data="two-moons", data_count=50, steps=4, seed=5)


def run(out, *options):
    return cli.run(cli.parse(["run", "--out", str(out), *SMALL, *options]))


def moons():
    return gm.datasets.load("two-moons", count=50)


def test_the_shards_are_the_ends_of_the_runs_with_these_seeds(tmp_path, capsys):
    assert run(tmp_path) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [str(tmp_path / name) for name in ("index.json", "quality.csv")]
    assert "70 of 70 samples" in shown.err
    found = list(study.read(tmp_path).ends())
    assert [len(ends) for ends in found] == [32, 32, 6]
    for shard, ends in enumerate(found):
        whole = runs.compute(settings_of(shard, len(ends)), moons())
        np.testing.assert_array_equal(ends, whole.x[-1])


def settings_of(shard, count):
    return replace(SETTINGS, seed=5 + 32 * shard, count=count)


def test_whole_runs_can_be_kept_and_opened(tmp_path):
    assert run(tmp_path, "--keep", "runs") == 0
    kept = gm.Trajectory.load(tmp_path / "run-00001.npz")
    whole = runs.compute(settings_of(1, 32), moons())
    np.testing.assert_array_equal(kept.x, whole.x)
    np.testing.assert_array_equal(kept.denoised, whole.denoised)
    assert kept.settings["run"]["seed"] == 37
    np.testing.assert_array_equal(np.concatenate(list(study.read(tmp_path).ends()))[32:64], whole.x[-1])


def test_shards_that_are_missing_are_computed_and_the_others_are_left(tmp_path):
    assert run(tmp_path / "a") == run(tmp_path / "b") == 0
    (tmp_path / "b" / "ends-00001.npy").unlink()
    assert study.read(tmp_path / "b").missing == (1,)
    before = (tmp_path / "b" / "ends-00000.npy").stat().st_mtime_ns
    assert run(tmp_path / "b") == 0
    assert (tmp_path / "b" / "ends-00000.npy").stat().st_mtime_ns == before
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_quality_is_that_of_all_ends_at_once(tmp_path):
    assert run(tmp_path) == 0
    found, control = quality_of(study.read(tmp_path), moons())
    yardstick = Yardstick.of(moons().points, 70)
    whole = yardstick.measure(np.concatenate(list(study.read(tmp_path).ends())))
    # the same sums in another order
    assert found.frechet == pytest.approx(whole.frechet, rel=1e-9)
    assert found.spread == pytest.approx(whole.spread, rel=1e-12)
    assert found.nearest == pytest.approx(whole.nearest, rel=1e-12)
    assert found.count == whole.count == 70
    assert control.frechet == yardstick.control.frechet
    with (tmp_path / "quality.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["cloud"] for row in rows] == ["ends", "held-out data"]
    assert float(rows[0]["frechet"]) == found.frechet


def test_ends_that_are_not_finite_are_counted(tmp_path):
    assert run(tmp_path) == 0
    ends = np.load(tmp_path / "ends-00001.npy")
    ends[3] = np.nan
    np.save(tmp_path / "ends-00001.npy", ends)
    found, _ = quality_of(study.read(tmp_path), moons())
    assert (found.count, found.note) == (69, "1 of 70 samples are not finite and were left out.")
    assert np.isfinite([found.frechet, found.sliced, found.nearest]).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--count", "3"), "--count is for one run"),
        (("--figures", "png"), "--figures is for one run"),
        (("--samples", "0"), "from 1 to"),
        (("--batch", "0"), "--batch lies between"),
        (("--seed", "2147483640"), "choose a smaller"),
    ],
)
def test_options_that_do_not_fit_are_a_sentence(tmp_path, capsys, options, sentence):
    assert run(tmp_path / "out", *options) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert len(shown.err.splitlines()) == 1
    assert not (tmp_path / "out" / "index.json").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--steps", "5"), "other settings"),
        (("--samples", "71"), "other settings"),
        (("--keep", "runs"), "other settings"),
        (("--data-count", "51"), "other data"),
    ],
)
def test_a_folder_holds_one_study(tmp_path, capsys, options, sentence):
    assert run(tmp_path) == 0
    before = contents(tmp_path)
    assert run(tmp_path, *options) == 2
    assert sentence in capsys.readouterr().err
    assert contents(tmp_path) == before


def hostile_indices():
    yield b""
    yield b"[" * 100_000
    yield b"{}"
    yield b"x" * (2**20 + 5)
    yield json.dumps({"format": "geomodel-study", "version": 2}).encode()
    good = {"format": "geomodel-study", "version": 1, "run": {}, "samples": 5, "keep": "ends", "identity": {}}
    yield json.dumps({**good, "run": {"steps": -1}}).encode()
    yield json.dumps({**good, "samples": 10**30}).encode()
    yield json.dumps({**good, "identity": {"data": 5}}).encode()
    yield json.dumps({**good, "more": 1}).encode()


@pytest.mark.parametrize("content", list(hostile_indices()), ids=lambda content: f"{len(content)}")
def test_an_index_of_a_stranger_is_a_sentence(tmp_path, content):
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(study.StudyError) as caught:
        study.read(tmp_path)
    assert "index" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_shards_of_a_stranger_are_a_sentence(tmp_path):
    assert run(tmp_path) == 0
    for content in (b"", b"\x93NUMPY\x01\x00", np.zeros(3).tobytes()):
        (tmp_path / "ends-00001.npy").write_bytes(content)
        with pytest.raises(study.StudyError, match="remove it"):
            list(study.read(tmp_path).ends())
    np.save(tmp_path / "ends-00001.npy", np.zeros((3, 2)))
    with pytest.raises(study.StudyError, match="no shard of this study"):
        list(study.read(tmp_path).ends())


def command(out, *options):
    return ["main.py", "run", "--out", str(out), *SMALL, "--threads", "1", *options]


def environment():
    return {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_kills_at_any_moment_lose_no_more_than_a_shard(tmp_path):
    """A killed study goes on, to the byte; files appear whole."""
    options = ("--samples", "2000", "--batch", "100", "--steps", "40", "--data-count", "400")
    assert run(tmp_path / "whole", *options, "--threads", "1") == 0
    random, killed = np.random.default_rng(0), 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, *command(tmp_path / "killed", *options)], cwd=ROOT, env=environment()
        )
        time.sleep(float(random.uniform(1.5, 3.5)))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
        for path in (tmp_path / "killed").glob("ends-*.npy"):
            assert len(np.load(path)) == 100
    assert run(tmp_path / "killed", *options, "--threads", "1") == 0
    for path in (tmp_path / "killed").glob("*.tmp"):  # what was being written when it was killed
        path.unlink()
    assert killed > 0
    assert contents(tmp_path / "whole") == contents(tmp_path / "killed")


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("processes", [3])
def test_more_processes_write_the_same_bytes(tmp_path, processes):
    assert run(tmp_path / "one", "--threads", "1") == 0
    job("main.py", processes, "run", "--out", tmp_path / "many", *SMALL, "--threads", "1")
    assert contents(tmp_path / "one") == contents(tmp_path / "many")
