"""How a lane of a comparison is drawn, and its curve in the plot of errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from app.plotting.sigma_axis import SIGMA_TITLE, sigma_text
from app.plotting.theme import Theme
from app.rooms.compare.pictures import LanePicture
from geomodel import measures
from geomodel.arrays import Array
from geomodel.number_text import fixed

Plotted = Literal["sigma", "evaluations", "end", "sweep"]

PLOTTED: dict[Plotted, str] = {
    "sigma": "over σ",
    "evaluations": "over evaluations",
    "end": "at the end, over evaluations",
    "sweep": "sweep of evaluations",
}
# The axes of each plot: across and up.
ERRORS = ("‖x − x_ref‖ of the sample in data units", "‖x − x_ref‖, data units", "‖x − x_ref‖")
ENDS = ("median ‖x − x_ref‖ in data units", "‖x − x_ref‖, data units", "‖x − x_ref‖")
COUNTS = ("network evaluations", "evaluations")
AXES: dict[Plotted, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "sigma": ((SIGMA_TITLE,), ERRORS),
    "evaluations": (COUNTS, ERRORS),
    "end": (COUNTS, ENDS),
    "sweep": (COUNTS, ENDS),
}
# There is one symbol more than hues, so that the pairs repeat late and lanes differ in grey print too.
SYMBOLS = ("o", "s", "t1", "d", "+", "t", "star", "x")
NEAR = 12  # pixels within which the mouse finds a curve
THIN, THICK = 1.4, 3.0


def lane_hue(lane: LanePicture, theme: Theme) -> QColor:
    """The hue, which says whose curve it is."""
    return QColor(theme.runs[lane.hue % len(theme.runs)])


def lane_symbol(lane: LanePicture) -> str:
    """The name of its symbol."""
    return SYMBOLS[lane.hue % len(SYMBOLS)]


def paint_lane(painter: QPainter, rect: QRectF, lane: LanePicture, theme: Theme) -> None:
    """A short piece of the lane's curve with its symbol, for tables and captions."""
    color, middle = lane_hue(lane, theme), rect.center()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 1.6))
    painter.drawLine(QPointF(rect.left(), middle.y()), QPointF(rect.right(), middle.y()))
    painter.translate(middle)
    drawSymbol(painter, lane_symbol(lane), 9, QPen(Qt.PenStyle.NoPen), QBrush(color))
    painter.restore()


# ---------------------------------------------------------------- what is plotted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaneCurve:
    """A lane in the plot's coordinates: powers of ten, NaN where there is none."""

    dots: Array  # (m, 2); −∞ for an error of exactly 0
    low: Array  # (m,) of the band; −∞ where an error of 0 is among the lowest tenth
    high: Array
    bar: bool  # the band is a bar at each symbol, not an area with a line
    texts: tuple[str, ...]  # the tooltip at each dot


def log10(values: Any, zero: float = np.nan) -> Array:
    """The logarithm. It is `zero` for 0, and NaN for values that are negative or not finite."""
    values = np.asarray(values, np.float64)
    known = np.isfinite(values) & (values > 0)
    return np.asarray(np.log10(values, where=known, out=np.where(values == 0, zero, np.nan)))


def ended(lane: LanePicture) -> bool:
    """Whether its end errors are known."""
    return lane.state == "done" and lane.errors is not None


def lane_curve(lane: LanePicture, plotted: Plotted, sample: int, zero: float) -> LaneCurve | None:
    """The curve of the selected sample with the band over all samples, or the end's median with its bar.

    `zero` is where σ = 0 stands. Returns None if nothing is known yet.
    """
    errors, sigmas, spent = lane.errors, lane.sigmas, lane.evaluations_at
    if errors is None or (sigmas is None and plotted != "sweep") or (plotted != "sigma" and spent is None):
        return None
    with np.errstate(invalid="ignore"):  # a lane that diverged
        middle, low, high = measures.band(errors)
    if plotted == "end":
        assert spent is not None
        x, dots = log10(spent[-1:]), log10(middle[-1:], -np.inf)
        text = f"{spent[-1]:.0f} evaluations\nend error {fixed(middle[-1], 3)} (median)"
        low, high, dots = log10(low[-1:], -np.inf), log10(high[-1:]), np.stack((x, dots), 1)
        return LaneCurve(dots=dots, low=low, high=high, bar=True, texts=(text,)) if ended(lane) else None
    levels = len(errors)
    if plotted == "sweep":
        assert spent is not None
        dots = np.stack((log10(spent), log10(middle, -np.inf)), 1)
        said = zip(spent.tolist(), middle.tolist(), strict=True)
        texts = tuple(f"{count} evaluations\nend error {fixed(error, 3)} (median)" for count, error in said)
        return LaneCurve(dots=dots, low=log10(low, -np.inf), high=log10(high), bar=False, texts=texts)
    if plotted == "sigma":
        assert sigmas is not None
        x = -log10(sigmas[:levels], -zero)
    else:
        assert spent is not None
        x = log10(spent[:levels])
    own = log10(errors[:, sample], -np.inf)
    own[0] = np.nan  # at the start there is no error yet
    dots = np.stack((x, own), 1)
    texts = tuple(_text(lane, at, float(errors[at, sample])) for at in range(levels))
    return LaneCurve(dots=dots, low=log10(low, -np.inf), high=log10(high), bar=False, texts=texts)


def _text(lane: LanePicture, at: int, error: float) -> str:
    assert lane.sigmas is not None
    spent = "" if lane.evaluations_at is None else f", {lane.evaluations_at[at]:.0f} evaluations"
    return f"σ {sigma_text(float(lane.sigmas[at]))}{spent}\nerror {fixed(error, 3)}"


def distance(points: Array) -> float:
    """The distance from the origin to a polyline (n, 2), in pixels; infinite if no point of it is finite."""
    if not len(points):
        return math.inf
    start, way = points[:-1], np.diff(points, axis=0)
    length = (way**2).sum(1)
    part = np.clip(-(start * way).sum(1) / np.where(length > 0, length, 1.0), 0.0, 1.0)
    away = np.concatenate((np.hypot(*(start + part[:, None] * way).T), np.hypot(*points.T)))
    return float(np.min(away[np.isfinite(away)], initial=np.inf))
