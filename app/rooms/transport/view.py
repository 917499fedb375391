"""The transport: play, step and scrub. It shows its picture and emits what a person wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QPalette, QResizeEvent
from PySide6.QtWidgets import QApplication, QGridLayout, QHBoxLayout, QToolButton, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import SCALE_TITLES, Scale
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.transport.pictures import TransportPicture
from app.rooms.transport.scrubber import Scrubber
from app.widgets.context_menu import Entry, Row, Submenu
from app.widgets.form import ComboBox
from app.widgets.icons import icon
from app.widgets.text import PlainLabel

BUTTONS = ("start", "back", "play", "forward", "end", "loop", "inside")
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
SPREAD = "Spread of the levels"
MINIMUM = 336
ONE_ROW, TWO_ROWS = 960, 600  # least pixels of width for one row and for two; with less there are three


class TransportView(View):
    """Buttons, scrubber, the playhead's numbers, spread of the levels, speed."""

    index_wanted = Signal(int)
    speed_changed = Signal(float)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture = TransportPicture()
        self._actions: Mapping[str, QAction] = {}
        self._theme = theme
        self._icons: dict[tuple[str, str], QIcon] = {}  # by name and theme, because drawing all outlasts a frame
        self._rows = 0
        self._scrubber = Scrubber(theme)
        self._scrubber.valueChanged.connect(self.index_wanted)
        self._buttons, self._texts = QWidget(), QWidget()
        self._button_row = QHBoxLayout(self._buttons)
        self._button_row.setContentsMargins(0, 0, 0, 0)
        self._button_row.setSpacing(0)
        self._fill_texts()
        self._scale = self._combo(f"{SPREAD}: step, log σ or σ")
        for scale, title in SCALE_TITLES.items():
            self._scale.addItem(title, scale)
        self._scale.setCurrentText(SCALE_TITLES["log"])
        self._scale.activated.connect(self._change_scale)
        self._speed = self._combo("Speed of playback")
        for speed in SPEEDS:
            self._speed.addItem(f"{speed:g}×", speed)
        self._speed.activated.connect(self._change_speed)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(8, 4, 8, 4)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        # otherwise one row could not become two
        self._grid.setSizeConstraint(QGridLayout.SizeConstraint.SetNoConstraint)
        self._arrange()
        self.set_theme(theme)

    def set_actions(self, actions: Mapping[str, QAction]) -> None:
        """Give each button its action."""
        self._actions = actions
        for name in BUTTONS:
            button = QToolButton(autoRaise=True)
            button.setDefaultAction(actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setIconSize(QSize(20, 20))
            button.setFixedSize(32, 32)
            self._button_row.addWidget(button)
        self._draw_icons()

    def _fill_texts(self) -> None:
        row = QHBoxLayout(self._texts)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self._step, self._sigma, self._evaluations = (PlainLabel() for _ in range(3))
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

    def display(self, picture: TransportPicture) -> None:
        """Show where the playhead stands."""
        old, self._picture = self._picture, picture
        if picture.sigmas is not None:
            self._scrubber.set_levels(picture.sigmas, picture.committed)
            self._scrubber.set_index(picture.index)
            self._show_numbers(picture)
        elif old.sigmas is not None:
            self._show_nothing()
        self._speed.setCurrentIndex(self._speed.findData(picture.speed))
        if picture.playing != old.playing:
            self._draw_icons()

    def describe(self) -> str:
        """The numbers at the playhead."""
        return "   ".join(label.text() for label in (self._step, self._sigma, self._evaluations) if label.text())

    def release(self) -> None:
        """Drop nothing, because its buttons and its scrubber refer back to nothing."""

    def _show_nothing(self) -> None:
        """There is no run any more."""
        self._scrubber.set_levels(np.empty(0), 0)
        for label in (self._step, self._sigma, self._evaluations):
            label.setText("")

    def _show_numbers(self, picture: TransportPicture) -> None:
        assert picture.sigmas is not None
        texts = (
            f"step {picture.index}/{len(picture.sigmas) - 1}",
            f"σ {picture.sigmas[picture.index]:.4g}",
            f"{picture.evaluations:,} evaluations",
        )
        for label, text in zip((self._step, self._sigma, self._evaluations), texts, strict=True):
            label.setText(text)
            # Width that a label once took stays reserved, so that nothing beside it moves while playing.
            label.setMinimumWidth(max(label.minimumWidth(), label.sizeHint().width()))

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of icons and scrubber."""
        self._theme = theme
        self._scrubber.set_theme(theme)
        self._draw_icons()

    def _draw_icons(self) -> None:
        for name in BUTTONS:
            if name in self._actions:
                shown = "pause" if name == "play" and self._picture.playing else name
                self._actions[name].setIcon(self._icon(shown))
        if "play" in self._actions:
            self._actions["play"].setText("Pause" if self._picture.playing else "Play")

    def _icon(self, name: str) -> QIcon:
        key = name, self._theme.name
        if key not in self._icons:
            self._icons[key] = icon(name, self._theme)
        return self._icons[key]

    # ------------------------------------------------------------ what a person does

    def _change_scale(self) -> None:
        self._scrubber.set_scale(self._scale.currentData())

    def _change_speed(self) -> None:
        self.speed_changed.emit(self._speed.currentData())

    def menu_rows(self, at: QPoint) -> Sequence[Row]:
        """Where the playhead can go, its σ, how the levels are spread."""
        there = self._picture.sigmas is not None
        spread = [
            Entry(title, partial(self._choose_scale, scale), checked=self._scale.currentData() == scale)
            for scale, title in SCALE_TITLES.items()
        ]
        return ("start", "end", None, Entry("Copy σ", self._copy_sigma, enabled=there), Submenu(SPREAD, spread))

    def _copy_sigma(self) -> None:
        assert self._picture.sigmas is not None
        QApplication.clipboard().setText(repr(float(self._picture.sigmas[self._picture.index])))

    def _choose_scale(self, scale: Scale) -> None:
        self._scale.setCurrentText(SCALE_TITLES[scale])
        self._change_scale()

    # ------------------------------------------------------------ layout

    def minimumSizeHint(self) -> QSize:
        return QSize(MINIMUM, self._grid.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """One row if there is room. With less room the scrubber stands above, and then the numbers below."""
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
