"""The probe's own controls: its noise level, whether it follows the playhead, and the way to the mode."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QToolButton, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.widgets.slider import Slider

STEPS = 1000  # of the slider, over the logarithm of the run's noise levels


class ProbeBar(QWidget):
    """A row above the plane, there while the probe is the tool."""

    sigma_wanted = Signal(object)  # a noise level, or None to follow the playhead

    def __init__(self, theme: Theme, path: QAction) -> None:
        super().__init__()
        self._low, self._high = 0.01, 1.0
        about = "Bandwidth σ of the mean shift at the probe (Ctrl+Up, Ctrl+Down)"
        self._slider = Slider(STEPS, "Noise level of the probe", about)
        self._slider.setMinimumWidth(80)
        self._slider.valueChanged.connect(self._moved)
        self._value = QLabel()
        self._value.setFont(tabular(self.font()))
        self._value.setMinimumWidth(self._value.fontMetrics().horizontalAdvance("σ 0.0000000"))
        self._follow = QCheckBox("follow the playhead")
        self._follow.setToolTip("The probe's σ is the playhead's (Ctrl+0)")
        self._follow.toggled.connect(self._followed)
        path.setIconText("Path to the mode")
        self._path = QToolButton()
        self._path.setDefaultAction(path)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 0)
        row.setSpacing(8)
        row.addWidget(QLabel("Probe"))
        row.addWidget(self._value)
        row.addWidget(self._slider, 1)
        row.addWidget(self._follow)
        row.addWidget(self._path)
        self.set_theme(theme)

    def set_range(self, low: float, high: float) -> None:
        """The noise levels of the run."""
        self._low, self._high = low, high

    def set_sigma(self, sigma: float, *, follows: bool) -> None:
        """Show a noise level; nothing is told."""
        part = math.log(max(sigma, self._low) / self._low) / math.log(self._high / self._low)
        with QSignalBlocker(self._follow):
            self._slider.set_part(part)
            self._follow.setChecked(follows)
        self._value.setText(f"σ {sigma:.4g}")

    def set_theme(self, theme: Theme) -> None:
        """The row belongs to the plot beneath it."""
        colors = self.palette()
        colors.setColor(self.backgroundRole(), theme.base)
        self.setPalette(colors)
        self.setAutoFillBackground(True)

    def _moved(self) -> None:
        self.sigma_wanted.emit(self._low * (self._high / self._low) ** self._slider.part())

    def _followed(self, follows: bool) -> None:
        if follows:
            self.sigma_wanted.emit(None)
        else:
            self._moved()
