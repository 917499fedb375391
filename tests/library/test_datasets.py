"""Data sets: generated ones repeat, files open or are refused in one clear sentence, images keep their bytes."""

from __future__ import annotations

import contextlib
import hashlib
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

import resources
from geomodel import datasets, memory

PLANAR = ("two-moons", "spiral", "rings", "checkerboard", "gaussian-ring", "swiss-roll", "pinwheel")
MANY = ("gaussian-64", "clusters-64")
TOYS = (*PLANAR, *MANY)
MIXTURES = ("gaussian-ring", *MANY)


@pytest.fixture
def write(tmp_path):
    def _write(name, content):
        path = tmp_path / name
        if isinstance(content, np.ndarray):
            np.save(path, content)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
        return path

    return _write


def test_the_table():
    assert datasets.names() == (*TOYS, "fashion-mnist")
    for name in datasets.names():
        row = datasets.row(name)
        assert row.name == name
        assert row.title
        assert row.description.endswith(".")
        assert row.kind == ("toy" if name in TOYS else "images")


@pytest.mark.parametrize("name", TOYS)
def test_toys_repeat_and_nest(name):
    data = datasets.load(name, count=400, seed=3)
    again, fewer, other = (datasets.load(name, count=c, seed=s) for c, s in ((400, 3), (100, 3), (400, 4)))
    assert data.fingerprint == again.fingerprint != other.fingerprint
    np.testing.assert_array_equal(fewer.points, data.points[:100])
    dimension = 64 if name in MANY else 2
    assert (data.points.dtype, data.points.shape) == (np.float64, (400, dimension))
    assert (data.shape, len(data)) == ((dimension,), 400)
    # the plane: four units and, for the ring, four deviations of 0.3; in 64 dimensions four deviations of √3
    assert np.abs(data.points).max() < (5.5 if name in PLANAR else 4 * np.sqrt(3))
    assert 1.0 < data.scale / np.sqrt(2) < 3.5
    if data.labels is not None:
        assert data.labels.dtype == np.int64
        assert len(data.label_names) == data.labels.max() + 1
        np.testing.assert_array_equal(fewer.labels, data.labels[:100])


def test_toys_have_their_shapes():
    def load(name):
        data = datasets.load(name, count=4000)
        return data.points, np.hypot(*data.points.T), data.labels

    points, _, _ = load("checkerboard")
    square = np.floor((points + 4) / 2).astype(int)
    assert set(map(tuple, square.tolist())) == {(i, j) for i in range(4) for j in range(4) if (i + j) % 2 == 0}
    _, radius, ring = load("rings")
    assert np.abs(radius - 1.2 * (1 + ring)).max() < 5 * 0.08  # five deviations
    points, _, moon = load("two-moons")
    centres = np.array([[-1.0, -0.5], [1.0, 0.5]])[moon]
    assert np.abs(np.hypot(*(points - centres).T) - 2).max() < 5 * 0.12
    assert ((points - centres)[:, 1] * (1 - 2 * moon) > -5 * 0.12).all()


def test_the_ring_of_gaussians_knows_its_mixture():
    data = datasets.load("gaussian-ring", count=8000)
    means = data.mixture.means.numpy()
    np.testing.assert_allclose(np.hypot(*means.T), 4, rtol=1e-15)
    assert np.unique(data.mixture.variances.numpy()).tolist() == pytest.approx([0.09])
    for component in range(8):
        inside = data.points[data.labels == component] - means[component]
        assert np.abs(inside.mean(0)).max() < 5 * 0.3 / np.sqrt(1000)  # five standard errors
        assert inside.std() == pytest.approx(0.3, rel=5 / np.sqrt(4000))
    assert data.mixture is data.mixture
    assert all(datasets.load(name).mixture is None for name in TOYS if name not in MIXTURES)


def test_the_gaussian_in_64_dimensions_knows_its_spectrum():
    data = datasets.load("gaussian-64", count=20_000, seed=5)
    spectrum = np.array([3 * k**-1.5 for k in range(1, 65)])
    assert data.labels is None
    np.testing.assert_allclose(data.mixture.means.numpy(), np.zeros((1, 64)))
    np.testing.assert_allclose(data.mixture.variances.numpy()[0], spectrum, rtol=1e-15)
    scaled = data.points / np.sqrt(spectrum)
    # five standard errors of a mean, of a variance, and of a correlation between two axes
    assert np.abs(scaled.mean(0)).max() < 5 / np.sqrt(20_000)
    np.testing.assert_allclose((scaled**2).mean(0), 1, atol=5 * np.sqrt(2 / 20_000))
    assert np.abs(np.triu(scaled.T @ scaled / 20_000, 1)).max() < 5 / np.sqrt(20_000)
    assert data.largest_deviation == pytest.approx(np.sqrt(3), rel=5 / np.sqrt(2 * 20_000))


