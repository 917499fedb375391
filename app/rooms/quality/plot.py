"""One number of quality over the noise levels: its header and its plot."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.plotting.headings import Header
from app.plotting.measure_plot import MeasureChart
from app.plotting.pens_and_numbers import Kind, tabular
from app.plotting.theme import Theme
from app.plotting.values import Curve
from app.rooms.quality.text import TITLES
from app.widgets.text import tooltip
from geomodel.arrays import Array
from geomodel.number_text import fixed
from geomodel.quality import QualityRow


class QualityPlot(QWidget):
    """A header with the numbers at the cursor, and the chart. A click or a drag on the chart moves the cursor."""

    def __init__(
        self,
        theme: Theme,
        lowest: int,
        *,
        values: int = 3,
        chart: type[MeasureChart] = MeasureChart,
        print_mode: bool,
    ) -> None:
        """`lowest`: pixels of height; `values`: of how many curves the header has room for the numbers."""
        super().__init__()
        self._room, self._print = values, print_mode
        self._about: object = None  # what the curves were made of
        self._row: QualityRow | None = None
        self._curves: tuple[Curve, ...] = ()
        self._enlarged = False
        self.header = Header(theme)
        self.chart = chart(theme, tabular(self.font(), 0.85), print_mode=print_mode)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.chart, 1)
        self.chart.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # it prefers 480 pixels
        self.setMinimumHeight(0 if print_mode else lowest)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.header.set_theme(theme)
        self.chart.set_theme(theme)

    def show_curves(
        self, about: object, row: QualityRow, sigmas: Array, curves: Callable[[], tuple[Curve, ...]], index: int
    ) -> None:
        """Show curves (L, 1). Of the same object and the same number, only the cursor moves."""
        if self._about is not about or self._row != row:
            self._about, self._row, self._curves = about, row, curves()
            self.chart.set_quantity(row.title, row.unit)
            self.chart.set_data(sigmas, "log", self._curves, 0)
            unit = ", ".join(filter(None, (row.unit, "log scale" if self.chart.log else "")))
            self.header.set_title(row.title if self._print else TITLES[row.name], unit)
            self.header.setToolTip(tooltip(f"{row.title} ({row.unit})" if row.unit else row.title, row.formula))
            self.setAccessibleName(row.title)
        self.chart.set_index(index)
        self._write_values()

    def set_enlarged(self, enlarged: bool) -> None:
        """With room, the axes have titles and the curves their names."""
        self._enlarged = enlarged
        self.chart.set_titled(enlarged)
        self._write_values()

    def _write_values(self) -> None:
        texts = [fixed(value, 3) for value in self.chart.values()]
        named = [(curve.kind, curve.label, text) for curve, text in zip(self._curves, texts, strict=True)]
        values: list[tuple[Kind, str]] = [
            (kind, f"{label} {text}" if self._enlarged else text) for kind, label, text in named
        ]
        self.header.set_values(tuple(values if self._enlarged else values[: self._room]))
        self.setAccessibleDescription(", ".join(f"{label} {text}" for _, label, text in named))
