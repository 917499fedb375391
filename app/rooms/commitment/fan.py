"""Draws the fan of a point: where the draws of one end came back to, over the data."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QFont

from app.plotting.bundles import Dots
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.theme import Theme
from app.rooms.commitment.pictures import FanPicture

PAD = 1.15
PREFERRED = (320, 220)  # pixels of width and height


class Fan(EqualScaleCanvas):
    """The end as a disc, what came back to its class as diamonds, and what came back to others as squares."""

    def __init__(self, theme: Theme, font: QFont, *, print_mode: bool) -> None:
        super().__init__(font, print_mode=print_mode)
        self.setAccessibleName("Where the draws came back to")
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

    def show_fan(self, fan: FanPicture | None) -> None:
        """Show the points of a fan; nothing where it has none."""
        picture = fan or FanPicture(title="", words="")
        for dots, points in (
            (self._data, picture.data),
            (self._same, picture.same),
            (self._other, picture.other),
            (self._end, picture.end),
        ):
            dots.set_points(np.empty((0, 2)) if points is None else points)
        data = picture.data
        if picture.axes != self._axes:
            self._axes = picture.axes
            self.set_labels(*picture.axes)
        if data is not None and len(data):
            low, high = data.min(0), data.max(0)
            width, height = np.maximum(PAD * (high - low), 1e-9)
            x, y = (low + high) / 2
            self.show_box((float(x), float(y), float(width), float(height)))