def test_the_clusters_in_64_dimensions_know_their_mixture():
    data, other = (datasets.load("clusters-64", count=4000, seed=seed) for seed in (1, 2))
    means = data.mixture.means.numpy()
    np.testing.assert_array_equal(means, other.mixture.means.numpy())  # another seed has other points of the same ten
    assert np.bincount(data.labels).tolist() == [400] * 10
    assert len(data.label_names) == 10
    for cluster in range(10):
        inside = data.points[data.labels == cluster] - means[cluster]
        assert np.abs(inside.mean(0)).max() < 5 * 0.12 / np.sqrt(400)
        assert inside.std() == pytest.approx(0.12, rel=5 / np.sqrt(2 * 400 * 64))
    apart = np.linalg.norm(means[:, None] - means, axis=2)[np.triu_indices(10, 1)]
    assert apart.min() > 2 * 0.12 * 8  # the balls of radius 0.12 √64 do not touch, so every point has one cluster


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (-1, 0), (10**12, 0), (10, -1), (2.5, 0)])
def test_toys_refuse(count, seed):
    with pytest.raises(datasets.DataError):
        datasets.load("spiral", count=count, seed=seed)


def test_fashion_mnist():
    data = datasets.load("fashion-mnist")
    assert (data.stored.shape, data.stored.dtype) == ((10_000, 1, 28, 28), np.uint8)
    assert (data.points.dtype, data.shape, data.kind) == (np.float32, (1, 28, 28), "images")
    assert (data.points.min(), data.points.max()) == (-1.0, 1.0)
    np.testing.assert_array_equal(np.rint((data.points + 1) * 127.5).astype(np.uint8), data.stored)
    assert data.fingerprint == "sha256:03863ea9116c420d20999fda2deba08cc6cf4478825d16fd8deee256a5b89700"
    assert np.bincount(data.labels).tolist() == [1000] * 10
    # the first ten training labels as published: boot, T-shirt, T-shirt, dress, T-shirt, pullover, sneaker, …
    assert data.labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert data.label_names[9] == "Ankle boot"
    assert data.points is data.points
    assert data.mean.shape == (1, 28, 28)
    # the published mean and deviation of all training grey levels in [0, 1] are 0.2860 and 0.3530
    pooled = data.stored / 255
    assert pooled.mean() == pytest.approx(0.2860, abs=0.005)
    assert pooled.std() == pytest.approx(0.3530, abs=0.005)
    assert data.std == pytest.approx(np.sqrt(data.points.astype(float).var(axis=0).mean()), rel=1e-12)
    assert "Zalando" in resources.path("data", "fashion-mnist-LICENSE.txt").read_text()


def test_derived_numbers(write):
    values = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 1.0]])
    data = datasets.load(write("Drei Pünkte (Kopie).npy", values))
    assert (data.kind, data.name, data.labels, data.mixture) == ("points", "Drei Pünkte (Kopie).npy", None, None)
    np.testing.assert_allclose(data.mean, [3, 3])
    assert data.std == pytest.approx(np.sqrt((8 / 3 + 14 / 3) / 2))
    assert datasets.load(write("one.csv", "0.1,-7\n")).std == 1.0
    assert datasets.load(write("same.npy", np.full((7, 3), 0.1))).std == 1.0
    assert (
        data.fingerprint == "sha256:" + hashlib.sha256(f"<f8 {values.shape}\n".encode() + values.tobytes()).hexdigest()
    )


