"""The strokes of a drawing while a person draws, and the pen that the keys move."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QPen

from app.plotting.bundles import Bundle, Dots
from app.plotting.theme import Theme
from app.rooms.plane.pictures import PlanePicture

FRONT = 200.0  # before every layer, whatever order they have
GAP = np.full((1, 2), np.nan)


class DrawingLayer:
    """Lines one pixel wide: their width in data units shows in how far the points scatter."""

    def __init__(self, box: pg.ViewBox, *, vector: bool) -> None:
        self.lines, self.dots, self.tip = Bundle(hairline=True), Dots("disc", 4.0, vector=vector), Dots("ring", 12.0)
        for item in (self.lines, self.dots, self.tip):
            item.setZValue(FRONT)
            box.addItem(item, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours."""
        pen = QPen(QColor(theme.text))
        pen.setCosmetic(True)
        self.lines.set_pen(pen)
        self.dots.set_look(QColor(theme.text))
        self.tip.set_look(QColor(theme.text))

    def show(self, picture: PlanePicture) -> None:
        """Draw the strokes of a picture, none where it is no canvas."""
        strokes = () if picture.drawing is None else picture.drawing.strokes
        lines = [part for stroke in strokes if len(stroke) > 1 for part in (np.asarray(stroke), GAP)]
        dots = [stroke[0] for stroke in strokes if len(stroke) == 1]
        if lines:
            self.lines.set_curves(np.concatenate(lines))
        else:
            self.lines.clear_curves()
        if dots:
            self.dots.set_points(np.asarray(dots))
        else:
            self.dots.clear_points()

    def show_tip(self, tip: tuple[float, float] | None) -> None:
        """Show where the keys hold the pen."""
        if tip is None:
            self.tip.clear_points()
        else:
            self.tip.set_points(np.asarray(tip))
