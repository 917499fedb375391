"""The plot of the mean gap over the iterations of a training."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QFont, QWheelEvent

from app.plotting.axes_plot import AxesPlot
from app.plotting.pens_and_numbers import curve_pen
from app.plotting.theme import Theme
from app.plotting.titled_axis import TitledAxis
from app.plotting.value_axis import ValueAxis
from app.rooms.consistency.pictures import GapPicture
from geomodel.number_text import general

TITLE = "Mean gap to the end"
UNIT = "data units"
PREFERRED = (320, 130)  # pixels of width and height
HEAD = 1.15  # room above the highest value of the first picture


class IterationAxis(TitledAxis):
    """Round numbers of iterations."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        super().__init__("bottom", font, maxTickLength=-4)
        self.setStyle(tickFont=font, tickAlpha=255, maxTickLevel=0, tickTextOffset=4, hideOverlappingLabels=20)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Colours of the line and labels."""
        self.setPen(theme.muted)
        self.setTextPen(theme.muted)
        self.set_title_theme(theme)

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:,.0f}" for value in values]


class GapChart(AxesPlot):
    """The gap of f as a curve, and that of D as a line across. The ranges stay for the whole training."""

    def __init__(self, theme: Theme, font: QFont, *, print_mode: bool) -> None:
        self._bottom, self._left = IterationAxis(theme, font), ValueAxis(theme, font)
        super().__init__(self._bottom, self._left, (0, 4, 20, 0))
        self.setAccessibleName(TITLE)
        self._print = print_mode
        self.curve, self.control = (pg.PlotCurveItem(antialias=True) for _ in range(2))
        for drawn in (self.control, self.curve):
            self.box.addItem(drawn, ignoreBounds=True)
        self.set_titled(print_mode)
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.setBackground(theme.base)
        self._bottom.set_theme(theme)
        self._left.set_theme(theme)
        width = 2.0 * (1.0 if self._print else self.devicePixelRatioF())  # cosmetic pens do not scale by themselves
        self.curve.setPen(curve_pen("network", theme, width))
        self.control.setPen(curve_pen("denoising", theme, width))

    def set_titled(self, titled: bool) -> None:
        """Whether both axes have their titles, which a small plot has no room for."""
        self._bottom.set_titles(*(("iterations",) if titled else ()))
        self._left.set_titles(*((f"{TITLE} ({UNIT})", TITLE) if titled else ()))

    def show_gap(self, gap: GapPicture) -> None:
        """Draw what is known of a training."""
        first = [value for value in (gap.gaps[0], gap.control) if math.isfinite(value)]
        top = HEAD * max(first, default=1.0) or 1.0
        self.box.setXRange(0, gap.total, padding=0.02)
        self.box.setYRange(0, top, padding=0)
        self._left.set_kind(log=False, empty=False)
        self.curve.setData(np.array(gap.iterations, np.float64), np.array(gap.gaps))
        known = math.isfinite(gap.control)
        self.control.setVisible(known)
        if known:
            self.control.setData(np.array([0.0, gap.total]), np.full(2, gap.control))
        self.setAccessibleDescription(f"{general(gap.gaps[-1], 3)} after {gap.iterations[-1]:,} iterations")

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # lets the wheel scroll the column

    def hasHeightForWidth(self) -> bool:
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.set_theme(self._theme)
        return bool(super().event(event))
