"""A file is what it holds; its name decides only where the content has no marks."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys

import data_files as files
import numpy as np
import pytest

import geomodel as gm
import resources
from geomodel import recognise
from geomodel.datasets.formats import FORMATS
from geomodel.formats import function, recognised

GREY = files.pixels()
RUN = resources.path("runs", "two-moons.npz")
CHECKPOINT = resources.path("checkpoints", "two-moons.safetensors")


@pytest.mark.parametrize("name", ["a.bin", "a.npz", "a.csv", "a", "A.SAFETENSORS"])
def test_a_checkpoint_is_one_under_any_name(tmp_path, name):
    path = shutil.copy(CHECKPOINT, tmp_path / name)
    assert recognise.kind_of(path) == "checkpoint"
    assert gm.load_checkpoint(path).shape == (2,)


@pytest.mark.parametrize("name", ["a.dat", "a.zip", "a.safetensors", "a"])
def test_a_run_is_one_under_any_name(tmp_path, name):
    path = shutil.copy(RUN, tmp_path / name)
    assert recognise.kind_of(str(path)) == "run"
    assert gm.Trajectory.load(path).steps > 0


def test_points_in_an_npz_are_data(tmp_path):
    np.savez(tmp_path / "points.npz", x=np.zeros((3, 2)), y=np.arange(3))
    assert recognise.kind_of(tmp_path / "points.npz") == "data"
    shutil.copy(tmp_path / "points.npz", tmp_path / "points.safetensors")
    assert recognise.kind_of(tmp_path / "points.safetensors") == "data"
    assert len(gm.datasets.load(tmp_path / "points.safetensors")) == 3


def test_what_is_damaged_keeps_the_kind_of_its_name(tmp_path):
    whole = CHECKPOINT.read_bytes()
    for name, content, kind in (
        ("cut.safetensors", whole[:100], "checkpoint"),
        ("empty.safetensors", b"", "checkpoint"),
        ("text.safetensors", b"1,2\n", "checkpoint"),
        ("cut.bin", whole[:100], "data"),
        ("cut.npz", RUN.read_bytes()[:-30], "data"),
        ("empty", b"", "data"),
        ("braces.bin", (5).to_bytes(8, "little") + b"{aaaaaaaaaa", "data"),  # a length and a brace, but no header
    ):
        (tmp_path / name).write_bytes(content)
        assert recognise.kind_of(tmp_path / name) == kind, name
    (tmp_path / "folder.safetensors").mkdir()
    assert recognise.kind_of(tmp_path / "folder.safetensors") == "data"


def test_only_oserror_is_raised(tmp_path):
    for path in (tmp_path / "missing", str(tmp_path / "a\0b"), tmp_path / ("a" * 300)):
        with pytest.raises(OSError, match=r"."):
            recognise.kind_of(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "a.safetensors")  # reading it would wait for ever
    assert recognise.kind_of(tmp_path / "a.safetensors") == "data"


def test_little_of_a_large_file_is_read(tmp_path):
    with (tmp_path / "a.bin").open("wb") as file:
        file.write((1 << 62).to_bytes(8, "little") + b"{")
        file.truncate(1 << 34)  # 16 GB of nothing
    assert recognise.kind_of(tmp_path / "a.bin") == "data"


CONTENTS = {
    "npy": lambda folder: np.save(folder / "made.npy", np.ones((3, 2))) or folder / "made.npy",
    "npz": lambda folder: np.savez(folder / "made.npz", np.ones((3, 2))) or folder / "made.npz",
    "idx": lambda folder: files.write_idx(folder, GREY[:, 0]),
    "packed idx": lambda folder: files.write_idx(folder, GREY[:, 0], packed=".gz"),
    "pictures": lambda folder: files.write_zip(folder / "made.zip", {"a/b.png": files.encoded(GREY[0])}),
    "cifar": lambda folder: files.write_batches(folder / "set", files.cifar_batches(1)) / "data_batch_1",
    "packed cifar": lambda folder: files.write_tar(
        folder / "made.tar.gz", files.write_batches(folder / "set", files.cifar_batches(1))
    ),
}


@pytest.mark.parametrize("name", ["other.csv", "other.npy", "other.zip", "other.gz", "other.bin", "other", "other.pt"])
@pytest.mark.parametrize("kind", CONTENTS)
def test_data_open_under_any_name(tmp_path, kind, name):
    made = CONTENTS[kind](tmp_path)
    plain = gm.datasets.load(made)
    path = shutil.move(made, tmp_path / name)
    assert recognised(FORMATS, tmp_path / name).name == kind.removeprefix("packed ")
    assert recognise.kind_of(path) == "data"
    assert gm.datasets.load(path).fingerprint == plain.fingerprint


def test_a_folder_is_batches_or_pictures(tmp_path):
    assert recognised(FORMATS, tmp_path).name == "pictures"
    files.write_batches(tmp_path / "set", files.cifar_batches(1))
    assert recognised(FORMATS, tmp_path / "set").name == "cifar"


def test_an_archive_of_both_is_what_its_name_says(tmp_path):
    for name, kind in (("a.zip", "pictures"), ("a.npz", "npz"), ("a.csv", "npz")):
        files.write_zip(tmp_path / name, {"a.png": b"", "x.npy": b""})
        assert recognised(FORMATS, tmp_path / name).name == kind


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"\x1f\x8b", gzip.compress(b"", mtime=0)[:12], b"\0\0\x08", b"\x93NUM"],
    ids=range(6),
)
def test_stubs_have_no_marks(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    assert recognised(FORMATS, tmp_path / "a") is None


def test_names_for_dialogs_and_sentences():
    assert "*-ubyte" in recognise.patterns("data")
    assert recognise.listed("run") == "Geomodel run (*.npz)"


def test_every_dotted_path_leads_to_a_function():
    for kind, table in recognise._TABLES.items():
        for row in table:
            assert row.title, kind
            assert all(callable(function(path)) for path in (row.open, row.recognises) if path)


def test_recognising_loads_no_torch():
    code = (
        "import sys, resources\nfrom geomodel import recognise\n"
        'print(recognise.kind_of(resources.path("runs", "two-moons.npz")),'
        ' recognise.kind_of(resources.path("checkpoints", "two-moons.safetensors")), "torch" in sys.modules)'
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "run checkpoint False\n", run.stderr
