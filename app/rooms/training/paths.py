"""Draws the trajectories of a trained network over the data, beside those of D*."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont, QPen

from app.plotting.bundles import Bundle, Dots
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.theme import Theme
from app.rooms.training.pictures import PathsPicture
from geomodel.arrays import Array

PREFERRED = (420, 340)  # pixels of width and height
LEAST = 240
FAINT = 0.45  # opacity of the paths, which lie over each other


class Paths(EqualScaleCanvas):
    """The network's x as discs on their paths, and that of D* from the same noise as rings."""

    def __init__(self, theme: Theme, font: QFont, *, print_mode: bool) -> None:
        super().__init__(font, print_mode=print_mode)
        self.setAccessibleName("Trajectories of the trained network over the data")
        self.setMinimumHeight(0 if print_mode else LEAST)
        self._data, self._paths = Dots("disc", 3.0, vector=print_mode), Bundle(hairline=True)
        self._optimal = Dots("ring", 8.0, vector=print_mode)
        self._x = Dots("disc", 6.0, vector=print_mode)
        items: list[pg.GraphicsObject] = [self._data, self._paths, self._optimal, self._x]
        for depth, item in enumerate(items):
            item.setZValue(depth)
            self.box.addItem(item, ignoreBounds=True)
        self._shown: tuple[Array | None, Array | None] = (None, None)
        self._axes = ("", "")
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        path, clear = QColor(theme.network), QColor(theme.base)
        path.setAlphaF(FAINT)
        clear.setAlphaF(0.0)
        self._data.set_look(theme.data)
        self._paths.set_pen(QPen(path, 1.0))
        self._optimal.set_look(clear, theme.optimal, 1.6)
        self._x.set_look(theme.network, theme.base, 1.0)

    def show_paths(self, picture: PathsPicture) -> None:
        """Show a snapshot at a level. Another level moves only the symbols."""
        data, x = self._shown
        if picture.axes != self._axes:
            self._axes = picture.axes
            self.set_labels(*picture.axes)
        if picture.data is not data:
            self._data.set_points(picture.data)
        if picture.x is not x:
            self._paths.set_curves(picture.x)
        self._shown = picture.data, picture.x
        self._optimal.set_points(picture.optimal[picture.level])
        self._x.set_points(picture.x[picture.level])
        self.show_box(picture.box)
