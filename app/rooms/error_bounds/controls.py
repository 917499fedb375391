"""A slider with its name and its value."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QGridLayout

from app.plotting.pens_and_numbers import tabular
from app.rooms.error_bounds.dials import Dial
from app.widgets.slider import Slider
from app.widgets.text import PlainLabel, tooltip


class DialSlider(Slider):
    """Stops at the values of a dial. Its arrow keys go one stop on, Page Up and Page Down several."""

    chosen = Signal(str, float)  # a person moved it: name and value

    def __init__(self, dial: Dial, row: int, grid: QGridLayout) -> None:
        super().__init__(len(dial.values) - 1, dial.title, f"{dial.tip} Drag, or press the arrow keys.")
        self.dial = dial
        self.setPageStep(4)
        self._name, self._value = PlainLabel(dial.title), PlainLabel()
        self._name.setBuddy(self)
        self._name.setToolTip(tooltip(dial.title, dial.tip))
        self._value.setFont(tabular(self.font()))
        widest = max((dial.text(value) for value in dial.values), key=len)
        self._value.setMinimumWidth(self._value.fontMetrics().horizontalAdvance(f"{widest} "))
        for column, widget in enumerate((self._name, self, self._value)):
            grid.addWidget(widget, row, column)
        self.valueChanged.connect(self._moved)

    def show_value(self, value: float) -> None:
        """Stand at a value and emit nothing."""
        with QSignalBlocker(self):
            self.setValue(self.dial.nearest(value))
        text = self.dial.text(value)
        self._value.setText(text)
        self.setAccessibleDescription(text)

    def set_there(self, *, there: bool) -> None:
        """Show or hide it with its name and value."""
        for widget in (self._name, self, self._value):
            widget.setVisible(there)

    def _moved(self, stop: int) -> None:
        self.chosen.emit(self.dial.name, self.dial.values[stop])

    def release(self) -> None:
        """Disconnect, so that nothing keeps it alive."""
        self.valueChanged.disconnect(self._moved)
