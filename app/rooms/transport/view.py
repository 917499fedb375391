"""The transport: play, step and scrub. It shows what it is told and says what a person wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QToolButton, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import SCALE_TITLES
from app.plotting.theme import Theme
from app.rooms.transport.scrubber import Scrubber
from app.widgets.form import ComboBox
from app.widgets.icons import icon

Array = NDArray[Any]
BUTTONS = ("start", "back", "play", "forward", "end", "loop", "inside")
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
MINIMUM = 336
ONE_ROW, TWO_ROWS = 960, 600  # pixels of width from which the bar takes one row, or two


class TransportBar(QWidget):
    """Buttons, scrubber, the playhead's numbers, spread of the levels, speed."""

    index_wanted = Signal(int)
    speed_changed = Signal(float)

    def __init__(self, theme: Theme, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._playing = False
        self._rows = 0
        self._scrubber = Scrubber(theme)
        self._scrubber.valueChanged.connect(self.index_wanted)
        self._buttons, self._texts = QWidget(), QWidget()
        self._fill_buttons()
        self._fill_texts()
        self._scale = self._combo("Spread of the levels: step, log σ or σ")
        for scale, title in SCALE_TITLES.items():
            self._scale.addItem(title, scale)
        self._scale.setCurrentText(SCALE_TITLES["log"])
        self._scale.activated.connect(self._change_scale)
        self._speed = self._combo("Speed of playback")
        for speed in SPEEDS:
            self._speed.addItem(f"{speed:g}×", speed)
        self.set_speed(1.0)
        self._speed.activated.connect(self._change_speed)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(8, 4, 8, 4)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        self._grid.setSizeConstraint(QGridLayout.SizeConstraint.SetNoConstraint)  # else one row could not become two
        self._arrange()
        self.set_theme(theme)

    def _fill_buttons(self) -> None:
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for name in BUTTONS:
            button = QToolButton(autoRaise=True)
            button.setDefaultAction(self._actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setIconSize(QSize(20, 20))
            button.setFixedSize(32, 32)
            row.addWidget(button)

    def _fill_texts(self) -> None:
        row = QHBoxLayout(self._texts)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self._step, self._sigma, self._evaluations = (QLabel() for _ in range(3))
        for label in (self._step, self._sigma, self._evaluations):
            label.setFont(tabular(self.font()))
            row.addWidget(label)
        row.addStretch(1)
        self._evaluations.setForegroundRole(QPalette.ColorRole.PlaceholderText)

    def _combo(self, purpose: str) -> ComboBox:
        combo = ComboBox()
        combo.setToolTip(purpose)
        combo.setAccessibleName(purpose)
        return combo

    # ------------------------------------------------------------ what it shows

    def set_levels(self, sigmas: Array, committed: int) -> None:
        """The noise levels, and how many of them are computed."""
        self._scrubber.set_levels(sigmas, committed)

    def set_committed(self, committed: int) -> None:
        """How many levels are computed."""
        self._scrubber.set_levels(self._scrubber.sigmas, committed)

    def set_index(self, index: int) -> None:
        """The playhead."""
        self._scrubber.set_index(index)

    def set_text(self, step: str, sigma: str, evaluations: str = "") -> None:
        """The numbers at the playhead, such as "step 7/18", "σ 3.88", "14 evaluations"."""
        for label, text in ((self._step, step), (self._sigma, sigma), (self._evaluations, evaluations)):
            label.setText(text)
            # Room once taken is kept, so that nothing beside it moves while playing.
            label.setMinimumWidth(max(label.minimumWidth(), label.sizeHint().width()))
        self._evaluations.setVisible(bool(evaluations))

    def set_playing(self, playing: bool) -> None:
        """Whether the play button pauses."""
        self._playing = playing
        self._actions["play"].setIcon(icon("pause" if playing else "play", self._theme))

    def set_loop(self, loop: bool) -> None:
        """Whether playback starts again at its end."""
        self._actions["loop"].setChecked(loop)

    def set_inside(self, inside: bool) -> None:
        """Whether the inside of the step is shown."""
        self._actions["inside"].setChecked(inside)

    def set_speed(self, speed: float) -> None:
        """The speed of playback; nothing is emitted."""
        self._speed.setCurrentIndex(self._speed.findData(speed))

    def set_theme(self, theme: Theme) -> None:
        """Colours of icons and scrubber."""
        self._theme = theme
        self._scrubber.set_theme(theme)
        for name in BUTTONS:
            self._actions[name].setIcon(icon(name, theme))
        self.set_playing(self._playing)

    # ------------------------------------------------------------ what a person does

    def _change_scale(self) -> None:
        self._scrubber.set_scale(self._scale.currentData())

    def _change_speed(self) -> None:
        self.speed_changed.emit(self._speed.currentData())

    # ------------------------------------------------------------ layout

    def minimumSizeHint(self) -> QSize:
        return QSize(MINIMUM, self._grid.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """One row where there is room; else the scrubber above; else the numbers below."""
        rows = 1 if self.width() >= ONE_ROW else 2 if self.width() >= TWO_ROWS else 3
        if rows == self._rows:
            return
        self._rows = rows
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        at = {
            1: ((0, 0, 1), (0, 1, 1), (0, 2, 1), (0, 3, 1), (0, 4, 1)),
            2: ((1, 0, 1), (0, 0, 5), (1, 2, 1), (1, 3, 1), (1, 4, 1)),
            3: ((1, 0, 2), (0, 0, 5), (2, 0, 2), (2, 3, 2), (1, 3, 2)),
        }[rows]
        parts = (self._buttons, self._scrubber, self._texts, self._scale, self._speed)
        for part, (row, column, span), side in zip(parts, at, (left, None, None, right, right), strict=True):
            self._grid.removeWidget(part)
            self._grid.addWidget(part, row, column, 1, span, side or Qt.AlignmentFlag(0))
        self._grid.setColumnStretch(1, 1)
