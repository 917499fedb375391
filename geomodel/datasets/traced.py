"""Strokes of a picture: its ink as lines that lie side by side, so that a file can be a drawing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from geomodel import memory
from geomodel.arrays import Array, Bytes
from geomodel.datasets.common import DataError
from geomodel.datasets.pictures import FAULTS, LARGEST_FILE, MOST_SCANS, formats
from geomodel.strokes import MOST_STROKES, Strokes

ROWS = 64  # lines over the height of a picture, unless there would be too many strokes
FEWEST_ROWS = 8
COVERED = 0.3  # the share of a cell that ink must cover, so that a thin line is not lost
_MOST_PIXELS = 40_000_000
_SIDE = 1024  # pixels that a picture is made smaller to before it is traced


def traced(path: str | Path, box: tuple[float, float, float, float]) -> tuple[Strokes, float]:
    """The ink of a picture as strokes of `datasets.drawing`.

    Grey levels are divided in two where the variance within both parts is least (Otsu, IEEE Transactions on Systems,
    Man, and Cybernetics 9, 1979); the rarer part is the ink, be it dark or light. The picture becomes rows of square
    cells, and each run of cells with ink becomes a level stroke through their middle.

    Args:
        path: a picture of a kind that Pillow opens; transparent parts are white.
        box: (x, y, width, height) in data units: the middle and the size of the place that the picture fits into.

    Returns:
        The strokes, and the width of a line, which is the height of a row.

    Raises:
        DataError: the file cannot be read, is no picture, or has one grey level.
    """
    grey = _grey(Path(path))
    level = _threshold(grey)
    dark = grey <= level
    ink = dark if 2 * dark.sum() <= dark.size else ~dark
    rows = ROWS
    while len(runs := _runs(_cells(ink, rows))) > MOST_STROKES and rows > FEWEST_ROWS:
        rows //= 2
    if len(runs) > MOST_STROKES:
        raise DataError(f"{Path(path).name!r} has too many separate parts to be a drawing. Choose a simpler picture.")
    x, y, width, height = box
    tall, wide = grey.shape
    cell = min(width / wide, height / tall) * tall / rows
    left, top = x - cell * rows * wide / tall / 2, y + cell * rows / 2
    strokes = tuple(
        ((left + cell * first, top - cell * (row + 0.5)), (left + cell * last, top - cell * (row + 0.5)))
        for row, first, last in runs
    )
    return strokes, cell


def _grey(path: Path) -> Bytes:
    """The picture upright, in grey, at most `_SIDE` pixels on a side."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataError(f"{path.name!r} is larger than {memory.text(LARGEST_FILE)}. Make the picture smaller.")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name!r} cannot be read: {error.strerror or error}.") from error
    try:
        image = Image.open(io.BytesIO(content), formats=formats())
        if image.width * image.height > _MOST_PIXELS or content.count(b"\xff\xda") > MOST_SCANS:
            raise DataError(f"{path.name!r} has more pixels than are traced ({_MOST_PIXELS:,}). Make it smaller.")
        upright = ImageOps.exif_transpose(image).convert("RGBA")
        paper = Image.new("RGBA", upright.size, "white")
        paper.alpha_composite(upright)
        paper.thumbnail((_SIDE, _SIDE))
        return np.asarray(paper.convert("L"))
    except DataError:
        raise
    except FAULTS as error:
        raise DataError(f"{path.name!r} is not a picture that can be read. Choose a PNG or JPEG file.") from error


def _threshold(grey: Bytes) -> int:
    """The grey level that divides best; DataError for a picture of one level."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    if (counts > 0).sum() < 2:
        raise DataError("The picture has one grey level, so there is nothing to trace. Choose another one.")
    levels = np.arange(256)
    below, total = counts.cumsum(), counts.sum()
    sums = (counts * levels).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below / total - sums) ** 2 / (below * (total - below))
    return int(np.nan_to_num(between[:-1], nan=-1.0, posinf=-1.0).argmax())


def _cells(ink: Array, rows: int) -> Array:
    """Which cells of a grid of so many rows hold ink, (rows, columns)."""
    columns = max(1, round(ink.shape[1] * rows / ink.shape[0]))
    covered = Image.fromarray(ink.astype(np.float32), "F").resize((columns, rows), Image.Resampling.BOX)
    return np.asarray(covered) >= COVERED


def _runs(cells: Array) -> list[tuple[int, int, int]]:
    """Row, first column and the column after the last, of each run of cells with ink."""
    edges = np.diff(np.pad(cells.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return [(int(row), int(first), int(last)) for (row, first), (_, last) in zip(starts, ends, strict=True)]
