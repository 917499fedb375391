"""Draws the probe: a handle to drag, and the denoisers' answers there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from app.plotting.bundles import Bundle, Dots
from app.plotting.quiver import Quiver
from app.plotting.theme import Theme
from app.rooms.plane import frames
from app.rooms.plane.pictures import PlanePicture
from geomodel.arrays import Array


class ProbeLayer:
    """D* in green with the mean shift x → D* and its path, the network's D in purple, fitted Gaussians as an empty
    square.
    """

    def __init__(self, box: pg.ViewBox, *, vector: bool) -> None:
        self.path, self.path_steps = Bundle(), Dots("disc", 4.0, vector=vector)
        self.shift, self.to_network = Quiver(head=10.0, width=2.0, gap=7.0), Bundle()
        self.optimal = Dots("diamond", 13.0, vector=vector)
        self.network = Dots("square", 11.0, vector=vector)
        self.fitted = Dots("square", 9.0, vector=vector)
        self.driver, self.to_driver = Dots("ring", 10.0, vector=vector), Bundle()
        self.handle = Dots("handle", 16.0, vector=vector)
        heights = (
            (self.path, 60),
            (self.path_steps, 61),
            (self.to_network, 62),
            (self.shift, 63),
            (self.to_driver, 62),
            (self.driver, 64),
            (self.network, 65),
            (self.fitted, 65),
            (self.optimal, 66),
            (self.handle, 70),
        )
        for item, z in heights:
            item.setZValue(z)
            box.addItem(item, ignoreBounds=True)
        self.items = tuple(item for item, _ in heights)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of the layer."""
        green = QColor(theme.optimal)
        pen = QPen(green, 2.0, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([0.1, 2.0])
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        self.path.set_pen(pen)
        self.path_steps.set_look(green)
        self.shift.set_colors([green])
        self.optimal.set_look(green, theme.base, 1.2)
        self.to_network.set_pen(QPen(QColor(theme.network), 1.6))
        self.network.set_look(theme.network, theme.base, 1.2)
        self.fitted.set_look(theme.base, theme.reference, 2.0)
        self.to_driver.set_pen(QPen(QColor(theme.text), 1.4))
        self.driver.set_look(theme.base, theme.denoising, 2.4)
        clear = QColor(theme.base)
        clear.setAlphaF(0.35)
        self.handle.set_look(clear, theme.text, 1.6)

    def place_handle(self, point: tuple[float, float] | None) -> None:
        """Place the handle, in displayed coordinates."""
        if point is None:
            self.handle.clear_points()
        elif self.handle.points.tolist() != [list(point)]:
            self.handle.set_points(np.array(point))

    def show_answer(self, picture: PlanePicture) -> None:
        """Show everything but the handle."""
        answer = picture.probe
        if answer is None:
            self._clear()
            return

        def shown(points: Any) -> Array:
            return frames.shown(picture, points, answer.request.sigma)

        start = shown(np.array(answer.request.point))
        if answer.optimal is None and answer.network is None and answer.denoised is not None:
            self.driver.set_points(shown(answer.denoised))
            self.to_driver.set_curves(np.stack([start, shown(answer.denoised)]))
        else:
            self.driver.clear_points()
            self.to_driver.clear_curves()
        if answer.optimal is None:
            self.optimal.clear_points()
            self.shift.clear_arrows()
        else:
            self.optimal.set_points(shown(answer.optimal))
            self.shift.set_arrows(start, shown(answer.optimal))
        if answer.network is None:
            self.network.clear_points()
            self.to_network.clear_curves()
        else:
            self.network.set_points(shown(answer.network))
            self.to_network.set_curves(np.stack([start, shown(answer.network)]))
        if answer.fitted is None:
            self.fitted.clear_points()
        else:
            self.fitted.set_points(shown(answer.fitted))
        if answer.path is None:
            self.path.clear_curves()
            self.path_steps.clear_points()
        else:
            self.path.set_curves(shown(answer.path))
            self.path_steps.set_points(shown(answer.path[1:]))

    def _clear(self) -> None:
        for item in self.items:
            if isinstance(item, Dots) and item is not self.handle:
                item.clear_points()
        self.shift.clear_arrows()
        for curve in (self.path, self.to_network, self.to_driver):
            curve.clear_curves()
