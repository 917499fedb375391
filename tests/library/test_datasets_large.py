"""Sets beyond a quarter of memory stay in their files, with the same answers; opening reports and stops."""

from __future__ import annotations

import gzip

import data_files as files
import numpy as np
import pytest

import geomodel as gm
from geomodel import datasets, memory, projection
from geomodel.datasets import dataset
from geomodel.datasets.file_array import FileArray

GREY = files.pixels()
COLOUR = files.pixels(shape=(3, 5, 4), seed=1)
FLOATS = np.random.default_rng(3).standard_normal((50, 3))
ARRAYS = {
    "grey": GREY[:, 0],
    "channels first": COLOUR,
    "channels last": COLOUR.transpose(0, 2, 3, 1),
    "float64": FLOATS,
    "float32": FLOATS.astype(np.float32),
    "big-endian": FLOATS.astype(">f8"),
}


@pytest.fixture
def quarter(monkeypatch):
    """Make a quarter of memory that many bytes."""

    def _quarter(size):
        monkeypatch.setattr(memory, "physical", lambda: 4 * size)

    return _quarter


def small_blocks(monkeypatch):
    """Several blocks, of a row or a few."""
    monkeypatch.setattr("geomodel.datasets.common._NUMBERS_AT_ONCE", 64)
    monkeypatch.setattr("geomodel.datasets.facts._BYTES_AT_ONCE", 64)
    monkeypatch.setattr("geomodel.datasets.moments.CACHED", 16)
    monkeypatch.setattr("geomodel.datasets.moments._BYTES_AT_ONCE", 64)


def write(folder, kind):
    if kind == "idx":
        return files.write_idx(folder, GREY[:, 0], np.arange(12) % 3)
    np.save(folder / "a.npy", np.ascontiguousarray(ARRAYS[kind]))
    return folder / "a.npy"


@pytest.mark.parametrize("kind", [*ARRAYS, "idx"])
def test_a_set_in_its_file_answers_as_one_in_memory(tmp_path, kind, quarter, monkeypatch):
    small_blocks(monkeypatch)
    path = write(tmp_path, kind)
    small = datasets.load(path)
    small.measure(dataset.silent)
    quarter(200)
    large = datasets.load(path)
    assert isinstance(large.stored, FileArray)
    assert isinstance(small.stored, np.ndarray)
    assert (large.fingerprint, large.std, large.kind) == (small.fingerprint, small.std, small.kind)
    np.testing.assert_array_equal(large.mean, small.mean)
    np.testing.assert_array_equal(large.stored, small.stored)
    np.testing.assert_array_equal(large.labels, small.labels)
    assert large.points.shape == small.points.shape
    assert large.points.dtype == small.points.dtype == (np.float64 if small.kind == "points" else np.float32)
    np.testing.assert_array_equal(np.asarray(large.points), small.points)
    assert np.asarray(large.points).dtype == small.points.dtype

    x = np.random.default_rng(0).standard_normal((4, *small.shape))
    answers = [gm.OptimalDenoiser(data.points, data.labels)(x, 0.7) for data in (small, large)]
    np.testing.assert_array_equal(*answers)
    plane = projection.principal_components(small.points)
    np.testing.assert_array_equal(projection.principal_components(large.points).vectors, plane.vectors)


@pytest.mark.parametrize("kind", ["grey", "channels last", "float32"])
def test_blocks_do_not_change_the_numbers(tmp_path, kind, monkeypatch):
    path = write(tmp_path, kind)
    whole = datasets.load(path)
    whole.measure(dataset.silent)
    small_blocks(monkeypatch)
    parts = datasets.load(path)
    parts.measure(dataset.silent)
    assert parts.fingerprint == whole.fingerprint
    # a sum of 600 float64 numbers in another order: a few units in the last of 16 digits
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=0, atol=1e-14)
    assert parts.std == pytest.approx(whole.std, rel=1e-14)
    np.testing.assert_allclose(whole.mean, whole.points.mean(axis=0, dtype=np.float64), rtol=0, atol=1e-14)
    assert whole.std == pytest.approx(np.sqrt(whole.points.astype(np.float64).var(axis=0).mean()), rel=1e-13)


@pytest.mark.parametrize(
    "index",
    [0, -1, slice(2, 7), slice(None, None, 5), [3, 1], np.array([5, 5, 0]), np.arange(12) % 2 == 0, (slice(3), 0), ...],
    ids=str,
)
def test_points_of_a_large_set_are_indexed_like_an_array(tmp_path, index, quarter):
    path = write(tmp_path, "grey")
    expected = datasets.load(path).points
    quarter(GREY.nbytes)  # the bytes fit, the converted numbers do not
    data = datasets.load(path)
    assert isinstance(data.stored, np.ndarray)
    assert isinstance(data.points, dataset.Points)
    np.testing.assert_array_equal(data.points[index], expected[index])
    assert data.points[index].dtype == np.float32
    assert (len(data.points), data.points.ndim, data.points.size) == (12, 4, expected.size)
    np.testing.assert_array_equal(list(data.points), expected)
    with pytest.raises(IndexError):
        data.points[12]


