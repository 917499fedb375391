"""Data sets in every format that can be opened, written by hand where no library writes them."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from PIL import Image

from geomodel import datasets


def refused(path, content, sentence):
    """Check that a file is refused with a sentence that matches, in little memory, leaving the folder as it was."""
    if content is not None:
        path.write_bytes(content)
    before = sorted(path.parent.rglob("*"))
    tracemalloc.start()
    try:
        with pytest.raises(datasets.DataError, match=sentence) as caught:
            datasets.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 2**20
    assert sorted(path.parent.rglob("*")) == before
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


def pixels(count=12, shape=(1, 5, 4), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_idx(folder, images, labels=None, *, stem="train-{}-idx{}-ubyte", packed=""):
    """The file of images, and beside it that of the labels."""
    write = (lambda path, content: path.write_bytes(gzip.compress(content))) if packed else type(folder).write_bytes
    path = folder / (stem.format("images", images.ndim) + packed)
    write(path, idx(images))
    if labels is not None:
        write(folder / (stem.format("labels", 1) + packed), idx(np.asarray(labels, np.uint8)))
    return path


def encoded(image, kind="PNG"):
    """One image (C, H, W) as PNG or JPEG."""
    file = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(file, kind)
    return file.getvalue()


def write_folder(folder, images, names):
    for image, name in zip(images, names, strict=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(image))
    return folder


def write_zip(path, files, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def png(width, height, body=b""):
    """A PNG that claims a size, whatever its body is."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zipfile.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    return write_zip(io.BytesIO(), members, compression).getvalue()


def npy_header(shape, descr="<f8", version=b"\x01\x00"):
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version[0] == 1 else 4, "little") + text


# ------------------------------------------------------------------------------------------------ CIFAR-10


def cifar_batches(count=3, size=4):
    """`count` batches of (images (size, 3, 32, 32), labels)."""
    random = np.random.default_rng(1)
    return [(pixels(size, (3, 32, 32), seed), random.integers(0, 10, size).tolist()) for seed in range(count)]


def batch_table(images, classes, **changes):
    return {"data": images.reshape(len(images), -1), "labels": classes, "batch_label": "training batch"} | changes


def python2_batch(images, labels, module=b"numpy.core.multiarray", function=b"_reconstruct"):
    """A batch as Python 2's pickle wrote the published files: protocol 2, byte strings, short or long."""

    def text(value):
        short = len(value) < 256
        return (b"U" + bytes([len(value)]) if short else b"T" + struct.pack("<i", len(value))) + value

    rows = images.reshape(len(images), -1)
    shape = b"".join(b"M" + struct.pack("<H", size) for size in rows.shape) + b"\x86"
    array = (
        b"c" + module + b"\n" + function + b"\nq\x03cnumpy\nndarray\nq\x04K\x00\x85" + text(b"b") + b"\x87Rq\x05(K\x01"
    )
    kind = b"cnumpy\ndtype\nq\x06" + text(b"u1") + b"K\x00K\x01\x87Rq\x07"
    state = b"(K\x03" + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + text(rows.tobytes()) + b"tb"
    classes = text(b"labels") + b"]q\x08(" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\x02}q\x01(" + text(b"data") + array + shape + kind + state + classes + b"u."


def binary_batch(images, labels):
    return b"".join(bytes([label]) + image.tobytes() for image, label in zip(images, labels, strict=True))


def write_batches(folder, batches, kind="python2"):
    write = {"python2": python2_batch, "binary": binary_batch}.get(
        kind, lambda *batch: pickle.dumps(batch_table(*batch))
    )
    ending = ".bin" if kind == "binary" else ""
    folder.mkdir(exist_ok=True)
    for number, batch in enumerate(batches, 1):
        (folder / f"data_batch_{number}{ending}").write_bytes(write(*batch))
    (folder / f"test_batch{ending}").write_bytes(write(*cifar_batches(9)[-1]))
    (folder / "batches.meta").write_bytes(b"never read")
    return folder


def write_tar(path, folder):
    """The folder in a tar.gz, its files in no useful order."""
    with tarfile.open(path, "w:gz") as archive:
        for file in sorted(folder.iterdir(), reverse=True):
            archive.add(file, f"{folder.name}/{file.name}")
    return path
