"""The buttons of the compare view."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget
from superqt import QFlowLayout

from app.rooms.compare.pictures import ComparePicture
from app.widgets.text import tooltip

Preset = tuple[str, str, str]  # id, title, tooltip
EQUAL = "Type a number of evaluations and tick solvers, to race them at equal cost or to sweep from few to many."


class CompareBar(QWidget):
    """Race or cancel, add samplers, open the panel of equal evaluations, save the table."""

    race_wanted = Signal()
    cancel_wanted = Signal()
    add_wanted = Signal()
    preset_wanted = Signal(str)
    save_wanted = Signal()
    equal_toggled = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._running = False
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.menu.triggered.connect(self._add_preset)
        self.race = _button("Race", "Run every sampler of the table from the same noise.")
        self.race.clicked.connect(self._race_or_cancel)
        self.add = _button("Add current", "Add the sampler with the settings of its panel.")
        self.add.clicked.connect(self.add_wanted)
        self.presets = _button("Add", "Add a sampler from a list.")
        self.presets.setMenu(self.menu)
        self.equal = _button("Equal evaluations", EQUAL)
        self.equal.setCheckable(True)
        self.equal.toggled.connect(self.equal_toggled)
        self.save = _button(
            "Save table…", "What is plotted as CSV: the errors of every lane, level and sample, or the sweep."
        )
        self.save.clicked.connect(self.save_wanted)
        row = QFlowLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setHorizontalSpacing(8)
        row.setVerticalSpacing(4)
        for button in (self.race, self.add, self.presets, self.equal, self.save):
            row.addWidget(button)
        self.set_presets(())

    def display(self, picture: ComparePicture) -> None:
        """Enable the buttons that can be pressed now."""
        self._running = picture.running
        self.race.setText("Cancel" if picture.running else "Race")
        self.race.setAccessibleName(self.race.text())
        self.race.setEnabled(bool(picture.lanes) or picture.running)
        self.save.setEnabled(any(lane.errors is not None for lane in picture.lanes))

    def set_presets(self, presets: tuple[Preset, ...]) -> None:
        """Set the lines of the menu "Add"."""
        self.menu.clear()
        for name, title, tip in presets:
            action = self.menu.addAction(title)
            action.setData(name)
            action.setToolTip(tip)
        self.presets.setEnabled(bool(presets))

    def _add_preset(self, action: QAction) -> None:
        self.preset_wanted.emit(action.data())

    def _race_or_cancel(self) -> None:
        (self.cancel_wanted if self._running else self.race_wanted).emit()

    def release(self) -> None:
        """Disconnect the buttons."""
        self.menu.triggered.disconnect(self._add_preset)
        self.race.clicked.disconnect(self._race_or_cancel)
        self.add.clicked.disconnect(self.add_wanted)
        self.save.clicked.disconnect(self.save_wanted)
        self.equal.toggled.disconnect(self.equal_toggled)
        self.menu.clear()


def _button(title: str, tip: str) -> QPushButton:
    button = QPushButton(title, autoDefault=False)
    button.setToolTip(tooltip(title, tip))
    button.setAccessibleName(title)
    return button
