"""Named ranges of noise levels in a plot, with thin lines between them and their names along the top."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPen

from app.plotting.sigma_axis import Scale, positions
from app.plotting.theme import Theme
from geomodel.arrays import Array

Named = tuple[str, float, float]  # name, σ where it begins, σ where it ends
GAP = 4.0  # pixels between two names at the least


class Regions:
    """The items in a plot's view box."""

    def __init__(self, box: pg.ViewBox, font: QFont) -> None:
        self._box, self._font = box, font
        self._lines: list[pg.InfiniteLine] = []
        self._names: list[pg.TextItem] = []
        self._shares: list[float] = []  # of the axis, that each named range takes

    def draw(self, regions: tuple[Named, ...], sigmas: Array, scale: Scale, theme: Theme) -> None:
        """Draw the ranges, once the box has its limits."""
        for item in (*self._lines, *self._names):
            self._box.removeItem(item)
        places = np.array([self.places(high, low, sigmas, scale) for _, high, low in regions]).reshape(-1, 2)
        pen = QPen(QColor(theme.muted), 1, Qt.PenStyle.DotLine)
        pen.setCosmetic(True)
        self._lines = [pg.InfiniteLine(end, angle=90, pen=pen) for end in places[:-1, 1]]
        (left, right), (_, top) = self._box.viewRange()
        self._names, self._shares = [], ((places[:, 1] - places[:, 0]) / (right - left)).tolist()
        for (name, *_), (begin, end) in zip(regions, places, strict=True):
            text = pg.TextItem(name, color=theme.muted, anchor=(0.5, 0))
            text.setFont(self._font)
            text.setPos((begin + end) / 2, top)
            self._names.append(text)
        for item in (*self._lines, *self._names):
            self._box.addItem(item, ignoreBounds=True)

    def fit(self) -> None:
        """Hide the names that are wider than their ranges, because they would run into each other."""
        for name, share in zip(self._names, self._shares, strict=True):
            name.setVisible(name.boundingRect().width() + GAP <= share * self._box.width())

    @staticmethod
    def places(high: float, low: float, sigmas: Array, scale: Scale) -> tuple[float, float]:
        """Where two noise levels stand, interpolated between the run's own levels."""
        positive = sigmas[sigmas > 0]
        logs = -np.log(positive)
        begin, end = np.interp(-np.log([high, low]), logs, positions(sigmas, scale)[: len(positive)])
        return float(begin), float(end)
