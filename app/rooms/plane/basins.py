"""Draws basins of attraction: a pale tint over the density for each class of the data, and the classes' names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from app.plotting.bundles import ImageItem
from app.plotting.labels import Labels
from app.plotting.legend import Entry
from app.plotting.theme import Theme
from app.rooms.plane import frames
from app.rooms.plane.messages import BasinArea
from app.rooms.plane.pictures import PlanePicture
from geomodel.basins import STEPS, UNKNOWN
from geomodel.number_text import fixed

NAMED = 0.01  # share of the rectangle; smaller areas have no name in the picture
LISTED = 3  # areas that the legend names; its tooltip has all of them


class BasinsLayer:
    """Cells of one colour a class, and a name where each class is widest."""

    def __init__(self, box: pg.ViewBox, *, print_mode: bool) -> None:
        self.tints = ImageItem(enlarge=4 if print_mode else 1, smooth=False)
        self.names = Labels(centred=True)
        for item, z in ((self.tints, 1), (self.names, 48)):
            item.setZValue(z)
            box.addItem(item, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of the classes and their names. The tints change when the picture is displayed again."""
        self._table = class_tints(theme)
        self.names.set_look(theme.text, theme.base)

    def show(self, picture: PlanePicture) -> None:
        """The basins of a picture, displayed at their own noise level."""
        answer = picture.basins
        if answer is None or answer.basins is None or not answer.areas:
            self.tints.clear_image()
            self.names.set_labels(np.empty((0, 2)), ())
            return
        sigma = answer.request.sigma
        classes = answer.basins.classes
        rows = self._table[classes % len(self._table)]
        rows[classes == UNKNOWN] = 0
        self.tints.set_image(rows, answer.basins.rect)
        frames.put(self.tints, picture, sigma)
        named = [area for area in answer.areas if area.share >= NAMED]
        places = frames.shown(picture, np.array([area.place for area in named]).reshape(-1, 2), sigma)
        self.names.set_labels(places, tuple(area.name for area in named))


def class_tints(theme: Theme) -> np.ndarray:
    """uint8 (n, 4): the colours of the classes, with the alpha of an area."""
    rows = [(*_channels(color), round(255 * theme.tint)) for color in theme.classes]
    return np.array(rows, np.uint8)


def _channels(color: str) -> tuple[int, int, int]:
    shade = QColor(color)
    return shade.red(), shade.green(), shade.blue()


def basins_entries(picture: PlanePicture) -> Iterator[Entry]:
    """The legend: what the tints mean, the grid, and the largest shares."""
    answer = picture.basins
    if answer is None or "basins" not in picture.layers:
        return
    if answer.message:
        yield Entry("basins", answer.message)
        return
    if answer.basins is None or not answer.areas:
        return
    sigma = answer.request.sigma
    stale = abs(sigma - frames.playhead_sigma(picture)) > 1e-9 * sigma
    rows, columns = answer.basins.known.shape
    whose = f"of {answer.of}" if picture.direct or answer.request.site.mode == "slice" else "of the projected data"
    largest = ", ".join(map(_share, answer.areas[:LISTED]))
    rest = f" and {len(answer.areas) - LISTED} more" if len(answer.areas) > LISTED else ""
    text = f"basins {whose}{f' at σ = {fixed(sigma, 3)}' if stale else ''}: {largest}{rest}"
    tip = (
        f"Class of the data point where dx/dσ = (x − {answer.of})/σ ends that starts here at this σ "
        f"(Heun, {STEPS} steps, Karras levels); {columns} × {rows} cells. Shares of the view: "
    )
    yield Entry("basins", text, tip + ", ".join(map(_share, answer.areas)))


def _share(area: BasinArea) -> str:
    return f"{area.name} {100 * area.share:.3g} %"
