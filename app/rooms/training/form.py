"""The settings of the next training, and the buttons of the present one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.pens_and_numbers import tabular
from app.rooms.training.actions import ACTIONS
from app.rooms.training.pictures import TrainingPicture
from app.rooms.training.text import BUTTON, FIELDS
from app.widgets.elided import ElidedLabel
from app.widgets.explanation import Explanation
from app.widgets.form import commit_all, explain
from app.widgets.number_field import FloatField, IntField
from app.widgets.text import tooltip
from geomodel.recipe import limits

BESIDE = 28  # pixels of a button beside its words
ROWS = {row.id: row for row in ACTIONS}


class TrainingForm(QWidget):
    """Emits the id of the action that a person wants. `settings` holds the fields, which stand elsewhere."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.fields = [_field(name, value) for name, value in FIELDS.items()]
        self.settings = _flow(self.fields)
        self.said = Explanation()
        explain(self.fields, self.said)
        self.go = self._button("training", max(BUTTON.values(), key=len))
        self.step = self._button("training_step", "+ 1")
        self.steps = self._button("training_steps", "+ 100")
        self.anew = self._button("training_anew", "Train anew")
        self.save = self._button("training_save", "Save…")
        self.use = self._button("training_use", "Use this network")
        self.words = ElidedLabel()
        self.words.setFont(tabular(self.font(), 0.92))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(_flow([self.go, self.step, self.steps, self.anew, self.save, self.use]))
        column.addWidget(self.words)
        column.addWidget(self.said)

    def _button(self, action: str, text: str) -> QPushButton:
        button = QPushButton(text, autoDefault=False)
        button.setMinimumHeight(28)
        button.setFixedWidth(button.fontMetrics().horizontalAdvance(text) + BESIDE)
        row = ROWS[action]
        name = text if action == "training" else row.title.rstrip("…")
        button.setToolTip(tooltip(name, " ".join((f"{row.tip}.", *row.keys))))
        button.setAccessibleName(name)
        button.setProperty("action", action)
        button.clicked.connect(self._pressed)
        return button

    def _pressed(self) -> None:
        sender = self.sender()
        assert sender is not None
        self.wanted.emit(sender.property("action"))

    def values(self) -> dict[str, int | float] | None:
        """The numbers of the fields; None where one of them does not fit, which then says why."""
        if not commit_all(self.fields) or any(field.error for field in self.fields):
            return None
        return {field.name: field.value for field in self.fields}

    def display(self, picture: TrainingPicture) -> None:
        """Enable what can be pressed now, and say how far the training is."""
        state = picture.state
        text = BUTTON[state]
        if text != self.go.text():
            self.go.setText(text)
            self.go.setAccessibleName(text)
        there = state in ("stopped", "ended")
        self.go.setEnabled(state in ("running", "stopped") or picture.can_train)
        for button in (self.step, self.steps):
            button.setEnabled(state == "stopped" or (state == "none" and picture.can_train))
        self.anew.setEnabled(state == "stopped" and picture.can_train)
        self.save.setEnabled(there)
        self.use.setEnabled(there)
        self.words.setText(picture.words)
        self.said.say(picture.message)


def _field(name: str, value: float) -> IntField | FloatField:
    kind = IntField if isinstance(value, int) else FloatField
    field = kind(name, limits(name))
    field.set_value(value)
    field.editor.setFixedWidth(84)
    return field


def _flow(widgets: list[QWidget] | list[QPushButton] | list[IntField | FloatField]) -> QWidget:
    row = QWidget()
    flow = QFlowLayout(row)
    flow.setContentsMargins(0, 0, 0, 0)
    flow.setHorizontalSpacing(8)
    flow.setVerticalSpacing(4)
    for widget in widgets:
        flow.addWidget(widget)
    return row
