"""Run files that anybody may have made: each is refused in a sentence or gives the values that are in it.

Nothing is unpacked before every header has been checked, so a small file cannot take much memory.
"""

from __future__ import annotations

import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from saved_runs import entries_of, make_run, npy, refused, write_zip

from geomodel import run_files
from geomodel.recognise import kind_of
from geomodel.run_format import ARRAYS, LARGEST, SMALLEST_SIGMA
from geomodel.trajectory import Trajectory

GOOD = entries_of(make_run())  # four levels, two samples of three numbers
X = GOOD["x"]
RECORD = np.zeros((4, 2, 3), [("a", "<f8")])


def changed(array, value, at=(1, 1, 1)):
    found = np.array(array, np.float64)
    found[at[: found.ndim]] = value
    return found


def written(folder, changes):
    path = folder / "odd.npz"
    np.savez(path, **{name: value for name, value in {**GOOD, **changes}.items() if value is not None})
    return path


REFUSED = {
    # kinds of numbers
    "half precision": ({"x": X.astype(np.float16)}, "x holds float16 instead of floats of 32 or 64 bits"),
    "long double": ({"x": X.astype(np.longdouble)}, f"x holds {np.dtype(np.longdouble)} instead of floats"),
    "complex": ({"x": X.astype(complex)}, "x holds complex128 instead of floats"),
    "whole x": ({"x": X.astype(np.int64)}, "x holds int64 instead of floats"),
    "bytes": ({"x": X.astype("S4")}, "x holds |S4 instead of floats"),
    "dates": ({"x": X.astype(np.int64).view("M8[s]")}, "x holds datetime64[s] instead of floats"),
    "named columns": ({"x": RECORD}, "x holds [('a', '<f8')] instead of floats"),
    "complex D": ({"denoised": GOOD["denoised"] * 1j}, "denoised holds complex128 instead of floats"),
    "half D at the end": ({"final_denoised": np.zeros((2, 3), np.float16)}, "final_denoised holds float16 instead"),
    "half levels": ({"sigmas": GOOD["sigmas"].astype(np.float16)}, "sigmas holds float16 instead"),
    "truths for a count": ({"looks": np.array(True)}, "looks holds bool instead of whole numbers"),
    "a part of a call": ({"network_calls": np.array(1.5)}, "network_calls holds float64 instead of whole numbers"),
    "evaluations in halves": ({"evaluations_at": np.zeros(4)}, "evaluations_at holds float64 instead of whole"),
    "seeds with a point": ({"seeds": np.zeros(2)}, "seeds holds float64 instead of whole numbers"),
    "a complex measure": ({"extra.nearest_x": np.zeros((4, 2), complex)}, "extra.nearest_x holds complex128 instead"),
    "a half measure": ({"extra.nearest_x": np.zeros((4, 2), np.float16)}, "extra.nearest_x holds float16 instead"),
    "a whole measure": ({"extra.nearest_x": np.zeros((4, 2), int)}, "extra.nearest_x holds int64 instead of floats"),
    "complex own extra": ({"extra.mine": np.zeros(4, complex)}, "extra.mine holds complex128 instead of whole"),
    # shapes
    "no axes": ({"x": np.array(1.0)}, "x has shape () for noise levels of shape (4,)"),
    "a side of zero": ({"x": np.zeros((4, 2, 1, 0, 5))}, "x has shape (4, 2, 1, 0, 5) for noise levels of shape (4,)"),
    "one level": ({"x": X[:1], "sigmas": GOOD["sigmas"][:1]}, "x has shape (1, 2, 3) for noise levels of shape (1,)"),
    "samples of D": ({"denoised": np.zeros((3, 3, 3))}, "denoised has shape (3, 3, 3), expected (3, 2, 3)"),
    "axes of D": ({"denoised": np.zeros((3, 2, 3, 1))}, "denoised has shape (3, 2, 3, 1), expected (3, 2, 3)"),
    "levels of evaluations": ({"evaluations_at": np.arange(5)}, "has shape (5,), expected (4,) or (4, 2)"),
    "evaluations a sample": ({"evaluations": np.arange(3)}, "evaluations has shape (3,), expected () or (2,)"),
    "many looks": ({"looks": np.arange(2)}, "looks has shape (2,), expected ()"),
    "many seeds": ({"seeds": np.arange(3)}, "seeds has shape (3,), expected (2,)"),
    "one label": ({"labels": np.array(1)}, "labels has shape (), expected (2,)"),
    "a measure of one axis": ({"extra.nearest_x": np.zeros(4)}, "has shape (4,), expected (3, 2) or (4, 2)"),
    "a measure of others": ({"extra.nearest_x": np.zeros((4, 9))}, "extra.nearest_x has shape (4, 9), expected"),
    "images of no side": ({"extra.optimal": np.zeros((4, 2, 0))}, "extra.optimal has shape (4, 2, 0), expected"),
    "own extra of no level": ({"extra.mine": np.zeros((9, 2))}, "has shape (9, 2), expected (3, …) or (4, …)"),
    "version in a row": ({"version": np.array([2])}, "has no run format version"),
    # values
    "x is missing": ({"x": changed(X, np.nan)}, "x has a value that is not a number"),
    "x is infinite": ({"x": changed(X, np.inf)}, "x has values from"),
    "x is too large": ({"x": changed(X, 2 * LARGEST)}, "to 2e+100"),
    "x is infinite in 32 bits": ({"x": changed(X, np.inf).astype(np.float32)}, "x has values from"),
    "D is infinite": ({"denoised": changed(GOOD["denoised"], -np.inf)}, "denoised has values from -inf to"),
    "the end is infinite": ({"final_denoised": np.full((2, 3), np.inf)}, "final_denoised has values from inf to inf"),
    "levels that stay": ({"sigmas": np.array([3.0, 2.0, 2.0, 1.0])}, "the noise levels do not descend"),
    "a level is infinite": ({"sigmas": np.array([np.inf, 2.0, 1.0, 0.5])}, "sigmas has values from 0.5 to inf"),
    "a tiny level": ({"sigmas": np.array([3.0, 2.0, SMALLEST_SIGMA / 2, 0.0])}, "the smallest noise level above 0 is"),
    "negative calls": ({"network_calls": np.array(-1)}, "network_calls has values from -1 to -1"),
    "negative looks": ({"looks": np.array(-5)}, "looks has values from -5 to -5"),
    "negative evaluations": ({"evaluations": np.array([6, -6])}, "evaluations has values from -6 to 6"),
    "evaluations taken back": ({"evaluations_at": np.array([0, 2, -4, 6])}, "evaluations_at has values from -4 to 6"),
    "more than can be counted": ({"looks": np.array(2**63, np.uint64)}, "looks has values from 9223372036854775808"),
    "a class below none": ({"labels": np.array([0, -2])}, "labels has values from -2 to 0"),
    "a negative distance": ({"extra.nearest_x": np.full((4, 2), -1.0)}, "extra.nearest_x has values from -1 to -1"),
    "no neighbour": ({"extra.effective_neighbours": np.zeros((4, 2))}, "neighbours has values from 0 to 0"),
    "an infinite measure": ({"extra.nearest_x": np.full((4, 2), np.inf)}, "extra.nearest_x has values from inf to inf"),
    "an infinite own extra": ({"extra.mine": np.full(4, -np.inf)}, "extra.mine has values from -inf to -inf"),
    "version 0": ({"version": np.array(0)}, "the run format version 0; this program reads versions 1 to 2"),
    "negative version": ({"version": np.array(-1)}, "the run format version -1"),
    # entries
    "an unknown entry": ({"points": np.zeros(3)}, "has 1 entry that no run has"),
    "unknown entries": ({f"points{k}": np.zeros(3) for k in range(40)}, "has 40 entries that no run has"),
    "an extra without a name": ({"extra.": np.zeros(4)}, "has 1 entry that no run has"),
    "a name on two lines": ({"extra.a\nb": np.zeros(4)}, "has 1 entry that no run has"),
    "a name of two pages": ({f"extra.{'n' * 4000}": np.zeros(4)}, "has 1 entry that no run has"),
    "a format in bytes": ({"format": np.array(b"geomodel-trajectory")}, "'format' entry"),
    "a format of a megabyte": ({"format": np.array("geomodel-trajectory" * 60_000)}, "'format' entry"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_in_the_format_is_refused(tmp_path, case):
    changes, clause = REFUSED[case]
    assert clause in refused(written(tmp_path, changes))


TAKEN = {
    "D that was not evaluated": {"denoised": np.full((3, 2, 3), np.nan)},
    "D that was not evaluated at the end": {"final_denoised": np.full((2, 3), np.nan)},
    "some D": {"denoised": changed(GOOD["denoised"], np.nan)},
    "32 bits": {"x": X.astype(np.float32), "denoised": GOOD["denoised"].astype(np.float32)},
    "another byte order": {"x": X.astype(">f8"), "sigmas": GOOD["sigmas"].astype(">f4")},
    "columns first": {"x": np.asfortranarray(X)},
    "the last level is 0": {"sigmas": np.array([3.0, 2.0, 1.0, 0.0]), "final_denoised": None},
    "no optional array": dict.fromkeys(("final_denoised", "seeds", "labels", "extra.optimal")),
    "counts for each sample": {"evaluations": np.array([6, 9]), "evaluations_at": np.arange(8).reshape(4, 2)},
    "small whole numbers": {"evaluations_at": np.arange(4, dtype=np.uint8), "labels": np.array([3, 0], np.uint16)},
    "the largest numbers": {"x": changed(X, LARGEST), "seeds": np.array([-(2**63), 2**63 - 1])},
    "the smallest level": {"sigmas": np.array([3.0, 2.0, 1.0, SMALLEST_SIGMA])},
    "a measure that is nowhere known": {"extra.effective_neighbours": np.full((4, 2), np.nan)},
    "a measure at all levels": {"extra.effective_neighbours": np.full((4, 2), 7.0)},
    "own extras": {"extra.mine": np.arange(4, dtype=np.uint8), "extra.ours": np.full((3, 2, 5, 1), np.nan)},
    "a name with a sign": {"extra.‖x‖²": np.arange(3.0)},
    "version 1": {"version": np.array(1)},
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_in_the_format_keeps_its_values(tmp_path, case):
    changes = TAKEN[case]
    run = Trajectory.load(written(tmp_path, changes))
    for name, value in {**GOOD, **changes}.items():
        if name in ("format", "version", "settings"):
            continue
        is_extra = name.startswith("extra.")
        found = run.extras.get(name.removeprefix("extra.")) if is_extra else getattr(run, name)
        if value is None:
            assert found is None, name
        else:
            np.testing.assert_array_equal(found, value, err_msg=name)
            assert np.asarray(found).dtype.isnative
    assert (run.x.dtype.kind, run.x.dtype.itemsize) == ("f", np.asarray({**GOOD, **changes}["x"]).dtype.itemsize)


def test_samples_have_any_axes(tmp_path):
    for shape in ((1,), (3, 4, 5), (1, 1, 1), (2, 2), (2, 2, 2, 2)):
        changes = {"x": np.ones((4, 2, *shape)), "denoised": np.ones((3, 2, *shape))}
        changes |= {"final_denoised": np.ones((2, *shape)), "extra.optimal": np.ones((3, 2, *shape))}
        assert Trajectory.load(written(tmp_path, changes)).x.shape == (4, 2, *shape)


def test_every_row_of_the_format_is_tried():
    names = {name for changes, _ in REFUSED.values() for name in changes} | GOOD.keys()
    unlike_others = {"extra.nearest_denoised", "extra.denoiser_difference", "extra.denoiser_difference_exact"}
    unlike_others |= {"extra.exact_distance_x", "extra.exact_distance_denoised", "extra.information"}
    unlike_others |= {"extra.turning_exact"}  # rows like that of extra.nearest_x
    unlike_others |= {"extra.gain_x", "extra.gain_denoised"}  # likewise, but of either sign
    unlike_others |= {
        "extra.gaussian",
        "extra.classes",
        "extra.local",
        "extra.wiener-local",
    }  # rows like that of extra.optimal
    assert {row.name for row in ARRAYS} - names == unlike_others


# ---------------------------------------------------------------- archives


def stored(changes=None) -> dict[str, bytes]:
    return {f"{name}.npy": npy(value) for name, value in {**GOOD, **(changes or {})}.items()}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["x.npy", "x"])
def test_an_entry_twice_is_refused(tmp_path, second):
    path = tmp_path / "twice.npz"
    write_zip(path, stored())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(second, npy(np.zeros((4, 2, 3))))
    assert "has 1 entry twice" in refused(path)


def listed(path, names, size=0, first=b"a"):
    """An archive whose list has these names, all of them for the same four bytes, which claim to unpack to `size`."""
    fields = (b"PK\x03\x04", 20, 0, 8, 0, 0, 0, 4, size, len(first), 0)
    member = struct.pack("<4s5H3I2H", *fields) + first + b"\x03\x00\x00\x00"
    rows = (
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, 4, size, len(name), 0, 0, 0, 0, 0, 0) + name
        for name in names
    )
    directory = b"".join(rows)
    count = min(len(names), 2**16 - 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(member), 0)
    path.write_bytes(member + directory + end)
    return path


def peak(path) -> tuple[str, float]:
    """The sentence for a file, and the megabytes that were allocated before it was said."""
    tracemalloc.start()
    try:
        return refused(path), tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def test_a_hundred_thousand_entries_are_counted_and_not_listed(tmp_path):
    path = listed(tmp_path / "many.npz", [b"extra.%06d.npy" % k for k in range(100_000)])
    sentence, megabytes = peak(path)
    assert "it lists more than 1,000 files: 100,000" in sentence
    assert len(sentence) < 200
    assert megabytes < 2 * path.stat().st_size / 1e6 + 5  # the list itself, which is read, and no object for each


def test_a_list_that_is_too_long_is_not_read(tmp_path):
    path = listed(tmp_path / "long.npz", [b"n" * 60_000 for _ in range(300)])
    sentence, megabytes = peak(path)
    assert "its list of files is too long" in sentence
    assert megabytes < 5


@pytest.mark.parametrize("count", [1, 9])
def test_a_bomb_is_refused_by_its_list(tmp_path, monkeypatch, count):
    """Four gigabytes, or more of them in the same bytes, in a file of a few hundred."""
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("an entry was unpacked"))
    sizes = {1: "4.29 GB", 9: "38.7 GB"}
    sentence, megabytes = peak(listed(tmp_path / "bomb.npz", [b"x%d.npy" % k for k in range(count)], 2**32 - 2))
    assert f"claims {sizes[count]} of arrays" in sentence
    assert megabytes < 5


