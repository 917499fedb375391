"""The pen of the drawing tool: the left button, or the arrows with Space, over the canvas of the plane."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent

from app.plotting.equal_scale import EqualScaleCanvas
from app.rooms.plane.handles import ARROWS, NUDGE

LEFT = Qt.MouseButton.LeftButton
ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
KEYS = (*ARROWS, *ENDS, Qt.Key.Key_Escape, Qt.Key.Key_Space)


class Pen(QObject):
    """Says where the pen is put down, moved and lifted, in displayed coordinates, while it is in use."""

    put_down = Signal(float, float)
    moved = Signal(float, float)
    lifted = Signal()
    ended = Signal()  # Enter: the drawing is ready
    left = Signal()  # Esc
    tip_moved = Signal(object)  # where the keys have moved the pen, or None while the mouse draws

    def __init__(self, ground: EqualScaleCanvas, parent: QObject) -> None:
        super().__init__(parent)
        self._ground = ground
        self._in_use = self._down = False
        self._tip: tuple[float, float] | None = None  # of the keys
        ground.viewport().installEventFilter(self)

    def release(self) -> None:
        """Let go of the canvas."""
        self._ground.viewport().removeEventFilter(self)

    def use(self, in_use: bool) -> None:
        """Draw, or leave the mouse and the keys to other tools."""
        self._in_use, self._down = in_use, False
        self._move_tip(None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the left button from the canvas, which would pan."""
        if not self._in_use or not isinstance(event, QMouseEvent):
            return False
        kind = event.type()
        if kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick) and event.button() == LEFT:
            self._move_tip(None)
            self._put(self._at(event.position()))
            return True
        if kind == QEvent.Type.MouseMove and self._down and event.buttons() & LEFT:
            self.moved.emit(*self._at(event.position()))
            return True
        if kind == QEvent.Type.MouseButtonRelease and event.button() == LEFT:
            self._lift()
            return True
        return False

    def takes(self, event: QKeyEvent) -> bool:
        """Whether a key moves the pen or ends the drawing."""
        return self._in_use and event.key() in KEYS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier

    def press(self, event: QKeyEvent) -> None:
        """Do what a key does with the pen."""
        key = event.key()
        if key in ENDS:
            self._lift()
            self.ended.emit()
        elif key == Qt.Key.Key_Escape:
            self._lift()
            self.left.emit()
        elif key == Qt.Key.Key_Space:
            self._lift() if self._down else self._put(self._place())
        else:
            (x, y), (right, up), unit = self._place(), ARROWS[Qt.Key(key)], self._ground.unit()
            self._move_tip((x + NUDGE * right * unit, y + NUDGE * up * unit))
            if self._down:
                self.moved.emit(*self._place())

    def _at(self, position: QPointF) -> tuple[float, float]:
        return self._ground.to_plane(position)

    def _place(self) -> tuple[float, float]:
        """Where the keys begin: where they were, or in the middle of the canvas."""
        x, y, width, height = self._ground.visible()
        return self._tip or (x + width / 2, y + height / 2)

    def _put(self, at: tuple[float, float]) -> None:
        self._down = True
        self.put_down.emit(*at)

    def _lift(self) -> None:
        if self._down:
            self._down = False
            self.lifted.emit()

    def _move_tip(self, tip: tuple[float, float] | None) -> None:
        if tip != self._tip:
            self._tip = tip
            self.tip_moved.emit(tip)
