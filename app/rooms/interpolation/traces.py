"""The traces of the ends over the data: one for each way."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QFont, QPen

from app.plotting.bundles import Bundle, Dots
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.theme import Theme
from app.rooms.interpolation.messages import Interpolation
from app.rooms.interpolation.ways import SYMBOLS, way_hue
from geomodel.interpolation import KINDS

PAD = 1.15


class Traces(EqualScaleCanvas):
    """x_0 over the amount as a curve for each way; the large symbols are at the picked amount."""

    def __init__(self, theme: Theme, font: QFont, *, print_mode: bool) -> None:
        super().__init__(font, print_mode=print_mode)
        self.setAccessibleName("Traces of the ends over the data")
        self._data = Dots("disc", 2.5, vector=print_mode)
        self._curves = [Bundle() for _ in KINDS]
        self._steps = [Dots(symbol, 5.0) for symbol in SYMBOLS]
        self.marks = [Dots(symbol, 11.0) for symbol in SYMBOLS]
        items: list[pg.GraphicsObject] = [self._data, *self._curves, *self._steps, *self.marks]
        for depth, item in enumerate(items):
            item.setZValue(depth)
            self.box.addItem(item, ignoreBounds=True)
        self.left.setWidth(44)
        self.bottom.setHeight(24)
        self._found: Interpolation | None = None
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        self._data.set_look(theme.data)
        for kind in range(len(KINDS)):
            hue = way_hue(kind, theme)
            self._curves[kind].set_pen(QPen(hue, 1.6))
            self._steps[kind].set_look(hue)
            self.marks[kind].set_look(hue, theme.base)

    def show_traces(self, found: Interpolation, at: int) -> None:
        """Show the traces. Of the same answer, only the large symbols move."""
        assert found.points is not None
        if found is not self._found:
            self._found = found
            data = np.empty((0, 2)) if found.data is None else found.data
            self._data.set_points(data)
            for kind, points in enumerate(found.points):
                self._curves[kind].set_curves(points)
                self._steps[kind].set_points(points)
            self._frame(np.concatenate([data, found.points.reshape(-1, 2)]))
        for kind, points in enumerate(found.points):
            self.marks[kind].set_points(points[at : at + 1])

    def _frame(self, points: np.ndarray) -> None:
        """The box around the data and all traces, so that nothing moves with the amount."""
        points = points[np.isfinite(points).all(axis=1)]
        if len(points):
            low, high = points.min(0), points.max(0)
            side = np.maximum(PAD * (high - low), 1e-9)
            self.show_box((*((low + high) / 2).tolist(), *side.tolist()))
