"""The ends in the plane of the data, and the arrow of the reward, whose handle can be dragged."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont, QPen

from app.plotting.bundles import Bundle, Dots
from app.plotting.cloud_canvas import frame_of
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.pens_and_numbers import hue
from app.plotting.theme import Theme
from app.rooms.tilt.pictures import TiltPicture
from app.rooms.tilt.text import KINDS
from geomodel.arrays import Array
from geomodel.projection import stride

ROOM = 1.3  # around the frame of the data, because tilted ends move out of it
PREFERRED = (320, 210)  # pixels of width and height
SAMPLED = ((0, 4.0), (2, 4.0), (3, 6.0))  # of `KINDS`, and their size; the exact tilt has outlines
MOST_DATA = 2_000
NOTHING = np.empty((0, 2))


class Cloud(EqualScaleCanvas):
    """The data small and grey, three sets of ends over them, the outlines of the exact tilt, and the arrow."""

    def __init__(self, theme: Theme, font: QFont, *, print_mode: bool) -> None:
        super().__init__(font, print_mode=print_mode)
        self.setAccessibleName("Ends of the exact tilt and of the plug-in")
        self.setMinimumHeight(0 if print_mode else PREFERRED[1])
        self._data = Dots("disc", 2.0, vector=print_mode)
        self.ends = [Dots(KINDS[at].symbol, size, vector=print_mode) for at, size in SAMPLED]
        self._outlines, self._arrow = Bundle(), Bundle()
        self._tip = Dots("handle", 12.0, vector=print_mode)
        untilted, exact, plug_in = self.ends  # equal ends are seen, because those below are larger
        items: list[pg.GraphicsObject] = [self._data, untilted, plug_in, exact, self._outlines, self._arrow, self._tip]
        for depth, item in enumerate(items):
            item.setZValue(depth)
            self.box.addItem(item, ignoreBounds=True)
        self.left.setWidth(44)
        self.bottom.setHeight(24)
        self._shown: Array | None = None
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        self._data.set_look(theme.line)
        kinds = [hue(KINDS[at].kind, theme) for at, _ in SAMPLED]
        self.ends[0].set_look(theme.base, kinds[0], 1.0)
        self.ends[1].set_look(kinds[1], theme.base, 0.4)
        self.ends[2].set_look(kinds[2], theme.base, 0.4)
        self._outlines.set_pen(QPen(hue(KINDS[1].kind, theme), 1.6))
        self._arrow.set_pen(QPen(QColor(theme.text), 2.0))
        self._tip.set_look(theme.base, theme.text, 2.0)

    def show_tilt(self, picture: TiltPicture) -> None:
        """Show a picture. Of the same data, the frame stays."""
        data = NOTHING if picture.data is None else picture.data
        if picture.data is not self._shown:
            self._shown = picture.data
            self._data.set_points(data[:: stride(len(data), MOST_DATA)])
            if len(data):
                x, y, width, height = frame_of(data)
                self.show_box((x, y, ROOM * width, ROOM * height))
        answer = picture.answer
        ends = answer.ends if answer is not None and answer.ends else (NOTHING,) * len(self.ends)
        for dots, points in zip(self.ends, ends, strict=True):
            dots.set_points(points)
        outlines = None if answer is None else answer.outlines
        self._outlines.set_curves(np.empty((0, 1, 2)) if outlines is None else outlines)
        self._point(picture)

    def _point(self, picture: TiltPicture) -> None:
        """The arrow; a handle that a person holds stays under the mouse."""
        start = np.array(picture.origin)
        tip = start + picture.reach * np.array(picture.knobs.linear())
        self._arrow.set_curves(np.array([start, tip]))
        self._tip.set_points(tip[None])
        if not self.dragging:
            self.handle = (float(tip[0]), float(tip[1]))

    def beyond(self, points: Array) -> int:
        """How many points lie outside what is in view."""
        x, y, width, height = self.visible()
        inside = (points >= (x, y)) & (points <= (x + width, y + height))
        return int((~inside.all(axis=1)).sum())
