"""Draws arrows as one item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.plotting.bundles import Sketch, device_scale
from geomodel.arrays import Array

FAR = 1e5  # pixels; beyond this a line's end would overflow Qt's integers


class Quiver(Sketch):
    """Arrows from tails to tips in data coordinates, in a few colours.

    Heads are at most `head` pixels long and end `gap` pixels before the tip, where a symbol may stand. Hairlines are
    one device pixel wide at every scale, because hundreds of wider antialiased arrows cost more than the rest of the
    picture.
    """

    def __init__(self, *, head: float, width: float, gap: float = 0.0, hairline: bool = False) -> None:
        super().__init__()
        self._head, self._width, self._gap, self._hairline = head, width, gap, hairline
        self._colors: tuple[QColor, ...] = (QColor("black"),)
        self.tails: Array = np.empty((0, 2))
        self.tips: Array = np.empty((0, 2))
        self._color_of: Array = np.empty(0, int)
        self._lines = PrimitiveArray(QLineF, 4)

    def set_colors(self, colors: Sequence[QColor | str]) -> None:
        """The colours. The numbers of `color_of` index them."""
        self._colors = tuple(QColor(color) for color in colors)
        self.update()

    def set_arrows(self, tails: Array, tips: Array, color_of: Array | None = None) -> None:
        """Show arrows (n, 2) → (n, 2), each with its colour number (n,)."""
        tails, tips = (np.asarray(ends, np.float64).reshape(-1, 2) for ends in (tails, tips))
        finite = (np.isfinite(tails) & np.isfinite(tips)).all(-1)
        self.tails, self.tips = tails[finite], tips[finite]
        self._color_of = np.zeros(len(self.tails), int) if color_of is None else np.asarray(color_of)[finite]
        self.update()

    def clear_arrows(self) -> None:
        """Show nothing."""
        if len(self.tails):
            self.set_arrows(np.empty((0, 2)), np.empty((0, 2)))

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None) -> None:
        if not len(self.tails):
            return
        tails, tips = self.to_pixels(self.tails), self.to_pixels(self.tips)
        drawn = (np.abs(tails) < FAR).all(-1) & (np.abs(tips) < FAR).all(-1)
        lines = arrow_lines(tails[drawn], tips[drawn], self._head, self._gap)
        color_of = self._color_of[drawn]
        width = 1 / device_scale(self, painter) if self._hairline else self._width
        self.enter_pixels(painter)
        for index, color in enumerate(self._colors):
            chosen = lines[:, color_of == index].reshape(-1, 4)
            if len(chosen):
                self._lines.resize(len(chosen))
                self._lines.ndarray()[:] = chosen
                painter.setPen(QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawLines(*self._lines.drawargs())


def arrow_lines(tails: Array, tips: Array, head: float, gap: float = 0.0) -> Array:
    """The shaft and two barbs of arrows (n, 2) → (n, 2), as (3, n, 4) with x1, y1, x2, y2."""
    length = np.linalg.norm(tips - tails, axis=-1, keepdims=True)
    along = (tips - tails) * np.maximum(0, 1 - gap / np.maximum(length, 1e-9))
    tips, length = tails + along, np.maximum(0, length - gap)
    barb = along * np.minimum(0.4, head / np.maximum(length, 1e-9))
    across = 0.5 * barb[:, ::-1] * (-1, 1)
    ends = (tails, tips - barb + across, tips - barb - across)
    return np.stack([np.concatenate([tips, end], -1) for end in ends])
