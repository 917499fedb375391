"""Runs on disk: every field comes back, and every file that is not a run is refused in one sentence with its name."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from saved_runs import ARRAYS, entries_of, make_run, npy, refused, write_zip

from geomodel import run_files as module
from geomodel.trajectory import Trajectory


def same(first: Trajectory, second: Trajectory) -> None:
    for name in ARRAYS:
        a, b = getattr(first, name), getattr(second, name)
        assert (a is None) == (b is None), name
        if a is not None:
            assert a.dtype == b.dtype, name
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(first.evaluations, second.evaluations)
    assert (first.network_calls, first.looks, first.settings) == (second.network_calls, second.looks, second.settings)
    assert first.extras.keys() == second.extras.keys()
    for name, values in first.extras.items():
        np.testing.assert_array_equal(values, second.extras[name])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"final_denoised": None, "seeds": None, "labels": None, "settings": {}, "extras": {}},
        {"evaluations": np.array([6, 9]), "evaluations_at": np.arange(8).reshape(4, 2)},
        {"x": np.ones((4, 2, 3), np.float32), "denoised": np.full((3, 2, 3), np.nan, np.float32)},
        {"sigmas": np.array([3.0, 2.0, 1.0, 0.0]), "final_denoised": None},
    ],
)
def test_a_saved_run_comes_back(tmp_path, changes):
    run, path = make_run(**changes), tmp_path / "Lauf 1.npz"
    run.save(str(path))
    back = Trajectory.load(str(path))
    same(run, back)
    assert isinstance(back.evaluations, type(run.evaluations))
    assert back.x.flags.writeable  # torch warns about arrays that are not
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_steps_and_slopes():
    run = make_run()
    assert run.steps == 3
    np.testing.assert_array_equal(run.slopes[1], (run.x[1] - run.denoised[1]) / 2.0)


# ---------------------------------------------------------------- foreign files


def test_the_entries_of_this_test_are_a_run(tmp_path):
    path = tmp_path / "good.npz"
    np.savez(path, **entries_of(make_run()))
    same(Trajectory.load(path), make_run())


BROKEN = {
    "no format": ({"format": None}, "'format' entry"),
    "format of numbers": ({"format": np.arange(3)}, "'format' entry"),
    "newer version": ({"version": np.array(3)}, "version 3"),
    "no version": ({"version": None}, "has no run format version"),
    "version of text": ({"version": np.array("1")}, "has no run format version"),
    "version of many": ({"version": np.ones(3000, np.int64)}, "has no run format version"),
    "no x": ({"x": None}, "lacks x"),
    "no sigmas": ({"sigmas": None, "looks": None}, "lacks sigmas, looks"),
    "levels of x": ({"x": np.zeros((5, 2, 3))}, "x has shape"),
    "no samples": ({"x": np.zeros((4, 0, 3)), "denoised": np.zeros((3, 0, 3))}, "x has shape"),
    "flat x": ({"x": np.zeros((4, 2)), "denoised": np.zeros((3, 2))}, "x has shape"),
    "x of text": ({"x": np.full((4, 2, 3), "a")}, "x holds <U1 instead of floats"),
    "levels of denoised": ({"denoised": np.zeros((4, 2, 3))}, "denoised has shape"),
    "final": ({"final_denoised": np.zeros((3, 3))}, "final_denoised has shape"),
    "final of text": ({"final_denoised": np.full((2, 3), "a")}, "final_denoised holds <U1"),
    "ascending sigmas": ({"sigmas": np.array([0.5, 1.0, 2.0, 3.0])}, "do not descend"),
    "negative sigma": ({"sigmas": np.array([3.0, 2.0, 1.0, -1.0])}, "sigmas has values from -1 to 3"),
    "sigma not a number": ({"sigmas": np.array([3.0, np.nan, 1.0, 0.5])}, "sigmas has a value that is not a number"),
    "sigmas in a square": ({"sigmas": np.ones((2, 2))}, "x has shape"),
    "evaluations": ({"evaluations": np.zeros((2, 2), np.int64)}, "evaluations has shape (2, 2), expected () or (2,)"),
    "evaluations of reals": ({"evaluations": np.array(1.5)}, "evaluations holds float64 instead of whole numbers"),
    "evaluations_at": ({"evaluations_at": np.zeros((4, 7))}, "evaluations_at"),
    "network_calls": ({"network_calls": np.zeros(2, np.int64)}, "network_calls has shape (2,), expected ()"),
    "labels of reals": ({"labels": np.array([0.5, 1.0])}, "labels holds float64"),
    "extra": ({"extra.optimal": np.zeros((2, 2))}, "extra.optimal has shape"),
    "extra of text": ({"extra.optimal": np.full(3, "a")}, "extra.optimal holds <U1"),
    "settings not JSON": ({"settings": np.array("{'a': 1}")}, "not JSON"),
    "settings too deep": ({"settings": np.array("[" * 100_000)}, "not JSON"),
    "settings with an endless number": ({"settings": np.array("9" * 5000)}, "not JSON"),
    "settings a list": ({"settings": np.array("[1]")}, "not a JSON object"),
    "settings of numbers": ({"settings": np.arange(2)}, "settings holds int64 instead of text"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_run_that_does_not_fit_together(tmp_path, case):
    changes, words = BROKEN[case]
    entries = {name: array for name, array in {**entries_of(make_run()), **changes}.items() if array is not None}
    path = tmp_path / "odd.npz"
    np.savez(path, **entries)
    assert words in refused(path)


def test_objects_are_refused_and_never_unpickled(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, **{**entries_of(make_run()), "extra.evil": np.array([{"a": 1}, None], dtype=object)})
    assert "holds Python objects" in refused(path)


def test_what_is_no_archive(tmp_path):
    assert "No such file" in refused(tmp_path / "missing.npz")
    (tmp_path / "folder.npz").mkdir()
    assert "is a directory" in refused(tmp_path / "folder.npz")
    for name, content in {
        "empty.npz": b"",
        "text.npz": b"level,sigma\n0,80\n",
        "png.npz": b"\x89PNG\r\n\x1a\n" * 9,
    }.items():
        (tmp_path / name).write_bytes(content)
        assert "not a zip file" in refused(tmp_path / name)
    np.save(tmp_path / "array.npy", np.arange(3.0))
    (tmp_path / "array.npy").rename(tmp_path / "renamed.npz")
    assert "not a zip file" in refused(tmp_path / "renamed.npz")


def test_archives_of_other_things(tmp_path):
    path = tmp_path / "other.npz"
    write_zip(path, {})
    assert "'format' entry" in refused(path)
    write_zip(path, {"word/document.xml": b"<xml/>"})
    assert "word/document.xml is not a NumPy array" in refused(path)
    np.savez(path, images=np.zeros((3, 4)), labels=np.arange(3))
    assert "'format' entry" in refused(path)
    good = {f"{name}.npy": npy(array) for name, array in entries_of(make_run()).items()}
    write_zip(path, good, zipfile.ZIP_LZMA)
    assert "compressed in a way" in refused(path)
    write_zip(path, {**good, "x.npy": b"not an array at all"})
    assert "x.npy is not a NumPy array" in refused(path)
    write_zip(path, {**good, "x.npy": good["x.npy"].replace(b"NUMPY\x01", b"NUMPY\x03")})
    assert "NPY version (3, 0)" in refused(path)
    write_zip(path, {**good, "x.npy": good["x.npy"] + b"more"})
    assert "x.npy claims the shape (4, 2, 3)" in refused(path)


def test_an_encrypted_archive_is_refused(tmp_path):
    path = tmp_path / "secret.npz"
    write_zip(path, {"x.npy": npy(np.arange(3))})
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag of the entry, and once more in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "is encrypted" in refused(path)


def header(text: str) -> bytes:
    """An NPY file with this header and no data."""
    padded = text.ljust(118 - 1) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode("latin1")


HEADERS = {
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }": "claims the shape",  # 8 TB in 128 bytes
    f"{{'descr': '<f8', 'fortran_order': False, 'shape': (0, {10**30}), }}": "'format' entry",  # no bytes
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }": "claims the shape",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (10**9,), }": "not a NumPy array",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1,": "not a NumPy array",
    "{'descr': '<q9', 'fortran_order': False, 'shape': (), }": "not a NumPy array",
    "{[]: 1}": "not a NumPy array",
    "a:\n  b\n c": "not a NumPy array",
    "(" * 100: "not a NumPy array",
    "": "not a NumPy array",
}


@pytest.mark.parametrize("text", HEADERS)
@pytest.mark.filterwarnings("ignore:Reading `.npy`")  # NumPy's second attempt at headers of Python 2
def test_headers_that_lie_or_cannot_be_read(tmp_path, text):
    path = tmp_path / "lie.npz"
    write_zip(path, {"x.npy": header(text)})
    assert HEADERS[text] in refused(path)


def test_a_directory_that_claims_more_than_the_file_holds(tmp_path):
    path = tmp_path / "short.npz"
    good = {f"{name}.npy": npy(array) for name, array in entries_of(make_run()).items()}
    whole = len(good["x.npy"])
    write_zip(path, {"x.npy": good.pop("x.npy")[:-64], **good})
    content = bytearray(path.read_bytes())
    sizes = content.index(b"PK\x01\x02") + 20  # compressed and plain size, four bytes each
    content[sizes : sizes + 8] = whole.to_bytes(4, "little") * 2
    path.write_bytes(content)
    assert "is not a run" in refused(path)


def test_an_archive_that_claims_too_much_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "large.npz"
    make_run().save(path)
    monkeypatch.setattr(module.memory, "physical", lambda: 4000)
    assert "of arrays, more than 1 kB, a quarter of this computer's memory" in refused(path)


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path):
    whole, path = tmp_path / "whole.npz", tmp_path / "cut.npz"
    make_run().save(whole)
    content = whole.read_bytes()
    for end in range(0, len(content), 97):
        path.write_bytes(content[:end])
        refused(path)


@pytest.mark.filterwarnings("ignore:Reading `.npy`")
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_damaged_file_loads_or_is_refused(tmp_path):
    """Bytes changed at random, in the archive and (with a right checksum) inside its entries: never another error."""
    rng = np.random.default_rng(2)
    whole, path = tmp_path / "whole.npz", tmp_path / "damaged.npz"
    make_run().save(whole)
    content = whole.read_bytes()
    entries = {f"{name}.npy": npy(array) for name, array in entries_of(make_run()).items()}
    for _ in range(200):
        damaged = bytearray(content)
        damaged[rng.integers(len(damaged))] = rng.integers(256)
        path.write_bytes(damaged)
        survived(path)
        name = list(entries)[rng.integers(len(entries))]
        inside = bytearray(entries[name])
        inside[rng.integers(min(len(inside), 128))] = rng.integers(32, 127)
        write_zip(path, {**entries, name: bytes(inside)})
        survived(path)


def survived(path) -> None:
    try:
        Trajectory.load(path)
    except ValueError:
        refused(path)
