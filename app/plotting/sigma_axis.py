"""The axis of noise levels, shared by every view over σ: noise at the left, data at the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app.plotting.theme import Theme

Array = NDArray[Any]
Scale = Literal["log", "index", "sigma"]
Label = tuple[float, str]

SCALE_TITLES: dict[Scale, str] = {"index": "step", "log": "log σ", "sigma": "σ"}
GAP = 0.6  # decades between the last positive level and the slot of σ = 0


def positions(sigmas: Array, scale: Scale = "log") -> Array:
    """Where the levels stand: −log10 σ with σ = 0 in a slot beyond a break, the step's index, or −σ."""
    sigmas = np.asarray(sigmas, np.float64)
    if scale == "index":
        return np.arange(len(sigmas), dtype=np.float64)
    if scale == "sigma":
        return 0.0 - sigmas
    positive = sigmas > 0
    logs = -np.log10(sigmas, where=positive, out=np.zeros_like(sigmas))
    slot = logs[positive].max() + GAP if positive.any() else 0.0
    return np.where(positive, logs, slot)


def nearest(places: Array, x: float) -> int:
    """The level whose position is nearest to x."""
    return int(np.argmin(np.abs(places - x)))


def break_at(sigmas: Array, scale: Scale) -> float | None:
    """The middle of the break before the slot of σ = 0; None where there is none."""
    sigmas = np.asarray(sigmas)
    if scale != "log" or sigmas[-1] > 0 or not (sigmas > 0).any():
        return None
    return float(positions(sigmas)[-1] - GAP / 2)


def sigma_text(sigma: float) -> str:
    """A noise level in two significant digits, whole numbers in full: 80, 5.8, 0.002."""
    if sigma >= 100:
        return f"{sigma:.0f}"
    return np.format_float_positional(sigma, precision=2, fractional=False, trim="-") if sigma > 0 else "0"


def labels(sigmas: Array, scale: Scale, width: Callable[[str], float], pixels_per_unit: float) -> list[Label]:
    """The labels that fit, most wanted first: both ends, then round values that touch no accepted one."""
    accepted: list[Label] = []
    margin = width("0")
    for place, text in _wanted(np.asarray(sigmas, np.float64), scale):
        half = width(text) / 2 + margin
        if all(abs(place - at) * pixels_per_unit >= half + width(other) / 2 for at, other in accepted):
            accepted.append((place, text))
    return accepted


def _wanted(sigmas: Array, scale: Scale) -> list[Label]:
    places = positions(sigmas, scale)
    last = len(sigmas) - 1
    if scale == "index":
        ends = [(0.0, "step 0")] + ([(float(last), str(last))] if last else [])
        return ends + [(float(at), str(at)) for step in (50, 20, 10, 5, 2, 1) for at in range(step, last, step)]
    ends = [(float(places[0]), f"σ {sigma_text(sigmas[0])}")]
    if last:
        ends.append((float(places[last]), sigma_text(sigmas[last])))
    if last > 1 and sigmas[last] == 0:
        ends.append((float(places[last - 1]), sigma_text(sigmas[last - 1])))
    if not sigmas[0] > 0:
        return ends
    if scale == "sigma":
        step = 10.0 ** np.floor(np.log10(sigmas[0]))
        rounds = [part * k * step for part in (1.0, 0.5) for k in range(1, 20)]
        return ends + [(-value, sigma_text(value)) for value in rounds if sigmas[last] < value < sigmas[0]]
    low, high = _decades(sigmas)
    # Every third decade first, so that a narrow axis keeps an even spacing.
    return ends + [
        (float(-k), sigma_text(10.0**k)) for every in (3, 1) for k in range(high, low - 1, -1) if k % every == 0
    ]


def _decades(sigmas: Array) -> tuple[int, int]:
    """The lowest and the highest power of ten among the positive levels."""
    logs = np.log10(sigmas[sigmas > 0])
    return int(np.ceil(logs.min())), int(np.floor(logs.max()))


def minor_ticks(sigmas: Array, scale: Scale) -> Array:
    """Positions of ticks without a label: every step, or 2 … 9 in each decade."""
    sigmas = np.asarray(sigmas, np.float64)
    if scale == "index":
        return positions(sigmas, "index")
    if scale == "sigma" or not sigmas[0] > 0:
        return np.empty(0)
    low, high = _decades(sigmas)
    values = np.multiply.outer(10.0 ** np.arange(low - 1, high + 1), np.arange(1, 10)).ravel()
    return -np.log10(values[(values >= sigmas[sigmas > 0].min()) & (values <= sigmas[0])])


def draw_break(painter: QPainter, at: QPointF, line: QColor, ground: QColor) -> None:
    """Two short strokes over an erased piece of a horizontal axis line."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ground, 5.0))
    painter.drawLine(at + QPointF(-2, 0), at + QPointF(2, 0))
    painter.setPen(QPen(line, 1.2))
    for shift in (-2.5, 2.5):
        painter.drawLine(at + QPointF(shift - 1.5, 4), at + QPointF(shift + 1.5, -4))
    painter.restore()


class SigmaAxis(pg.AxisItem):
    """A bottom axis whose labels are real noise levels, or the steps' numbers."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        super().__init__("bottom", maxTickLength=-4)
        self._sigmas: Array = np.ones(1)
        self._scale: Scale = "log"
        self._texts: dict[float, str] = {}
        self._metrics = QFontMetricsF(font)
        # A label at either end may reach half its width beyond the plot.
        self.setStyle(tickTextOffset=4, hideOverlappingLabels=24, tickFont=font)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Colours of the line, ticks and labels."""
        self._ground = QColor(theme.base)
        self.setPen(theme.muted)
        self.setTickPen(theme.muted)
        self.setTextPen(theme.muted)

    def set_levels(self, sigmas: Array, scale: Scale = "log") -> None:
        """The noise levels, and how they are spread."""
        self._sigmas, self._scale = np.asarray(sigmas, np.float64), scale
        self.picture = None
        self.update()

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        per_unit = size / max(maxVal - minVal, 1e-9)
        self._texts = dict(labels(self._sigmas, self._scale, self._metrics.horizontalAdvance, per_unit))
        minor = minor_ticks(self._sigmas, self._scale)
        if self._scale == "index" and per_unit < 4:  # a tick at every step would be a bar
            minor = np.empty(0)
        return [(1.0, list(self._texts)), (1.0, minor.tolist())]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [self._texts.get(value, "") for value in values]

    def drawPicture(self, p: QPainter, axisSpec: Any, tickSpecs: Any, textSpecs: Any) -> None:
        super().drawPicture(p, axisSpec, tickSpecs, textSpecs)
        at = break_at(self._sigmas, self._scale)
        if at is None:
            return
        _, start, end = axisSpec
        low, high = self.range
        fraction = (at - low) / (high - low)
        draw_break(p, start + (end - start) * fraction, self.pen().color(), self._ground)
