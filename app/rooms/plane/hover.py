"""Shows the image of the data point under the mouse, beside the mouse."""

from __future__ import annotations

import base64

from PySide6.QtCore import QBuffer, QIODevice, QObject, Qt
from PySide6.QtGui import QCursor, QImage
from PySide6.QtWidgets import QToolTip

from app.rooms.plane.view import PlaneView
from app.session.state import AppState
from geomodel import images
from geomodel.datasets import DataError, Dataset

SIDE = 112  # pixels; small images are enlarged by a whole number


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
            text = card(source.dataset, index)
        except DataError as error:  # the file behind a large set has changed
            text = str(error)
        QToolTip.showText(QCursor.pos(), text, self._plane)


def card(dataset: Dataset, index: int) -> str:
    """The data point as HTML: its image in true pixels, its number and its class."""
    pixels = images.pixels(dataset.points[index : index + 1])[0]
    height, width = pixels.shape[:2]
    layout = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    image = QImage(pixels.tobytes(), width, height, pixels.strides[0], layout)
    zoom = max(1, SIDE // max(width, height))
    image = image.scaled(width * zoom, height * zoom, Qt.AspectRatioMode.IgnoreAspectRatio)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub forgets str
    data = base64.b64encode(bytes(buffer.data().data())).decode()
    words = f"data point {index:,}"
    if dataset.labels is not None:
        words += f", {dataset.class_name(int(dataset.labels[index]))}"
    return f'<img src="data:image/png;base64,{data}"><br>{words}'
