"""The plane: data, density, field, both trajectories, the probe and the inside of a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QFontMetrics, QKeyEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from superqt import QElidingLabel

from app.engine.contract import Rect
from app.plotting.equal_scale import EqualScaleCanvas, Tool
from app.plotting.legend import Legend
from app.plotting.pens_and_numbers import tabular
from app.plotting.picking import distance_to_segments
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.plane import frames
from app.rooms.plane import text as words
from app.rooms.plane.branch_ends import BranchEnds
from app.rooms.plane.changed_line import ChangedLine
from app.rooms.plane.drawing_bar import DrawingBar
from app.rooms.plane.handles import Handles
from app.rooms.plane.layers import PlaneLayers
from app.rooms.plane.layers_over import LayersOver
from app.rooms.plane.menu import LOOK_ROWS, point_rows
from app.rooms.plane.pen import Pen
from app.rooms.plane.pictures import PlanePicture
from app.rooms.plane.tool_bar import ToolBar, ToolBarPicture
from app.widgets.context_menu import Row
from app.widgets.text import PlainLabel, shortened, tooltip
from geomodel.number_text import fixed

NEAR = 10  # pixels within which a click picks a sample and a hover finds a data point
LEGEND_ROWS = 3  # of the screen's legend; a caption takes the place of one
MOST_PIXELS = 256  # least and most pixels of the density image, each way
HELP = (
    "Wheel: zoom. Drag: pan. Double click or 0: return to the frame. Click: select a sample. Ctrl+click: start there."
)


class PlaneView(View):
    """Shows a `PlanePicture`. All coordinates in signals are true ones, whatever the frame displays."""

    rect_changed = Signal(object)  # the Rect that density and field should fill
    probe_dragged = Signal(float, float)
    probe_dropped = Signal(float, float)
    probe_wanted = Signal(float, float)  # at a point, whatever the tool
    branch_dragged = Signal(float, float)  # x of the selected sample, in the plane
    branch_dropped = Signal(float, float)
    branch_left = Signal()
    start_clicked = Signal(float, float)
    sample_picked = Signal(int)
    frame_left = Signal()  # the user zoomed or panned
    frame_resumed = Signal()  # the user has returned to the frame
    hovered = Signal(object)  # (x, y, index of the data point there or None), or None
    sigma_wanted = Signal(object)  # the probe's noise level, or None to follow the playhead

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture = PlanePicture()
        self._shown: PlanePicture | None = None
        self._theme, self._print_mode = theme, print_mode
        self._announced: Rect | None = None
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if print_mode else Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Plane")
        self.setAutoFillBackground(True)
        self._title, self._caption, self._readout = QElidingLabel(), QElidingLabel(), PlainLabel()
        for label in (self._title, self._caption):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._message = PlainLabel()
        self._legend = Legend(theme, print_mode=print_mode)
        self._tools = ToolBar()
        self._tools.sigma_wanted.connect(self.sigma_wanted)
        self.ground = EqualScaleCanvas(tabular(self.font(), 0.92), print_mode=print_mode)
        self.layers = PlaneLayers(self.ground.box, theme, print_mode=print_mode)
        self._handles = Handles(self.ground, self.layers, self)
        self.pen = Pen(self.ground, self)
        self.pen.tip_moved.connect(self.layers.drawing.show_tip)
        self._changes = ChangedLine(self.ground)
        self._ends = BranchEnds(self.ground, theme)
        self.layer_list = LayersOver(self, self.ground, theme)
        self._arrange()
        self._timer = QTimer(self, interval=0, singleShot=True)
        self._timer.timeout.connect(self._announce)
        self.ground.range_changed.connect(self._timer.start)
        self.ground.freed.connect(self.frame_left)
        self.ground.resumed.connect(self.frame_resumed)
        self.ground.clicked.connect(self._on_click)
        self._handles.probe_moved.connect(self._on_probe)
        self._handles.branch_moved.connect(self._on_branch)
        self._handles.branch_left.connect(self.branch_left)
        self.ground.hovered.connect(self._on_hover)
        self.set_theme(theme)
        self.display(self._picture)

    def _arrange(self) -> None:
        self._title.setFont(tabular(self.font(), 1.1, bold=True))
        for label in (self._title, self._caption):
            label.setElideMode(Qt.TextElideMode.ElideRight)
        small = tabular(self.font(), 0.92)
        self._caption.setFont(small)
        self._readout.setFont(small)
        self._readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._readout.setFixedWidth(QFontMetrics(small).horizontalAdvance("x₁ −0.0000×10⁻⁰⁰   x₂ −0.00000"))
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setWordWrap(True)
        self._message.setContentsMargins(16, 0, 16, 0)
        self._message.setFont(tabular(self.font(), 1.1))
        self.ground.setAccessibleName("Plane plot")
        head = QVBoxLayout()
        head.setContentsMargins(16, 8, 12, 4)
        head.setSpacing(2)
        head.addWidget(self._title)
        head.addWidget(self._caption_and_legend())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._tools)
        self._tools.setVisible(not self._print_mode)
        column.addLayout(self.layer_list.place, 1)
        column.addWidget(self._message, 1)
        self._readout.setParent(self)  # in the corner under the plot, where no axis writes
        self._readout.setVisible(not self._print_mode)

    def _caption_and_legend(self) -> QWidget:
        """Caption and legend. On a screen they share rows, so that neither moves the plot when it comes or goes."""
        shared = QWidget()
        column = QVBoxLayout(shared)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._caption)
        column.addWidget(self._legend)
        if not self._print_mode:
            shared.setFixedHeight(self._legend.rows_height(LEGEND_ROWS))
            self._title.setMinimumHeight(self._title.sizeHint().height())
            column.setStretch(1, 1)
            column.addStretch()
        return shared

    # ---------------------------------------------------------------- contract of a view

    def display(self, picture: PlanePicture, shown: frozenset[str] | None = None) -> None:
        """Show a picture. Only what differs from the last one is changed. `shown`: the layers whose eye is open, where
        the picture leaves one of them out.
        """
        old, self._picture = self._shown, picture
        if old is not None and picture.frame != old.frame:
            self.ground.resume()
        self._show_words(picture, old)
        self.layers.show(picture, old)
        if not self._print_mode and (old is None or picture.branch is not old.branch or picture.layers != old.layers):
            self._ends.show_branch(picture.branch if "branch" in picture.layers else None)
        self.layer_list.display(picture, picture.layers if shown is None else shown)
        self._shown = picture
        self.ground.show_box(frames.frame_box(picture))
        if self._print_mode:
            self.ground.keep_within(frames.density_rect(picture))
        self._handles.show(picture)
        if picture.frame == "scaled":
            self._timer.start()  # the same displayed range is another true one

    def hold(self) -> None:
        """Keep the rows of the legend."""
        self._legend.hold()

    def set_theme(self, theme: Theme) -> None:
        """Set every colour at once."""
        self._theme = theme
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, theme.base)
        palette.setColor(QPalette.ColorRole.WindowText, theme.text)
        self.setPalette(palette)
        palette.setColor(QPalette.ColorRole.WindowText, theme.muted)
        for label in (self._caption, self._readout, self._message):
            label.setPalette(palette)
        self._legend.set_theme(theme)
        self.layer_list.set_theme(theme)
        self.ground.set_theme(theme)
        self.layers.set_theme(theme)
        self._ends.set_theme(theme)
        if self._shown is not None:
            self.layers.show(self._shown, self._shown)

    def release(self) -> None:
        """Drop everything that refers back to this view."""
        self._timer.stop()
        for signal in (self._timer.timeout, self.ground.range_changed, self.ground.freed, self.ground.resumed):
            signal.disconnect()
        self._handles.release()
        self.pen.release()
        for signal in (self.ground.clicked, self.ground.hovered):
            signal.disconnect()
        self.ground.release()

    def describe(self) -> str:
        """The picture in words and numbers."""
        return words.describe(self._picture, free=self.ground.free)

    # ---------------------------------------------------------------- what the feed asks for

    def set_actions(self, actions: Mapping[str, QAction]) -> None:
        """The tools as buttons above the plot."""
        self._tools.set_actions(actions)

    @property
    def drawing_bar(self) -> DrawingBar:
        """The controls of the drawing tool."""
        return self._tools.drawing

    def show_tools(self, picture: ToolBarPicture) -> None:
        """The probe's noise level in the row of tools."""
        self._tools.display(picture)

    def show_changes(self, lines: tuple[str, ...], whole: str) -> None:
        """What is drafted but not run yet, over the picture."""
        self._changes.say(lines, whole)

    def request_rect(self) -> Rect:
        """The part of the plane in view, in true coordinates at the playhead's noise level."""
        x, y, width, height = self.ground.visible()
        scale = frames.factor(self._picture, frames.playhead_sigma(self._picture))
        return *self._true(x, y), width / scale, height / scale

    def pixels(self) -> tuple[int, int]:
        """Columns and rows of a density image: a quarter of the widget's pixels each way."""
        width, height = max(1.0, self.ground.box.width()), max(1.0, self.ground.box.height())
        part = min(0.25, MOST_PIXELS / max(width, height))
        return max(1, round(width * part)), max(1, round(height * part))

    def set_tool(self, tool: Tool) -> None:
        """What the mouse does: select a sample, place the probe, start a trajectory, drag x of the selected sample."""
        self.ground.tool = tool
        self._handles.choose()

    def reset_frame(self) -> None:
        """Return to the picture's frame after zooming and panning."""
        self.ground.resume()

    def nudge_probe(self, dx_px: float, dy_px: float) -> None:
        """Move the probe by pixels to the right and up, as a drag would."""
        self._handles.nudge_probe(dx_px, dy_px)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self._readout.sizeHint()
        self._readout.setGeometry(
            self.width() - self._readout.width() - 12,
            self.height() - size.height() - 6,
            self._readout.width(),
            size.height(),
        )

    def menu_rows(self, at: QPoint) -> Sequence[Row]:
        """What can be done at a position, and how the plane is looked at."""
        picture = self._picture
        if picture.message:
            return LOOK_ROWS
        x, y = self.ground.to_plane(QPointF(self.ground.viewport().mapFrom(self, at)))
        start = partial(self.start_clicked.emit, *self._true(x, y)) if picture.direct else None
        probe = partial(self.probe_wanted.emit, *self._handles.probed(x, y)) if picture.probes else None
        return point_rows(self.sample_at(x, y), self.sample_picked.emit, start, probe) + LOOK_ROWS

    # ---------------------------------------------------------------- parts

    def _show_words(self, picture: PlanePicture, old: PlanePicture | None) -> None:
        self._title.setText(picture.title)
        self._title.setToolTip(tooltip(picture.title, HELP))
        self._title.setVisible(bool(picture.title) or not self._print_mode)
        self._caption.setText(picture.caption)
        self._caption.setToolTip(tooltip("", picture.caption_whole) if picture.caption_whole else "")
        self._caption.setVisible(bool(picture.caption))
        entries = () if picture.message else words.legend(picture)
        self._legend.display(entries)
        self._legend.setVisible(bool(entries))
        self._message.setText(shortened(picture.message, self._message.fontMetrics()))
        self._message.setToolTip(tooltip("", picture.message) if picture.message else "")
        self._message.setVisible(bool(picture.message))
        self.ground.setVisible(not picture.message)
        labels = [words.axis_label(picture, label) for label in (picture.x_label, picture.y_label)]
        if old is None or labels != [words.axis_label(old, label) for label in (old.x_label, old.y_label)]:
            self.ground.set_labels(*labels)
        self.setAccessibleDescription(words.describe(picture, free=self.ground.free))

    def _true(self, x: float, y: float) -> tuple[float, float]:
        """The point of the playhead's noise level at displayed coordinates."""
        return frames.true(self._picture, x, y, frames.playhead_sigma(self._picture))

    def _announce(self) -> None:
        rect = self.request_rect()
        if rect != self._announced:
            self._announced = rect
            self.rect_changed.emit(rect)

    # ---------------------------------------------------------------- what the user does

    def _on_click(self, x: float, y: float, control: bool) -> None:
        if control or self.ground.tool == "start":
            self.start_clicked.emit(*self._true(x, y))
        elif (sample := self.sample_at(x, y)) is not None:
            self.sample_picked.emit(sample)

    def sample_at(self, x: float, y: float) -> int | None:
        """The sample whose current point, or else whose path, is near displayed coordinates."""
        curves, reach = self._picture.curves, NEAR * self.ground.unit()
        if curves is None or not curves.committed:
            return None
        point = np.array((x, y))
        away = np.linalg.norm(self.layers.curves.positions(self._picture) - point, axis=-1)
        if np.nanmin(away) > reach and curves.committed > 1:
            drawn = self.layers.curves.paths(self._picture)
            away = distance_to_segments(point, drawn[:-1], drawn[1:]).min(0)
        nearest = int(np.nanargmin(away))
        return nearest if away[nearest] <= reach else None

    def _on_probe(self, x: float, y: float, let_go: bool) -> None:
        (self.probe_dropped if let_go else self.probe_dragged).emit(x, y)

    def _on_branch(self, x: float, y: float, let_go: bool) -> None:
        (self.branch_dropped if let_go else self.branch_dragged).emit(x, y)

    def _on_hover(self, place: tuple[float, float] | None) -> None:
        if place is None:
            self._readout.clear()
            self.hovered.emit(None)
            return
        x, y = self._true(*place)
        self._readout.setText(f"{self._picture.x_label} {fixed(x)}   {self._picture.y_label} {fixed(y)}")
        self.hovered.emit((x, y, self._data_at(*place)))

    def _data_at(self, x: float, y: float) -> int | None:
        data = self._picture.data
        if data is None or not len(data):
            return None
        away = np.hypot(*(data - self._true(x, y)).T)
        nearest = int(away.argmin())
        near = NEAR * self.ground.unit() / frames.factor(self._picture, frames.playhead_sigma(self._picture))
        return nearest if away[nearest] <= near else None

    def event(self, event: QEvent) -> bool:
        """Keep the keys of the pen and the branch, which are shortcuts of the window otherwise."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._takes(event):
            event.accept()
            return True
        return super().event(event)

    def _takes(self, event: QKeyEvent) -> bool:
        return self.pen.takes(event) or self._handles.takes(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.pen.takes(event):
            self.pen.press(event)
        elif self._handles.takes(event):
            self._handles.press(event)
        elif event.key() == Qt.Key.Key_0 and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        ):
            self.reset_frame()
        else:
            super().keyPressEvent(event)
