"""A cloud of points over the data, in the plane of the data."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QFont

from app.plotting.bundles import Dots
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.pens_and_numbers import Kind, hue
from app.plotting.theme import Theme
from app.plotting.values import Box
from geomodel.arrays import Array

PAD = 1.15
PREFERRED = (160, 120)  # pixels of width and height


class CloudCanvas(EqualScaleCanvas):
    """Points as dots over the data, at equal scale. The wheel zooms, a drag pans and a double click goes back."""

    def __init__(self, theme: Theme, font: QFont, kind: Kind, *, print_mode: bool) -> None:
        super().__init__(font, print_mode=print_mode)
        self._kind: Kind = kind
        self._data, self.dots = (Dots("disc", size, vector=print_mode) for size in (2.5, 4.0))
        for depth, item in enumerate((self._data, self.dots)):
            item.setZValue(depth)
            self.box.addItem(item, ignoreBounds=True)
        self.left.setWidth(44)
        self.bottom.setHeight(24)
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        self._data.set_look(theme.data)
        self.dots.set_look(hue(self._kind, theme))

    def show_points(self, points: Array, data: Array) -> None:
        """Show points (n, 2) over data (N, 2). The frame is that of the data, so that it is the same for all points."""
        self._data.set_points(data)
        self.dots.set_points(points)
        self.show_box(frame_of(data))


def frame_of(data: Array) -> Box:
    """The frame of data (N, 2), with room around it."""
    low, high = data.min(0), data.max(0)
    x, y = ((low + high) / 2).tolist()
    width, height = np.maximum(PAD * (high - low), 1e-9).tolist()
    return x, y, width, height
