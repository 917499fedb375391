"""The axis of noise levels in every view over σ, with noise at the left and data at the right."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import ceil
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app.plotting.theme import Theme
from app.plotting.titled_axis import TitledAxis
from geomodel.arrays import Array
from geomodel.number_text import general

# "iteration" and "time": the iterations of a training or the times of a family stand in place of the levels
Scale = Literal["log", "index", "sigma", "iteration", "time"]
Label = tuple[float, str]

SCALE_TITLES: dict[Scale, str] = {"index": "step", "log": "log σ", "sigma": "σ"}
SIGMA_TITLE = "noise level σ"
AXIS_TITLES: dict[Scale, str] = {
    "log": SIGMA_TITLE,
    "sigma": SIGMA_TITLE,
    "index": "step",
    "iteration": "iteration",
    "time": "time t",
}
STEPS = [digit * 10**power for power in range(9) for digit in (1, 2, 5)]  # between two labels of an axis of steps
MOST_LABELS = 200  # on an axis of steps; the densest set that could fit
GAP = 0.6  # decades between the last positive level and the slot of σ = 0


def positions(sigmas: Array, scale: Scale = "log") -> Array:
    """Where the levels stand: at −log10 σ with σ = 0 in a slot beyond a break, at the step's index, at −σ, or at −t."""
    sigmas = np.asarray(sigmas, np.float64)
    if scale == "index":
        return np.arange(len(sigmas), dtype=np.float64)
    if scale == "iteration":
        return sigmas
    if scale in ("sigma", "time"):
        return 0.0 - sigmas
    positive = sigmas > 0
    logs = -np.log10(sigmas, where=positive, out=np.zeros_like(sigmas))
    slot = logs[positive].max() + GAP if positive.any() else 0.0
    return np.where(positive, logs, slot)


def nearest(places: Array, x: float) -> int:
    """The level whose position is nearest to x."""
    return int(np.argmin(np.abs(places - x)))


def break_at(sigmas: Array, scale: Scale) -> float | None:
    """The middle of the break before the slot of σ = 0; None if no level is 0."""
    sigmas = np.asarray(sigmas)
    if scale != "log" or sigmas[-1] > 0 or not (sigmas > 0).any():
        return None
    return float(positions(sigmas)[-1] - GAP / 2)


def sigma_text(sigma: float) -> str:
    """A noise level in two significant digits, whole numbers in full: 80, 5.8, 0.002, 1.2×10¹⁰, 10⁻⁶."""
    if sigma > 0 and not 1e-4 < sigma < 99_999.5:
        return general(sigma, 2).removeprefix("1×")
    if sigma >= 100:
        return f"{sigma:.0f}"
    return np.format_float_positional(sigma, precision=2, fractional=False, trim="-") if sigma > 0 else "0"


def labels(sigmas: Array, scale: Scale, width: Callable[[str], float], pixels_per_unit: float) -> list[Label]:
    """The labels that fit: the ends, then the densest set of round values that do not touch each other."""
    margin = width("0")

    def apart(one: Label, other: Label) -> bool:
        need = (width(one[1]) + width(other[1])) / 2 + margin
        return abs(one[0] - other[0]) * pixels_per_unit >= need

    sigmas = np.asarray(sigmas, np.float64)
    ends: list[Label] = []
    for end in _ends(sigmas, scale):
        if all(apart(end, other) for other in ends):
            ends.append(end)
    fitting = (rounds for rounds in _rounds(sigmas, scale) if all(apart(*pair) for pair in pairwise(rounds)))
    return ends + [label for label in next(fitting, []) if all(apart(label, end) for end in ends)]


def _ends(sigmas: Array, scale: Scale) -> list[Label]:
    """Labels of the first level, the last, and the last above zero, in the order of importance."""
    places, last = positions(sigmas, scale), len(sigmas) - 1
    if scale == "index":
        return [(0.0, "step 0"), (float(last), str(last))][: len(sigmas)]
    if scale == "iteration":
        return [(float(places[at]), f"{places[at]:,.0f}") for at in dict.fromkeys((0, last))]
    wanted = dict.fromkeys((0, last, max(0, last - 1) if sigmas[last] == 0 else last))
    name = "t" if scale == "time" else "σ"
    texts = (f"{name} {sigma_text(sigmas[at])}" if at == 0 else sigma_text(sigmas[at]) for at in wanted)
    return [(float(places[at]), text) for at, text in zip(wanted, texts, strict=True)]


