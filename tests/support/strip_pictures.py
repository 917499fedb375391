"""Hand-made pictures for the tests of the strip."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from app.plotting.montage import Montage
from app.plotting.theme import LIGHT
from app.plotting.values import ImageRow
from app.rooms.strip.pictures import StripPicture
from app.rooms.strip.view import StripView


def make_picture(levels: int = 5, size: int = 8, colour: bool = False, index: int = 1) -> StripPicture:
    rng = np.random.default_rng(0)
    shape = (size, size, 3) if colour else (size, size)
    rows = (
        ImageRow(caption="x(σ)", kind="sampling", images=rng.integers(0, 256, (levels, *shape), np.uint8)),
        ImageRow(
            caption="D(x; σ)",
            kind="denoising",
            images=rng.integers(0, 256, (levels - 1, *shape), np.uint8),
            note="1.2 % clipped",
        ),
    )
    return StripPicture(
        sigmas=np.geomspace(80, 0.002, levels),
        rows=rows,
        index=index,
        neighbours=rng.integers(0, 256, (3, *shape), np.uint8),
        neighbour_weights=np.array([0.625, 0.25, 0.0004]),
        neighbour_labels=("boot", "bag", "coat"),
        neighbours_note="effective neighbours 2.3 of 1,000",
    )


def show(qtbot, picture: StripPicture, width: int = 1000, height: int = 240) -> StripView:
    view = StripView(LIGHT)
    qtbot.addWidget(view)
    view.resize(width, height)
    view.display(picture)
    with qtbot.waitExposed(view):
        view.show()
    return view


def pixels(image: QImage) -> np.ndarray:
    """(H, W, 3) uint8."""
    image = image.convertToFormat(QImage.Format.Format_RGBX8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4)[..., :3].copy()


def exact(montage: Montage, row: int, level: int) -> bool:
    """Whether every pixel of a shown image is a block of `zoom` × `zoom` device pixels of its value."""
    shown = pixels(montage.viewport().grab().toImage())
    rect, images = montage.column_rect(row, level).toRect(), montage._rows[row].images
    zoom = montage._geometry.zoom
    expected = np.kron(images[level], np.ones((zoom, zoom, 1)[: images.ndim - 1], np.uint8))
    if expected.ndim == 2:
        expected = expected[..., None].repeat(3, 2)
    return np.array_equal(shown[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1], expected)
