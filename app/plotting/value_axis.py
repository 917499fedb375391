"""The vertical axis of a small plot."""

from __future__ import annotations

import math

from PySide6.QtGui import QFont, QFontMetricsF

from app.plotting.theme import Theme
from app.plotting.titled_axis import TitledAxis
from geomodel.number_text import fixed, general


class ValueAxis(TitledAxis):
    """A left axis with few round values and faint lines across the plot."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        super().__init__("left", font, maxTickLength=0)
        self._log = self._empty = False
        self._zero: float | None = None
        self.setStyle(tickTextOffset=6, tickAlpha=255, tickFont=font)
        metrics = QFontMetricsF(font)
        self._plain = metrics.horizontalAdvance("0.0000") + 8  # one width, so that plots stand exactly above each other
        self._line = metrics.height()
        self.setWidth(self._plain)
        self.setGrid(255)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Colours of the lines and labels."""
        self.setPen(theme.base)
        self.setTickPen(theme.line)
        self.setTextPen(theme.muted)
        self.set_title_theme(theme)

    def set_titles(self, *titles: str) -> None:
        """Quantity and unit beside the labels."""
        self.setWidth(self._plain + (self._line + 6 if titles else 0))
        super().set_titles(*titles)

    def set_kind(self, *, log: bool, empty: bool) -> None:
        """Set whether the plotted values are powers of ten. An empty plot has no labels."""
        self._log, self._empty = log, empty
        self.picture = None

    def set_zero(self, place: float | None) -> None:
        """Where the value 0 stands on a logarithmic axis, in a place of its own at the bottom."""
        self._zero = place
        self.picture = None

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        if self._empty:
            return []
        if self._zero is not None:
            least = self._zero + 14 * (maxVal - minVal) / size  # a label's height above that of 0
            (spacing, ticks), *_ = self._round_values(least, maxVal, size)
            return [(spacing, [self._zero, *ticks])]
        return self._round_values(minVal, maxVal, size)

    def _round_values(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        rough = (maxVal - minVal) / max(2.0, size / 20)
        power = 10.0 ** math.floor(math.log10(rough))
        steps = [part * power for part in (0.5, 1, 2, 5, 10)]
        if self._log:
            steps = [1.0, 2.0, 5.0, 10.0]
        edge = 6 * (maxVal - minVal) / size  # a label nearer to the end would be cut off
        at = next((i for i, step in enumerate(steps) if step >= rough * 0.999), len(steps) - 1)
        ticks = _multiples(steps[at], minVal + edge, maxVal - edge)
        if len(ticks) < 2 and at:  # a single label does not show the scale
            at -= 1
            ticks = _multiples(steps[at], minVal + edge, maxVal - edge)
        return [(steps[at], ticks)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self._log:
            return ["0" if value == self._zero else fixed(10.0**value, 1).replace("1×", "") for value in values]
        power = math.floor(math.log10(spacing) + 1e-9)
        if -4 <= power <= 4:
            return [f"{value:.{max(0, -power)}f}".replace("-", "−") for value in values]
        largest = max((abs(value) for value in values), default=0.0) or 1.0
        digits = max(2, math.floor(math.log10(largest) + 1e-9) - power + 1)  # as many as tell two labels apart
        return ["0" if value == 0 else general(value, digits) for value in values]


def _multiples(step: float, low: float, high: float) -> list[float]:
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