def _rounds(sigmas: Array, scale: Scale) -> list[list[Label]]:
    """Sets of round values between the ends, from dense to sparse."""
    last = len(sigmas) - 1
    if scale == "index":
        steps = [step for step in STEPS if last <= MOST_LABELS * step]
        return [[(float(at), str(at)) for at in range(step, last, step)] for step in steps]
    if scale == "iteration":
        steps = [step for step in STEPS if sigmas[last] <= MOST_LABELS * step]
        return [[(float(at), f"{at:,}") for at in range(step, ceil(sigmas[last]), step)] for step in steps]
    if not sigmas[0] > 0:
        return []
    if scale in ("sigma", "time"):
        steps = 10.0 ** np.floor(np.log10(sigmas[0])) * np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0])
        sets = [[k * step for k in range(1, ceil(sigmas[0] / step))] for step in steps.tolist()]
        return [[(-value, sigma_text(value)) for value in values if value > sigmas[last]] for values in sets]
    low, high = _decades(sigmas)
    return [
        [(float(-k), sigma_text(10.0**k)) for k in range(high, low - 1, -1) if k % every == 0] for every in (1, 2, 3)
    ]


def _decades(sigmas: Array) -> tuple[int, int]:
    """The lowest and the highest power of ten among the positive levels."""
    logs = np.log10(sigmas[sigmas > 0])
    return int(np.ceil(logs.min())), int(np.floor(logs.max()))


def minor_ticks(sigmas: Array, scale: Scale) -> Array:
    """Positions of ticks without a label: at every step, or at 2 … 9 in each decade."""
    sigmas = np.asarray(sigmas, np.float64)
    if scale == "index":
        return positions(sigmas, "index")
    if scale in ("sigma", "time", "iteration") or not sigmas[0] > 0:
        return np.empty(0)
    low, high = _decades(sigmas)
    with np.errstate(over="ignore"):  # beyond the largest number there are no levels
        values = np.multiply.outer(10.0 ** np.arange(low - 1, high + 1), np.arange(1, 10)).ravel()
    inside: Array = values[(values >= sigmas[sigmas > 0].min()) & (values <= sigmas[0])]
    return -np.log10(inside)


def draw_break(painter: QPainter, at: QPointF, line: QColor, ground: QColor) -> None:
    """Draw two short strokes over an erased piece of a horizontal axis line."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ground, 5.0))
    painter.drawLine(at + QPointF(-2, 0), at + QPointF(2, 0))
    painter.setPen(QPen(line, 1.2))
    for shift in (-2.5, 2.5):
        painter.drawLine(at + QPointF(shift - 1.5, 4), at + QPointF(shift + 1.5, -4))
    painter.restore()


class SigmaAxis(TitledAxis):
    """A bottom axis whose labels are real noise levels, or the steps' numbers."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        super().__init__("bottom", font, maxTickLength=-4)
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
        self.set_title_theme(theme)

    def set_levels(self, sigmas: Array, scale: Scale = "log") -> None:
        """Set the noise levels, and how they are spread."""
        if scale == self._scale and np.array_equal(sigmas, self._sigmas):
            return  # drawing an axis is slow, because its labels are measured one by one
        self._sigmas, self._scale = np.asarray(sigmas, np.float64), scale
        self.picture = None
        self.update()

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        per_unit = size / max(maxVal - minVal, 1e-9)
        self._texts = dict(labels(self._sigmas, self._scale, self._metrics.horizontalAdvance, per_unit))
        minor = minor_ticks(self._sigmas, self._scale)
        if self._scale == "index" and per_unit < 4:  # with a tick at every step, the ticks would merge
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
