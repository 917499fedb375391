"""Turns the costs of a schedule into colours and labels."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from app.plotting.theme import Theme
from geomodel.arrays import Array
from geomodel.number_text import fixed

DECADES = 4.0  # decades of a logarithmic map; smaller costs have the palest colour
NEGLIGIBLE = 0.05  # share of the largest cost; smaller negative costs are only marked
# Björn Ottosson's OKLab, in which equal distances look equal. The first matrix leads from linear sRGB
# to cone responses, the second from there to Lab.
_CONES = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]])
_LAB = np.array([[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]])


def ramp(theme: Theme) -> NDArray[np.uint8]:
    """256 colours (256, 3) in steps that look equal, from the density's pale hue to a deep one."""
    strong, text = QColor(theme.sampling), QColor(theme.text)
    shades = np.linspace(_lab(QColor(theme.density[2])), (2 * _lab(strong) + _lab(text)) / 3, 256)
    linear = ((shades @ np.linalg.inv(_LAB).T) ** 3 @ np.linalg.inv(_CONES).T).clip(0, 1)
    coded = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return np.asarray(np.rint(coded * 255), np.uint8)


def _lab(color: QColor) -> Array:
    rgb = np.array([color.redF(), color.greenF(), color.blueF()])
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    return np.asarray(np.cbrt(linear @ _CONES.T) @ _LAB.T)


class Scaling(NamedTuple):
    """How costs become colours."""

    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, cost: Array) -> Scaling:
        """Logarithmic, but linear if some costs are clearly negative."""
        known = cost[np.isfinite(cost)]
        if not len(known) or not known.any():
            return cls(0.0, 1.0, False)
        low, high = float(known.min()), float(known.max())
        if low < -NEGLIGIBLE * max(high, 0.0):
            return cls(low, high, False)
        least = float(known[known > 0].min())
        return cls(max(least, high * 10**-DECADES), high, True)

    def share(self, cost: Array) -> Array:
        """0 to 1 along the ramp, NaN where there is no cost."""
        if not self.log:
            return np.clip((cost - self.low) / ((self.high - self.low) or 1.0), 0, 1)
        logs = np.log10(np.maximum(np.abs(cost), self.low))  # np.maximum keeps NaN
        return (logs - math.log10(self.low)) / ((math.log10(self.high / self.low)) or 1.0)

    @property
    def marks(self) -> tuple[tuple[float, str], ...]:
        """Numbers along the ramp."""
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        at = {0.0: self.low, 0.5: middle, 1.0: self.high}
        return tuple((share, fixed(value, 2)) for share, value in at.items())


def ticks(count: int, room: float, need: float) -> list[int]:
    """The first, the last and evenly spaced indices whose labels do not touch."""
    step = max(1, math.ceil(need / (room / count)))
    last = count - 1
    return [*(at for at in range(0, last, step) if last - at >= step), last] if last >= step else [0]
