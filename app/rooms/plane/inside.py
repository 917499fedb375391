"""Draws the inside of a step: predictor and stage points, slopes with their weights, Euler's end, the exact curve."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from app.plotting.bundles import Bundle, Dots
from app.plotting.labels import Labels
from app.plotting.pens_and_numbers import curve_pen
from app.plotting.quiver import Quiver
from app.plotting.theme import Theme
from app.rooms.plane import frames
from app.rooms.plane.pictures import InsidePicture, PlanePicture
from geomodel.arrays import Array

ARROW = 0.4  # length of the longest slope arrow as a part of the step's length


def slopes(inside: InsidePicture) -> Array:
    """−dx/dσ = (D − x)/σ at every evaluation (n, 2), which is the direction of motion as σ falls."""
    found: Array = (inside.denoised - inside.x) / np.maximum(np.array(inside.sigmas), 1e-300)[:, None]
    return found


def slope_arrows(inside: InsidePicture) -> Array:
    """Displacements (n, 2) that show the slopes at one scale. The longest is a part of the step's length."""
    found = slopes(inside)
    longest = np.nanmax(np.linalg.norm(found, axis=-1), initial=0.0)
    arrows: Array = found * (ARROW * np.linalg.norm(inside.end - inside.start) / (longest or 1.0))
    return arrows


def weight_text(weight: float) -> str:
    """A slope's weight: × 0.5, × −0.25."""
    return f"× {weight:.3g}".replace("-", "−")


class InsideLayer:
    """Items of one step, in the plane."""

    def __init__(self, box: pg.ViewBox, *, vector: bool) -> None:
        self.exact, self.step, self.euler, self.predictor = Bundle(), Bundle(), Bundle(), Bundle()
        self.history_slopes, self.slopes = Quiver(head=7.0, width=1.4), Quiver(head=9.0, width=2.0)
        self.history = Dots("disc", 6.0, vector=vector)
        self.stages = Dots("square", 8.0, vector=vector)
        self.ghost = Dots("ring", 10.0, vector=vector)
        self.end = Dots("disc", 11.0, vector=vector)
        self.labels = Labels()
        items: tuple[pg.GraphicsObject, ...] = (
            self.exact,
            self.step,
            self.euler,
            self.ghost,
            self.predictor,
            self.history,
            self.history_slopes,
            self.end,
            self.stages,
            self.slopes,
            self.labels,
        )
        self.items = items
        for z, item in enumerate(items):
            item.setZValue(53 + 0.1 * z)
            box.addItem(item, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        """Colours of the layer."""
        self.exact.set_pen(curve_pen("reference", theme, 2.0))
        self.step.set_pen(curve_pen("sampling", theme, 2.0))
        self.euler.set_pen(QPen(QColor(theme.muted), 1.2))
        self.ghost.set_look(theme.base, theme.muted, 1.8)
        dotted = QPen(QColor(theme.sampling), 1.4, Qt.PenStyle.CustomDashLine)
        dotted.setDashPattern([1.0, 2.5])
        self.predictor.set_pen(dotted)
        self.history.set_look(theme.muted)
        self.history_slopes.set_colors([theme.muted])
        self.slopes.set_colors([theme.text])
        self.stages.set_look(theme.base, theme.sampling, 1.8)
        self.end.set_look(theme.base, theme.sampling, 2.4)
        self.labels.set_look(theme.text, theme.base)

    def show(self, picture: PlanePicture) -> None:
        """Show the step, with every point displayed at the factor of its own noise level."""
        inside = picture.inside
        if inside is None:
            self._clear()
            return
        at = frames.inside_curves(picture, inside)
        stages, history, start = at["stages"], at["history"], at["start"]
        points = np.concatenate([stages, history])
        tips = points + frames.factor(picture, np.array(inside.sigmas))[:, None] * slope_arrows(inside)
        n = inside.stages
        self.stages.set_points(stages)
        self.history.set_points(history)
        self.slopes.set_arrows(stages, tips[:n])
        self.history_slopes.set_arrows(history, tips[n:])
        self.predictor.set_curves(np.stack([np.broadcast_to(start, stages.shape), stages]))
        self.step.set_curves(np.stack([start, at["end"]]))
        self.end.set_points(at["end"])
        self.euler.set_curves(np.stack([start, at["euler"]]))
        self.ghost.set_points(at["euler"])
        if inside.exact is None:
            self.exact.clear_curves()
        else:
            levels = frames.exact_sigmas(inside, len(inside.exact))
            self.exact.set_curves(frames.shown(picture, inside.exact, levels))
        weights = inside.slope_weights
        texts = () if weights is None else tuple(weight_text(weight) for weight in weights)
        self.labels.set_labels(tips[: len(texts)], texts)

    def _clear(self) -> None:
        for curve in (self.exact, self.step, self.euler, self.predictor):
            curve.clear_curves()
        for dots in (self.stages, self.history, self.ghost, self.end):
            dots.clear_points()
        for arrows in (self.slopes, self.history_slopes):
            arrows.clear_arrows()
        if self.labels.texts:
            self.labels.set_labels(np.empty((0, 2)), ())
