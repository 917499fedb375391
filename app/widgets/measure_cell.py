"""One measure over the noise levels: its header and its plot."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.plotting.headings import Header
from app.plotting.measure_plot import MeasureChart
from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import Scale
from app.plotting.theme import Theme
from app.plotting.values import MeasurePlot
from app.widgets.text import PlainLabel
from geomodel.arrays import Array
from geomodel.number_text import fixed

PREFERRED = (320, 150)  # pixels of width and height


class Cell(QWidget):
    """One measure: header and plot, or the reason why there is no curve yet.

    The plot is built when it is first shown, because the window opens with many cells that show nothing yet.
    """

    picked = Signal(int)  # a level, by a click or a drag

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        chart: type[MeasureChart] = MeasureChart,
        print_mode: bool = False,
    ) -> None:
        super().__init__(parent)
        self._kind_of_chart = chart
        self._plot: MeasurePlot | None = None
        self._drawn: tuple[Any, ...] = ()
        self._sample, self._enlarged = 0, False
        self._theme, self._print = theme, print_mode
        self._chart: MeasureChart | None = None
        self.header = Header(theme)
        self._waiting = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._waiting.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._waiting.setParent(self)
        self._waiting.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.header)

    @property
    def chart(self) -> MeasureChart:
        """The plot."""
        if self._chart is None:
            chart = self._chart = self._kind_of_chart(self._theme, tabular(self.font(), 0.85), print_mode=self._print)
            over = QVBoxLayout(chart)
            over.setContentsMargins(56, 0, 16, 24)  # inside the axes
            over.addWidget(self._waiting)
            self._column.addWidget(chart, 1)
            if self._enlarged:
                chart.set_titled(True)
            chart.picked.connect(self.picked)
        return self._chart

    def sizeHint(self) -> QSize:
        return QSize(*PREFERRED)  # the chart alone would take as much as a window

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.header.set_theme(theme)
        if self._chart is not None:
            self._chart.set_theme(theme)

    def show_plot(
        self, plot: MeasurePlot, sigmas: Array, scale: Scale = "log", sample: int = 0, index: int = 0
    ) -> None:
        """Draw only what has changed: everything, the selected sample's curves, or the cursor."""
        drawn = (sigmas, scale, *(curve.values for curve in plot.curves))
        if len(drawn) != len(self._drawn) or any(a is not b for a, b in zip(drawn, self._drawn, strict=True)):
            self.chart.set_data(sigmas, scale, plot.curves, sample, plot.regions, linear=plot.linear)
        elif sample != self._sample:
            self.chart.set_sample(sample)
        self._drawn, self._sample = drawn, sample
        if plot is not self._plot:
            self._plot = plot
            self._write_names(plot)
        self.chart.set_index(index)
        self._write_values(plot)

    def _write_values(self, plot: MeasurePlot) -> None:
        texts = [fixed(value) for value in self.chart.values()]
        named = [f"{c.label} {t}".strip() if self._enlarged else t for c, t in zip(plot.curves, texts, strict=True)]
        self.header.set_values(tuple((curve.kind, text) for curve, text in zip(plot.curves, named, strict=True)))
        self.setAccessibleDescription(", ".join(f"{c.label} {t}" for c, t in zip(plot.curves, texts, strict=True)))

    def set_enlarged(self, enlarged: bool) -> None:
        """With room, the axes have titles and the curves their names."""
        self._enlarged = enlarged
        if self._chart is not None:
            self._chart.set_titled(enlarged)
        if self._plot is not None:
            self._write_values(self._plot)

    def _write_names(self, plot: MeasurePlot) -> None:
        self.setAccessibleName(plot.title)
        self.chart.set_quantity(plot.title, plot.unit)
        unit = ", ".join(filter(None, (plot.unit, "log scale" if self.chart.log else "")))
        self.header.set_title(plot.title, unit)
        self.header.setToolTip(
            "\n".join(
                (f"{plot.title} ({plot.unit})", plot.formula, *(curve.label for curve in plot.curves if curve.label))
            )
        )
        self._waiting.setText(plot.waiting)
        self._waiting.setVisible(bool(plot.waiting))
