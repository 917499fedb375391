"""A line over the picture that names the draft's changes since the run."""

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
    """Lies over a plot, which keeps its place."""

    def __init__(self, plot: QWidget) -> None:
        super().__init__()
        self.setParent(plot)
        self._plot = plot
        self._lines: tuple[str, ...] = ()
        self._whole = ""
        self.setAccessibleName("Changed settings")
        self.setFont(tabular(self.font(), 0.92))
        self.setAutoFillBackground(True)
        self.setContentsMargins(8, 3, 8, 3)
        self.move(LEFT, TOP)
        self.hide()
        plot.installEventFilter(self)

    def say(self, lines: tuple[str, ...], whole: str) -> None:
        """Show the first of the lines that fits. The tooltip has every change. Without lines, nothing is shown."""
        self._lines, self._whole = lines, whole
        self.setVisible(bool(lines))
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the plot's size."""
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False

    def _fit(self) -> None:
        room = self._plot.width() - LEFT - RIGHT
        for line in self._lines:
            self.setText(line)
            if self.sizeHint().width() <= room:
                break
        self.setToolTip(tooltip("Changed since this run", self._whole))
        self.resize(min(self.sizeHint().width(), room), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        outline_widget(self, self.rect())
