"""A chart of every sample: thin lines of the first curve, and the selected sample thick."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg

from app.plotting.measure_plot import MeasureChart
from app.plotting.pens_and_numbers import curve_pen
from app.plotting.regions import Named
from app.plotting.sigma_axis import Scale
from app.plotting.theme import Theme
from app.plotting.thinning import thinned
from app.plotting.values import Curve, Tint
from geomodel.arrays import Array

THIN = 0.45  # opacity of the lines that are not selected


class BundleChart(MeasureChart):
    """Lines in place of the band, because a band hides which way each sample goes."""

    _thin: tuple[pg.PlotCurveItem, ...] = ()

    def set_data(
        self,
        sigmas: Array,
        scale: Scale,
        curves: tuple[Curve, ...],
        sample: int,
        regions: tuple[Named, ...] = (),
        tints: tuple[Tint, ...] = (),
        *,
        linear: bool = False,
    ) -> None:
        """Show new levels or values."""
        super().set_data(sigmas, scale, curves, sample, regions, tints, linear=linear)
        for item in self._thin:
            self.box.removeItem(item)
        self._thin = tuple(self._line(curve) for curve in curves[:1])  # of all of them they would be a thicket
        self._style()

    def _draw_bands(self) -> None:
        """There are none."""

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        self._style()

    def _line(self, curve: Curve) -> pg.PlotCurveItem:
        x, item = self._x[curve.levels], pg.PlotCurveItem(antialias=True)
        parts = []
        for values in self._shown(curve.values).T:
            kept, joined = thinned(x, values, self._columns)
            parts.append((x[kept], np.nan_to_num(values[kept]), joined))
        across, up, joins = (np.concatenate(each) for each in zip(*parts, strict=True))
        item.setData(across, up, connect=joins)
        item.setZValue(-1)
        item.setOpacity(THIN)
        self.box.addItem(item, ignoreBounds=True)
        return item

    def _style(self) -> None:
        for item, curve in zip(self._thin, self._curves, strict=False):
            item.setPen(curve_pen(curve.kind, self._theme, self._ratio()))
