"""The controls of the drawing tool in the row above the plane: brush, eraser, image file, width, undo, clear."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from app.widgets.slider import Slider
from app.widgets.text import tooltip

WIDTH_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingBarPicture:
    """What the row shows: the line width between the ends of its slider, and whether there is something to clear."""

    erases: bool = False
    width: float = 0.2
    narrowest: float = 0.01
    widest: float = 1.0
    clears: bool = False


class DrawingBar(QWidget):
    """A person chooses what the pen does."""

    erase_wanted = Signal(bool)
    width_moved = Signal(float, bool)  # a line width, and whether the slider was let go
    picture_wanted = Signal()
    clear_wanted = Signal()
    done_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._ends = (0.01, 1.0)
        self._brush, self._eraser = _button("Brush", "Draw strokes"), _button("Eraser", "Cut strokes away")
        self._undo = _button("Undo", "Take back the last stroke, or the last change of a setting (Ctrl+Z)")
        self._picture = _button("Picture…", "Add the ink of an image file as strokes: the rarer of dark and light")
        self._clear = _button("Clear", "Take every stroke away; Ctrl+Z brings them back")
        self._done = _button("Done", "Keep the drawing as data (Enter)")
        self._width = Slider(WIDTH_STEPS, "Line width", "The points stand within about half of it on each side")
        self._choice = QButtonGroup(self)
        for button in (self._brush, self._eraser):
            button.setCheckable(True)
            self._choice.addButton(button)
        self._eraser.toggled.connect(self.erase_wanted)
        self._picture.clicked.connect(self._on_picture)
        self._clear.clicked.connect(self._on_clear)
        self._done.clicked.connect(self._on_done)
        self._width.valueChanged.connect(self._on_width)
        self._width.sliderReleased.connect(self._on_width)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for widget in (self._brush, self._eraser, self._picture, self._undo, self._clear, self._done):
            row.addWidget(widget)
        row.addWidget(self._width, 1)

    def set_undo(self, action: QAction) -> None:
        """What takes the last stroke back."""
        self._undo.clicked.connect(action.trigger)
        action.changed.connect(partial(_follow, self._undo, action))
        _follow(self._undo, action)

    def display(self, picture: DrawingBarPicture) -> None:
        """Show the tool and emit nothing."""
        self._ends = (picture.narrowest, picture.widest)
        chosen = self._eraser if picture.erases else self._brush
        with QSignalBlocker(self._eraser):
            chosen.setChecked(True)
        self._clear.setEnabled(picture.clears)
        narrow, wide = self._ends
        width = min(max(picture.width, narrow), wide)
        self._width.set_part(math.log(width / narrow) / math.log(wide / narrow))

    def _on_width(self) -> None:
        narrow, wide = self._ends
        self.width_moved.emit(narrow * (wide / narrow) ** self._width.part(), not self._width.isSliderDown())

    def _on_picture(self) -> None:
        self.picture_wanted.emit()

    def _on_clear(self) -> None:
        self.clear_wanted.emit()

    def _on_done(self) -> None:
        self.done_wanted.emit()


def _follow(button: QToolButton, action: QAction) -> None:
    button.setEnabled(action.isEnabled())


def _button(name: str, tip: str) -> QToolButton:
    button = QToolButton(autoRaise=True)
    button.setText(name)
    button.setToolTip(tooltip(name, tip))
    return button
