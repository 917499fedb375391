"""Draws particles over the data, with arrows to where they go next."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QSize
from PySide6.QtGui import QFont

from app.plotting.bundles import Dots
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.quiver import Quiver
from app.plotting.theme import Theme
from app.rooms.drift.pictures import ParticlesPicture
from geomodel.arrays import Array

PREFERRED = (420, 200)  # pixels of width and height; it takes what is left
LEAST = 160


class DriftCanvas(EqualScaleCanvas):
    """The frame is that of the data, so that a round moves nothing but the particles."""

    def __init__(self, theme: Theme, font: QFont, *, print_mode: bool) -> None:
        super().__init__(font, print_mode=print_mode)
        self.setAccessibleName("Particles over the data")
        self.setMinimumHeight(0 if print_mode else LEAST)
        self._data, self.particles = (Dots("disc", size, vector=print_mode) for size in (2.5, 4.0))
        self.arrows = Quiver(head=4.0, width=0.9, hairline=not print_mode)
        items: list[pg.GraphicsObject] = [self._data, self.arrows, self.particles]
        for depth, item in enumerate(items):
            item.setZValue(depth)
            self.box.addItem(item, ignoreBounds=True)
        self._drawn: Array | None = None
        self._axes = ("", "")
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        self._data.set_look(theme.data)
        self.arrows.set_colors((theme.optimal,))
        self.particles.set_look(theme.sampling)

    def show_particles(self, picture: ParticlesPicture) -> None:
        """Show a round. The data are drawn once."""
        if picture.axes != self._axes:
            self._axes = picture.axes
            self.set_labels(*picture.axes)
        if picture.data is not self._drawn:
            self._drawn = picture.data
            self._data.set_points(picture.data)
        self.particles.set_points(picture.particles)
        self.arrows.set_arrows(picture.particles, picture.next)
        self.show_box(picture.box)
