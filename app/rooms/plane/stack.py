"""Which layers are seen, how strongly, and which lies in front of which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QGraphicsItem

from app.rooms.plane.looks import bands, look
from app.rooms.plane.pictures import PlanePicture

Items = Sequence[QGraphicsItem]


class Stack:
    """The items of each layer, with the heights that they have while no layer was moved."""

    def __init__(self, layers: Mapping[str, Items]) -> None:
        self._layers = layers
        self._heights = {id(item): item.zValue() for items in layers.values() for item in items}

    def show(self, picture: PlanePicture, ghosts: Mapping[str, Items], height: float, weights: str) -> None:
        """Arrange the layers as a picture says. `height` is the usual one of ghosts, `weights` the layer that the
        posterior weights look like.
        """
        base = bands(picture.order)
        for name, items in (*self._layers.items(), *ghosts.items()):
            # The weights are empty unless they are asked for, by their own layer or by the probe's.
            visible = name in picture.layers or name == "weights"
            opacity = look(picture.looks, weights if name == "weights" else name).opacity
            for item in items:
                item.setVisible(visible)
                item.setOpacity(opacity)
                item.setZValue(base.get(name, 0.0) + self._heights.get(id(item), height))
