"""Draws the trajectories of the selected sample, for every lane and for the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Signal
from PySide6.QtGui import QBrush, QFont, QPen

from app.plotting.bundles import Bundle, Dots
from app.plotting.equal_scale import EqualScaleCanvas
from app.plotting.pens_and_numbers import curve_pen
from app.plotting.theme import Theme
from app.rooms.compare.lanes import NEAR, THICK, THIN, distance, lane_hue, lane_symbol
from app.rooms.compare.pictures import ComparePicture, LanePicture
from app.widgets.text import tooltip
from geomodel.arrays import Array

HELP = "Wheel: zoom. Drag: pan. Double click: return to the frame. Click a curve: pick its sampler."
FRAME = "ȳ + (x − ȳ) / √(1 + σ²/s²)"
PAD = 1.2


def scaled(picture: ComparePicture, points: Array | None, sigmas: Array | None) -> Array:
    """Points (n, 2) of the first n levels, with their distances to the data's mean divided by √(1 + σ²/s²)."""
    if points is None or sigmas is None:
        return np.empty((0, 2))
    center = np.array(picture.center)
    return np.asarray(center + (points - center) / np.hypot(1, sigmas[: len(points)] / picture.scale)[:, None])


class _Path:
    """The items of one lane: x solid, D dashed with its symbols, the end of x."""

    def __init__(self, box: pg.ViewBox) -> None:
        self.x, self.d = Bundle(), Bundle()
        self.dots = pg.ScatterPlotItem(pen=None, antialias=True)
        self.end = pg.ScatterPlotItem(pen=None, antialias=True)
        self.items = (self.d, self.x, self.dots, self.end)
        for item in self.items:
            box.addItem(item, ignoreBounds=True)

    def style(self, lane: LanePicture, theme: Theme, *, thick: bool) -> None:
        color = lane_hue(lane, theme)
        width = THICK if thick else THIN
        self.x.set_pen(QPen(color, width))
        dashed = curve_pen("denoising", theme, width * 0.8)
        dashed.setColor(color)
        self.d.set_pen(dashed)
        for dots, size in ((self.dots, 6 if thick else 5), (self.end, 11 if thick else 9)):
            dots.setBrush(QBrush(color))
            dots.setSymbol(lane_symbol(lane))
            dots.setSize(size)
        for depth, item in enumerate(self.items):
            item.setZValue(10 + depth + 10 * thick)

    def draw(self, x: Array, d: Array) -> None:
        self.x.set_curves(x)
        self.d.set_curves(d)
        self.dots.setData(*d[np.isfinite(d).all(1)].T)
        self.end.setData(*x[np.isfinite(x).all(1)][-1:].T)


class LanePaths(EqualScaleCanvas):
    """Trajectories of the selected sample over the data, at equal scale; the wheel zooms, a click picks a lane."""

    lane_picked = Signal(int)

    def __init__(self, theme: Theme, font: QFont) -> None:
        super().__init__(font, print_mode=False)
        self.setAccessibleName("Trajectories of the selected sample")
        self.set_labels(f"{FRAME}, first coordinate", "second coordinate")
        self._data, self._reference = Dots("disc", 3.0), Bundle()
        for depth, item in ((0, self._data), (40, self._reference)):
            item.setZValue(depth)
            self.box.addItem(item, ignoreBounds=True)
        self._paths: list[_Path] = []
        self._picture, self._lane = ComparePicture(), -1
        self.curves: list[tuple[Array, Array]] = []  # x and D of each lane in displayed coordinates
        self.clicked.connect(self._pick)
        self.hovered.connect(self._name)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        super().set_theme(theme)
        self._theme = theme
        self._data.set_look(theme.data)
        self._reference.set_pen(curve_pen("reference", theme, 2.0))
        self._style()

    def set_lane(self, lane: int) -> None:
        """The lane that is drawn thick; −1 for none."""
        if lane != self._lane:
            self._lane = lane
            self._style()

    def _style(self) -> None:
        for at, (path, lane) in enumerate(zip(self._paths, self._picture.lanes, strict=False)):
            path.style(lane, self._theme, thick=at == self._lane)

    def display(self, picture: ComparePicture) -> None:
        """Draw the trajectories, unless they are the same as before."""
        old, self._picture = self._picture, picture
        if picture.data is not old.data:
            self._data.set_points(np.empty((0, 2)) if picture.data is None else picture.data)
        if _shown(old) == _shown(picture):
            return
        none = np.empty((0, 2))
        self.curves = []
        for lane in picture.lanes:
            x, d = (scaled(picture, points, lane.sigmas) for points in (lane.sampling, lane.denoising))
            self.curves.append((x, d))
        while len(self._paths) < len(self.curves):
            self._paths.append(_Path(self.box))
        for path, (x, d) in zip(self._paths, self.curves + [(none, none)] * len(self._paths), strict=False):
            path.draw(x, d)
        exact = scaled(picture, picture.reference_sampling, picture.reference_sigmas)
        self._reference.set_curves(exact)
        self._style()
        self._frame([exact, *(points for pair in self.curves for points in pair)])

    def _frame(self, curves: list[Array]) -> None:
        """The box around the curves, but not smaller than half of the data."""
        points = np.concatenate(curves)
        points = points[np.isfinite(points).all(1)]
        if not len(points):
            return
        low, high = points.min(0), points.max(0)
        data = self._picture.data
        least = self._picture.scale if data is None or not len(data) else np.ptp(data, axis=0) / 2
        side = np.maximum(PAD * (high - low), least)
        self.show_box((*((low + high) / 2).tolist(), *side.tolist()))

    def nearest(self, x: float, y: float) -> int:
        """The lane with a curve near displayed coordinates; −1 if there is none."""
        away = [min(distance((points - (x, y)) / self.unit()) for points in pair) for pair in self.curves]
        best = int(np.argmin(away)) if away else -1
        return best if away and away[best] < NEAR else -1

    def _pick(self, x: float, y: float) -> None:
        if (lane := self.nearest(x, y)) >= 0:
            self.lane_picked.emit(lane)

    def _name(self, at: tuple[float, float] | None) -> None:
        lane = self.nearest(*at) if at is not None else -1
        self.viewport().setToolTip(tooltip("", self._picture.lanes[lane].name) if lane >= 0 else HELP)

    def release(self) -> None:
        """Break the reference cycles between the items and the scene."""
        self.clicked.disconnect(self._pick)
        self.hovered.disconnect(self._name)
        super().release()


def _shown(picture: ComparePicture) -> tuple[Any, ...]:
    lanes = tuple((lane.hue, id(lane.sampling), id(lane.denoising), id(lane.sigmas)) for lane in picture.lanes)
    return lanes, picture.scale, picture.center, id(picture.reference_sampling), id(picture.data)
