"""The layers of the plane view, one item each. Hue says whose a curve is, dash says which kind it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QPen

from app.plotting.bundles import Bundle, Dots, ImageItem
from app.plotting.quiver import Quiver
from app.plotting.theme import Theme
from app.rooms.plane import frames
from app.rooms.plane.basins import BasinsLayer
from app.rooms.plane.branch import BranchLayer
from app.rooms.plane.drawing_layer import DrawingLayer
from app.rooms.plane.drawn_curves import DrawnCurves, curves_drawn, dotted
from app.rooms.plane.ghosts import HEIGHT, GhostsLayer
from app.rooms.plane.inside import InsideLayer
from app.rooms.plane.looks import tint
from app.rooms.plane.pictures import PlanePicture
from app.rooms.plane.probe import ProbeLayer
from app.rooms.plane.stack import Stack
from app.rooms.plane.trajectory import TrajectoryLayer
from app.rooms.plane.weights import WeightsLayer, shown_weights, weights_owner
from app.session.plane_options import LayerLook
from geomodel.arrays import Array

MOST_DATA = 10_000  # most data points that are drawn; of more, every k-th is
MOST_CURRENT = 2_000  # most current positions that are drawn
FLOOR = -12.0  # nats below the maximum that have no shade
SHADES = 5  # colours of a field's arrows


def data_stride(count: int) -> int:
    """The stride of the data points that are drawn."""
    return -(-count // MOST_DATA)


def field_moves(picture: PlanePicture) -> tuple[Array, Array] | None:
    """Field vectors (m, 2) and their magnitudes (m,): −slope = (D − x)/σ, next move (1 − σ'/σ)(D − x), shift D − x."""
    background = picture.background
    if background is None or not len(background.at) or background.request.sigma <= 0:
        return None
    sigma = background.request.sigma
    vectors = background.denoised - background.at
    if picture.arrow == "move":
        following = frames.next_sigma(picture, sigma)
        if following is None:
            return None
        vectors = (1 - following / sigma) * vectors
    elif picture.arrow == "slope":
        vectors = vectors / sigma
    return vectors, np.linalg.norm(vectors, axis=-1)


class PlaneLayers:
    """Every item of the plane, updated where the picture has changed."""

    def __init__(self, box: pg.ViewBox, theme: Theme, *, print_mode: bool) -> None:
        self.density = ImageItem(enlarge=4 if print_mode else 1)
        self.data = Dots("disc", 3.0, vector=print_mode)
        self.field = Quiver(head=4.5, width=0.9, hairline=not print_mode)
        self.current = Dots("disc", 5.0, vector=print_mode)
        self.segment = Bundle()
        self.x_mark = Dots("disc", 11.0, vector=print_mode)
        self.d_mark = Dots("ring", 10.0, vector=print_mode)
        for item, z in (
            (self.density, 0),
            (self.data, 4),
            (self.field, 6),
            (self.current, 26),
            (self.segment, 50),
            (self.x_mark, 52),
            (self.d_mark, 52),
        ):
            item.setZValue(z)
            box.addItem(item, ignoreBounds=True)
        self.sampling = TrajectoryLayer(box, "sampling", 11, print_mode)
        self.denoising = TrajectoryLayer(box, "denoising", 10, print_mode)
        self.basins = BasinsLayer(box, print_mode=print_mode)
        self.weights = WeightsLayer(box, vector=print_mode)
        self.probe = ProbeLayer(box, vector=print_mode)
        self.inside = InsideLayer(box, vector=print_mode)
        self.branch = BranchLayer(box, vector=print_mode)
        self.ghosts = GhostsLayer(box, vector=print_mode)
        self.drawing = DrawingLayer(box, vector=print_mode)
        self._stack = Stack(
            {
                "density": (self.density,),
                "basins": (self.basins.tints, self.basins.names),
                "data": (self.data,),
                "field": (self.field,),
                "weights": (self.weights.discs,),
                "denoising": self.denoising.items,
                "sampling": (*self.sampling.items, self.current),
                "segment": (self.segment, self.x_mark, self.d_mark),
                "inside": self.inside.items,
                "probe": self.probe.items,
                "branch": self.branch.items,
            }
        )
        self._looks: Mapping[str, LayerLook] = {}
        self._arranged: tuple[object, ...] = ()
        self.curves = DrawnCurves()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of every layer. Image, basins, ghosts and weights take them when they are shown."""
        self._theme = theme
        self.drawing.set_theme(theme)
        self._table = self._tinted("density").lookup()
        data = QColor(self._tinted("data").data)
        data.setAlphaF(0.75)
        self.data.set_look(data)
        self.field.set_colors(shades(self._tinted("field")))
        self.sampling.set_theme(self._tinted("sampling"))
        self.denoising.set_theme(self._tinted("denoising"))
        current = QColor(self._tinted("sampling").sampling)
        current.setAlphaF(0.75)
        self.current.set_look(current)
        segment = self._tinted("segment")
        pen = QPen(QColor(segment.text), 1.4)
        pen.setCosmetic(True)
        self.segment.set_pen(pen)
        self.x_mark.set_look(segment.sampling, theme.base, 1.5)
        self.d_mark.set_look(theme.base, segment.denoising, 2.4)
        self.basins.set_theme(theme)
        self.probe.set_theme(self._tinted("probe"))
        self.inside.set_theme(self._tinted("inside"))
        self.branch.set_theme(self._tinted("branch"))
        self._density_shown: object = None
        self._basins_shown: object = None
        self._weights_shown: object = None
        self._ghosts_shown: object = None

    def _tinted(self, layer: str) -> Theme:
        return self._theme.tinted(tint(self._looks, layer))

    def show(self, new: PlanePicture, old: PlanePicture | None) -> None:
        """Update what differs from the picture shown before; everything if there was none."""
        chart = old is None or frames.chart(new) != frames.chart(old)
        before = PlanePicture() if old is None else old
        if new.looks != self._looks:
            self._looks = new.looks
            self.set_theme(self._theme)
        curves = chart or new.curves is not before.curves
        playhead = curves or new.index != before.index
        background = chart or new.background is not before.background
        if chart or new.data is not before.data:
            self._show_data(new)
        if playhead:
            frames.put(self.data, new, frames.playhead_sigma(new))
        if background or self._density_shown is not new.background:
            self._show_density(new)
        if chart or self._basins_shown is not new.basins:
            self._basins_shown = new.basins
            self.basins.show(new)
        if background or new.arrow != before.arrow:
            self._show_field(new)
        if curves:
            self._show_curves(new)
        if playhead:
            self._show_part(new)
        if playhead or new.sample != before.sample:
            self._show_selected(new)
        if chart or new.probe is not before.probe:
            self.probe.show_answer(new)
        answer = shown_weights(new)
        if chart or new.data is not before.data or self._weights_shown is not (answer or self):
            self._weights_shown = answer or self
            self.weights.set_theme(self._tinted(weights_owner(new)))
            self.weights.show(new)
        if chart or new.inside is not before.inside:
            self.inside.show(new)
        if chart or new.branch is not before.branch:
            self.branch.show(new)
        if new.drawing != before.drawing:
            self.drawing.show(new)
        if chart or self._ghosts_shown is not new.ghosts:
            self._ghosts_shown = new.ghosts
            self.ghosts.show(new, self._theme)
        arranged = (new.layers, new.order, new.looks, tuple(self.ghosts.items), weights_owner(new))
        if arranged != self._arranged:
            self._arranged = arranged
            self._stack.show(new, self.ghosts.items, HEIGHT, weights_owner(new))

    def _show_data(self, picture: PlanePicture) -> None:
        if picture.data is None:
            self.data.clear_points()
            return
        points = picture.data[:: data_stride(len(picture.data))]
        self.data.set_size(4.0 if len(points) <= 400 else 3.0 if len(points) <= 3000 else 2.0)
        self.data.set_points(points)

    def _show_density(self, picture: PlanePicture) -> None:
        background = picture.background
        self._density_shown = background
        if background is None or background.density is None:
            self.density.clear_image()
            return
        part = np.clip(np.nan_to_num(background.density, nan=FLOOR, neginf=FLOOR) / -FLOOR + 1, 0, 1)
        self.density.set_image(self._table[np.round(255 * part).astype(np.uint8)], background.request.rect)
        frames.put(self.density, picture, background.request.sigma)

    def _show_field(self, picture: PlanePicture) -> None:
        found = field_moves(picture)
        if found is None:
            self.field.clear_arrows()
            return
        assert picture.background is not None
        request, at = picture.background.request, picture.background.at
        vectors, size = found
        largest = float(np.nanmax(size, initial=0.0))
        if picture.arrow == "slope":
            columns, rows = request.arrows
            length = 0.7 * min(request.rect[2] / max(1, columns), request.rect[3] / max(1, rows))
            vectors = vectors * (length / np.maximum(size, 1e-300))[:, None]
            tails, tips = at - vectors / 2, at + vectors / 2
        else:
            tails, tips = at, at + vectors
        shade = np.ceil(SHADES * np.nan_to_num(size) / (largest or 1.0)).astype(int) - 1
        self.field.set_arrows(tails, tips, np.clip(shade, 0, SHADES - 1))
        frames.put(self.field, picture, request.sigma)

    def _show_curves(self, picture: PlanePicture) -> None:
        curves = picture.curves
        if curves is None or not curves.committed:
            self.sampling.clear()
            self.denoising.clear()
            return
        self.curves.follow(curves)
        last, some = curves.committed - 1, slice(curves_drawn(picture))
        self.sampling.show_all(self.curves.x(picture, 0, last, some))
        self.denoising.show_all(self.curves.d(picture, 0, last, some))

    def _show_part(self, picture: PlanePicture) -> None:
        if picture.curves is None or not picture.curves.committed:
            self.current.clear_points()
            return
        level, some = frames.playhead(picture), slice(curves_drawn(picture))
        self.sampling.show_part(self.curves.x(picture, 0, level, some))
        self.denoising.show_part(self.curves.d(picture, 0, level, some))
        self.current.set_points(self.curves.positions(picture)[:MOST_CURRENT])

    def _show_selected(self, picture: PlanePicture) -> None:
        curves = picture.curves
        if curves is None or not curves.committed:
            for item in (self.x_mark, self.d_mark):
                item.clear_points()
            self.segment.clear_curves()
            return
        level, last, one = frames.playhead(picture), curves.committed - 1, slice(picture.sample, picture.sample + 1)
        for layer, points in ((self.sampling, self.curves.x), (self.denoising, self.curves.d)):
            so_far, beyond = points(picture, 0, level, one)[:, 0], points(picture, level, last, one)[:, 0]
            layer.show_one(so_far, beyond, dotted(picture))
        self.x_mark.set_points(self.curves.positions(picture)[picture.sample])
        pair = self.curves.pair(picture)
        if pair is None:
            self.d_mark.clear_points()
            self.segment.clear_curves()
        else:
            self.d_mark.set_points(pair[1])
            self.segment.set_curves(np.stack(pair))


def shades(theme: Theme) -> list[QColor]:
    """Colours of a field's arrows. They come closer to the text colour as the magnitude grows."""
    base, text = QColor(theme.base), QColor(theme.text)
    parts = np.linspace(0.45, 0.9, SHADES)
    return [
        QColor.fromRgbF(*(b + (t - b) * part for b, t in zip(_rgb(base), _rgb(text), strict=True))) for part in parts
    ]


def _rgb(color: QColor) -> tuple[float, float, float]:
    return color.redF(), color.greenF(), color.blueF()
