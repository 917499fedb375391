"""One kind of trajectory in the plane: sampling or denoising."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt

from app.plotting.bundles import Bundle, Dots
from app.plotting.pens_and_numbers import Kind, curve_pen, hue
from app.plotting.theme import Theme
from geomodel.arrays import Array


class TrajectoryLayer:
    """One kind of curve. All samples are thin and the selected one thick; it is solid up to the playhead and faint
    beyond.
    """

    def __init__(self, box: pg.ViewBox, kind: Kind, z: float, print_mode: bool) -> None:
        self._kind: Kind = kind
        self.all_faint, self.all = Bundle(hairline=not print_mode), Bundle(hairline=not print_mode)
        self.one_faint, self.one = Bundle(hairline=not print_mode), Bundle()
        self.steps = Dots("disc", 5.0 if kind == "sampling" else 6.0, vector=print_mode)
        self.items: list[Bundle | Dots] = [self.all_faint, self.all, self.one_faint, self.one, self.steps]
        # The selected curves lie above the thin ones of both kinds.
        heights = (0, 2, 20, 22, 24)
        for at, item in enumerate(self.items):
            item.setZValue(z + heights[at])
            box.addItem(item, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        """Set the pens of the curve's kind. Opacity falls from the selected curve to the levels that are yet to
        come.
        """
        for item, width, alpha in (
            (self.all_faint, 1.0, 0.2),
            (self.all, 1.0, 0.55),
            (self.one_faint, 1.0, 0.6),
            (self.one, 2.0, 1.0),
        ):
            pen = curve_pen(self._kind, theme, width)
            if pen.style() == Qt.PenStyle.CustomDashLine and width == 1.0:
                pen.setDashPattern([4.0, 3.0])
            color = pen.color()
            color.setAlphaF(alpha)
            pen.setColor(color)
            item.set_pen(pen)
        self.steps.set_look(hue(self._kind, theme), theme.base, 1.0)

    def show_all(self, points: Array) -> None:
        """All samples, as far as they are known, (levels, B, 2)."""
        self.all_faint.set_curves(points)

    def show_part(self, points: Array) -> None:
        """All samples up to the playhead."""
        self.all.set_curves(points)

    def show_one(self, so_far: Array, beyond: Array, dotted: bool) -> None:
        """The selected sample up to the playhead, with a dot at each level or without, and beyond it, (levels, 2)."""
        self.one_faint.set_curves(beyond)
        self.one.set_curves(so_far)
        self.steps.set_points(so_far if dotted else so_far[:0])

    def clear(self) -> None:
        """Show nothing."""
        for curve in (self.all_faint, self.all, self.one_faint, self.one):
            curve.clear_curves()
        self.steps.clear_points()
