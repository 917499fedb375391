"""CIFAR-10 as it is published and as it is saved again, read without unpickling; hostile batches run nothing."""

from __future__ import annotations

import gzip
import os
import pickle
import tarfile

import data_files as files
import numpy as np
import pytest
from data_files import refused

from geomodel import datasets
from geomodel.datasets import cifar

BATCH = files.cifar_batches(1)[0]


@pytest.mark.parametrize("kind", ["python2", "python3", "binary"])
def test_cifar(tmp_path, kind):
    batches = files.cifar_batches()
    folder = files.write_batches(tmp_path / "cifar-10-batches", batches, kind)
    archive = files.write_tar(tmp_path / "cifar-10.tar.gz", folder)
    images = np.concatenate([images for images, _ in batches])
    labels = np.concatenate([labels for _, labels in batches])
    for path in (folder, archive):
        data = datasets.load(path)
        np.testing.assert_array_equal(data.stored, images)
        np.testing.assert_array_equal(data.labels, labels)
        assert (data.shape, data.label_names[3], data.name) == ((3, 32, 32), "cat", path.name)
    single = datasets.load(folder / ("data_batch_2.bin" if kind == "binary" else "data_batch_2"))
    np.testing.assert_array_equal(single.stored, batches[1][0])
    np.testing.assert_array_equal(single.labels, batches[1][1])
    np.save(tmp_path / "same.npy", images)
    assert data.fingerprint == datasets.load(tmp_path / "same.npy").fingerprint


def test_cifar_batches_are_in_the_order_of_their_numbers(tmp_path):
    batches = files.cifar_batches(11, 1)
    data = datasets.load(files.write_batches(tmp_path / "set", batches, "binary"))
    np.testing.assert_array_equal(data.stored, np.concatenate([images for images, _ in batches]))


def test_pickled_and_binary_batches_in_one_folder_are_not_mixed(tmp_path):
    batches = files.cifar_batches()
    for kind in ("python2", "binary"):
        folder = files.write_batches(tmp_path / "set", batches, kind)
    np.testing.assert_array_equal(datasets.load(folder).stored, np.concatenate([images for images, _ in batches]))


def test_a_test_batch_alone_is_taken(tmp_path):
    folder = files.write_batches(tmp_path / "set", [])
    np.testing.assert_array_equal(datasets.load(folder).stored, files.cifar_batches(9)[-1][0])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("keys", [str, str.encode])
def test_cifar_saved_again_by_python_3(tmp_path, protocol, keys):
    images, labels = files.cifar_batches(1)[0]
    for change in (np.asfortranarray, np.ascontiguousarray):
        table = files.batch_table(change(images.reshape(len(images), -1)), labels)
        path = tmp_path / "data_batch_1"
        path.write_bytes(pickle.dumps({keys(key): value for key, value in table.items()}, protocol))
        data = datasets.load(path)
        np.testing.assert_array_equal(data.stored, images)
        np.testing.assert_array_equal(data.labels, labels)


# ------------------------------------------------------------------------------------------------ hostile


class Evil:
    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


def table(**changes):
    return pickle.dumps(files.batch_table(*BATCH, **changes))


ROWS = BATCH[0].reshape(4, -1)
NESTED = b"(" + b"t" + b"\x94h\x00\x86" + b"".join(b"\x94h" + bytes([n]) + b"\x86" for n in range(1, 99))
BAD_BATCHES = {
    "text": (b"not a pickle", "instructions are damaged|uses the instruction"),
    "cut": (table()[:-9], "instructions are damaged"),
    "number": (pickle.dumps(5), "holds no dict with an array"),
    "no data": (pickle.dumps({"labels": [1]}), "holds no dict with an array"),
    "list": (table(data=[[1, 2]]), "holds no dict with an array"),
    "unfilled": (
        b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87RU\x06labels]u.",
        "another type than numbers",
    ),
    "objects": (table(data=np.array([{}, 1], object)), "another type than numbers"),
    "floats": (table(data=ROWS.astype(float)), "another type than unsigned bytes"),
    "shape": (table(data=ROWS[:, :-1]), r"array of shape \(4, 3071\)"),
    "vector": (table(data=ROWS[0]), r"array of shape \(3072,\)"),
    "no images": (table(data=ROWS[:0], labels=[]), "without a proper shape"),
    "few labels": (table(labels=[1, 2]), "2 labels for 4 images"),
    "no labels": (table(labels=None), "no list of labels"),
    "large label": (table(labels=[0, 1, 2, 10]), "no list of labels from 0 to 9"),
    "float label": (table(labels=[0, 1, 2, 3.0]), "no list of labels"),
    "named labels": (table(labels=["cat"] * 4), "no list of labels"),
    "array labels": (table(labels=np.arange(4)), "no list of labels"),
    "claimed": (files.python2_batch(*BATCH).replace(b"M\x04\x00M\x00\x0c", b"M\x05\x00M\x00\x0c"), "not as many as"),
    "long shape": (files.python2_batch(*BATCH).replace(b"M\x00\x0c", b"\x8a\xff" + b"\x7f" * 255), "proper shape"),
    "negative": (files.python2_batch(*BATCH).replace(b"M\x04\x00", b"J\xff\xff\xff\xff"), "proper shape"),
    "length": (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f" + b"x", "instructions are damaged"),
    "memo": (b"\x80\x02}r\xff\xff\xff\x7f.", "holds no dict with an array"),
    "missing memo": (b"\x80\x02h\x05.", "instructions are damaged"),
    "empty stack": (b"\x80\x02R.", "instructions are damaged"),
    "no mark": (b"\x80\x02}u.", "instructions are damaged"),
    "deep": (b"\x80\x02" + b"(" * 50_000 + b"t" * 50_000 + b".", "nested more than 200 deep"),
    "cycle": (b"\x80\x02]q\x00h\x00ah\x00a.", "contains itself"),
    "shared key": (b"\x80\x04}" + NESTED + b"K\x01s.", "keys are neither texts nor whole numbers"),
    "shared name": (b"\x80\x04" + NESTED + b"\x8c\x01x\x93.", "instructions are damaged"),
    "build": (b"\x80\x02]}b.", "fills in an object"),
    "call": (b"\x80\x02cnumpy\nndarray\n)R.", "calls numpy.ndarray, which plain"),
    "encoding": (b"\x80\x02c_codecs\nencode\nX\x01\0\0\0xX\x03\0\0\0zip\x86R.", "encodes a text in another way"),
    "dotted": (files.python2_batch(*BATCH, b"numpy", b"core.multiarray._reconstruct"), "which was not run"),
    "prefix": (files.python2_batch(*BATCH, b"numpy.testing", b"runstring"), "asks for 'numpy.testing.runstring'"),
    "instance": (b"(S'x'\nios\nsystem\n.", "uses the instruction INST"),
    "extension": (b"\x80\x02\x82\x01.", "uses the instruction EXT1"),
    "persistent": (b"Pname\n.", "uses the instruction PERSID"),
    "escapes": (b"S'\\q'\n.", "instructions are damaged|holds no dict"),
}


