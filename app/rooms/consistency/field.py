"""The plane at one σ, each cell coloured by where the exact ODE ends that starts there."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont

from app.plotting.bundles import Dots, ImageItem
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.theme import Theme
from app.rooms.consistency.messages import ColoursAnswer
from app.rooms.consistency.pictures import FieldPicture
from geomodel import consistency
from geomodel.arrays import Array
from geomodel.basins import UNKNOWN

PREFERRED = (320, 240)  # pixels of width and height
SATURATION = (0.15, 0.8)  # at the middle of the data and at its farthest point
VALUE = (0.62, 0.98)  # at the lowest and the highest point, so that the picture reads in grey


class FieldCanvas(EqualScaleCanvas):
    """Cells in the colours of the data points to which they lead, their borders, and the data."""

    def __init__(self, theme: Theme, font: QFont, *, print_mode: bool) -> None:
        super().__init__(font, print_mode=print_mode)
        self.setAccessibleName("Ends of the exact ODE over the plane")
        self.cells = ImageItem(enlarge=4 if print_mode else 1, smooth=False)
        self._data = Dots("disc", 2.0, vector=print_mode)
        self._data.setZValue(1)
        for item in (self.cells, self._data):
            self.box.addItem(item, ignoreBounds=True)
        self.set_labels("x₁", "x₂")
        self._answer: ColoursAnswer | None = None
        self._points: Array | None = None
        self._apart = 1.0
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        self._theme = theme
        self._data.set_look(theme.text)
        self._draw()

    def show_field(self, picture: FieldPicture) -> None:
        """Draw the cells that are known."""
        if picture.answer is self._answer:
            return
        self._answer, self._points, self._apart = picture.answer, picture.data, picture.apart
        self._draw()

    def _draw(self) -> None:
        answer, points = self._answer, self._points
        if answer is None or points is None:
            self.cells.clear_image()
            self._data.clear_points()
            return
        classes = answer.basins.classes
        shades = end_colours(points)[classes]
        shades[consistency.borders(points[classes], self._apart)] = _channels(self._theme.text)
        shades[classes == UNKNOWN] = _channels(self._theme.base)
        self.cells.set_image(shades, answer.basins.rect)
        self._data.set_points(points)
        x, y, width, height = answer.basins.rect
        self.show_box((x + width / 2, y + height / 2, width, height))


def _channels(color: str) -> tuple[int, int, int]:
    shade = QColor(color)
    return shade.red(), shade.green(), shade.blue()


def end_colours(points: Array) -> Array:
    """uint8 (N, 3): hue by the direction from the middle of the points (N, 2), pale in the middle, dark below."""
    away = points - points.mean(axis=0)
    size = np.hypot(*away.T)
    share = size / max(float(size.max()), 1e-300)
    low, high = away[:, 1].min(), away[:, 1].max()
    value = np.interp(away[:, 1], (low, high), VALUE) if high > low else np.full(len(points), VALUE[1])
    saturation = SATURATION[0] + (SATURATION[1] - SATURATION[0]) * share
    sixth = (3 * np.arctan2(away[:, 1], away[:, 0]) / np.pi) % 6
    offset = (np.array([5.0, 3.0, 1.0]) + sixth[:, None]) % 6  # of red, green and blue on the colour circle
    part = np.clip(np.minimum(offset, 4 - offset), 0, 1)
    shades: Array = (255 * value[:, None] * (1 - saturation[:, None] * part)).round().astype(np.uint8)
    return shades
