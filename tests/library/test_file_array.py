"""An array that stays in its file is indexed like an array, reads little, and says when the file is cut."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import geomodel as gm
from geomodel import datasets, memory
from geomodel.datasets import dataset, file_array
from geomodel.datasets.facts import facts
from geomodel.datasets.file_array import FileArray

RNG = np.random.default_rng(0)
KEPT = {
    "bytes": RNG.integers(0, 256, (12, 5, 4), dtype=np.uint8),
    "native": RNG.standard_normal((12, 3)),
    "foreign": RNG.standard_normal((12, 3)).astype(">f4" if sys.byteorder == "little" else "<f4"),
}
ARRANGED = {"bytes": lambda rows: rows[:, None].transpose(0, 3, 1, 2), "native": None, "foreign": None}
INDICES = [
    0, -1, np.int8(3), np.array(5), slice(None), slice(2, 7), slice(9, 2), slice(None, None, 5), slice(None, None, -1),
    slice(10, None, -3), [3, 1], [], (np.arange(12) % 2 == 0), np.array([5, 5, 0]), np.array([-1, 3, 4, -12]),
    np.array([[3, 4], [4, 11]]), np.array([7], np.uint8), np.arange(3, 9),
]  # fmt: skip


def stored(folder, kind, header=7):
    """The array and the same numbers in a file, after a header."""
    path = folder / "numbers.bin"
    path.write_bytes(bytes(header) + KEPT[kind].tobytes())
    array = FileArray(path, KEPT[kind].dtype, header, KEPT[kind].shape)
    arrange = ARRANGED[kind]
    native = KEPT[kind].astype(KEPT[kind].dtype.newbyteorder("="))
    return (native, array) if arrange is None else (arrange(native), array.arranged(arrange))


@pytest.fixture
def large(tmp_path, monkeypatch):
    """Open an array as a set too large for memory; its path and the set."""

    def _large(array, name="a.npy"):
        np.save(tmp_path / name, array)
        monkeypatch.setattr(memory, "physical", lambda: 400)
        return tmp_path / name, datasets.load(tmp_path / name)

    return _large


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("index", INDICES, ids=str)
def test_rows_are_those_of_the_array(tmp_path, kind, index):
    expected, found = stored(tmp_path, kind)
    rows = found[index]
    np.testing.assert_array_equal(rows, expected[index])
    assert isinstance(rows, np.ndarray)
    assert (rows.shape, rows.dtype) == (expected[index].shape, expected.dtype)
    rows[...] = 0  # an array of its own
    np.testing.assert_array_equal(found[index], expected[index])


@pytest.mark.parametrize("kind", KEPT)
def test_it_describes_itself_as_the_array(tmp_path, kind):
    expected, found = stored(tmp_path, kind)
    for name in ("shape", "dtype", "ndim", "size", "nbytes"):
        assert getattr(found, name) == getattr(expected, name), name
    assert found.dtype.isnative
    assert len(found) == 12
    np.testing.assert_array_equal(np.asarray(found), expected)
    np.testing.assert_array_equal(list(found), expected)
    assert np.asarray(found, np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="takes a copy"):
        np.asarray(found, copy=False)


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        (12, "Row 12 is not one of the 12 rows"),
        (-13, "Row -13"),
        ([0, 12], "Row 12"),
        (np.array([0, 2**40]), "Row 1099511627776"),
        ([0.0], "whole numbers"),
        (np.ones(11, bool), "whole numbers or"),
        ((0, 1), "Take the rows first"),
        (True, "Take the rows first"),
        (None, "Take the rows first"),
        (..., "Take the rows first"),
    ],
    ids=str,
)
def test_what_is_no_row_is_refused(tmp_path, index, sentence):
    _, found = stored(tmp_path, "native")
    with pytest.raises(IndexError, match=sentence):
        found[index]


def test_contiguous_rows_are_read_at_once(tmp_path, monkeypatch):
    expected, found = stored(tmp_path, "native")
    reads, read = [], file_array._File.read

    def counted(self, position, content):
        reads.append((position - 7, len(content)))
        return read(self, position, content)

    monkeypatch.setattr(file_array._File, "read", counted)
    np.testing.assert_array_equal(found[[9, 3, 4, 5, 3, 10]], expected[[9, 3, 4, 5, 3, 10]])
    assert reads == [(3 * 24, 3 * 24), (9 * 24, 2 * 24)]
    reads.clear()
    np.testing.assert_array_equal(found[2:8], expected[2:8])
    assert reads == [(2 * 24, 6 * 24)]
    found[4:4]
    found[[]]
    assert sum(length for _, length in reads) == 6 * 24


def test_reads_that_come_in_pieces_are_put_together(tmp_path, monkeypatch):
    expected, found = stored(tmp_path, "bytes")

    class Slow:
        """As a file on a network: at most seven bytes a call."""

        def __init__(self, raw):
            self.seek, self._raw = raw.seek, raw

        def readinto(self, content):
            return self._raw.readinto(content[:7])

    monkeypatch.setattr(found._file, "_raw", Slow(found._file._raw))
    np.testing.assert_array_equal(found[:], expected)


def test_threads_share_it(tmp_path):
    expected, found = stored(tmp_path, "native")
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda k: found[[k % 12, (5 * k + 1) % 12]], range(400)))
    for k, pair in enumerate(rows):
        np.testing.assert_array_equal(pair, expected[[k % 12, (5 * k + 1) % 12]])


def test_the_file_is_closed_with_the_last_reference(tmp_path):
    _, found = stored(tmp_path, "bytes")
    raw = found._file._raw
    gc.collect()
    assert found[0].shape == (4, 1, 5)  # the array it was made from is gone, the file is still open
    del found
    gc.collect()
    assert raw.closed


@pytest.mark.skipif(sys.platform == "win32", reason="files are not sparse there unless asked to be")
def test_positions_beyond_four_gigabytes(tmp_path):
    count, path = 5 * 2**20, tmp_path / "sparse.bin"
    with path.open("wb") as file:
        file.seek((count - 2) * 1024)
        file.write(bytes([7]) * 2048)
    found = FileArray(path, np.dtype(np.uint8), 0, (count, 1024))
    assert found.nbytes == 5 * 2**30
    for index in (-1, np.int32(count - 2), np.array([count - 1], np.int32), np.array([-2], np.int8), slice(-1, None)):
        assert (found[index] == 7).all()
    assert not found[np.array([count // 2], np.int32)].any()
    assert path.stat().st_blocks * 512 < 2**24


def test_rows_beyond_free_memory_are_refused(tmp_path, monkeypatch):
    _, found = stored(tmp_path, "native")
    monkeypatch.setattr(file_array, "_UNCHECKED", 0)
    monkeypatch.setattr(memory, "available", lambda: 100)
    assert found[:4].shape == (4, 3)
    for index in (slice(5), [1, 1, 1, 1, 1], slice(None, None, 2), np.arange(12) > 5):
        with pytest.raises(datasets.DataError, match=r"These rows at once take \d+ B, and 100 B of memory are free"):
            found[index]
    with pytest.raises(datasets.DataError, match="All points of this set at once take 288 B"):
        np.asarray(found)


# ------------------------------------------------------------------------------------------------ a file that is cut


def denoise(data):
    gm.OptimalDenoiser(data.points)(np.zeros((1, *data.shape)), 1.0)


READERS = {
    "slice": lambda data: data.stored[2:],
    "indices": lambda data: data.stored[[1, 11]],
    "row": lambda data: data.points[11],
    "all": lambda data: np.asarray(data.points),
    "facts": lambda data: facts(data.stored, dataset.silent),
    "a new D*": denoise,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KEPT)
def test_a_file_that_became_shorter_says_so(large, kind, reader):
    path, data = large(KEPT[kind])
    _ = data.mean
    full = path.stat().st_size
    os.truncate(path, full - 1)
    assert not data.stored.whole
    sentence = (
        rf"'a\.npy' has become shorter .* end at byte {full:,}, and the file ends at byte {full - 1:,}\. .* again"
    )
    with pytest.raises(datasets.DataError, match=sentence):
        READERS[reader](data)
    assert data.points[:2].shape == (2, *data.shape)  # what is still there can be read


def test_a_file_that_becomes_shorter_between_two_calls_of_the_optimal_denoiser(large, monkeypatch):
    monkeypatch.setattr("geomodel.denoisers.optimal.optimal.RESIDENT_NUMBERS", 0)
    path, data = large(KEPT["bytes"])
    optimal = gm.OptimalDenoiser(data.points)
    x = np.zeros((2, *data.shape))
    assert np.isfinite(optimal(x, 1.0)).all()
    os.truncate(path, path.stat().st_size - 30)
    for ask in (optimal, optimal.posterior):
        with pytest.raises(datasets.DataError, match="has become shorter"):
            ask(x, 1.0)


def test_a_file_that_cannot_be_read_says_so(large, monkeypatch):
    class Gone:
        def seek(self, position):
            raise OSError(5, "Input/output error")

    _, data = large(KEPT["bytes"])
    monkeypatch.setattr(data.stored._file, "_raw", Gone())
    with pytest.raises(datasets.DataError, match=r"'a\.npy' could not be read: Input/output error\. .* open it again"):
        data.points[0]


# ------------------------------------------------------------------------------------------------ memory

_SCRIPT = """
import resource, sys
import numpy as np
import torch
import geomodel as gm
from geomodel import memory

unit = 1 if sys.platform == "darwin" else 1024
memory.physical = lambda: 2**22
gm.OptimalDenoiser(np.zeros((2, 1, 8, 8)))(np.zeros((1, 1, 8, 8)), 1.0)  # what torch takes for itself
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
data = gm.datasets.load(sys.argv[1])
assert type(data.stored).__name__ == "FileArray"
assert data.mean.shape == data.shape and len(data.fingerprint) == 71
optimal = gm.OptimalDenoiser(data.points)
assert np.isfinite(optimal(np.zeros((1, *data.shape)), 1.0)).all()
print(data.stored.nbytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no resource module there")
def test_a_large_file_does_not_come_into_memory(tmp_path):
    path = tmp_path / "large.npy"
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (75_000, 64, 64))
    for start in range(0, len(array), 7500):
        array[start : start + 7500] = RNG.integers(0, 256, (7500, 64, 64), dtype=np.uint8)
    array.flush()
    del array
    size, grown = map(int, subprocess.check_output([sys.executable, "-c", _SCRIPT, path], text=True).split())
    assert size == 307_200_000
    # whatever the file's size: some blocks of 2²² numbers in float64, 34 MB each, and what the libraries take
    assert grown < 2e8
