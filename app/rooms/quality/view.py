"""Shows how good samples are: of runs that jump to D early, and of x and D over the levels of a run."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.headings import Entry
from app.plotting.measure_plot import RIGHT
from app.plotting.pens_and_numbers import Kind, tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.quality.bar import QualityBar
from app.rooms.quality.ends import EndsPane
from app.rooms.quality.level_chart import LevelChart
from app.rooms.quality.numbers import Numbers
from app.rooms.quality.picture import RUN_LEGEND, jump_curves, run_curves
from app.rooms.quality.pictures import QualityPicture
from app.rooms.quality.plot import QualityPlot
from app.rooms.quality.text import NOISE, describe, gain, jump_lines, jump_note, quality_row, run_note
from app.widgets.enlarged import Enlarged
from app.widgets.explanation import Explanation
from app.widgets.focus_area import show_area
from app.widgets.form import explain
from app.widgets.layouts import clear
from app.widgets.number_field import FloatField
from app.widgets.scrolled import scrolled
from app.widgets.slider import Slider
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title, Titled
from geomodel.settings import Limits

WIDE = 560  # pixels of width from which plots stand beside each other
JUMP = (
    "Every run has the same number of evaluations: k − 1 steps from σ max to σ_jump, and D there as its end. The one "
    "that goes to σ min is no jump. The control is as many data points that were held out of the comparison."
)
RUN = "The distance of x and of D to the data at every level of the selected run, and of as many held-out data."
LEVEL = "Where the runs jump whose ends are shown. Drag on the plot, or press the keys Up and Down here."
SIGMA_WIDTH = 96  # pixels of its editor
SIGMA = Limits(
    "σ of the jump",
    "Where the runs jump whose ends are shown. A σ that is not measured yet, as where you drag on the plot, is "
    "measured with the same settings and stays in the plot.",
    1e-100,
    1e100,
)
PANES: tuple[tuple[str, Kind, str], ...] = (
    ("Jump", "denoising", "Where the runs end that jump at the picked level."),
    ("No jump", "sampling", "Where the runs end that go to σ min with as many evaluations, from the same noise."),
    ("Held-out data", "reference", "Data that the samples are not compared with: what perfect samples look like."),
)


class QualityView(View):
    """The jump above, with its numbers and ends; the curves of a run below."""

    level_picked = Signal(int)
    sigma_wanted = Signal(float)  # of a jump that may have to be computed
    sample_picked = Signal(int)
    playhead_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture = QualityPicture()
        self._theme, self._print = theme, print_mode
        self.setAccessibleName("Quality")
        self.bar = QualityBar()
        self.jump_plot = QualityPlot(theme, 160, chart=LevelChart, print_mode=print_mode)
        self.numbers = Numbers(theme)
        self.slider = Slider(1, "Level of the jump", LEVEL)
        self.sigma = FloatField("sigma", SIGMA)
        self.sigma.editor.setFixedWidth(SIGMA_WIDTH)
        self.panes = tuple(EndsPane(theme, name, kind, print_mode=print_mode) for name, kind, _ in PANES)
        self.run_plots = tuple(QualityPlot(theme, 132, values=2, print_mode=print_mode) for _ in range(3))
        self._legend = QFlowLayout()
        self._build()
        self._connections = [
            (self.jump_plot.chart.picked, self.level_picked),
            (self.jump_plot.chart.wanted, self.sigma_wanted),
            (self.slider.valueChanged, self.level_picked),
            *((pane.grid.sample_picked, self.sample_picked) for pane in self.panes[:2]),
            *((plot.chart.picked, self.playhead_picked) for plot in self.run_plots),
        ]
        for said, passed in self._connections:
            said.connect(passed)
        self.sigma.edited.connect(self._want)
        self.set_theme(theme)
        self.display(self._picture)

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        self._said = Explanation(lines=2)
        explain((*self.bar.numbers, self.sigma), self._said)
        self._caption, self._note = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        self._gain = PlainLabel(wordWrap=True)
        self._gain.setFont(tabular(self.font()))
        self._gain.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._gain.setMinimumHeight(0 if self._print else 2 * self.fontMetrics().lineSpacing())  # so that nothing moves
        self._run_caption, self._run_note = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        for label in (self._caption, self._note, self._run_caption, self._run_note):
            label.setFont(tabular(self.font(), 0.92))
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._jump = self._jump_part()
        self._run = self._run_part()
        self._page = QWidget()
        inside = QVBoxLayout(self._page)
        edge = 0 if self._print else 4  # so that the frame of the focus lies beside the text
        inside.setContentsMargins(edge, edge, edge, edge)
        inside.setSpacing(12)
        inside.addWidget(self._jump, 3)
        inside.addWidget(self._run, 2)
        self._body = self._page if self._print else scrolled(self._page, "Jumps and the run")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for part in (self.bar, self._said):
            column.addWidget(part)
        column.addWidget(self._body, 1)
        if self._print:  # a print keeps the size it is given, whatever its parts prefer during the layout
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.bar.setHidden(self._print)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            self._enlarged.add(self._jump_title, self._plot_column, self.jump_plot.set_enlarged)
            for pane, titled in zip(self.panes, self._titled, strict=True):
                self._enlarged.add(titled.title, titled)
                pane.setMinimumWidth(72)
            for plot in self.run_plots:
                self._enlarged.add(plot.header, plot, plot.set_enlarged)

    def _jump_part(self) -> QWidget:
        self._jump_title = Title("Jump to D")
        self._jump_title.setToolTip(tooltip("Jump to D", JUMP))
        under = QHBoxLayout()  # the slider stands under the plot's area
        under.setContentsMargins(round(self.jump_plot.chart.left.width()), 0, RIGHT, 0)
        under.addWidget(self.slider)
        self._plot_column, part = QWidget(), QWidget()
        plot = QVBoxLayout(self._plot_column)
        plot.setContentsMargins(0, 0, 0, 0)
        plot.setSpacing(2)
        plot.addWidget(self._jump_title)
        plot.addWidget(self._caption)
        plot.addWidget(self.jump_plot, 1)
        plot.addLayout(under)
        typed = QHBoxLayout()
        typed.addWidget(self.sigma)
        typed.addStretch(1)
        plot.addLayout(typed)
        self._titled = tuple(Titled(name, text, pane) for (name, _, text), pane in zip(PANES, self.panes, strict=True))
        ends = QHBoxLayout()
        ends.setSpacing(12)
        for titled in self._titled:
            ends.addWidget(titled, 1)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._plot_column, 3)
        column.addWidget(self.numbers)
        column.addWidget(self._gain)
        column.addLayout(ends, 2)
        column.addWidget(self._note)
        return part

    def _run_part(self) -> QWidget:
        title = Title("x and D along the run")
        title.setToolTip(tooltip("x and D along the run", f"{RUN} {NOISE}"))
        self._warning = PlainLabel(NOISE, wordWrap=True)
        self._plots = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._plots.setSpacing(12)
        for plot in self.run_plots:
            self._plots.addWidget(plot, 1)
        self._curves, part = QWidget(), QWidget()
        curves = QVBoxLayout(self._curves)
        curves.setContentsMargins(0, 0, 0, 0)
        self._legend.setHorizontalSpacing(16)
        self._legend.setVerticalSpacing(0)
        curves.addWidget(self._warning)
        curves.addLayout(self._legend)
        curves.addLayout(self._plots, 1)
        curves.addWidget(self._run_note)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (title, self._run_caption, self._curves):
            column.addWidget(widget, int(widget is self._curves))
        column.addStretch(0)
        return part

    # ------------------------------------------------------------ the picture

    def display(self, picture: QualityPicture) -> None:
        """Show the picture. A picked level or a playhead move changes only cursors, numbers and ends."""
        self._picture = picture
        self.setAccessibleDescription(describe(picture))
        self.bar.display(picture)
        said = picture.message if picture.can_jump else ""  # what went wrong is past where nothing can be asked
        self._said.say(picture.working or said or picture.reason)
        self._said.setVisible(not self._print)
        there = picture.jumps is not None or picture.run is not None or not self._print
        show_area(self, self._body, there=there)
        self._show_jump(picture)
        self._show_run(picture)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def _show_jump(self, picture: QualityPicture) -> None:
        jumps = picture.jumps
        self._jump.setVisible(jumps is not None)
        if jumps is None:
            return
        row, level = quality_row(picture.name), picture.level
        self.jump_plot.show_curves(jumps, row, jumps.sigmas, partial(jump_curves, jumps, picture.name), level)
        self.numbers.display(jump_lines(jumps, level))
        self._caption.setText(picture.caption)
        self._gain.setText(gain(jumps, level, picture.name))
        self._note.setText(jump_note(jumps, level))
        self._jump_title.setText(f"Jump to D, {picture.evaluations} evaluations each")
        self._set_slider(level, len(jumps.sigmas))
        self.sigma.set_value(float(f"{picture.wanted or jumps.sigmas[level]:.3g}"))
        self.jump_plot.chart.set_under_way(picture.wanted)
        self._titled[0].title.setText(jump_lines(jumps, level)[0][1])
        shown = ((jumps.ends[level], picture.sample), (jumps.ends[-1], picture.sample), (jumps.held_out, -1))
        for pane, (ends, sample) in zip(self.panes, shown, strict=True):
            pane.show_ends(ends, jumps.data, sample)

    def _set_slider(self, level: int, count: int) -> None:
        self.slider.blockSignals(True)
        self.slider.setRange(0, count - 1)
        self.slider.setPageStep(1)
        self.slider.setValue(level)
        self.slider.blockSignals(False)
        self.slider.setVisible(not self._print)
        self.sigma.setVisible(not self._print)

    def _want(self, _name: str, sigma: float) -> None:
        self.sigma_wanted.emit(sigma)

    def _show_run(self, picture: QualityPicture) -> None:
        run = picture.run
        self._run.setVisible(run is not None or not self._print)
        self._curves.setVisible(run is not None)
        self._run_caption.setText(picture.run_caption if run is not None else picture.run_reason)
        if run is None:
            return
        self._run_note.setText(run_note(run, picture.index))
        for plot, name in zip(self.run_plots, (picture.name, "spread", "nearest"), strict=True):
            plot.show_curves(run, quality_row(name), run.sigmas, partial(run_curves, run, name), picture.index)

    # ------------------------------------------------------------ looks

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        self.numbers.set_theme(theme)
        for plot in (self.jump_plot, *self.run_plots):
            plot.set_theme(theme)
        for pane in self.panes:
            pane.set_theme(theme)
        clear(self._legend)
        for kind, label in RUN_LEGEND:
            self._legend.addWidget(Entry(kind, label, theme, self._page))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= WIDE
        self._plots.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        for said, passed in self._connections:
            said.disconnect(passed)
        self._connections.clear()
        self.sigma.edited.disconnect(self._want)
        self.bar.release()
        for pane in self.panes:
            pane.release()
        if self._enlarged is not None:
            self._enlarged.release()
