"""Hostile and broken files: one clear sentence, nothing executed or written, little memory, never another exception."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile

import data_files as files
import numpy as np
import pytest
from data_files import npy, refused, zipped
from PIL import Image

from geomodel import datasets, memory
from geomodel.datasets import archive, pictures, text

GREY = files.pixels()
BATCH = files.cifar_batches(1)[0]


# ------------------------------------------------------------------------------------------------ text


def test_a_line_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "_LONGEST_LINE", 20)
    monkeypatch.setattr(text, "PIECE", 8)  # lines begin and end everywhere in a piece
    for first in ("1.5\n", "1.25\n1.5\n", "1.5555555\n", ""):
        for last in ("", "\n", "\n1.5\n"):
            path = tmp_path / "long.csv"
            path.write_text(first + "1.500000000000000001" + last)
            assert datasets.load(path).points[first.count("\n"), 0] == 1.5
            refused(path, (first + "1.5000000000000000001" + last).encode(), "a line of more than 20 bytes")


# ------------------------------------------------------------------------------------------------ idx

IDX = files.idx(GREY[:, 0])
BAD_IDX = {
    "floats": (b"\0\0\x0d" + IDX[3:], "begins with 00 00 0d 03"),
    "text": (b"1,2\n3,4\n", "not with the header of idx"),
    "stub": (b"\0\0", "begins with 00 00, not"),
    "axes": (b"\0\0\x08\x09" + bytes(99), "begins with 00 00 08 09"),
    "cut header": (IDX[:9], "not with the header"),
    "labels": (files.idx(np.zeros(9, np.uint8)), r"shape \(9,\).*open the file of images"),
    "none": (files.idx(GREY[:0, 0]), r"is empty: its shape is \(0, 5, 4\)"),
    "cut": (IDX[:-1], r"cut off: its header announces shape \(12, 5, 4\), 240 bytes"),
    "more": (IDX + b"\0", "goes on after the numbers"),
    "absurd": (b"\0\0\x08\x03" + b"\xff" * 12 + bytes(99), r"points of 18,446,744,065,119,617,025 numbers"),
    "many": (b"\0\0\x08\x03\xff\xff\xff\xff" + IDX[8:], "cut off"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("case", BAD_IDX)
def test_bad_idx(tmp_path, case, packed):
    content, sentence = BAD_IDX[case]
    refused(tmp_path / ("a.idx.gz" if packed else "a.idx"), gzip.compress(content) if packed else content, sentence)


def test_bad_gzip(tmp_path):
    good = gzip.compress(IDX)
    for cut in (5, 20, len(good) - 9, len(good) - 1):
        refused(tmp_path / "a.idx.gz", good[:cut], "damaged or cut off|could not be read|not with the header")
    refused(tmp_path / "a.idx.gz", good[:-8] + b"\0\0\0\0" + good[-4:], "CRC")
    refused(tmp_path / "a.idx.gz", good + b"garbage", "Not a gzipped file")
    refused(tmp_path / "a.gz", gzip.compress(bytes(9)), "not with the header of idx")


def test_bad_labels_beside_images(tmp_path):
    path = files.write_idx(tmp_path, GREY[:, 0])
    labels = tmp_path / "train-labels-idx1-ubyte"
    for content, sentence in (
        (
            files.idx(np.zeros(11, np.uint8)),
            r"'train-labels-idx1-ubyte' holds labels of shape \(11,\) for the 12 images",
        ),
        (files.idx(GREY[:, 0]), r"labels of shape \(12, 5, 4\)"),
        (files.idx(np.zeros(12, np.uint8))[:-2], "'train-labels-idx1-ubyte' is cut off"),
        (b"", "'train-labels-idx1-ubyte' begins with nothing"),
    ):
        labels.write_bytes(content)
        refused(path, None, sentence)


# ------------------------------------------------------------------------------------------------ arrays

IMAGES, CLASSES = npy(GREY), npy(np.arange(12))
FEW = npy(np.zeros((2, 2)))
BOMB = {"x.npy": files.npy_header((2**29, 1), "|u1")[:-1] + b"\n" + bytes(10**6)}
BAD_NPZ = {
    "text": (b"PK\x03\x04 not a zip", "not a zip archive that can be read"),
    "no arrays": (zipped({}), "holds no arrays"),
    "labels only": (zipped({"y.npy": CLASSES}), r"holds 'y'\. Expected one array"),
    "which": (zipped({"a.npy": IMAGES, "b.npy": IMAGES}), r"holds 'a', 'b'\. Expected one array"),
    "not an array": (zipped({"x.npy": b"text"}), "not a readable NumPy array"),
    "objects": (zipped({"x.npy": npy(np.array([[{}, 1]], object))}), "holds Python objects"),
    "whole": (zipped({"x.npy": CLASSES}), r"holds int64 of shape \(12,\)"),
    "cut": (zipped({"x.npy": IMAGES[:-1]}), "damaged|cut off"),
    "short": (zipped({"x.npy": IMAGES[:-200]}), "cut off: its header announces"),
    "more": (zipped({"x.npy": IMAGES + b"\0"}), "goes on after the numbers"),
    "few labels": (
        zipped({"x.npy": IMAGES, "y.npy": npy(np.arange(11))}),
        r"labels of type int64 and shape \(11,\)",
    ),
    "float labels": (zipped({"x.npy": IMAGES, "y.npy": npy(np.zeros(12))}), "labels of type float64"),
    "object labels": (
        zipped({"x.npy": IMAGES, "y.npy": npy(np.full(12, {}, object))}),
        "labels of type object",
    ),
    "many labels": (
        zipped({"x.npy": IMAGES, "y.npy": files.npy_header((10**12,), "<i8")}),
        r"\(1000000000000,\)",
    ),
    "negative": (zipped({"x.npy": IMAGES, "y.npy": npy(np.arange(12) - 1)}), "labels from -1 to 10"),
    "large": (
        zipped({"x.npy": IMAGES, "y.npy": npy(np.arange(12) * 2**50)}),
        "labels from 0 to 12384898975268864",
    ),
    "lzma": (zipped({"x.npy": IMAGES}, zipfile.ZIP_LZMA), "another method than deflate"),
    "claim": (zipped({"x.npy": files.npy_header((10**15, 2))}), "a quarter of this computer's memory"),
}


@pytest.mark.parametrize("case", BAD_NPZ)
def test_bad_npz(tmp_path, case):
    refused(tmp_path / "a.npz", *BAD_NPZ[case])


def test_a_header_of_4_gb(tmp_path):
    content = b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(10**8)  # packed here, not by every process that lists tests
    refused(tmp_path / "a.npz", zipped({"x.npy": content}), "header of format 1, 2 or 3")


def test_an_array_that_unpacks_to_more_than_fits(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "physical", lambda: 4 * 10**6)
    bomb = files.npy_header((10**8, 1)) + bytes(8 * 10**8 // 100)
    packed = zipped({"x.npy": bomb})
    assert len(packed) < 10**5
    refused(tmp_path / "a.npz", packed, "holds 800 MB of numbers; at most a quarter")
    refused(
        tmp_path / "a.idx.gz", gzip.compress(files.idx(np.zeros((2, 1000, 1000), np.uint8))), "holds 2 MB of numbers"
    )


def test_an_archive_that_lies(tmp_path):
    """About sizes, encryption, places and the number of files."""
    good = bytearray(zipped({"x.npy": IMAGES}, zipfile.ZIP_STORED))
    central = good.rindex(b"PK\x01\x02")
    end = good.rindex(b"PK\x05\x06")
    for place, kind, value, sentence in (
        (central + 24, "<I", 50, "CRC"),  # the size of a member, unpacked
        (central + 20, "<I", 200, "CRC"),  # and packed
        (central + 16, "<I", 1, "CRC"),
        (central + 8, "<H", 1, "encrypted"),
        (central + 42, "<I", 2**30, "not a zip archive"),  # where the member begins
        (central + 6, "<H", 99, "not a zip archive"),  # the version needed
        (end + 12, "<I", 2**31, "not a zip archive"),  # the length of the list of files
        (end + 16, "<I", 2**31, "could not be read|not a zip archive"),  # and where it begins
    ):
        bad = bytearray(good)
        bad[place : place + struct.calcsize(kind)] = struct.pack(kind, value)
        refused(tmp_path / "a.npz", bytes(bad), sentence)


def test_the_list_of_files_is_bounded(tmp_path, monkeypatch):
    many = {f"{number}.npy": b"" for number in range(100)}
    monkeypatch.setattr(archive, "_LONGEST_LIST", 5000)
    refused(tmp_path / "a.npz", zipped(many), "list of files is too long")


@pytest.mark.parametrize("version", [b"\x01\x00", b"\x02\x00"])
def test_npy_headers_that_lie(tmp_path, version):
    refused(tmp_path / "a.npy", files.npy_header((10**12, 1), version=version), "cut off: its header announces")
    refused(tmp_path / "a.npy", files.npy_header((10, 10**12), version=version), "points of 1,000,000,000,000 numbers")
    refused(tmp_path / "a.npy", files.npy_header((1,) * 2000, version=version), "holds float64 of shape|header")
    refused(tmp_path / "a.npy", b"\x93NUMPY" + version + b"\xff" * 4 + bytes(2**20), "not a readable NumPy array")


# ------------------------------------------------------------------------------------------------ images

PNG, OTHER = files.encoded(GREY[0]), files.encoded(files.pixels(1, (1, 6, 4))[0])
COLOUR = files.encoded(files.pixels(1, (3, 5, 4))[0])


def converted(mode):
    file = io.BytesIO()
    Image.new(mode, (4, 5)).save(file, "PNG")
    return file.getvalue()


BAD_IMAGES = {
    "sizes": ({"a.png": PNG, "b.png": PNG, "c.png": OTHER}, "'a.png' is 4 × 5 L, 'c.png' is 4 × 6 L. Bring all"),
    "modes": ({"a.png": PNG, "b.png": COLOUR}, "'a.png' is 4 × 5 L, 'b.png' is 4 × 5 RGB"),
    "palette": ({"a.png": converted("P")}, "'a.png' in 'set.*' is of mode P. Expected grey"),
    "alpha": ({"a.png": converted("RGBA")}, "of mode RGBA"),
    "deep": ({"a.png": converted("I;16")}, "of mode I;16"),
    "bomb": ({"a.png": files.png(60_000, 60_000)}, "'a.png' in 'set.*' is not a picture .*bomb"),
    "large": ({"a.png": files.png(9000, 9000)}, "points of 81,000,000 numbers"),
    "later bomb": ({"a.png": PNG, "b.png": files.png(9000, 9000)}, "'b.png' is 9000 × 9000 L"),
    "cut": ({"a.png": PNG[:-30]}, "not a picture that can be read"),
    "no pixels": ({"a.png": files.png(4, 5)}, "not a picture that can be read"),
    "text": ({"a.png": b"text"}, "cannot identify image file"),
    "gif": ({"a.png": b"GIF89a" + bytes(99)}, "cannot identify image file"),
    "empty": ({"a.jpg": b""}, "not a picture that can be read"),
    "scans": ({"a.jpg": files.encoded(GREY[0], "JPEG") + b"\xff\xda" * 200}, "more than 100 scans"),
    "beside": ({"cat/a.png": PNG, "b.png": PNG}, "'b.png' lies beside the folder 'cat'"),
    "none": ({"readme.txt": b"text"}, "without pictures"),
    "hidden": ({".a.png": PNG, ".hidden/b.png": PNG}, "without pictures"),
}


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("case", BAD_IMAGES)
def test_bad_images(tmp_path, case, kind):
    content, sentence = BAD_IMAGES[case]
    if kind == "zip":
        refused(tmp_path / "set.zip", zipped(content), sentence)
        return
    for name, image in content.items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(image)
    refused(tmp_path / "set", None, sentence)


def test_places_outside_the_archive_are_only_names(tmp_path):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    names = ["../../evil.png", "/etc/evil.png", "x/../../evil.png", "C:\\evil.png", "good/a.png", "good/b.png"]
    path = files.write_zip(inside / "a.zip", dict.fromkeys(names[:4], PNG))
    with pytest.raises(datasets.DataError, match=r"'C:\\\\evil\.png' lies beside the folder 'etc'"):
        datasets.load(path)
    path = files.write_zip(inside / "b.zip", dict.fromkeys([*names[:3], *names[4:]], PNG))
    data = datasets.load(path)
    assert (data.label_names, data.labels.tolist()) == (("etc", "good"), [0, 1, 1])
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["a", "a.zip", "b", "b.zip"]


def test_images_are_counted_and_measured_before_they_are_read(tmp_path, monkeypatch):
    many = dict.fromkeys((f"{number}.png" for number in range(9)), PNG)
    for name, image in many.items():
        (tmp_path / name).write_bytes(image)
    monkeypatch.setattr(archive, "MOST_FILES", 8)
    refused(tmp_path / "a.zip", zipped(many), "lists more than 8 files")
    (tmp_path / "a.zip").unlink()
    refused(tmp_path, None, "more than 8 files")
    monkeypatch.setattr(pictures, "LARGEST_FILE", 50)
    refused(tmp_path / "b.zip", zipped({"a.png": PNG}), "'a.png' in 'b.zip' has .* an image file may have 50 B")
    refused(tmp_path / "c.zip", zipped({"a.png": PNG + bytes(10**8)}), "'a.png' in 'c.zip' has 100 MB")


def test_images_are_bounded_packed_and_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "physical", lambda: 4 * 10**4)
    wide = files.encoded(np.zeros((1, 150, 150), np.uint8))
    assert len(wide) < 1000
    refused(tmp_path / "a.zip", zipped({"a.png": wide}), "holds 22.5 kB of numbers; at most a quarter")
    refused(tmp_path / "b.zip", zipped({"a.png": PNG + bytes(20_000)}), "holds 20.1 kB of numbers; at most a quarter")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_links_and_pipes_in_a_folder(tmp_path):
    files.write_folder(tmp_path, GREY[:2], ["a/1.png", "a/2.png"])
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "a" / "dangling.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked.png").symlink_to(tmp_path / "a" / "1.png")
    with pytest.raises(datasets.DataError, match=r"'linked\.png' lies beside"):
        datasets.load(tmp_path)
    (tmp_path / "linked.png").unlink()
    os.mkfifo(tmp_path / "a" / "pipe.png")  # reading it would wait for ever
    os.mkfifo(tmp_path / "data_batch_1")
    assert len(datasets.load(tmp_path)) == 2
