"""Draws rooms off screen, one noise level after the other, as frames of a film. The views on the screen do not move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.engine.contract import Answer, Request
from app.export import figure
from app.export.scaled import scaled_device
from app.plotting.theme import PRINT
from app.rooms.contract import Filmed, Reel, Room, View
from app.session.state import AppState
from geomodel.arrays import Array

LOGICAL = 540  # pixels of the shorter side for which views are laid out, so that text can be read in a film
WHOLE = QRectF(0, 0, 1, 1)


@dataclass(frozen=True, slots=True)
class Taken:
    """Pictures that need nothing of the engine, taken beforehand."""

    pictures: Mapping[int, object]

    def needs(self, level: int, view: object, answers: Sequence[Answer]) -> Sequence[Request]:
        """Nothing."""
        return ()

    def picture(self, level: int, answers: Sequence[Answer]) -> object:
        """The picture of a level."""
        return self.pictures[level]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One room of a film, and which part of the frame it fills."""

    original: View  # which stands in the window
    reel: Reel
    area: QRectF
    message: str = ""  # why there is nothing to see


def shot(room: Room, state: AppState, levels: Sequence[int], area: QRectF = WHOLE) -> Shot:
    """A room at levels of the selected run."""
    reel = room.reel() if isinstance(room, Filmed) else None
    if reel is not None:
        return Shot(original=room.view, reel=reel, area=area)
    pictures = {}
    for level in levels:
        with state.at_level(level):
            pictures[level] = room.picture()
    message = getattr(pictures[levels[0]], "message", "")
    return Shot(original=room.view, reel=Taken(pictures), area=area, message=message)


class Stage:
    """Views in the print theme, side by side. They live as long as the film is drawn, so that nothing jumps."""

    def __init__(self, shots: Sequence[Shot], size: tuple[int, int]) -> None:
        self._size = size
        scale = max(1.0, min(size) / LOGICAL)
        self._logical = (round(size[0] / scale), round(size[1] / scale))
        self._shots = [(item, self._view(item)) for item in shots]
        self.held = False

    @property
    def count(self) -> int:
        """How many shots there are."""
        return len(self._shots)

    def _view(self, item: Shot) -> View:
        kind: Any = type(item.original)
        view: View = kind(PRINT, print_mode=True)
        rect = self._place(item.area)
        view.resize(rect.size())
        return view

    def _place(self, area: QRectF) -> QRect:
        width, height = self._logical
        place = QRectF(area.x() * width, area.y() * height, area.width() * width, area.height() * height)
        return place.toRect()

    def show(self, level: int, answers: Sequence[Sequence[Answer]]) -> None:
        """Show a level with what was answered for each shot."""
        for (item, view), found in zip(self._shots, answers, strict=True):
            view.display(item.original.for_print(item.reel.picture(level, found), view.size()))
            figure.settle(view, again=not self.held)

    def hold(self) -> None:
        """Keep everything where it is now, once a level was shown with all its answers. It is to be shown again then,
        because a density covers what was in view before.
        """
        self.held = True
        for _, view in self._shots:
            view.hold()
            figure.settle(view)

    def needs(self, level: int, answers: Sequence[Sequence[Answer]]) -> list[tuple[Request, ...]]:
        """What each shot still needs."""
        return [
            tuple(item.reel.needs(level, view, found)) for (item, view), found in zip(self._shots, answers, strict=True)
        ]

    def draw(self) -> Array:
        """The frame as it stands: (height, width, 3) bytes."""
        image = QImage(*self._size, QImage.Format.Format_RGB32)
        image.fill(PRINT.base)
        for item, view in self._shots:
            device = scaled_device(image, *self._logical)
            QWidget.render(view, device, self._place(item.area).topLeft())
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(self._size[1], image.bytesPerLine())
        blue_first = rows[:, : 4 * self._size[0]].reshape(self._size[1], self._size[0], 4)
        return np.ascontiguousarray(blue_first[:, :, 2::-1])

    def release(self) -> None:
        """Let the views go."""
        for _, view in self._shots:
            view.release()
            view.deleteLater()
        self._shots = []
