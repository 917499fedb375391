"""Data sets: generated, bundled or read from files. Forms and the command line read this table."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from geomodel.datasets.columns import parse
from geomodel.datasets.common import DataError, Progress, portion, silent
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.drawn import DRAWING, drawing
from geomodel.datasets.files import open_file
from geomodel.datasets.formats import KNOWN

__all__ = ["DRAWING", "DataError", "Dataset", "Row", "drawing", "load", "named", "names", "row", "title"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `path` names the builder: toys take (count, seed), image sets nothing."""

    name: str
    title: str
    kind: Literal["toy", "images"]
    path: str
    description: str


def _toy(name: str, title: str, description: str) -> Row:
    builder = name.replace("-", "_")
    return Row(name=name, title=title, kind="toy", path=f"geomodel.datasets.toy:{builder}", description=description)


_ROWS = (
    _toy("two-moons", "Two moons", "Two interleaved half circles."),
    _toy("spiral", "Spiral", "Two arms that wind around each other."),
    _toy("rings", "Rings", "Three concentric circles."),
    _toy("checkerboard", "Checkerboard", "The eight dark squares of a 4 × 4 board, filled evenly."),
    _toy("gaussian-ring", "Gaussian ring", "Eight Gaussians (standard deviation 0.3) on a circle of radius 4."),
    _toy("swiss-roll", "Swiss roll", "One rolled-up sheet, seen from its end."),
    _toy("pinwheel", "Pinwheel", "Five bent blades."),
    _toy("gaussian-64", "Gaussian in 64 dimensions", "One Gaussian with variance 3 k^−1.5 along axis k = 1 … 64."),
    _toy("clusters-64", "Clusters in 64 dimensions", "Ten Gaussians (standard deviation 0.12) in 64 dimensions."),
    Row(
        name="fashion-mnist",
        title="Fashion-MNIST (10,000)",
        kind="images",
        path="geomodel.datasets.images:fashion_mnist",
        description="28 × 28 grey images of clothes: the first 1,000 of each of the ten classes.",
    ),
)
_TABLE = {entry.name: entry for entry in _ROWS}


def names() -> tuple[str, ...]:
    """The names that `load` knows, in the order in which a form shows them."""
    return tuple(_TABLE)


def named(name: str) -> bool:
    """Whether a name needs no file: it stands in the table, or means a drawing, whose strokes stand in the settings."""
    return name in _TABLE or name == DRAWING


def title(name: str) -> str:
    """The title of named data, or the name of a file."""
    return "Drawing" if name == DRAWING else _TABLE[name].title if name in _TABLE else Path(name).name


def row(name: str) -> Row:
    """The table's row for a name. Raises DataError with the known names."""
    if name == DRAWING:
        raise DataError("A drawing is made of strokes: geomodel.datasets.drawing(strokes) makes its points.")
    if name not in _TABLE:
        raise DataError(
            f"There is no data set {name!r}. Choose one of {', '.join(_TABLE)}, or give the path of a file: {KNOWN}."
        )
    return _TABLE[name]


def load(
    name_or_path: str | os.PathLike[str],
    *,
    count: int = 1000,
    seed: int = 0,
    columns: str = "",
    progress: Progress | None = None,
) -> Dataset:
    """Open a data set by its name in the table, or a file or folder of points or images. No file executes code.

    Args:
        name_or_path: one of `names()`, or a path:

            - .csv, .txt, .tsv: one point a row (values separated by commas, semicolons or white space, lines from # on
              ignored). A header names the columns, as pandas and R write it: one named label, class, target, or y
              where there is no x, gives the classes, and a first column without a name, or 0, 1, 2, …, is left out;
            - .npy: floats (N, d), which are points, or uint8 (N, H, W), (N, H, W, C) or (N, C, H, W): images;
            - .npz: one such array, or one named x, images, data, points or arr_0; labels named y, label(s),
              target(s), or arr_1 beside arr_0;
            - idx, plain or .gz: images as in MNIST, with the labels from the file beside it (train-labels-idx1-ubyte
              for train-images-idx3-ubyte);
            - a folder or a .zip of pictures (PNG, JPEG, WebP, BMP, the first frame of a GIF, TIFF, PPM, JPEG 2000),
              upright as viewers show them, all of one size and mode (grey or RGB), in the order of their names;
              subfolders are classes, or the dataset.json of an EDM archive gives them;
            - CIFAR-10: one batch (pickle or .bin), or the training batches of its folder or .tar.gz.

            A file is recognised by its content, or by its name where the content has no marks (text, binary batches of
            CIFAR-10).

            A .npy or plain idx file larger than a quarter of this computer's memory stays on the disk and is read as it
            is needed, so it must not change while it is used. Other files of that size are refused.

            The set's `remarks` say what was taken from a file and what was left out.
        count: how many points to generate, at least 1. Only generated sets use it.
        seed: the seed of a generated set. With one seed, a smaller set is the beginning of every larger one.
        columns: which columns of a table are coordinates and which is the class, by name or by number from 1, and
            whether there is a header: "1-2; class 4; no header". What is left out is told from the file.
        progress: called with the fraction done, 0 to 1, often enough to keep a window responsive. An exception from it
            stops the opening and is passed on. If it is given, mean, std and fingerprint are computed here too.

    Raises:
        DataError (a ValueError): the name is unknown or the file cannot be read; one sentence says what to do.
    """
    watched = silent if progress is None else progress
    dataset = _opened(name_or_path, count, seed, columns, portion(watched, 0.0, 0.5))
    if progress is not None:
        dataset.measure(portion(progress, 0.5, 1.0))
    return dataset


def _opened(name_or_path: str | os.PathLike[str], count: int, seed: int, columns: str, progress: Progress) -> Dataset:
    if isinstance(name_or_path, str) and (name_or_path in _TABLE or not _looks_like_path(name_or_path)):
        entry = row(name_or_path)
        if columns:
            raise DataError(f"{name_or_path} is no table, so it has no columns to choose. Leave the columns out.")
        module, _, builder = entry.path.partition(":")
        build = getattr(import_module(module), builder)
        dataset: Dataset = build(count, seed) if entry.kind == "toy" else build()
        return dataset
    try:
        wanted = parse(columns)
    except ValueError as error:
        raise DataError(str(error)) from error
    return open_file(Path(name_or_path), progress, wanted)


def _looks_like_path(text: str) -> bool:
    path = Path(text)
    return bool(path.suffix) or path.name != text or os.path.exists(text)  # Path.exists raises for long names
