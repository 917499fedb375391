"""The plot of the compare view under its heading, which says what is plotted and what curve and band mean."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from superqt import QElidingLabel

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.compare.lanes import PLOTTED, Plotted
from app.rooms.compare.pictures import ComparePicture
from app.rooms.compare.plot import ErrorChart
from app.widgets.form import ComboBox
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title

ERROR = (
    "‖x − x_ref‖ at each noise level, in data units: the distance from where the reference is. Line: the selected "
    "sample, or in the end plot a point for the median. Band or bar: from the 10 % to the 90 % quantile over samples."
)
SWEEP = "Tick solvers under Equal evaluations, then press Sweep."
RACE = "Press Race. All lanes start from the same noise."


class PlotPane(QWidget):
    """The chart, the choice of what it plots, and words in its place while it has no curve."""

    def __init__(self, theme: Theme, *, print_mode: bool) -> None:
        super().__init__()
        self._print = print_mode
        self.chart = ErrorChart(theme, tabular(self.font(), 0.85), print_mode=print_mode)
        self.title, self.note = Title("Error"), QElidingLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setFont(tabular(self.font(), 0.92))
        self.waiting = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        for label in (self.note, self.waiting):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self.note, self.title):
            label.setToolTip(tooltip("Error", ERROR))
        self.combo = ComboBox()
        for plotted, title in PLOTTED.items():
            self.combo.addItem(title, plotted)
        self.combo.setToolTip("What is plotted")
        self.combo.setAccessibleName("What is plotted")
        over = QVBoxLayout(self.chart)
        over.setContentsMargins(56, 0, 16, 24)  # inside the axes
        over.addWidget(self.waiting)
        heading = QHBoxLayout()
        heading.setSpacing(8)
        heading.addWidget(self.title)
        heading.addWidget(self.combo)
        heading.addWidget(self.note, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(heading)
        column.addWidget(self.chart, 1)
        self.combo.setHidden(print_mode)

    def set_plotted(self, plotted: Plotted) -> None:
        """Show what is plotted in the choice."""
        self.combo.setCurrentIndex(self.combo.findData(plotted))

    def say(self, picture: ComparePicture, plotted: Plotted) -> None:
        """The words around and in the plot, which shows these lanes."""
        of = PLOTTED["end" if plotted == "sweep" else plotted]
        self.title.setText(f"Error {of}" if self._print else "Error")
        self.note.setText(self._meaning(picture, plotted))
        self.waiting.setText(_awaited(picture, plotted))
        self.waiting.setVisible(not any(self.chart.curves))

    def _meaning(self, picture: ComparePicture, plotted: Plotted) -> str:
        """What a curve and its band mean."""
        batch = next((lane.errors.shape[1] for lane in picture.lanes if lane.errors is not None), 0)
        if not batch:
            return ""
        of = "median" if plotted in ("end", "sweep") else f"sample {picture.sample}"
        words = f"{of}, 10–90 % of {batch}"
        return f"‖x − x_ref‖: {words} samples" if self._print else words  # paper has no tooltip


def _awaited(picture: ComparePicture, plotted: Plotted) -> str:
    sweeps = plotted == "sweep"
    if not picture.running:
        return SWEEP if sweeps else RACE
    if picture.reference_fraction < 1:
        return f"Solving the reference: {100 * picture.reference_fraction:.0f} %"
    curve = "the curves appear when all have ended" if sweeps else "a curve appears when its sampler has ended"
    return f"{'Sweeping' if sweeps else 'Racing'}: {curve}."