@pytest.mark.parametrize("case", BAD_BATCHES)
def test_bad_batches(tmp_path, case):
    refused(tmp_path / "data_batch_1", *BAD_BATCHES[case])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_in_a_pickle_runs(tmp_path, protocol):
    mark = tmp_path / "executed"
    for evil in (
        Evil(os.system, f"touch {mark}"),
        Evil(eval, f"open({str(mark)!r}, 'w')"),
        Evil(np.save, str(mark), 1),
        Evil(np.memmap, str(mark), "u1", "w+", 0, (4,)),
    ):
        for content in (evil, files.batch_table(*BATCH, extra=evil)):
            refused(
                tmp_path / "data_batch_1", pickle.dumps(content, protocol), "which was not run|uses the instruction"
            )
    assert not (tmp_path / "executed.npy").exists()


def test_a_pickle_takes_a_bounded_number_of_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "_MOST_STEPS", 1000)
    refused(tmp_path / "data_batch_1", b"\x80\x02" + b"N" * 2000 + b".", "takes more than 1,000 steps")
    refused(tmp_path / "data_batch_1", b"\x80\x02" + b"N" * 990 + b".", "no dict with an array")


def test_bad_binary_batches(tmp_path):
    good = files.binary_batch(*BATCH)
    refused(tmp_path / "data_batch_1.bin", good[:-1], "has 12,291 bytes. Expected a binary batch")
    refused(tmp_path / "data_batch_1.bin", b"\x0a" + good[1:], "has a label 10")


def test_bad_tars(tmp_path, monkeypatch):
    good = gzip.decompress(
        files.write_tar(tmp_path / "a.tar.gz", files.write_batches(tmp_path / "x", [BATCH])).read_bytes()
    )
    refused(tmp_path / "a.tar.gz", b"text", "Not a gzipped file")
    refused(tmp_path / "a.tar.gz", gzip.compress(b"text"), "not a tar archive that can be read")
    refused(tmp_path / "a.tar.gz", gzip.compress(bytes(10240)), "holds no batches of CIFAR-10")
    refused(tmp_path / "a.tar.gz", gzip.compress(good)[:-2000], "damaged or cut off")
    refused(tmp_path / "a.tar.gz", gzip.compress(good[:3000]), "cut off: .* bytes are missing")
    packed = gzip.compress(good)
    refused(tmp_path / "a.tar.gz", packed[:-8] + bytes(4) + packed[-4:], "CRC")
    for value, sentence in ((b"-0000000001\0", "a negative size"), (b"\x80" + b"\xff" * 11, "invalid literal")):
        header = bytearray(good[:512])
        header[124:136] = value
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        refused(tmp_path / "a.tar.gz", gzip.compress(bytes(header) + good[512:]), sentence)
    refused(tmp_path / "a.tar.gz", gzip.compress(b"x" + good[1:]), "check sum is wrong")
    for name, sentence in (("_LARGEST_BATCH", "'.*_batch.*' holds 1"), ("_LARGEST_ARCHIVE", "'a.tar.gz' holds 1")):
        monkeypatch.setattr(cifar, name, 10_000)
        refused(tmp_path / "a.tar.gz", gzip.compress(good), f"{sentence}.* too much for CIFAR-10")
        monkeypatch.undo()
    info = tarfile.TarInfo("data_batch_1")
    info.size = 2**33 - 1
    refused(tmp_path / "a.tar.gz", gzip.compress(info.tobuf()), "too much for CIFAR-10")
