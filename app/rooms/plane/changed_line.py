"""The line over the picture that says what is drafted but not run yet."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from app.plotting.pens_and_numbers import tabular
from app.widgets.elided import ElidedLabel
from app.widgets.text import outline_widget, tooltip

LEFT, TOP = 72, 10  # beside the axis
RIGHT = 20


class ChangedLine(ElidedLabel):
    """Lies over a plot, which stays where it is."""

    def __init__(self, plot: QWidget) -> None:
        super().__init__()
        self.setParent(plot)
        self._plot = plot
        self.setAccessibleName("Changed settings")
        self.setFont(tabular(self.font(), 0.92))
        self.setAutoFillBackground(True)
        self.setContentsMargins(8, 3, 8, 3)
        self.move(LEFT, TOP)
        self.hide()
        plot.installEventFilter(self)

    def say(self, line: str, whole: str) -> None:
        """Show a line; the tooltip has every change. Empty: nothing is shown."""
        self.setText(line)
        self.setToolTip(tooltip("Changed since this run", whole))
        self.setVisible(bool(line))
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another size of the plot."""
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False

    def _fit(self) -> None:
        size = self.sizeHint()
        self.resize(min(size.width(), self._plot.width() - LEFT - RIGHT), size.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        outline_widget(self, self.rect())
