"""Shows the image of the data point under the mouse, beside the mouse."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QToolTip

from app.plotting import image_card
from app.rooms.plane.view import PlaneView
from app.rooms.plane.weights import shown_weights
from app.session.state import AppState
from geomodel import images
from geomodel.datasets import DataError, Dataset
from geomodel.number_text import percent


class Hover(QObject):
    """Listens to the plane and shows the image."""

    def __init__(self, state: AppState, plane: PlaneView, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._plane = state, plane
        plane.hovered.connect(self._show)

    def _show(self, place: tuple[float, float, int | None] | None) -> None:
        run = self._state.run
        source = run.source if run is not None else None
        index = place[2] if place is not None else None
        if source is None or index is None or source.dataset.kind != "images":
            QToolTip.hideText()
            return
        try:
            text = card(source.dataset, index, self._weight(index))
        except DataError as error:  # the file behind a large set has changed
            text = str(error)
        QToolTip.showText(QCursor.pos(), text, self._plane)

    def _weight(self, index: int) -> float | None:
        """The posterior weight of a data point where the plane draws it."""
        answer = shown_weights(self._plane.picture)
        if answer is None or answer.indices is None or answer.weights is None:
            return None
        found = np.flatnonzero(np.asarray(answer.indices) == index)
        return float(answer.weights[found[0]]) if len(found) else None


def card(dataset: Dataset, index: int, weight: float | None = None) -> str:
    """The data point as HTML: its image in true pixels, its number, its class and its posterior weight."""
    words = f"data point {index:,}"
    if dataset.labels is not None:
        words += f", {dataset.class_name(int(dataset.labels[index]))}"
    if weight is not None:
        words += f", weight {percent(weight)}"
    return image_card.card(images.pixels(dataset.points[index : index + 1])[0], words)