def test_arrays_that_are_packed_too_tightly_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "tight.npz"
    zeros = {
        "x": np.zeros((4, 2, 20_000)),
        "denoised": np.zeros((3, 2, 20_000)),
        "final_denoised": np.zeros((2, 20_000)),
    }
    write_zip(path, stored({**zeros, "extra.optimal": np.zeros((3, 2, 20_000))}), zipfile.ZIP_DEFLATED)
    assert Trajectory.load(path).x.shape == (4, 2, 20_000)  # a small one is no danger
    monkeypatch.setattr(run_files, "SMALL", 2**20)
    assert "MB of arrays in" in refused(path)
    assert "which is no run" in refused(path)


@pytest.mark.parametrize(
    ("changes", "marks"),
    [
        ({"extra.nearest_x": np.zeros(9)}, ["format.npy", "version.npy"]),
        ({"points": np.zeros(9)}, ["format.npy", "version.npy"]),
        ({"format": np.array("geomodel-trajectory" * 60_000)}, ["version.npy"]),
        ({"format": np.zeros(9), "version": np.zeros(9)}, []),
    ],
)
def test_nothing_is_unpacked_that_does_not_fit(tmp_path, monkeypatch, changes, marks):
    """The last header is checked before the first array is read; only the marks at the beginning are."""
    read, unpacked = np.lib.format.read_array, []
    path = written(tmp_path, changes)

    def reading(file, **options):
        unpacked.append(file.name)
        return read(file, **options)

    monkeypatch.setattr(np.lib.format, "read_array", reading)
    refused(path)
    assert unpacked == marks


