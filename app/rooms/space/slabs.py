"""Draws thousands of short segments from the farthest to the nearest, in slabs of one depth and one colour each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shiboken6
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from geomodel.arrays import Array

SLABS = 12  # depths
FADED = 0.55  # how much of the ground's colour the farthest slab has
FARTHEST = 1e6  # pixels; beyond it Qt's numbers overflow


class Slabs:
    """The segments of one bundle in pixels, sorted by depth and colour."""

    def __init__(self, pixels: Array, depth: Array, shades: Array) -> None:
        """pixels (L, B, 2), depth (L, B) towards the eye; shades (L − 1, B): the number of each segment's colour.

        A segment with an end that is not finite is left out.
        """
        lines = np.concatenate([pixels[:-1], pixels[1:]], axis=-1).reshape(-1, 4)
        middle = ((depth[:-1] + depth[1:]) / 2).reshape(-1)
        near = np.abs(pixels) < FARTHEST  # which NaN is not
        good = near[..., 0] & near[..., 1]
        there = (good[:-1] & good[1:]).reshape(-1)
        lines, middle, colours = lines[there], middle[there], shades.reshape(-1)[there].astype(np.int16)
        low, high = middle.min(initial=np.inf), middle.max(initial=-np.inf)
        slab = ((middle - low) * ((SLABS - 1) / (high - low) if high > low else 0.0)).astype(np.int16)
        most = int(colours.max(initial=0)) + 1
        key = slab * most + colours
        order = np.argsort(key, kind="stable")  # by radix, because the keys are small
        self._lines, key = np.ascontiguousarray(lines[order], np.float64), key[order]
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        self._groups = [
            (int(key[start]) // most, int(key[start]) % most, start, end - start)
            for start, end in pairwise([*starts.tolist(), len(key)])
        ]

    def __len__(self) -> int:
        return len(self._lines)

    def paint(self, painter: QPainter, colours: Sequence[QColor], ground: QColor, width: float) -> None:
        """Draw every segment. A width of 0 is one pixel of the device, which is by far the quickest."""
        address, stride = self._lines.ctypes.data, 4 * self._lines.itemsize
        pen = QPen()
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setCosmetic(width == 0)
        pen.setWidthF(width or 1.0)
        for slab, colour, start, count in self._groups:
            pen.setColor(mixed(colours[colour], ground, FADED * (1 - slab / (SLABS - 1))))
            painter.setPen(pen)
            # Qt reads the numbers where they are; a list of Python's lines would take most of a frame's time.
            first = shiboken6.wrapInstance(address + start * stride, QLineF)
            painter.drawLines(first, count)  # type: ignore[call-overload]  # the stubs know lists alone


def mixed(colour: QColor, other: QColor, share: float) -> QColor:
    """The colour with a share of another one in it."""
    parts = zip((colour.red(), colour.green(), colour.blue()), (other.red(), other.green(), other.blue()), strict=True)
    return QColor(*(round(mine + share * (its - mine)) for mine, its in parts))
