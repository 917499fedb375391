"""A canvas for the plane: axes of equal scale, zoom and pan, and the mouse, all in displayed coordinates."""

from __future__ import annotations

import math
from typing import Any, Literal

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QFont, QMouseEvent, QPen, QWheelEvent

from app.plotting.axes_plot import without_index
from app.plotting.theme import Theme
from app.plotting.values import Box
from geomodel.number_text import general

Tool = Literal["select", "probe", "start", "branch", "draw"]

REACH = 14  # pixels around the handle within which a press takes hold of it
LONGEST = 7  # the power of ten from which an axis writes powers of ten
FARTHEST = 1e12  # how far a person can zoom, in units of the frame
FINEST = 1e-14  # of a coordinate: nearer pixels would be the same numbers
STILL = 4  # pixels by which a press may move and still be a click
LEFT = Qt.MouseButton.LeftButton
MIDDLE = Qt.MouseButton.MiddleButton


def tick_text(value: float, spacing: float) -> str:
    """A tick's value in as many digits as tell it from its neighbours: 52.45, 5800500, 2.5×10⁹, 0."""
    place = math.floor(math.log10(spacing) + 1e-9)
    if abs(value) < spacing / 2:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if place < -4 or max(place, size) > LONGEST:
        return general(value, max(1, size - place + 1))
    return f"{value:.{max(0, -place)}f}".replace("-", "−")


class PlaneAxis(pg.AxisItem):
    """An axis of fixed size, so that new tick labels never move the plot. It writes real minus signs."""

    def __init__(self, side: Literal["left", "bottom"], font: QFont) -> None:
        super().__init__(side, maxTickLength=-5)
        self.enableAutoSIPrefix(False)
        self.setStyle(tickFont=font, tickAlpha=255, maxTickLevel=0, tickTextOffset=4, hideOverlappingLabels=20)
        if side == "left":
            self.setWidth(62)
        else:
            self.setHeight(40)

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:
        return [tick_text(float(value), spacing) for value in values]


