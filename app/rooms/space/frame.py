"""One box of Space and the part of the drawing where it stands."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from app.rooms.space.camera import Box, Camera, side_that_fits
from app.rooms.space.slabs import FARTHEST
from geomodel.arrays import Array


class Frame:
    """Says where points of the box are in pixels."""

    def __init__(self, box: Box, area: QRectF, camera: Camera, room: tuple[float, float], fits: Camera) -> None:
        """`fits`: the camera for which the box fills the area but for some room."""
        self.box, self.area, self._camera = box, area, camera
        self._side = max(10.0, side_that_fits(area.width() - 2 * room[0], area.height() - 2 * room[1], fits))

    def look(self, points: Array) -> tuple[Array, Array]:
        """Pixels and nearness of points."""
        middle = self.area.center()
        return self._camera.look(self.box.inside(points), (middle.x(), middle.y()), self._side)

    def places(self, points: Array) -> list[QPointF]:
        """The places of points (n, 3), without those that have none or are too far for Qt's numbers."""
        pixels, _ = self.look(points)
        there = np.isfinite(pixels).all(axis=1) & (np.abs(pixels).max(axis=1, initial=0.0) < FARTHEST)
        return [QPointF(x, y) for x, y in pixels[there].tolist()]

    def place(self, point: Array) -> QPointF | None:
        """The place of one point (3,), if it has one."""
        return next(iter(self.places(point[None])), None)