def test_one_set_of_numbers_has_one_fingerprint(write):
    values = np.random.default_rng(0).standard_normal((50, 3))
    text = "\n".join(",".join(map(repr, row)) for row in values.tolist())
    expected = datasets.load(write("a.npy", values)).fingerprint
    assert expected == datasets.load(write("b c.csv", "x,y,z\n" + text)).fingerprint
    assert expected == datasets.load(write("d.npy", np.asfortranarray(values))).fingerprint
    foreign = datasets.load(write("e.npy", values.astype(">f8")))
    assert foreign.fingerprint == expected
    assert foreign.stored.dtype.isnative
    assert expected != datasets.load(write("f.npy", values[::-1])).fingerprint
    assert expected != datasets.load(write("g.npy", values.reshape(75, 2))).fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "x,y\n1,2\n3,4",
        "\ufeffx;y\r\n1;2\r\n\r\n3;4\r\n",
        "# made by hand\nx y\n1 2\n  3\t4  \n",
        '"lon","lat"\n1.0, 2.0\n3e0,4 # last\n\n',
    ],
)
def test_text_files(write, text):
    np.testing.assert_array_equal(datasets.load(write("data.txt", text)).points, [[1, 2], [3, 4]])


def test_other_widths(write):
    assert datasets.load(write("line.csv", "1\n2\n3\n")).points.shape == (3, 1)
    assert datasets.load(write("ONE.CSV", "1,2,3,4,5\n")).points.shape == (1, 5)
    single = np.arange(6, dtype=np.float32).reshape(3, 2)
    data = datasets.load(str(write("single.npy", single)))
    assert (data.stored.dtype, data.points.dtype) == (np.float32, np.float64)


def test_a_million_points(write):
    values = np.random.default_rng(0).integers(-9, 9, (1_000_000, 2))
    text = "\n".join(f"{x},{y}" for x, y in values.tolist())
    np.testing.assert_array_equal(datasets.load(write("many.csv", text)).points, values)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((4, 9, 7), (1, 9, 7)), ((4, 9, 7, 3), (3, 9, 7)), ((4, 3, 9, 7), (3, 9, 7)), ((4, 9, 7, 1), (1, 9, 7))],
)
def test_image_arrays(write, shape, expected):
    values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    data = datasets.load(write("images.npy", values))
    assert (data.kind, data.shape, data.points.dtype) == ("images", expected, np.float32)
    last = shape[-1] in (1, 3)
    np.testing.assert_array_equal(data.stored, np.moveaxis(values, -1, 1) if last else values.reshape(4, *expected))