class EqualScaleCanvas(pg.GraphicsView):
    """Shows a box of the plane at equal scale, or the part that the user zoomed and panned to.

    The canvas handles the mouse itself, because the scene's search for items under the cursor costs more than a
    repaint.
    """

    range_changed = Signal()
    freed = Signal()
    resumed = Signal()
    clicked = Signal(float, float, bool)  # x, y, with Ctrl
    handle_moved = Signal(float, float, bool)  # x, y, whether the button was released
    hovered = Signal(object)  # (x, y) or None

    def __init__(self, font: QFont, *, print_mode: bool) -> None:
        super().__init__()
        self.tool: Tool = "select"
        self.handle: tuple[float, float] | None = None
        self._box: Box = (0.0, 0.0, 1.0, 1.0)
        self._within: tuple[float, float, float, float] | None = None
        self._free: tuple[float, float, float] | None = None  # centre, units in a pixel
        self._press: QPointF | None = None
        self._last = QPointF()
        self._grip: QPointF | None = None  # from the cursor to the handle while the mouse holds it
        self._interactive = not print_mode
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the view handles the keys
        self.setViewportUpdateMode(self.ViewportUpdateMode.FullViewportUpdate)
        self.setCacheMode(self.CacheModeFlag.CacheNone)  # a cached background would be a bitmap in print
        self.viewport().setMouseTracking(True)
        without_index(self.scene())
        layout = pg.GraphicsLayout()
        layout.setContentsMargins(12, 4, 12, 0)
        layout.setSpacing(0)
        self.box = pg.ViewBox(enableMenu=False, enableMouse=False)
        self.box.disableAutoRange()
        self.left, self.bottom = PlaneAxis("left", font), PlaneAxis("bottom", font)
        layout.addItem(self.left, 0, 0)
        layout.addItem(self.box, 0, 1)
        layout.addItem(self.bottom, 1, 1)
        self.left.linkToView(self.box)
        self.bottom.linkToView(self.box)
        self.setCentralItem(layout)
        self.box.sigResized.connect(self._apply)

    # ---------------------------------------------------------------- range

    @property
    def free(self) -> bool:
        """Whether the user has zoomed or panned away from the frame."""
        return self._free is not None

    def show_box(self, box: Box) -> None:
        """Set the frame's box. The canvas follows it unless the user has zoomed or panned."""
        if box != self._box:
            self._box = box
            self._apply()

    def resume(self) -> None:
        """Return from where the user zoomed and panned to the frame's box."""
        if self._free is not None:
            self._free = None
            self._apply()
            self.resumed.emit()

    def unit(self) -> float:
        """The displayed length of a pixel."""
        if self._free is not None:
            return self._free[2]
        columns, rows = max(1.0, float(self.box.width())), max(1.0, float(self.box.height()))
        unit = max(self._box[2] / columns, self._box[3] / rows)
        return unit if self._within is None else min(unit, self._within[2] / columns, self._within[3] / rows)

    def visible(self) -> tuple[float, float, float, float]:
        """x, y, width and height of the part in view."""
        x, y = self._free[:2] if self._free is not None else self._box[:2]
        width, height = self.unit() * max(1.0, self.box.width()), self.unit() * max(1.0, self.box.height())
        if self._within is None:
            return x - width / 2, y - height / 2, width, height
        left, bottom, most, highest = self._within
        return (
            min(max(x - width / 2, left), left + most - width),
            min(max(y - height / 2, bottom), bottom + highest - height),
            width,
            height,
        )

    def keep_within(self, rect: tuple[float, float, float, float] | None) -> None:
        """Clip to a rectangle, so that a printed picture ends where its density ends."""
        self._within = rect
        self._apply()

    def _apply(self) -> None:
        x, y, width, height = self.visible()
        self.box.setRange(xRange=(x, x + width), yRange=(y, y + height), padding=0)
        self.range_changed.emit()

    def _area(self) -> QRectF:
        area: QRectF = self.box.mapRectToScene(self.box.rect())  # the item's bounding rectangle is a little larger
        return area

    def to_plane(self, position: QPointF) -> tuple[float, float]:
        """Displayed coordinates of a place on the widget."""
        rect, (x, y, width, height) = self._area(), self.visible()
        return (
            x + (position.x() - rect.left()) / rect.width() * width,
            y + (rect.bottom() - position.y()) / rect.height() * height,
        )

    def to_widget(self, x: float, y: float) -> QPointF:
        """The place on the widget of displayed coordinates."""
        rect, (left, bottom, width, height) = self._area(), self.visible()
        return QPointF(
            rect.left() + (x - left) / width * rect.width(), rect.bottom() - (y - bottom) / height * rect.height()
        )

    def _move_to(self, x: float, y: float, unit: float) -> None:
        was_free = self.free
        size = max(self._box[2:])
        finest = max(size / FARTHEST, FINEST * max(abs(x), abs(y)))
        self._free = (x, y, min(max(unit, finest), size * FARTHEST))
        self._apply()
        if not was_free:
            self.freed.emit()

    # ---------------------------------------------------------------- mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta().y()
        if not self._interactive or not delta:
            event.ignore()
            return
        x, y = self.to_plane(event.position())
        left, bottom, width, height = self.visible()
        zoom = 1.0015 ** (-delta)
        self._move_to(x + (left + width / 2 - x) * zoom, y + (bottom + height / 2 - y) * zoom, self.unit() * zoom)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._interactive or event.button() not in (LEFT, MIDDLE):
            event.ignore()
            return
        self._press = self._last = event.position()
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.button() == LEFT and not control:
            if self._over_handle(event.position()):
                assert self.handle is not None
                self._grip = self.to_widget(*self.handle) - event.position()
            elif self.tool == "probe":
                self._grip = QPointF(0, 0)
                self._drag_handle(event.position(), False)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.position()
        if self._grip is not None:
            self._drag_handle(position, False)
        elif self._press is not None:
            far = (position - self._press).manhattanLength() >= STILL
            if far or self._last != self._press:
                step = self._last - position
                x, y, width, height = self.visible()
                self._move_to(
                    x + width / 2 + step.x() * self.unit(), y + height / 2 - step.y() * self.unit(), self.unit()
                )
                self._last = position
                self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._interactive:
            self._show_cursor(position)
            self.hovered.emit(self.to_plane(position) if self._area().contains(position) else None)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            if self.tool == "probe" or event.position() != self._press:
                self._drag_handle(event.position(), True)
        elif self._press is not None and self._last == self._press and event.button() == LEFT:
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self.clicked.emit(*self.to_plane(event.position()), control)
        self._press = self._grip = None
        self._show_cursor(event.position())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._interactive and event.button() == LEFT:
            self.resume()
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def _drag_handle(self, position: QPointF, let_go: bool) -> None:
        assert self._grip is not None
        self.handle = self.to_plane(position + self._grip)
        self.handle_moved.emit(*self.handle, let_go)

    @property
    def dragging(self) -> bool:
        """Whether the mouse holds the handle."""
        return self._grip is not None

    def _over_handle(self, position: QPointF) -> bool:
        if self.handle is None:
            return False
        away = self.to_widget(*self.handle) - position
        return math.hypot(away.x(), away.y()) <= REACH

    def _show_cursor(self, position: QPointF) -> None:
        if self._over_handle(position):
            shape = Qt.CursorShape.OpenHandCursor
        else:
            shape = Qt.CursorShape.ArrowCursor if self.tool == "select" else Qt.CursorShape.CrossCursor
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(QCursor(shape))

    # ---------------------------------------------------------------- looks

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of the background and the axes."""
        self.setBackground(theme.base)
        for axis in (self.left, self.bottom):
            axis.setPen(QPen(QColor(theme.muted), 0))
            axis.setTickPen(QPen(QColor(theme.muted), 0))
            axis.setTextPen(theme.muted)
            axis.label.setDefaultTextColor(QColor(theme.text))

    def release(self) -> None:
        """Break the reference cycles between the items and the scene."""
        self.box.sigResized.disconnect(self._apply)
        self.close()

    def set_labels(self, x: str, y: str) -> None:
        """Set the titles of the axes."""
        for axis, label in ((self.bottom, x), (self.left, y)):
            axis.setLabel(label)
            axis.resizeEvent()  # pyqtgraph centres a label when the axis is resized, not when its text changes
