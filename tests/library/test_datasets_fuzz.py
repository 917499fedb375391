"""Damaged files of every format, by the thousand: a data set or one DataError, nothing else."""

from __future__ import annotations

import contextlib
import gzip
import json
import pickle
import zipfile

import data_files as files
import numpy as np
import pytest
from data_files import npy, zipped

from geomodel import datasets

GREY = files.pixels()
KINDS = ("webp", "bmp", "gif", "tiff", "ppm")


def samples(folder):
    """One small file of each format; archives also unpacked inside, where a changed byte reaches further."""
    names = ["a/1.png", "a/2.png", "b/3.png"]
    content = dict(zip(names, map(files.encoded, GREY), strict=False))
    jpegs = {f"{number}.jpg": files.encoded(image, "JPEG") for number, image in enumerate(files.pixels(2, (3, 9, 9)))}
    images, labels = files.cifar_batches(1, 1)[0]
    batches = files.write_batches(folder / "cifar", [(images, labels)])
    batch = files.python2_batch(images, labels)
    listed, colour = [[name, 1] for name in names], files.pixels(1, (3, 9, 9))[0]
    return {
        "a.csv": b"x,y\n" + b"1.5,-2e3\n" * 9,
        "b.csv": b',"x",class\n' + b"".join(b'%d,1.5,"a b"\n' % row for row in range(9)),
        "a.npy": npy(np.ones((3, 2))),
        "a.npz": zipped({"x.npy": npy(GREY), "y.npy": npy(np.arange(12))}, zipfile.ZIP_STORED),
        "b.npz": zipped({"x.npy": npy(GREY)}),
        "a.idx": files.idx(GREY[:, 0]),
        "a.idx.gz": gzip.compress(files.idx(GREY[:, 0])),
        "a.zip": zipped(content, zipfile.ZIP_STORED),
        "b.zip": zipped(jpegs, zipfile.ZIP_STORED),
        "edm.zip": zipped(content | {"dataset.json": json.dumps({"labels": listed}).encode()}, zipfile.ZIP_STORED),
        **{f"{kind}/1.{kind}": files.encoded(colour, kind.upper()) for kind in KINDS},
        "set/1.png": files.encoded(files.pixels(1, (3, 9, 9))[0]),
        "jpegs/1.jpg": jpegs["0.jpg"],
        "data_batch_1": batch,
        "data_batch_2": pickle.dumps(files.batch_table(images, labels), 4),
        "data_batch_3": pickle.dumps(files.batch_table(images, labels), 0),
        "a.tar.gz": files.write_tar(folder / "x.tar.gz", batches).read_bytes(),
    }


def fuzz(folder, rounds, seed):
    random = np.random.default_rng(seed)
    for name, original in samples(folder).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        for _ in range(rounds):
            damaged = bytearray(original)
            reach = len(damaged) if random.random() < 0.5 else min(200, len(damaged))  # headers more often
            for place in random.integers(0, reach, random.integers(1, 5)):
                damaged[place] = random.integers(0, 256)
            if name == "a.tar.gz":
                damaged = bytearray(gzip.decompress(original))
                damaged[random.integers(0, 600)] = random.integers(0, 256)
                damaged = gzip.compress(bytes(damaged), 1)
            path.unlink(missing_ok=True)  # writing over a file may wait for the disk
            path.write_bytes(damaged[: None if random.random() < 0.8 else random.integers(1, len(damaged))])
            with contextlib.suppress(datasets.DataError):
                datasets.load(path.parent if path.parent.name in ("set", "jpegs", *KINDS) else path)


@pytest.mark.filterwarnings("ignore:Reading:UserWarning")  # NumPy's remark on headers of Python 2
def test_damaged_files_never_raise_anything_else(tmp_path):
    fuzz(tmp_path, 50, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.filterwarnings("ignore:Reading:UserWarning")
def test_many_damaged_files_never_raise_anything_else(tmp_path, seed):
    fuzz(tmp_path, 800, seed)