BAD_FILES = {
    "text.csv": ("1,2\n3,four\n", "line 2: 'four' is not a number"),
    "words.csv": ("some words\nand more\n", "line 2: 'and' is not a number"),
    "comma.csv": ("1,5;2,5\n3,5;4,5\n", "line 2: '3,5' is not a number"),
    "ragged.csv": ("x,y\n1,2\n\n3,4\n5,6,7\n", "line 5 has 3 values; the lines above have 2"),
    "nan.csv": ("1,2\n3,nan\n", "coordinate 2 of point 2 is nan"),
    "inf.csv": ("-inf,2\n", "coordinate 1 of point 1 is -inf"),
    "large.csv": ("1e120,2\n", "below 1e+100"),
    "header.csv": ("x,y\n", "no row of numbers"),
    "blank.csv": ("\n  \n", "no row of numbers"),
    "zero.csv": ("", "0 bytes"),
    "zero.npy": (b"", "0 bytes"),
    "underscore.csv": ("1_0,2\n", "1_0"),
    "latin.csv": (b"gr\xf6\xdfe,y\n1,2\n", "not UTF-8"),
    "binary.csv": (bytes(range(256)), "not UTF-8"),
    "zeros.csv": (bytes(100), "no row of numbers"),
    "fake.npy": (b"1,2\n3,4\n", "not a readable NumPy array"),
    "short.npy": (b"\x93NUMPY\x01", "not a readable NumPy array"),
    "future.npy": (b"\x93NUMPY\x09\x00\x10\x00", "not a readable NumPy array"),
    "nan.npy": (np.array([[1.0, np.nan]]), "coordinate 2 of point 1 is nan"),
    "empty.npy": (np.empty((0, 2)), "is empty: its shape is (0, 2)"),
    "vector.npy": (np.arange(4.0), "float64 of shape (4,)"),
    "cube.npy": (np.zeros((2, 2, 2)), "float64 of shape (2, 2, 2)"),
    "whole.npy": (np.zeros((4, 2), dtype=np.int64), "int64 of shape (4, 2)"),
    "complex.npy": (np.zeros((4, 2), dtype=complex), "complex128"),
    "bytes.npy": (np.zeros((4, 2), dtype=np.uint8), "uint8 of shape (4, 2)"),
    "objects.npy": (np.array([[{}, 1]], dtype=object), "holds Python objects"),
    "named.npy": (np.zeros(4, dtype=[("x", float), ("y", float)]), "holds named columns"),
    "five.npy": (np.zeros((1, 2, 3, 4, 5), dtype=np.uint8), "uint8 of shape (1, 2, 3, 4, 5)"),
    "channels.npy": (np.zeros((2, 8, 8, 4), dtype=np.uint8), "Neither the second nor the last axis"),
    "both.npy": (np.zeros((2, 3, 8, 3), dtype=np.uint8), "Both the second and the last axis"),
    "picture.png": (b"\x89PNG", "not a kind of file that can be opened"),
    "archive.rar": (b"Rar!", "not a kind of file that can be opened"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(write, name):
    content, sentence = BAD_FILES[name]
    with pytest.raises(datasets.DataError, match=re.escape(sentence)) as caught:
        datasets.load(write(name, content))
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


def _header(write, shape, body=b""):
    description = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return write("claim.npy", b"\x93NUMPY\x01\x00" + len(description).to_bytes(2, "little") + description + body)


def test_a_header_is_not_believed(write):
    with pytest.raises(datasets.DataError, match="cut off: its header announces"):
        datasets.load(_header(write, (10**12, 1)))
    with pytest.raises(datasets.DataError, match="cut off: its header announces"):
        datasets.load(_header(write, (3, 2), bytes(47)))
    with pytest.raises(datasets.DataError, match="is empty"):
        datasets.load(_header(write, (-3, 2), bytes(48)))
    assert len(datasets.load(_header(write, (3, 2), bytes(48)))) == 3


def test_files_beyond_an_eighth_of_memory(write, monkeypatch):
    path = write("few.csv", "1,2\n3,4\n")
    monkeypatch.setattr(memory, "physical", lambda: 8 * 8)
    assert len(datasets.load(path)) == 2  # eight bytes
    monkeypatch.setattr(memory, "physical", lambda: 8 * 7)
    with pytest.raises(datasets.DataError, match="an eighth"):
        datasets.load(path)
    monkeypatch.undo()
    assert memory.physical() > 2**28


@pytest.mark.filterwarnings("ignore:Reading:UserWarning")  # NumPy's remark on headers of Python 2
def test_damaged_arrays_never_raise_anything_else(write, tmp_path):
    good = np.random.default_rng(0).standard_normal((4, 2))
    original = write("good.npy", good).read_bytes()
    random, path = np.random.default_rng(1), tmp_path / "damaged.npy"
    for _ in range(600):
        damaged = bytearray(original)
        for place in random.integers(0, 80, random.integers(1, 4)):
            damaged[place] = random.integers(0, 256)
        path.write_bytes(damaged[: random.integers(1, len(damaged) + 1)])
        with contextlib.suppress(datasets.DataError):
            datasets.load(path)


def test_bad_paths(tmp_path):
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(datasets.DataError, match="is a folder"):
        datasets.load(folder)
    with pytest.raises(datasets.DataError, match="There is no file"):
        datasets.load(tmp_path / "nothing.csv")
    with pytest.raises(datasets.DataError, match="There is no file"):
        datasets.load("nothing.csv")
    with pytest.raises(datasets.DataError, match="There is no data set"):
        datasets.load("n" * 5000)
    with pytest.raises(datasets.DataError, match="could not be read"):
        datasets.load("n" * 5000 + ".csv")
    with pytest.raises(datasets.DataError, match="There is no"):
        datasets.load("null\0.csv")
    with pytest.raises(datasets.DataError, match="Choose one of two-moons, spiral, "):
        datasets.load("two moons")
    with pytest.raises(datasets.DataError, match="not a regular file"):
        datasets.load("/dev/null")
    with pytest.raises(ValueError, match="Choose one of"):
        datasets.row("nothing")


def test_torch_stays_away():
    script = (
        "import sys, geomodel.datasets as d; d.load('two-moons').std; d.load('fashion-mnist').fingerprint;"
        "d.names(); assert 'torch' not in sys.modules, 'torch'"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=resources.path().parent)


def test_points_feed_tensors_without_a_warning():
    data = datasets.load("fashion-mnist")
    assert torch.as_tensor(data.points[:2]).shape == (2, 1, 28, 28)