def test_a_long_text_is_refused_by_its_header(tmp_path, monkeypatch):
    from geomodel import run_format

    monkeypatch.setattr(run_format, "LONGEST_TEXT", 1000)
    path = written(tmp_path, {"settings": np.array(json.dumps({"a": "b" * 2000}))})
    assert "settings is longer than 1,000 characters" in refused(path)


def test_fifty_thousand_levels_are_read_whole(tmp_path):
    levels = 50_001
    sigmas, x = np.geomspace(80, 0.002, levels), np.random.default_rng(0).standard_normal((levels, 1, 2))
    make_run(
        x=x, denoised=x[:-1], sigmas=sigmas, evaluations_at=np.arange(levels), final_denoised=None, labels=None,
        seeds=None, extras={"nearest_x": np.abs(x[:, :, 0])},
    ).save(tmp_path / "long.npz")  # fmt: skip
    run = Trajectory.load(tmp_path / "long.npz")
    np.testing.assert_array_equal(run.x, x)
    np.testing.assert_array_equal(run.sigmas, sigmas)


def test_a_pipe_and_a_device_are_not_read(tmp_path):
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes here")
    os.mkfifo(tmp_path / "pipe.npz")
    assert "is not a regular file" in refused(tmp_path / "pipe.npz")
    (tmp_path / "device.npz").symlink_to("/dev/zero")
    assert "is not a regular file" in refused(tmp_path / "device.npz")


