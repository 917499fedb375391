"""Picks the side of a patch: a slider over the odd numbers, with its value."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.widgets.slider import Slider
from app.widgets.text import PlainLabel

TIP = (
    "Side of the patch by which each pixel of the last image is weighed. One pixel gives a mosaic; a patch that holds "
    "the whole image everywhere gives D*. Drag, or press the keys Up and Down."
)


class PatchRow(QWidget):
    """Reports what a person picks, never what the program sets."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._label = PlainLabel()
        self._label.setFont(tabular(self.font()))
        self._label.setMinimumWidth(self._label.fontMetrics().horizontalAdvance("Patch 000 × 000 "))
        self._slider = Slider(1, "Patch", TIP)
        self._slider.setMaximumWidth(320)
        self._slider.valueChanged.connect(self._pick)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._label)
        row.addWidget(self._slider, 1)
        row.addStretch(0)

    def show_patch(self, patch: int, most: int) -> None:
        """Show a side among the odd numbers up to the largest."""
        with QSignalBlocker(self._slider):
            self._slider.setRange(0, most // 2)
            self._slider.setPageStep(3)
            self._slider.setValue(patch // 2)
        self._label.setText(f"Patch {patch} × {patch}")

    def release(self) -> None:
        """Let go of the slider."""
        self._slider.valueChanged.disconnect(self._pick)

    def _pick(self, half: int) -> None:
        self.picked.emit(2 * half + 1)
