"""Reference data in files: every format gives back the pixels and labels that were written, and one fingerprint."""

from __future__ import annotations

import data_files as files
import numpy as np
import pytest

from geomodel import datasets
from geomodel.datasets.formats import FORMATS

GREY = files.pixels()
COLOUR = files.pixels(shape=(3, 5, 4), seed=1)
LABELS = np.random.default_rng(2).integers(0, 10, len(GREY))
NAMES = [f"{number:03}.png" for number in range(len(GREY))]


def as_npy(folder, images):
    np.save(folder / "a.npy", images)
    return folder / "a.npy"


def as_channels_last(folder, images):
    return as_npy(folder, images.transpose(0, 2, 3, 1))


def as_npz(folder, images):
    np.savez_compressed(folder / "a.npz", images)
    return folder / "a.npz"


def as_idx(folder, images):
    return files.write_idx(folder, images[:, 0] if images.shape[1] == 1 else images)


def as_idx_gz(folder, images):
    return files.write_idx(folder, images[:, 0] if images.shape[1] == 1 else images, packed=".gz")


def as_folder(folder, images):
    return files.write_folder(folder / "set", images, NAMES)


def as_zip(folder, images):
    return files.write_zip(folder / "a.zip", dict(zip(NAMES, map(files.encoded, images), strict=True)))


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("write", [as_npy, as_channels_last, as_npz, as_idx, as_idx_gz, as_folder, as_zip])
def test_the_same_pixels_are_the_same_set(tmp_path, write, images):
    data = datasets.load(write(tmp_path, images))
    np.testing.assert_array_equal(data.stored, images)
    np.save(tmp_path / "reference.npy", images)
    reference = datasets.load(tmp_path / "reference.npy")
    assert data.fingerprint == reference.fingerprint
    assert (data.kind, data.shape, data.stored.dtype) == ("images", images.shape[1:], np.uint8)
    assert data.stored.flags.c_contiguous
    np.testing.assert_array_equal(data.points, reference.points)
    assert data.points.dtype == np.float32
    assert (data.labels, data.label_names) == (None, None)


# ------------------------------------------------------------------------------------------------ idx


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("stem", ["train-{}-idx{}-ubyte", "t10k-{}.idx{}-ubyte"])
def test_idx_finds_its_labels(tmp_path, stem, packed):
    path = files.write_idx(tmp_path, GREY[:, 0], LABELS, stem=stem, packed=packed)
    data = datasets.load(str(path))
    np.testing.assert_array_equal(data.labels, LABELS)
    assert (data.labels.dtype, data.name) == (np.int64, path.name)


def test_idx_finds_labels_that_are_packed_otherwise(tmp_path):
    path = files.write_idx(tmp_path, GREY[:, 0], packed=".gz")
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(files.idx(LABELS.astype(np.uint8)))
    np.testing.assert_array_equal(datasets.load(path).labels, LABELS)


def test_idx_under_another_name_has_no_labels(tmp_path):
    files.write_idx(tmp_path, GREY[:, 0], LABELS)
    (tmp_path / "mine.idx").write_bytes(files.idx(GREY[:, 0]))
    assert datasets.load(tmp_path / "mine.idx").labels is None


# ------------------------------------------------------------------------------------------------ npz


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("anything",), "anything"),
        (("x", "y"), "x"),
        (("images", "labels"), "images"),
        (("data", "y"), "data"),
        (("arr_0", "arr_1"), "arr_0"),
        (("mine", "labels"), "mine"),
        (("extra", "images", "labels"), "images"),
    ],
)
def test_npz_names(tmp_path, names, chosen):
    arrays = dict.fromkeys(names, COLOUR[:2]) | {chosen: GREY} | {key: LABELS for key in names if key in "y labels"}
    np.savez(tmp_path / "a.npz", **arrays)
    data = datasets.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(data.stored, GREY)
    if {"y", "labels"} & set(names):
        np.testing.assert_array_equal(data.labels, LABELS)
        assert data.labels.dtype == np.int64
    else:
        assert data.labels is None