def test_a_set_that_fits_when_converted_is_an_array(tmp_path, quarter):
    path = write(tmp_path, "grey")
    quarter(4 * GREY.nbytes)
    assert isinstance(datasets.load(path).points, np.ndarray)


def test_points_are_not_converted_into_memory_that_is_not_there(tmp_path, quarter, monkeypatch):
    quarter(100)
    points = datasets.load(write(tmp_path, "grey")).points
    monkeypatch.setattr(memory, "available", lambda: 4 * GREY.size - 1)
    with pytest.raises(datasets.DataError, match="All points of this set at once take 960 B, and 959 B"):
        np.asarray(points)
    with pytest.raises(ValueError, match="takes a copy"):
        np.asarray(points, copy=False)
    assert points[:2].shape == (2, 1, 5, 4)


def test_a_large_set_with_a_bad_number_is_refused(tmp_path, quarter, monkeypatch):
    small_blocks(monkeypatch)
    bad = FLOATS.copy()
    bad[47, 1] = np.nan
    np.save(tmp_path / "a.npy", bad)
    quarter(200)
    with pytest.raises(datasets.DataError, match="coordinate 2 of point 48 is nan"):
        datasets.load(tmp_path / "a.npy")


def test_what_cannot_stay_in_its_file_is_refused_beyond_a_quarter(tmp_path, quarter):
    names = [f"{number}.png" for number in range(len(GREY))]
    content = dict(zip(names, map(files.encoded, GREY), strict=True))
    np.savez(tmp_path / "a.npz", GREY)
    paths = [
        tmp_path / "a.npz",
        files.write_idx(tmp_path, GREY[:, 0], packed=".gz"),
        files.write_zip(tmp_path / "a.zip", content),
        files.write_folder(tmp_path / "set", GREY, names),
        files.write_batches(tmp_path / "cifar", files.cifar_batches(1), "binary"),
    ]
    quarter(200)
    for path in paths:
        with pytest.raises(datasets.DataError, match=r"a quarter of this computer's memory, 200 B.* \.npy file"):
            datasets.load(path)
    np.save(tmp_path / "f.npy", np.asfortranarray(FLOATS))
    with pytest.raises(datasets.DataError, match=r"Fortran order .* Save numpy\.ascontiguousarray"):
        datasets.load(tmp_path / "f.npy")


# ------------------------------------------------------------------------------------------------ progress


def every_format(folder):
    names = [f"{name}/{number}.png" for number in range(6) for name in ("a", "b")]
    np.savetxt(folder / "a.csv", FLOATS, delimiter=",")
    np.save(folder / "points.npy", FLOATS)
    np.savez(folder / "a.npz", images=GREY, labels=np.arange(12))
    batches = files.write_batches(folder / "cifar", files.cifar_batches(2))
    return [
        folder / "a.csv",
        folder / "points.npy",
        folder / "a.npz",
        write(folder, "idx"),
        files.write_idx(folder, GREY[:, 0], packed=".gz"),
        files.write_folder(folder / "set", GREY, names),
        files.write_zip(folder / "a.zip", dict(zip(names, map(files.encoded, GREY), strict=True))),
        batches,
        batches / "data_batch_1",
        files.write_tar(folder / "a.tar.gz", batches),
    ]


def test_progress_grows_to_one(tmp_path):
    for path in [*every_format(tmp_path), "two-moons"]:
        seen = []
        data = datasets.load(path, progress=seen.append)
        assert seen == sorted(seen), path
        assert seen[0] >= 0
        assert seen[-1] == 1
        assert path == "two-moons" or seen[0] <= 0.5, path  # while the file is read, not only afterwards
        assert "_facts" in vars(data)  # mean, std and fingerprint
        plain = datasets.load(path)
        assert (plain.fingerprint, plain.std) == (data.fingerprint, data.std)
        np.testing.assert_array_equal(plain.mean, data.mean)


@pytest.mark.parametrize("kind", [RuntimeError, OSError, ValueError, EOFError, MemoryError, KeyboardInterrupt])
def test_what_progress_raises_stops_the_opening(tmp_path, kind):
    for path in every_format(tmp_path):
        seen = []
        datasets.load(path, progress=seen.append)
        for last in (1, 2, len(seen)):  # in the reader, and while the numbers are measured
            error, cause, calls = kind("stop"), LookupError("why"), []

            def progress(fraction, *, calls=calls, last=last, error=error, cause=cause):
                calls.append(fraction)
                if len(calls) == last:
                    raise error from cause

            with pytest.raises(kind) as caught:
                datasets.load(path, progress=progress)
            assert caught.value is error
            assert error.__cause__ is cause
            assert len(calls) == last


def test_a_long_file_reports_more_than_once(tmp_path):
    images = np.zeros((300, 256, 128), np.uint8)  # 9.8 MB: three pieces
    (tmp_path / "a.idx.gz").write_bytes(gzip.compress(files.idx(images), 1))
    np.save(tmp_path / "a.npy", images)
    for name in ("a.idx.gz", "a.npy"):
        seen = []
        datasets.load(tmp_path / name, progress=seen.append)
        assert len([fraction for fraction in seen if fraction <= 0.5]) == 3
