"""A slider over a fraction from 0 to 1."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSlider

from app.widgets.text import tooltip


class Slider(QSlider):
    """A horizontal slider that leaves the wheel to the scroll area, and that the program does not move while a
    person holds it.
    """

    def __init__(self, steps: int, name: str, text: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(0, steps)
        self.setPageStep(steps // 10)
        self.setMinimumWidth(48)
        self.setAccessibleName(name)
        self.setToolTip(tooltip(name, text))

    def set_part(self, part: float) -> None:
        """Show a place from 0 to 1 and emit nothing."""
        if not self.isSliderDown():
            with QSignalBlocker(self):
                self.setValue(round(self.maximum() * part))

    def part(self) -> float:
        return self.value() / self.maximum()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
