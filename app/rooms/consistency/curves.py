"""Draws the curves of f or of D over the data, and where they should have shrunk to."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QFont, QPen
from PySide6.QtWidgets import QGraphicsItem

from app.plotting.bundles import Bundle, Dots
from app.plotting.cloud_canvas import frame_of
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.pens_and_numbers import hue
from app.plotting.theme import Theme
from app.rooms.consistency.pictures import CurvesPicture

PREFERRED = (320, 240)  # pixels of width and height


class CurvesCanvas(EqualScaleCanvas):
    """One hairline a sample, a dot at the playhead, the end as a ring; the selected sample is thick."""

    def __init__(self, theme: Theme, font: QFont, *, print_mode: bool) -> None:
        super().__init__(font, print_mode=print_mode)
        self.setAccessibleName("Curves over the levels of the run")
        self._data = Dots("disc", 2.5, vector=print_mode)
        self.curves, self._chosen = Bundle(hairline=not print_mode), Bundle()
        self._ends, self._levels = Dots("ring", 7.0, vector=print_mode), Dots("disc", 5.0, vector=print_mode)
        self._chosen_levels = Dots("disc", 5.0, vector=print_mode)
        items = (self._data, self.curves, self._ends, self._levels, self._chosen, self._chosen_levels)
        for z, item in enumerate[QGraphicsItem](items):
            item.setZValue(z)
            self.box.addItem(item, ignoreBounds=True)
        self._axes = ("", "")
        self._picture: CurvesPicture | None = None
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        self._theme = theme
        self._data.set_look(theme.data)
        self._ends.set_look("#00000000", theme.text, 1.0)
        self._style()

    def _style(self) -> None:
        color = hue("network" if self._picture is None else self._picture.kind, self._theme)
        self._levels.set_look(color)
        self._chosen_levels.set_look(self._theme.base, color, 1.5)
        self._chosen.set_pen(QPen(color, 2.0))
        self.curves.set_pen(QPen(color, 0.7))

    def show_curves(self, picture: CurvesPicture) -> None:
        """Draw only what has changed: the curves, or the dots at the playhead."""
        before, self._picture = self._picture, picture
        if before is None or before.kind != picture.kind:
            self._style()
        if before is None or before.curves is not picture.curves:
            self._data.set_points(picture.data)
            self._ends.set_points(picture.ends)
            self.curves.set_curves(picture.curves)
            self.show_box(frame_of(picture.data))
        if picture.axes != self._axes:
            self._axes = picture.axes
            self.set_labels(*picture.axes)
        self._levels.set_points(picture.curves[picture.level])
        one = picture.curves[:, picture.sample] if picture.sample >= 0 else np.empty((0, 2))
        self._chosen.set_curves(one)
        self._chosen_levels.set_points(one)
