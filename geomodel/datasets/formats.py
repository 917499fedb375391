"""The table of data formats. A new format is one file, one row, one test."""

from __future__ import annotations

from geomodel.formats import Format, listed

FORMATS = (
    Format(
        name="text",
        title="points as text",
        patterns=("*.csv", "*.txt", "*.tsv"),
        open="geomodel.datasets.text:read",
    ),
    Format(
        name="npy",
        title="NumPy array",
        patterns=("*.npy",),
        recognises="geomodel.datasets.marks:npy",
        open="geomodel.datasets.arrays:read_npy",
    ),
    Format(
        name="npz",
        title="NumPy arrays",
        patterns=("*.npz",),
        recognises="geomodel.datasets.marks:npz",
        open="geomodel.datasets.arrays:read_npz",
    ),
    Format(
        name="cifar",
        title="CIFAR-10",
        patterns=("data_batch_*", "test_batch", "*.bin", "*.tar.gz", "*.tgz"),
        recognises="geomodel.datasets.cifar:recognises",
        open="geomodel.datasets.cifar:read",
    ),
    Format(
        name="idx",
        title="idx, as MNIST",
        patterns=("*-ubyte", "*.idx", "*.gz"),
        recognises="geomodel.datasets.marks:idx",
        open="geomodel.datasets.idx:read",
    ),
    Format(
        name="pictures",
        title="pictures",
        patterns=("*.zip",),
        recognises="geomodel.datasets.marks:pictures",
        open="geomodel.datasets.pictures:read",
    ),
)
KNOWN = f"{listed(FORMATS)}; a folder of images"
