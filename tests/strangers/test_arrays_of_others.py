"""NumPy's files of many kinds, and files that are none of them."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import zipfile

import numpy as np
import pytest
from data_files import binary_batch, cifar_batches, idx, pixels, python2_batch
from strangers import Gives, check, refused

XY = np.array([(52.512, 13.401), (-0.5, 0.001), (3.0, 4.25)])
GREY = pixels(3, (5, 4))
COLOUR = pixels(3, (5, 4, 3), seed=1)
LABELS = np.array([1, 0, 1])


def npy(array, version=None, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), version=version, **options)
    return file.getvalue()


def npz(compressed=False, *arrays, **named):
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, *arrays, **named)
    return file.getvalue()


def torch_save():
    """The least that torch.save writes: a zip archive with a pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1.0, 2.0]))
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


RECORDS = np.array([(1.0, 2.0)], dtype=[("größe", "f8"), ("y", "f8")])
ARRAYS = {
    # name of the case: (name of the file, what is in it, what it gives)
    "npy 1.0": ("a.npy", npy(XY, (1, 0)), Gives(XY)),
    "npy 2.0": ("a.npy", npy(XY, (2, 0)), Gives(XY)),
    "npy 3.0": ("a.npy", npy(XY, (3, 0)), Gives(XY)),
    "Fortran order": ("a.npy", npy(np.asfortranarray(XY)), Gives(XY)),
    "a view with steps": ("a.npy", npy(np.repeat(XY, 2, axis=0)[::-2]), Gives(XY[::-1])),
    "big-endian": ("a.npy", npy(XY.astype(">f8")), Gives(XY)),
    "float32": ("a.npy", npy(XY.astype("f4")), Gives(XY.astype("f4").astype(float))),
    "float16": ("a.npy", npy(XY.astype("f2")), Gives(XY.astype("f2").astype(float))),
    "long double": ("a.npy", npy(XY.astype(np.longdouble)), refused("Expected points, float64 or float32 (N, d)")),
    "whole numbers": ("a.npy", npy(XY.astype(int)), refused("holds int64 of shape (3, 2)", "Convert the array")),
    "complex": ("a.npy", npy(XY.astype(complex)), refused("holds complex128", "Convert the array")),
    "truths": ("a.npy", npy(XY > 0), refused("holds bool", "Convert the array")),
    "objects": ("a.npy", npy(XY.astype(object)), refused("holds Python objects", "Convert the array")),
    "records of pandas": ("a.npy", npy(RECORDS), refused("named columns")),
    "records with a name that is not Latin": (
        "a.npy", npy(np.array([(1.0,)], dtype=[("大", "f8")]), (3, 0)), refused("named columns")),
    "one axis": ("a.npy", npy(XY[:, 0]), refused("of shape (3,)", "(N, d)")),
    "images as fractions": ("a.npy", npy(np.ones((3, 5, 4), "f4")), refused("float32 of shape (3, 5, 4)", "uint8")),
    "grey images": ("a.npy", npy(GREY), Gives(GREY[:, None])),
    "colours last": ("a.npy", npy(COLOUR), Gives(COLOUR.transpose(0, 3, 1, 2))),
    "colours first": ("a.npy", npy(COLOUR.transpose(0, 3, 1, 2)), Gives(COLOUR.transpose(0, 3, 1, 2))),
    "four colours": ("a.npy", npy(pixels(3, (5, 7, 4))), refused("could be the colours (1 or 3)")),
    "not a number": ("a.npy", npy([(1.0, np.nan)]), refused("coordinate 2 of point 1 is nan")),
    "no points": ("a.npy", npy(np.zeros((0, 2))), refused("is empty")),
    "cut off": ("a.npy", npy(XY)[:-8], refused("cut off")),
    "savez without names": ("a.npz", npz(False, GREY, LABELS), Gives(GREY[:, None], (1, 0, 1))),
    "a batch of guided-diffusion": ("a.npz", npz(False, COLOUR), Gives(COLOUR.transpose(0, 3, 1, 2))),
    "X and Y": ("a.npz", npz(X=XY, Y=LABELS), Gives(XY, (1, 0, 1))),
    "compressed, images and labels": ("a.npz", npz(True, images=GREY, labels=LABELS), Gives(GREY[:, None], (1, 0, 1))),
    "labels as a column": ("a.npz", npz(points=XY, target=LABELS[:, None]), Gives(XY, (1, 0, 1))),
    "one array of another name": ("a.npz", npz(embedding=XY), Gives(XY)),
    "features beside more": ("a.npz", npz(data=XY, weights=XY[:, 0]), Gives(XY, said="1 other array is left out")),
    "Keras' mnist.npz": (
        "mnist.npz", npz(x_train=GREY, y_train=LABELS, x_test=GREY, y_test=LABELS),
        refused("holds 'x_train', 'y_train'", "Save it so with numpy.savez")),
    "MedMNIST": ("m.npz", npz(train_images=GREY, val_images=GREY), refused("holds 'train_images', 'val_images'")),
    "labels as fractions": ("a.npz", npz(x=XY, y=LABELS + 0.5), refused("labels of type float64")),
    "labels as words": ("a.npz", npz(x=XY, y=np.array(["a", "b", "a"])), refused("labels of type <U1")),
    "one label too few": ("a.npz", npz(x=XY, y=LABELS[1:]), refused("labels of type int64 and shape (2,)")),
    "the name of another kind": ("a.csv", npy(XY), Gives(XY)),  # content before name
    "MNIST, idx": ("train-images-idx3-ubyte", idx(GREY), Gives(GREY[:, None])),
    "MNIST, idx.gz": ("train-images-idx3-ubyte.gz", gzip.compress(idx(GREY)), Gives(GREY[:, None])),
    "MNIST, labels alone": ("train-labels-idx1-ubyte", idx(LABELS.astype("u1")), refused("these are labels")),
    "idx of whole numbers": (
        "a.idx", b"\0\0\x0c\x02" + struct.pack(">2I", 1, 2) + struct.pack(">2i", 1, 2), refused("a.idx")),
    "a pickle": ("a.pkl", pickle.dumps(XY), refused("not a kind of file", "numpy.save")),
    "torch.save": ("a.pt", torch_save(), refused("not a kind of file")),
    "MATLAB": ("a.mat", b"MATLAB 5.0 MAT-file" + bytes(109), refused("not a kind of file")),
    "HDF5": ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(88), refused("not a kind of file")),
    "Parquet of Hugging Face": ("a.parquet", b"PAR1" + bytes(40) + b"PAR1", refused("not a kind of file")),
    "TFRecord": ("a.tfrecords", bytes(40), refused("not a kind of file")),
}  # fmt: skip


@pytest.mark.parametrize("case", ARRAYS)
def test_an_array_gives_its_points_or_a_sentence(case, tmp_path):
    name, content, expected = ARRAYS[case]
    (tmp_path / name).write_bytes(content)
    check(tmp_path / name, expected)


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_fashion_mnist_has_its_labels_from_the_file_beside_it(tmp_path, packed):
    write = gzip.compress if packed else bytes
    (tmp_path / f"train-images-idx3-ubyte{packed}").write_bytes(write(idx(GREY)))
    (tmp_path / f"train-labels-idx1-ubyte{packed}").write_bytes(write(idx(LABELS.astype("u1"))))
    check(tmp_path / f"train-images-idx3-ubyte{packed}", Gives(GREY[:, None], (1, 0, 1)))


@pytest.mark.parametrize("kind", ["python", "binary"])
def test_a_batch_of_cifar_has_the_names_of_its_classes(tmp_path, kind):
    images, labels = cifar_batches(1)[0]
    name, write = ("data_batch_1", python2_batch) if kind == "python" else ("data_batch_1.bin", binary_batch)
    (tmp_path / name).write_bytes(write(images, labels))
    names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    check(tmp_path / name, Gives(images, tuple(names[label] for label in labels)))