LABEL_NAMES = ["arr_0 arr_1", "images label", "data target", "x targets", "X Y", "Data Labels"]


@pytest.mark.parametrize("names", LABEL_NAMES)
def test_npz_labels_under_other_names(tmp_path, names):
    np.savez(tmp_path / "a.npz", **dict(zip(names.split(), (GREY, LABELS), strict=True)))
    data = datasets.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(data.labels, LABELS)
    np.testing.assert_array_equal(data.stored, GREY)
    assert (data.label_names, data.remarks) == (None, ())


@pytest.mark.parametrize("second", [COLOUR, LABELS[1:], LABELS / 2, np.stack([LABELS, LABELS], 1)])
def test_a_second_array_that_is_no_list_of_classes_is_left_out_and_named(tmp_path, second):
    np.savez(tmp_path / "a.npz", GREY, second, extra=LABELS)
    data = datasets.load(tmp_path / "a.npz")
    assert (data.labels, data.remarks) == (None, ("Points from arr_0; 2 other arrays are left out: extra, arr_1.",))


def test_npz_of_points(tmp_path):
    points = np.random.default_rng(0).standard_normal((len(LABELS), 3))
    np.savez(tmp_path / "a.npz", x=np.asfortranarray(points), y=LABELS[:, None].astype(">i2"))
    data = datasets.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(data.points, points)
    np.testing.assert_array_equal(data.labels, LABELS)
    np.save(tmp_path / "a.npy", points)
    assert (data.kind, data.fingerprint) == ("points", datasets.load(tmp_path / "a.npy").fingerprint)


# ------------------------------------------------------------------------------------------------ images


CLASSES = ("boot", "coat", "ärmel")  # in the order of their code points


def _placed(prefix=""):
    return [f"{prefix}{CLASSES[number % 3]}/{name}" for number, name in enumerate(NAMES)]


@pytest.mark.parametrize("prefix", ["", "wrapped/", "a/b/"])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_subfolders_are_classes(tmp_path, kind, prefix):
    places = _placed(prefix)
    if kind == "folder":
        path = files.write_folder(tmp_path / "set", GREY, places)
        (path / prefix / "boot" / "notes.txt").write_text("no image")
        (path / ".thumbnails").mkdir()
        (path / ".thumbnails" / "x.png").write_bytes(b"hidden")
    else:
        content = dict(zip(reversed(places), map(files.encoded, GREY[::-1]), strict=True))
        path = files.write_zip(
            tmp_path / "a.zip", content | {f"__MACOSX/{prefix}._000.png": b"", "ReadMe": b"no image"}
        )
    data = datasets.load(path)
    order = sorted(range(len(GREY)), key=lambda number: places[number])
    np.testing.assert_array_equal(data.stored, GREY[order])
    np.testing.assert_array_equal(data.labels, [number % 3 for number in order])
    assert (data.label_names, data.name) == (CLASSES, path.name)


def test_one_folder_is_no_class(tmp_path):
    data = datasets.load(files.write_folder(tmp_path / "set", GREY, [f"only/{name}" for name in NAMES]))
    assert (data.labels, data.label_names, len(data)) == (None, None, len(GREY))


def test_jpeg(tmp_path):
    smooth = np.broadcast_to(np.linspace(0, 255, 32, dtype=np.uint8), (2, 3, 32, 32))
    for number, image in enumerate(smooth):
        (tmp_path / f"{number}.JPG").write_bytes(files.encoded(image, "JPEG"))
    data = datasets.load(tmp_path)
    # JPEG loses something, though little of a ramp: a few of 256 grey levels
    assert np.abs(data.stored.astype(int) - smooth).max() <= 4


# ------------------------------------------------------------------------------------------------ the table


def test_the_table_of_formats(tmp_path):
    patterns = [pattern for row in FORMATS for pattern in row.patterns]
    assert len(set(patterns)) == len(patterns)
    (tmp_path / "a.mat").write_bytes(b"5.0")
    with pytest.raises(datasets.DataError, match="not a kind of file") as caught:
        datasets.load(tmp_path / "a.mat")
    assert all(pattern in str(caught.value) for pattern in patterns)
