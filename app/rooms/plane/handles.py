"""What a person takes hold of in the plane, with the mouse or with keys: the probe, and x of the selected sample."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent

from app.plotting.equal_scale import EqualScaleCanvas
from app.rooms.plane import frames
from app.rooms.plane.layers import PlaneLayers
from app.rooms.plane.pictures import PlanePicture

NUDGE = 8.0  # pixels that a key moves the probe or a branch
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Down: (0, -1), Qt.Key.Key_Up: (0, 1)}
Point = tuple[float, float]


class Handles(QObject):
    """Places both handles and says where they are moved to, in true coordinates."""

    probe_moved = Signal(float, float, bool)  # x, y, whether it was let go
    branch_moved = Signal(float, float, bool)
    branch_left = Signal()

    def __init__(self, ground: EqualScaleCanvas, layers: PlaneLayers, parent: QObject) -> None:
        super().__init__(parent)
        self._ground, self._layers = ground, layers
        self._picture = PlanePicture()
        self._probe: Point | None = None  # displayed
        self._branch: Point | None = None
        ground.handle_moved.connect(self._moved)

    def release(self) -> None:
        """Let go of the canvas."""
        self._ground.handle_moved.disconnect(self._moved)

    def show(self, picture: PlanePicture) -> None:
        """Place the handles of a picture, unless the mouse holds one."""
        self._picture = picture
        if self._ground.dragging:
            return
        probe = picture.probe_point
        if probe is None and picture.probe is not None:
            probe = picture.probe.request.point
        self._place(self._displayed(probe, self._probe_sigma()), self._displayed(picture.branch_handle, self._sigma()))

    def choose(self) -> None:
        """The mouse takes hold of the handle that belongs to the tool."""
        probe = self._probe if "probe" in self._picture.layers else None
        self._ground.handle = self._branch if self._ground.tool == "branch" else probe

    def nudge_probe(self, right: float, up: float) -> None:
        """Move the probe by pixels, as a drag would."""
        if self._probe is not None and "probe" in self._picture.layers:
            self._put_probe(self._beside(self._probe, right, up), True)

    def takes(self, event: QKeyEvent) -> bool:
        """Whether a key nudges or drops the branch."""
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        if event.key() == Qt.Key.Key_Escape:
            return self._picture.branch is not None
        return event.key() in ARROWS and self._ground.tool == "branch" and self._branch is not None

    def press(self, event: QKeyEvent) -> None:
        """Do what a key does that belongs to the branch."""
        if event.key() == Qt.Key.Key_Escape:
            self.branch_left.emit()
        elif self._branch is not None:
            right, up = ARROWS[Qt.Key(event.key())]
            self._put_branch(self._beside(self._branch, NUDGE * right, NUDGE * up), True)

    def probed(self, x: float, y: float) -> Point:
        """The point of the probe's noise level at displayed coordinates."""
        return frames.true(self._picture, x, y, self._probe_sigma())

    def _moved(self, x: float, y: float, let_go: bool) -> None:
        (self._put_branch if self._ground.tool == "branch" else self._put_probe)((x, y), let_go)

    def _put_probe(self, at: Point, let_go: bool) -> None:
        self._place(at, self._branch)
        self.probe_moved.emit(*self.probed(*at), let_go)

    def _put_branch(self, at: Point, let_go: bool) -> None:
        self._place(self._probe, at)
        self.branch_moved.emit(*frames.true(self._picture, *at, self._sigma()), let_go)

    def _place(self, probe: Point | None, branch: Point | None) -> None:
        self._probe, self._branch = probe, branch
        self._layers.probe.place_handle(probe)
        self._layers.branch.place_handle(branch)
        self.choose()

    def _beside(self, at: Point, right: float, up: float) -> Point:
        unit = self._ground.unit()
        return at[0] + right * unit, at[1] + up * unit

    def _displayed(self, point: Point | None, sigma: float) -> Point | None:
        if point is None:
            return None
        x, y = frames.shown(self._picture, np.array(point), sigma)
        return float(x), float(y)

    def _sigma(self) -> float:
        return frames.playhead_sigma(self._picture)

    def _probe_sigma(self) -> float:
        probe = self._picture.probe
        return self._sigma() if probe is None else probe.request.sigma
