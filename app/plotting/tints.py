"""Ranges of noise levels in the hues of curves, as a strip along the foot of a plot."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsRectItem

from app.plotting.pens_and_numbers import hue
from app.plotting.regions import Regions
from app.plotting.sigma_axis import Scale
from app.plotting.theme import Theme
from app.plotting.values import Tint
from geomodel.arrays import Array

SHARE = 0.05  # of the plot's height


class Tints:
    """The items in a plot's view box."""

    def __init__(self, box: pg.ViewBox) -> None:
        self._box = box
        self._items: list[QGraphicsRectItem] = []
        self._tints: tuple[Tint, ...] = ()

    def draw(self, tints: tuple[Tint, ...], sigmas: Array, scale: Scale, theme: Theme) -> None:
        """Draw the ranges, once the box has its limits."""
        for item in self._items:
            self._box.removeItem(item)
        self._tints, self._items = tints, []
        bottom, top = self._box.viewRange()[1]
        for _, high, low in tints:
            begin, end = Regions.places(high, low, sigmas, scale)
            item = QGraphicsRectItem(QRectF(begin, bottom, end - begin, SHARE * (top - bottom)))
            item.setPen(QPen(Qt.PenStyle.NoPen))
            item.setZValue(-1)
            self._box.addItem(item, ignoreBounds=True)
            self._items.append(item)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        for item, (kind, *_) in zip(self._items, self._tints, strict=True):
            item.setBrush(hue(kind, theme))
