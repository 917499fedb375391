"""A slider over noise levels, spread by log σ."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal

from app.widgets.slider import Slider

SIGMA_STEPS = 1000


class SigmaSlider(Slider):
    """Runs from the lowest noise level on the left to the highest on the right. It is disabled if the two are equal."""

    sigma_moved = Signal(float)  # a person moved the slider to this noise level

    def __init__(self, name: str, text: str) -> None:
        super().__init__(SIGMA_STEPS, name, text)
        self._lowest, self._highest = 0.01, 1.0
        self.valueChanged.connect(self._moved)

    def show_sigma(self, sigma: float, lowest: float, highest: float) -> None:
        """Show a noise level between two positive ends and emit nothing. A level outside the ends stands at the
        nearest end.
        """
        self._lowest, self._highest = lowest, highest
        self.setEnabled(highest > lowest)
        if sigma > 0 and highest > lowest:
            self.set_part(math.log(max(sigma, lowest) / lowest) / math.log(highest / lowest))

    @property
    def sigma(self) -> float:
        """The noise level at which the slider stands."""
        return float(self._lowest * (self._highest / self._lowest) ** self.part())

    def _moved(self) -> None:
        self.sigma_moved.emit(self.sigma)
