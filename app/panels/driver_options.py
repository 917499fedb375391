"""The options of the theory that drives, as fields and sliders under the driver. A small point set follows a drag."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.widgets.explanation import Explanation
from app.widgets.form import commit_all, explain
from app.widgets.number_field import FloatField, IntField, NumberField
from app.widgets.spread import Spread
from geomodel.options import Option
from geomodel.settings import DRIVER_OPTION, Limits, RunSettings
from geomodel.theories import TheoryRow

if TYPE_CHECKING:
    from geomodel.datasets import Dataset

IMAGE_SMOOTHING = 4.0  # beyond 3 images are grey averages
SMOOTHING = 2.0  # of the scale of points
STEPS_OF_SMOOTHING = 40  # arrow steps in the scale of the data

Spreading = Callable[["Dataset"], Spread]
SPREADS: Mapping[str, Spreading] = {  # options with a slider, which has the values that matter
    "patch": lambda data: Spread(1, 2 * max(data.shape[-2:]) - 1, every=2),
    "threshold": lambda _data: Spread(0, 1),
    "deviation": lambda data: Spread(0, IMAGE_SMOOTHING if data.kind == "images" else SMOOTHING * data.std, "square"),
    "factor": lambda _data: Spread(0.1, 10, "log"),
    "k": lambda data: Spread(1, len(data), "log", every=1),
}


class DriverOptions(QWidget):
    """The fields of one theory's options. `edited` has the changed field of the settings; `dragged` too, while a person
    drags a slider, and whether the drag has just begun.
    """

    edited = Signal(object)
    dragged = Signal(object, bool)
    rebuilt = Signal()

    def __init__(self, place: Explanation) -> None:
        """`place`: where errors are explained."""
        super().__init__()
        self.fields: dict[str, NumberField] = {}
        self._place = place
        self._theory: TheoryRow | None = None
        self._data: Dataset | None = None
        self._given: dict[str, float | int | str | bool] = {}
        self._begins = False
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(4)
        self.hide()

    def set_data(self, data: Dataset | None) -> None:
        """Set the data, which decide the ends of the sliders."""
        if data is not self._data:
            self._data = data
            self._build()

    def set_settings(self, settings: RunSettings) -> None:
        """Show the options of the driver and emit nothing."""
        self._given = dict(settings.driver_options)
        if settings.theory is not self._theory:
            self._theory = settings.theory
            self._build()
        self._show()

    def set_errors(self, errors: Mapping[str, str]) -> None:
        """Show each option's sentence."""
        for name, item in self.fields.items():
            item.set_error(errors.get(DRIVER_OPTION + name, ""))

    def commit(self) -> bool:
        """Take over typed text. Returns False if some of it is no value."""
        return commit_all(self.fields.values())

    # ------------------------------------------------------------ inside

    def _build(self) -> None:
        for item in self.fields.values():
            item.retire()
        options = () if self._theory is None or self._data is None else self._theory.options
        self.fields = {option.name: self._field(option) for option in options}
        explain(self.fields.values(), self._place)
        for item in self.fields.values():
            self._rows.addWidget(item)
            item.edited.connect(self._edited)
            if item.slider is not None:
                item.slider.sliderPressed.connect(self._press)
        self.setVisible(bool(self.fields))
        self._show()
        self.rebuilt.emit()

    def _field(self, option: Option) -> NumberField:
        assert self._theory is not None
        assert self._data is not None
        low, high = option.limits or (None, None)
        most = self._theory.most.get(option.name)
        if most is not None and high is not None:
            high = min(high, most(self._data))
        about = Limits(option.title, option.tooltip, low, high)
        item: NumberField
        if option.kind == "int":
            item = IntField(option.name, about, every=option.every)
        else:
            scale = self._data.std / STEPS_OF_SMOOTHING if option.name == "deviation" else None
            item = FloatField(option.name, about, step=0.05 if option.name == "threshold" else scale)
        if option.name in SPREADS:
            item.slide_over(SPREADS[option.name](self._data))
        return item

    def _show(self) -> None:
        for option in () if self._theory is None else self._theory.options:
            if option.name in self.fields:
                self.fields[option.name].set_value(self._given.get(option.name, option.default))

    def _press(self) -> None:
        self._begins = True

    def _edited(self, name: str, value: float) -> None:
        assert self._theory is not None
        usual = {option.name: option.default for option in self._theory.options}
        given = {**self._given, name: value}
        self._given = {name: value for name, value in given.items() if value != usual[name]}
        slider, changes = self.fields[name].slider, {"driver_options": self._given}
        if slider is None or not slider.isSliderDown():
            self.edited.emit(changes)
            return
        self.dragged.emit(changes, self._begins)
        self._begins = False
