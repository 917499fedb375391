"""Draws the data points that make up D*, with areas as their posterior weights, at the probe or else at the sample."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from app.plotting.bundles import Dots
from app.plotting.theme import Theme
from app.rooms.plane import frames
from app.rooms.plane.messages import ProbeAnswer
from app.rooms.plane.pictures import PlanePicture
from app.rooms.strip.messages import NeighboursAnswer

LARGEST = 18.0  # diameter in pixels of the data point with the largest weight; areas are proportional to the weights
FEW = 12.0  # with more effective neighbours than this, all discs shrink so that they stay apart
LEAST = 1e-3  # share of the largest weight; smaller weights are not drawn


def shown_weights(picture: PlanePicture) -> ProbeAnswer | NeighboursAnswer | None:
    """The weights to draw: the probe's while it is in use, otherwise the selected sample's."""
    probe, near = picture.probe, picture.neighbours
    if probe is not None and probe.weights is not None and "probe" in picture.layers:
        return probe
    if near is None or picture.curves is None or "weights" not in picture.layers:
        return None
    return near if near.request.sample == picture.sample else None


def weights_owner(picture: PlanePicture) -> str:
    """The layer that the weights belong to."""
    return "probe" if picture.probe is not None and shown_weights(picture) is picture.probe else "weights"


def weights_sigma(picture: PlanePicture, answer: ProbeAnswer | NeighboursAnswer) -> float:
    """The noise level of an answer, which may lag behind the playhead."""
    if isinstance(answer, ProbeAnswer):
        return answer.request.sigma
    assert picture.curves is not None
    return float(picture.curves.sigmas[answer.request.index])


class WeightsLayer:
    """Discs at the data points, as they are drawn in the plane."""

    def __init__(self, box: pg.ViewBox, *, vector: bool) -> None:
        self.discs = Dots("disc", LARGEST, vector=vector)
        self.discs.setZValue(8)
        box.addItem(self.discs, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        """Set the green of D*."""
        pale = QColor(theme.optimal)
        pale.setAlphaF(0.4)
        self.discs.set_look(pale, theme.optimal, 1.0)

    def show(self, picture: PlanePicture) -> None:
        """Show the weights of a picture, if it has any."""
        answer = shown_weights(picture)
        if answer is None or answer.indices is None or answer.weights is None or picture.data is None:
            self.discs.clear_points()
            return
        share = answer.weights / max(float(answer.weights.max()), 1e-300)
        seen = share > LEAST
        largest = LARGEST * min(1.0, (FEW / answer.effective_neighbours) ** 0.3)
        points = frames.shown(picture, picture.data[answer.indices[seen]], weights_sigma(picture, answer))
        self.discs.set_points(points, largest * np.sqrt(share[seen]))
