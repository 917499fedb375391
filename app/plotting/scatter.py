"""Draws an end over the data, with the points that are compared with it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QFont

from app.plotting.bundles import Dots
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.theme import Theme
from app.plotting.values import ScatterPicture

PAD = 1.15
PREFERRED = (320, 220)  # pixels of width and height


class Scatter(EqualScaleCanvas):
    """The end as a disc, what is like it as diamonds, and the others as squares."""

    def __init__(self, theme: Theme, font: QFont, name: str, *, print_mode: bool) -> None:
        super().__init__(font, print_mode=print_mode)
        self.setAccessibleName(name)
        self.setMinimumHeight(0 if print_mode else PREFERRED[1])
        self._data = Dots("disc", 2.5, vector=print_mode)
        self._same, self._other = Dots("diamond", 10.0, vector=print_mode), Dots("square", 9.0, vector=print_mode)
        self._end = Dots("disc", 13.0, vector=print_mode)
        for z, item in enumerate((self._data, self._same, self._other, self._end)):
            item.setZValue(z)
            self.box.addItem(item, ignoreBounds=True)
        self._axes = ("", "")
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        self._data.set_look(theme.data)
        self._same.set_look(theme.sampling, theme.base, 1.0)
        self._other.set_look(theme.base, theme.denoising, 2.0)
        self._end.set_look(theme.sampling, theme.text, 2.0)

    def show_points(self, picture: ScatterPicture | None) -> None:
        """Show the points of a picture; nothing where there is none."""
        nothing = np.empty((0, 2))
        shown = picture or ScatterPicture(data=nothing, end=nothing, same=nothing, other=nothing)
        for dots, points in (
            (self._data, shown.data),
            (self._same, shown.same),
            (self._other, shown.other),
            (self._end, shown.end),
        ):
            dots.set_points(points)
        if shown.axes != self._axes:
            self._axes = shown.axes
            self.set_labels(*shown.axes)
        if len(shown.data):
            low, high = shown.data.min(0), shown.data.max(0)
            width, height = np.maximum(PAD * (high - low), 1e-9)
            x, y = (low + high) / 2
            self.show_box((float(x), float(y), float(width), float(height)))
