"""Draws ghosts: where the selected sample's noise goes in pinned runs, under other denoisers, and without error."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QPen

from app.plotting.bundles import Bundle, Dots
from app.plotting.legend import LINE, Entry
from app.plotting.theme import Theme
from app.rooms.plane import frames
from app.rooms.plane.looks import look
from app.rooms.plane.pictures import GhostPicture, PlanePicture
from geomodel.number_text import fixed

HEIGHT = 28.0  # above all thin curves, under the selected ones
WIDTH, MARK = 1.8, 10.0  # pixels
ROUNDING = 1e-9  # of the data's scale: the same run, summed in another order


class GhostsLayer:
    """A curve for each ghost, with a mark at the level nearest to the playhead's."""

    def __init__(self, box: pg.ViewBox, *, vector: bool) -> None:
        self._box, self._vector = box, vector
        self.items: dict[str, tuple[Bundle, Dots]] = {}

    def show(self, picture: PlanePicture, theme: Theme) -> None:
        """Show the ghosts of a picture in the colours of a theme."""
        there = {ghost.name for ghost in picture.ghosts}
        for name in self.items.keys() - there:
            for item in self.items.pop(name):
                self._box.removeItem(item)
        for ghost in picture.ghosts:
            curve, mark = self.items.get(ghost.name) or self._add(ghost)
            color = theme.hue(hue(picture, ghost))
            curve.set_pen(QPen(QColor(color), WIDTH))
            mark.set_look(*((theme.base, color, 2.2) if ghost.symbol == "ring" else (color, theme.base, 1.2)))
            if ghost.curve is None:
                curve.clear_curves()
                mark.clear_points()
                continue
            points = frames.shown(picture, ghost.curve, np.asarray(ghost.sigmas)[: len(ghost.curve)])
            curve.set_curves(points)
            mark.set_points(points[ghost.index])

    def _add(self, ghost: GhostPicture) -> tuple[Bundle, Dots]:
        items = Bundle(), Dots(ghost.symbol, MARK, vector=self._vector)
        for item in items:
            item.setZValue(HEIGHT)
            self._box.addItem(item, ignoreBounds=True)
        self.items[ghost.name] = items
        return items


def hue(picture: PlanePicture, ghost: GhostPicture) -> str:
    """The colour of a ghost: a person's, or its name in the theme."""
    return look(picture.looks, ghost.name).color or ghost.hue


def sample(picture: PlanePicture, ghost: GhostPicture) -> str:
    """Its sample in a legend."""
    return f"{LINE}{hue(picture, ghost)}:{ghost.symbol}"


def ghost_entries(picture: PlanePicture) -> Iterator[Entry]:
    """The legend: each ghost, how far it is from x, and its own σ where it has no level at the playhead's."""
    for ghost in picture.ghosts:
        if ghost.name in picture.layers:
            text = f"{ghost.title}: {ghost.note or ghost_words(picture, ghost)}"
            yield Entry(sample(picture, ghost), text, ghost.tip, ghost.name)


def ghost_words(picture: PlanePicture, ghost: GhostPicture) -> str:
    """How far it is from x, or which σ it stands at."""
    sigma = float(ghost.sigmas[ghost.index])
    here = frames.playhead_sigma(picture)
    if ghost.distance is None or abs(sigma - here) > 1e-9 * max(sigma, here):
        return f"at σ = {fixed(sigma, 3)}"
    return "on x" if ghost.distance <= ROUNDING * picture.scale else f"{fixed(ghost.distance, 3)} from x"
