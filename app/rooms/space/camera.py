"""Turns the three coordinates of Space into pixels: a box that shows each axis at its own scale, seen in parallel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, radians, sin

import numpy as np

from geomodel.arrays import Array, Floats

ASPECT = np.array([3.0, 1.5, 1.0])  # sides of the box: along, first and second component
FIRST = (-28.0, 20.0)  # degrees: how far the box is turned at first about its upright, and tilted
LEAST_ZOOM, MOST_ZOOM = 0.25, 50.0
STEEPEST = 89.0


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """The range of each coordinate that fills the box, (3,) each."""

    low: Floats
    high: Floats

    @property
    def unit(self) -> Floats:
        """How long a unit of each coordinate is, as a share of the box's longest side."""
        return np.asarray(ASPECT / ASPECT[0] / (self.high - self.low))

    @property
    def exaggeration(self) -> Floats:
        """How many times larger a length across is drawn than one along: 1, and that of each component."""
        return np.asarray(self.unit / self.unit[0])

    def inside(self, points: Array) -> Floats:
        """Points (…, 3) in the box, whose middle is 0 and whose longest side is 1. Noise is at the left."""
        centred = (points - (self.low + self.high) / 2) * self.unit
        return np.asarray(centred * (-1.0, 1.0, 1.0))

    def corners(self) -> Floats:
        """The eight corners, (2, 2, 2, 3): low and high of each coordinate."""
        return np.stack(np.meshgrid(*zip(self.low, self.high, strict=True), indexing="ij"), axis=-1)


def box_of(bundles: list[Array]) -> Box | None:
    """The box around curves (L, B, 3) of several bundles; None where nothing is finite."""
    points = np.concatenate([bundle.reshape(-1, 3) for bundle in bundles]) if bundles else np.empty((0, 3))
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    # A coordinate without extent, such as the second component of a plane curve, gets the scale of the largest.
    largest = max(float((high - low).max()), 1e-300)
    room = np.where(high - low > 1e-9 * largest, 0.0, largest / 2)
    return Box(low - room, high + room)


@dataclass(frozen=True, slots=True)
class Camera:
    """From where the box is seen; angles are in degrees."""

    turn: float = FIRST[0]
    tilt: float = FIRST[1]
    zoom: float = 1.0

    def turned(self, right: float, up: float) -> Camera:
        """Turned about the upright by degrees, and tilted."""
        tilt = min(max(self.tilt + up, -STEEPEST), STEEPEST)
        return replace(self, turn=(self.turn + right + 180.0) % 360.0 - 180.0, tilt=tilt)

    def zoomed(self, factor: float) -> Camera:
        """Nearer, or farther for a factor below 1."""
        return replace(self, zoom=min(max(self.zoom * factor, LEAST_ZOOM), MOST_ZOOM))

    def rotation(self) -> Floats:
        """Rows: to the right, up, and towards the eye."""
        a, b = radians(self.turn), radians(self.tilt)
        return np.array(
            [
                [cos(a), 0.0, sin(a)],
                [sin(b) * sin(a), cos(b), -sin(b) * cos(a)],
                [-cos(b) * sin(a), sin(b), cos(b) * cos(a)],
            ]
        )

    def look(self, inside: Array, middle: tuple[float, float], side: float) -> tuple[Floats, Floats]:
        """Places of points (…, 3) of the box in pixels (…, 2), and how near each is to the eye (…).

        middle: of the drawing, in pixels; side: pixels of the box's longest side at zoom 1.
        """
        seen = inside @ self.rotation().T
        pixels = seen[..., :2] * (self.zoom * side, -self.zoom * side) + middle
        return np.asarray(pixels), np.asarray(seen[..., 2])


def side_that_fits(width: float, height: float, camera: Camera) -> float:
    """Pixels of the box's longest side at zoom 1, so that the box as this camera turns it fits."""
    turned = np.abs(camera.rotation()) @ (ASPECT / ASPECT[0])  # the extent of the turned box to the right and up
    return float(min(width / turned[0], height / turned[1]))
