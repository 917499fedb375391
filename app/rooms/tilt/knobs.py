"""The sliders of the reward and of β."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.rooms.tilt.messages import BENDS, LONGEST, NOTCHES
from app.rooms.tilt.pictures import TiltPicture
from app.rooms.tilt.text import knob_texts
from app.widgets.slider import Slider
from app.widgets.text import PlainLabel, tooltip

# field of the knobs, name, least and greatest value, page, and what it is
ROWS = (
    (
        "notch",
        "Temperature β",
        *NOTCHES,
        8,
        "Of the tilt p exp(r/β)/Z, also called the weight of the KL penalty. To the left the reward counts more. "
        "Eight steps are a factor of 2.",
    ),
    ("degrees", "Direction of a", 0, 359, 15, "The direction of the linear reward a·x in the plane of the data."),
    ("twentieths", "Length of a", 0, LONGEST, 5, "Reward per data unit along the direction; 0 is no linear reward."),
    (
        "bend",
        "Curvature c",
        *BENDS,
        10,
        "Of the quadratic reward −c‖x‖²/2, which draws towards the origin, or away from it below 0.",
    ),
)


class KnobSliders(QWidget):
    """A slider a row, with its value at the right. `turned` tells a field of the knobs and its value."""

    turned = Signal(str, int)

    def __init__(self) -> None:
        super().__init__()
        self.sliders: dict[str, Slider] = {}
        self._values: dict[str, PlainLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        for at, (name, title, low, high, page, text) in enumerate(ROWS):
            slider = self.sliders[name] = Slider(1, title, f"{text} Drag, or press the arrow keys and Page Up or Down.")
            with QSignalBlocker(slider):
                slider.setRange(low, high)
            slider.setPageStep(page)
            slider.setProperty("field", name)
            slider.valueChanged.connect(self._moved)
            label, value = PlainLabel(title), PlainLabel()
            label.setBuddy(slider)
            label.setToolTip(tooltip(title, text))
            value.setFont(tabular(self.font()))
            value.setMinimumWidth(value.fontMetrics().horizontalAdvance("β = 0.00000 "))
            self._values[name] = value
            for column, widget in enumerate((label, slider, value)):
                grid.addWidget(widget, at, column)
        grid.setColumnStretch(1, 1)

    def display(self, picture: TiltPicture) -> None:
        """Show the knobs and emit nothing."""
        knobs = picture.knobs
        places = (picture.notch, knobs.degrees, knobs.twentieths, knobs.bend)
        for (name, slider), place, text in zip(self.sliders.items(), places, knob_texts(picture), strict=True):
            if not slider.isSliderDown():
                with QSignalBlocker(slider):
                    slider.setValue(place)
            self._values[name].setText(text)

    def hide_sliders(self) -> None:
        """On paper only the values stand."""
        for slider in self.sliders.values():
            slider.hide()

    def release(self) -> None:
        """Disconnect the sliders."""
        for slider in self.sliders.values():
            slider.valueChanged.disconnect(self._moved)

    def _moved(self, value: int) -> None:
        self.turned.emit(self.sender().property("field"), value)
