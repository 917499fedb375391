"""One pass over a set gives its fingerprint, mean, deviation and number of different points, as plain NumPy does."""

from __future__ import annotations

import hashlib
import math
import os
import threading
from fractions import Fraction

import numpy as np
import pytest

from geomodel import datasets, memory
from geomodel.datasets import common, facts, file_array, moments
from geomodel.datasets.facts import Facts
from geomodel.datasets.points import converted

RNG = np.random.default_rng(5)
BYTES = RNG.integers(0, 256, (41, 3, 5, 4), dtype=np.uint8)
FLOATS = RNG.standard_normal((53, 7)) + 3
STORED = {
    "bytes": BYTES,
    "an odd number of bytes": BYTES.reshape(41, -1)[:39, :13],
    "bytes, Fortran": np.asfortranarray(BYTES),
    "bytes, not contiguous": BYTES[::2, :, ::-1],
    "one picture": BYTES[:1],
    "constant bytes": np.full((9, 2, 3), 77, np.uint8),
    "black": np.zeros((600, 1, 2), np.uint8),
    "white": np.full((600, 1, 2), 255, np.uint8),
    "one byte differs": np.concatenate([np.full((300, 4), 63, np.uint8), [[63, 63, 64, 63]]]).astype(np.uint8),
    "black and white": np.repeat(np.array([[0], [255]], np.uint8), 700, axis=0),
    "float64": FLOATS,
    "float32": FLOATS.astype(np.float32),
    "float16": FLOATS.astype(np.float16),
    "big-endian": FLOATS.astype(">f4"),
    "floats, Fortran": np.asfortranarray(FLOATS),
    "floats, not contiguous": FLOATS[::-2, 1::2],
    "int16": RNG.integers(-(2**15), 2**15, (31, 4), dtype=np.int16),
    "uint16": np.full((1000, 3), 2**16 - 1, np.uint16),
    "big-endian int16": RNG.integers(-5, 5, (31, 1)).astype(">i2"),
    "one point": FLOATS[:1],
    "constant floats": np.full((50, 3), 0.1),
    "far away": 1e8 + RNG.standard_normal((90, 2)),
    "the first far away": np.concatenate([np.full((1, 2), 1e3), RNG.standard_normal((90, 2))]),
    "as large as may be": np.array([[1e100, -1e100], [-1e100, 1e100], [1e100, 1e100]]),
    "signed zeros": np.array([[0.0, 1.0], [-0.0, 1.0], [2.0, 1.0]]),
}


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few rows, and parts of blocks of one or two."""
    monkeypatch.setattr(facts, "_BYTES_AT_ONCE", 512)
    monkeypatch.setattr(moments, "_BYTES_AT_ONCE", 150)
    monkeypatch.setattr(moments, "CACHED", 16)


def exact(stored):
    """Mean and root of the mean variance of the converted points, in rational arithmetic."""
    rows = converted(stored).reshape(len(stored), -1)
    if (rows == rows[0]).all():
        return rows[0].astype(float), 1.0
    columns = [[Fraction(float(number)) for number in column] for column in rows.T]
    means = [sum(column) / len(column) for column in columns]
    away = sum((number - mean) ** 2 for column, mean in zip(columns, means, strict=True) for number in column)
    return np.array([float(mean) for mean in means]), math.sqrt(away / rows.size)


def check(stored, found):
    mean, deviation = exact(stored)
    size = float(np.abs(converted(stored)).max()) or 1.0
    np.testing.assert_allclose(found.mean.reshape(-1), mean, rtol=0, atol=4e-16 * size)
    # far from 0 the numbers themselves have fewer digits of what they differ by
    assert found.std == pytest.approx(deviation, rel=1e-15 * max(10, size / deviation))
    native = np.ascontiguousarray(stored, stored.dtype.newbyteorder("="))
    text = f"{native.dtype.str} {native.shape}\n".encode()
    assert found.fingerprint == f"sha256:{hashlib.sha256(text + native.tobytes()).hexdigest()}"
    assert found.distinct == len(np.unique(native.reshape(len(native), -1) + native.dtype.type(0), axis=0))


@pytest.mark.parametrize("kind", STORED)
def test_facts_are_those_of_exact_arithmetic(kind):
    stored = STORED[kind]
    found = facts.facts(stored, common.silent)
    assert found.mean.shape == stored.shape[1:]
    check(stored, found)


@pytest.mark.parametrize("kind", STORED)
def test_blocks_do_not_change_them(kind, small_blocks):
    check(STORED[kind], facts.facts(STORED[kind], common.silent))


@pytest.mark.parametrize("kind", ["bytes", "an odd number of bytes", "one byte differs", "black and white"])
def test_bytes_are_summed_without_any_rounding(kind, small_blocks):
    stored = STORED[kind]
    mean, deviation = exact(stored)
    found = facts.facts(stored, common.silent)
    assert found.mean.reshape(-1).tolist() == mean.tolist()
    assert found.std == pytest.approx(deviation, rel=3e-16)


def test_sums_of_bytes_do_not_overflow():
    # 256 rows fill a sum of 16 bits to the last, in one part or in more
    stored = np.full((2**9 + 3, 5), 255, np.uint8)
    stored[0] = 254
    found = facts.facts(stored, common.silent)
    mean, deviation = exact(stored)
    np.testing.assert_array_equal(found.mean, mean)
    assert found.std == pytest.approx(deviation, rel=3e-16)


@pytest.mark.parametrize("low", [0, 1, 62, 126, 250])
def test_the_deviation_follows_from_how_often_each_byte_occurs(low):
    """In whole numbers of Python, over more than one piece; the highest bytes, and all, strain float32 most."""
    stored = np.random.default_rng(low).integers(low, 256, (500, 1025), dtype=np.uint8)
    stored[:260] = stored.min() if low % 2 else 255
    whole = [int(number) for number in moments._WHOLE]
    often = np.bincount(stored.reshape(-1), minlength=256).tolist()
    squares = sum(count * number**2 for count, number in zip(often, whole, strict=True))
    totals = moments._WHOLE[stored].sum(axis=0).tolist()
    away = len(stored) * squares - sum(total**2 for total in totals)
    sums = moments.ByteMoments((1025,))
    sums.add(stored)
    assert sums.deviation == math.sqrt(away / (len(stored) * stored.size)) * 2.0**-24
    assert sums._points.sums.tolist() == totals


def test_whole_numbers_of_a_set_have_no_largest(monkeypatch):
    # N Σ m² of 10⁷ white pictures would be 2⁹⁵, which neither int64 nor float64 holds
    sums = moments.ByteMoments((2,))
    part = np.array([[255, 255], [255, 254]], np.uint8)
    sums.add(part)
    for name in ("_squares", "_across", "_stairs"):
        setattr(sums, name, getattr(sums, name) * 10**7)
    sums._points._bytes *= 10**7
    sums._points._stairs *= 10**7
    sums._points.count *= 10**7
    half = float(converted(np.array([255], np.uint8))[0]) - float(converted(np.array([254], np.uint8))[0])
    assert sums.deviation == pytest.approx(half / 2 / math.sqrt(2), rel=1e-15)
    assert sums.mean.tolist() == [1.0, 1.0 - half / 2]


def test_every_byte_is_a_whole_number_of_steps():
    numbers = converted(np.arange(256, dtype=np.uint8)).astype(np.float64)
    np.testing.assert_array_equal(moments._WHOLE * moments._STEP, numbers)
    stairs = [sum(byte > at for at in moments._STAIRS) for byte in range(256)]
    np.testing.assert_array_equal(moments._WHOLE[0] + moments._SLOPE * np.arange(256) + stairs, moments._WHOLE)


# ------------------------------------------------------------------------------------------------ files


@pytest.fixture
def on_disk(tmp_path, monkeypatch):
    """Save an array as one too large for memory; its path."""

    def _on_disk(array):
        np.save(tmp_path / "a.npy", array)
        monkeypatch.setattr(memory, "physical", lambda: 400)
        return tmp_path / "a.npy"

    return _on_disk


@pytest.mark.parametrize("kind", ["bytes", "float64", "float32", "big-endian"])
def test_a_file_is_read_once_while_it_opens(kind, on_disk, small_blocks, monkeypatch):
    stored = STORED[kind]
    path, read, place = on_disk(stored), file_array._File.read, []

    def counted(self, position, content):
        place.append((position, len(content)))
        return read(self, position, content)

    monkeypatch.setattr(file_array._File, "read", counted)
    data = datasets.load(path, progress=lambda _: None)
    first, *parts = place  # the first point is looked at before
    assert first[1] == stored[0].nbytes
    assert sum(length for _, length in parts) == stored.nbytes
    assert [at for at, _ in parts] == sorted({at for at, _ in parts})
    check(stored, Facts(data.fingerprint, data.mean, data.std, data.distinct))
    assert len(place) == len(parts) + 1  # and nothing was read for that


@pytest.mark.parametrize("kind", ["bytes", "float64"])
def test_a_file_that_becomes_shorter_while_it_is_read_says_so(kind, on_disk, small_blocks):
    path, calls = on_disk(STORED[kind]), []

    def cut(_fraction):
        calls.append(threading.active_count())
        os.truncate(path, path.stat().st_size // 2)

    with pytest.raises(datasets.DataError, match=r"'a\.npy' has become shorter since it was opened: .* open it again"):
        datasets.load(path, progress=cut)
    assert calls
    assert threading.active_count() <= calls[0]  # the thread that sums has ended


@pytest.mark.parametrize("kind", ["bytes", "float64"])
def test_progress_tells_of_every_block_and_stops_it(kind, on_disk, small_blocks):
    path, seen = on_disk(STORED[kind]), []
    datasets.load(path, progress=seen.append)
    assert seen == sorted(seen)
    assert len(set(seen)) > 4
    for last in (1, 3, len(seen)):
        calls = []

        def stop(fraction, *, calls=calls, last=last):
            calls.append(fraction)
            if len(calls) == last:
                raise KeyboardInterrupt

        threads = threading.active_count()
        with pytest.raises(KeyboardInterrupt):
            datasets.load(path, progress=stop)
        assert calls == seen[:last]
        assert threading.active_count() == threads


def test_what_the_sums_raise_is_raised(monkeypatch, small_blocks):
    add, calls = moments.ByteMoments.add, []

    def fail_once(self, part):
        calls.append(part)
        if len(calls) == 1:
            raise MemoryError("no more")
        add(self, part)

    monkeypatch.setattr(moments.ByteMoments, "add", fail_once)
    with pytest.raises(MemoryError, match="no more"):
        facts.facts(BYTES, common.silent)
