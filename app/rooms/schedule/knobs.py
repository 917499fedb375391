"""Edits the draft's schedule by hand. A knob can be dragged, nudged, added and removed; the other levels stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.plotting.theme import Theme
from app.rooms.schedule.levels import Axis, added, moved
from app.rooms.schedule.pictures import SchedulePicture, ScheduleRow
from app.rooms.schedule.rows import SchedulePlot, Spot
from app.widgets.text import tooltip
from geomodel.arrays import Array

REACH = 10.0  # pixels around a dot that still belong to it
SLACK = 2.0  # pixels that the mouse may move during a click
NUDGE, FAST = 0.01, 5  # share of the row's log range; Shift multiplies it
HELP = (
    "Drag a knob to move its level; double-click on the line adds one, right-click removes one. "
    "Keys: ←, → or Page Up, Page Down choose · ↑, ↓ move by 1 %, with Shift by 5 % · Insert adds · Delete removes. "
    "The first and the last level stay."
)
K, NONE = Qt.Key, Qt.KeyboardModifier.NoModifier
# Left, right, Home and End move the playhead. The chosen knob follows it if the playhead is on these levels.
CHOOSE: dict[int, int] = {K.Key_PageUp: -1, K.Key_PageDown: 1}
MOVE: dict[int, int] = {K.Key_Up: -1, K.Key_Down: 1}


class ScheduleRows(SchedulePlot):
    """Rows of levels. `dragged` is emitted while a knob of the draft moves, `dropped` when an edit has ended."""

    dragged = Signal(object)
    dropped = Signal(object)
    picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(theme, parent, print_mode=print_mode)
        self._before: Array | None = None  # the draft's levels before the present edit
        self._grip: QPointF | None = None  # where the drag of a knob began
        self._playhead = -1  # the last level under the playhead
        self._note_help = ""
        self.setMouseTracking(True)
        self.setAccessibleName("Noise levels of the draft")

    def show_picture(self, picture: SchedulePicture, note_help: str) -> None:
        """Show the rows. A knob that a person moves stays under the mouse."""
        rows = picture.rows
        if self._before is not None and picture.editable and any(row.hue < 0 for row in rows):
            rows = tuple(self._draft_row if row.hue < 0 else row for row in rows)
        else:
            self._before = self._grip = self._spot = None
            self._axis = Axis.over(rows)
            if picture.index not in (-1, self._playhead):
                self._focused = self._playhead = picture.index
        self._rows, self._editable, self._index = rows, picture.editable, picture.index
        self._note, self._note_help = picture.end_error, note_help
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if self.draft is None else Qt.FocusPolicy.StrongFocus)
        self.setToolTip(tooltip("Schedules", HELP if picture.editable else "Point at a level to read its σ."))
        self._describe()
        self._wrap()
        self.update()

    @property
    def _draft_row(self) -> ScheduleRow:
        assert self.draft is not None
        return self._rows[self.draft]

    @property
    def _levels(self) -> Array:
        return self._draft_row.sigmas

    def _take(self, levels: Array) -> None:
        """Show other levels of the draft."""
        changed = replace(self._draft_row, sigmas=levels)
        self._rows = tuple(changed if row.hue < 0 else row for row in self._rows)
        self._describe()
        self.update()

    def _describe(self) -> None:
        if self.draft is None:
            self.setAccessibleDescription("")
            return
        self._focused = min(self._focused, len(self._levels) - 1)
        fixed = "" if self._editable and 0 < self._focused < len(self._levels) - 1 else ", fixed"
        self.setAccessibleDescription(self.words_of(Spot(self.draft, self._focused)) + fixed)

    # ------------------------------------------------------------ edits

    def _choose(self, level: int) -> None:
        level = min(max(level, 0), len(self._levels) - 1)
        if level != self._focused:
            self._focused = level
            self._describe()
            self.update()

    def _move(self, position: float) -> None:
        levels = moved(self._levels, self._focused, position, self._axis.brink)
        if levels is not self._levels:
            self._before = self._levels if self._before is None else self._before
            self._take(levels)
            self.dragged.emit(levels)

    def _drop(self) -> None:
        """End an edit."""
        if self._before is not None:
            self._before = None
            self._finish(self._levels)

    def _finish(self, levels: Array) -> None:
        self._take(levels)
        self._axis = Axis.over(self._rows)
        self.dropped.emit(levels)

    def _give_up(self) -> None:
        """Return to the levels before the drag."""
        if self._before is not None:
            levels, self._before = self._before, None
            self.dragged.emit(levels)
            self._finish(levels)
        self._grip = None

    def _add(self, position: float) -> None:
        levels, at = added(self._levels, position)
        if at:
            self._focused = at
            self._finish(levels)

    def _add_after(self) -> None:
        level = min(self._focused, len(self._levels) - 2)
        start, end = self._axis.at(self._levels[level : level + 2])
        self._add((start + min(float(end), self._axis.brink)) / 2)

    def _remove(self) -> None:
        if 0 < self._focused < len(self._levels) - 1:
            self._finish(np.delete(self._levels, self._focused))

    # ------------------------------------------------------------ mouse

    def _spot_at(self, point: QPointF) -> Spot | None:
        if not self._rows:
            return None
        away = [abs(self.line_of(row) - point.y()) for row in range(len(self._rows))]
        row = int(np.argmin(away))
        distances = np.abs(self.places(row) - point.x())
        level = int(np.argmin(distances))
        return Spot(row, level) if max(away[row], distances[level]) <= REACH else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        spot = self._spot_at(event.position())
        if spot is None or spot.row != self.draft or self._before is not None:
            return
        self._choose(spot.level)
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = event.position()
        elif event.button() == Qt.MouseButton.RightButton and self._editable:
            self._remove()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._grip is None:
            self._point_at(self._spot_at(at))
            return
        trembles = self._before is None and abs(at.x() - self._grip.x()) <= SLACK
        if self._editable and not trembles:
            self._drag_to(at.x())

    def _drag_to(self, x: float) -> None:
        assert self._grip is not None
        start = self._levels if self._before is None else self._before
        shift = self.position_at(x) - self.position_at(self._grip.x())
        self._move(float(self._axis.at(start[self._focused])) + shift)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._grip is None:
            return
        self._grip = None
        if self._before is None:
            self.picked.emit(self._focused)
        self._drop()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        draft, at = self.draft, event.position()
        if self._spot_at(at) is not None:
            self.mousePressEvent(event)  # the second press on a knob takes hold of it like the first
        elif draft is not None and self._editable and event.button() == Qt.MouseButton.LeftButton:
            position = self.position_at(at.x())
            if abs(self.line_of(draft) - at.y()) <= REACH and position < self._axis.brink:
                self._add(position)

    def _point_at(self, spot: Spot | None) -> None:
        if spot != self._spot:
            self._spot = spot
            self.update()
        own = spot is not None and spot.row == self.draft
        within = own and spot is not None and self._editable and 0 < spot.level < len(self._levels) - 1
        shape = Qt.CursorShape.SizeHorCursor if within else Qt.CursorShape.PointingHandCursor
        self.setCursor(shape if own else Qt.CursorShape.ArrowCursor)

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)

    # ------------------------------------------------------------ keys

    def _is_ours(self, event: QKeyEvent) -> bool:
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if modifiers == NONE and (key in CHOOSE or (key == K.Key_Escape and self._before is not None)):
            return True
        edits = self._editable and modifiers == NONE and key in (K.Key_Delete, K.Key_Backspace, K.Key_Insert)
        return edits or (self._editable and self._nudge_of(event) is not None)

    def _nudge_of(self, event: QKeyEvent) -> int | None:
        """How many times `NUDGE` to the right; None for another key."""
        shift = Qt.KeyboardModifier.ShiftModifier
        plain = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | shift)
        side = MOVE.get(event.key())
        return None if side is None or plain != NONE else side * (FAST if event.modifiers() & shift else 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, nudge = event.key(), self._nudge_of(event)
        if self.draft is None or not self._is_ours(event):
            super().keyPressEvent(event)
        elif key == K.Key_Escape:
            self._give_up()
        elif self._grip is not None:
            return  # the mouse holds a knob
        elif nudge is not None:
            own = self._axis.at(self._levels[self._levels > 0])
            at = float(self._axis.at(self._levels[self._focused]))
            self._move(at + nudge * NUDGE * float(own[-1] - own[0]))
        elif key in CHOOSE:
            self._choose(self._focused + CHOOSE[key])
            self.picked.emit(self._focused)
        elif key == K.Key_Insert:
            self._add_after()
        else:
            self._remove()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Make one edit of all repeats of a key that is held down."""
        if not event.isAutoRepeat() and self._grip is None:
            self._drop()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._grip is None:
            self._drop()
        self.update()

    def event(self, event: QEvent) -> bool:
        # With the focus here these keys belong to the knobs. As shortcuts of the window they would act a second time.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_ours(event):
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            return self._help_at(event)
        return super().event(event)

    def _help_at(self, event: QHelpEvent) -> bool:
        spot, at = self._spot_at(QPointF(event.pos())), self.draft
        text = self.toolTip()
        if spot is not None:
            text = tooltip(self._rows[spot.row].name, self.words_of(spot))
        elif self._note_help and at is not None and self.note_room().contains(QPointF(event.pos())):
            text = tooltip("End error", self._note_help)
        QToolTip.showText(event.globalPos(), text, self)
        return True