# ---------------------------------------------------------------- saving


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"x": X.astype(np.float16)}, "x holds float16 instead of floats of 32 or 64 bits"),
        ({"extras": {"mine": np.zeros((9, 2))}}, "extra.mine has shape (9, 2), expected (3, …) or (4, …)"),
        ({"sigmas": np.array([1.0, 2.0, 3.0, 4.0])}, "the noise levels do not descend"),
        ({"extras": {f"e{k}": np.zeros(4) for k in range(1200)}}, "has 1,213 arrays, and a file has at most 1,000"),
    ],
)
def test_a_run_that_could_not_be_opened_again_is_not_saved(tmp_path, changes, clause):
    with pytest.raises(ValueError, match=r"^The run cannot be saved, because it") as said:
        make_run(**changes).save(tmp_path / "run.npz")
    assert clause in str(said.value)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_lists_too_much_to_be_read_is_still_a_run(tmp_path):
    """So that the sentence is about a run and not about points."""
    path = listed(tmp_path / "many.npz", [b"extra.%06d.npy" % k for k in range(100_000)], first=b"format.npy")
    assert kind_of(path) == "run"
    assert kind_of(written(tmp_path, {})) == "run"
    np.savez(tmp_path / "points.npz", format=np.zeros((4, 2)))
    assert kind_of(tmp_path / "points.npz") == "data"
