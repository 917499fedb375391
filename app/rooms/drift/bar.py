"""The controls of the drift view: play, step, reset; particles, bandwidth, annealing."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QPushButton, QWidget
from superqt import QFlowLayout

from app.plotting.pens_and_numbers import tabular
from app.rooms.drift.actions import PAUSE, PLAY, PLAY_TIP, RESET, RESET_TIP, STEP, STEP_TIP
from app.rooms.drift.messages import MOST, Knobs
from app.rooms.drift.pictures import DriftPicture
from app.rooms.drift.text import ANNEAL, COUNT, WIDTH
from app.widgets.form import CheckBox
from app.widgets.number_field import IntField
from app.widgets.slider import Slider
from app.widgets.spread import Spread
from app.widgets.text import PlainLabel, tooltip
from geomodel.number_text import general
from geomodel.settings import Limits

WIDTHS = Spread(0.02, 4.0, "log")  # h in deviations of the data


class DriftBar(QWidget):
    """One row, which wraps where it is narrow."""

    play_wanted = Signal()
    step_wanted = Signal()
    reset_wanted = Signal()
    knobs_turned = Signal(Knobs)

    def __init__(self) -> None:
        super().__init__()
        self._knobs = Knobs()
        self._play, self._step, self._reset = (
            _button(text, tip) for text, tip in ((PAUSE, PLAY_TIP), (STEP, STEP_TIP), (RESET, RESET_TIP))
        )
        self._play.setFixedWidth(self._play.sizeHint().width() + 8)  # for either of its words
        self.count = IntField("count", Limits("Particles", COUNT, 1, MOST))
        self.count.editor.setMaximumWidth(96)
        self.width_slider = Slider(WIDTHS.steps, "Bandwidth h", WIDTH)
        self.width_slider.setMinimumWidth(96)
        self._value = PlainLabel()
        self._value.setFont(tabular(self.font()))
        self._value.setMinimumWidth(self._value.fontMetrics().horizontalAdvance("h 0.00000"))
        self._value.setToolTip(tooltip("Bandwidth h", WIDTH))
        self.anneal = CheckBox("anneal")
        self.anneal.setAccessibleName("Anneal the bandwidth")
        self.anneal.setToolTip(tooltip("Anneal", ANNEAL))
        row = QFlowLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self._play, self._step, self._reset, self.anneal, self.count, self._value, self.width_slider):
            row.addWidget(widget)
        self._play.clicked.connect(self._on_play)
        self._step.clicked.connect(self._on_step)
        self._reset.clicked.connect(self._on_reset)
        self.count.edited.connect(self._on_count)
        self.width_slider.valueChanged.connect(self._on_width)
        self.anneal.toggled.connect(self._on_anneal)

    def display(self, picture: DriftPicture) -> None:
        """Show what is set, and emit nothing."""
        self._knobs = picture.knobs
        text = PAUSE if picture.playing else PLAY
        self._play.setText(text)
        self._play.setAccessibleName(text)
        for button in (self._play, self._step, self._reset):
            button.setEnabled(picture.ready)
        self.count.set_value(picture.knobs.count)
        self.width_slider.set_part(WIDTHS.part(picture.knobs.width))
        self._value.setText(f"h {general(picture.bandwidth, 3)}" if picture.ready else "h")
        with QSignalBlocker(self.anneal):
            self.anneal.setChecked(picture.knobs.anneals)

    def release(self) -> None:
        """Let go of the controls."""
        self._play.clicked.disconnect(self._on_play)
        self._step.clicked.disconnect(self._on_step)
        self._reset.clicked.disconnect(self._on_reset)
        self.count.edited.disconnect(self._on_count)
        self.width_slider.valueChanged.disconnect(self._on_width)
        self.anneal.toggled.disconnect(self._on_anneal)

    def _on_play(self) -> None:
        self.play_wanted.emit()

    def _on_step(self) -> None:
        self.step_wanted.emit()

    def _on_reset(self) -> None:
        self.reset_wanted.emit()

    def _on_count(self, _name: str, value: int) -> None:
        if not self.count.error:
            self.knobs_turned.emit(replace(self._knobs, count=value))

    def _on_width(self) -> None:
        self.knobs_turned.emit(replace(self._knobs, width=WIDTHS.value(self.width_slider.part())))

    def _on_anneal(self, anneals: bool) -> None:
        self.knobs_turned.emit(replace(self._knobs, anneals=anneals))


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text, autoDefault=False)
    button.setToolTip(tooltip(text, tip))
    return button
