"""The theories view: what each theory leaves unexplained over σ, and the D of each at the playhead."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.headings import Entry
from app.plotting.measure_plot import MeasureChart
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.plotting.values import Curve, MeasurePlot
from app.rooms.on_request_view import OnRequestView
from app.rooms.theories.actions import DRIVE, DRIVE_TIP, TIP, TITLE
from app.rooms.theories.hand_over_view import HandOverPart
from app.rooms.theories.line_up import LineUp
from app.rooms.theories.patch_row import PatchRow
from app.rooms.theories.pictures import TheoriesPicture
from app.rooms.theories.taught_view import TaughtPart
from app.rooms.theories.text import ENDS, PANELS, describe, formulas
from app.widgets.layouts import clear
from app.widgets.panel_grid import PanelGrid
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title
from app.widgets.work_bar import WorkBar

CHART_HEIGHT, PRINTED = 180, 120  # pixels at the least
GAP = 16  # pixels between the parts of the page
SHARES, SHARE = 150, 100  # of the height that is left over, which the first plot and each part take


class TheoriesView(OnRequestView):
    """Shows a `TheoriesPicture`."""

    drive_wanted = Signal()
    patch_picked = Signal(int)
    sample_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(theme, parent, TheoriesPicture(), "Theories", WorkBar(TITLE, TIP), print_mode)
        self._drive = QPushButton(DRIVE, autoDefault=False)
        self._drive.setToolTip(tooltip(DRIVE, DRIVE_TIP))
        self._drive.clicked.connect(self._drive_clicked)
        self.bar.add(self._drive)
        self._caption = PlainLabel(wordWrap=True)
        self._caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._caption.setFont(tabular(self.font(), 0.92))
        self._legend = QFlowLayout()
        self._legend.setHorizontalSpacing(16)
        self._legend.setVerticalSpacing(0)
        self._entries: list[Entry] = []
        self._drawn: MeasurePlot | None = None
        self._heading = Title("Unexplained share 1 − R²")
        self._heading.setToolTip(tooltip("Unexplained share 1 − R²", formulas()))
        self.chart = MeasureChart(theme, tabular(self.font(), 0.85), print_mode=print_mode)
        self.chart.picked.connect(self.level_picked)
        self._title = Title()
        self._title.setWordWrap(True)
        self._title.setToolTip(tooltip("D at the playhead", PANELS))
        smallest, largest = (56, 56) if print_mode else (64, 112)  # print shows everything at once
        self._panels = PanelGrid(theme, smallest=smallest, largest=largest, marks=False)
        self._panels.setAccessibleName("D of the driver and of each theory")
        self._patch = PatchRow()
        self._patch.picked.connect(self.patch_picked)
        self._drives = PlainLabel(wordWrap=True)
        self._drives.setFont(tabular(self.font(), 0.92))
        self._ends_title = Title("Line-up")
        self._ends_title.setToolTip(tooltip("Line-up", ENDS))
        self._ends = LineUp(theme, 28 if print_mode else 56)
        self._ends.sample_picked.connect(self.sample_picked)
        self.hand_over = HandOverPart(theme, print_mode=print_mode)
        self.taught = TaughtPart(theme, print_mode=print_mode)
        self._build()
        self.set_theme(theme)
        self.display(self._picture)

    def _drive_clicked(self) -> None:
        self.drive_wanted.emit()

    def _build(self) -> None:
        self._plot = QWidget()
        plot = QVBoxLayout(self._plot)
        plot.setContentsMargins(0, 0, 0, 0)
        plot.addWidget(self._heading)
        plot.addWidget(self.chart, 1)
        self.chart.setMinimumHeight(PRINTED if self._print else CHART_HEIGHT)
        self.chart.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # it prefers 480 pixels
        self.inside.setContentsMargins(*([0] * 4 if self._print else [6] * 4))
        self.inside.addWidget(self._caption)
        self.inside.addLayout(self._legend)
        self.inside.addWidget(self._plot, SHARES)
        for part in (self._title, self._panels, self._patch, self._ends_title, self._drives, self._ends):
            self.inside.addWidget(part)
        for section in (self.hand_over, self.taught):
            self.inside.addSpacing(0 if self._print else GAP)
            self.inside.addWidget(section)
        self.inside.addStretch(1)  # keeps what is there at the top
        self.lay_out()
        if self.enlarged is not None:
            self.enlarged.add(self._heading, self._plot, self.chart.set_titled)
            self.enlarged.add(self._title, self._panels, self._panels.set_enlarged)
            self.enlarged.add(self._ends_title, self._ends, self._ends.set_enlarged)
            self.hand_over.enlarge_by(self.enlarged)
            self.taught.enlarge_by(self.enlarged)

    def display(self, picture: TheoriesPicture) -> None:
        """Show the picture. A move of the playhead changes the cursor, the numbers and the images."""
        self.frame(picture, there=picture.sigmas is not None)
        self._drive.setEnabled(picture.can_drive)
        if picture.sigmas is None:
            return
        self._caption.setText(picture.message or f"{picture.caption}.")
        self._show_shares(picture)
        self._drives.setText(f"{picture.drives}." if picture.drives else "")
        self._title.setText(picture.title)
        for part, there in (
            (self._title, picture.title),
            (self._panels, picture.panels),
            (self._patch, picture.patch and not self._print),
            (self._drives, picture.drives),
            (self._ends_title, picture.drives),
            (self._ends, picture.ends),
        ):
            part.setVisible(bool(there))
        if picture.panels:
            self._panels.set_panels(picture.panels)
        if picture.patch:
            self._patch.show_patch(picture.patch, picture.most_patch)
        if picture.ends:
            self._ends.set_rows(picture.ends, picture.samples, picture.sample)
        self.hand_over.display(picture.hand_over, picture.sigmas)
        self.taught.display(picture.taught, picture.sigmas, picture.index)
        for section, plotted in ((self.hand_over, picture.hand_over.plot), (self.taught, picture.taught.plots)):
            self.inside.setStretchFactor(section, SHARE if plotted else 0)

    def _show_shares(self, picture: TheoriesPicture) -> None:
        plot, sigmas = picture.plot, picture.sigmas
        self._plot.setVisible(plot is not None)
        if plot is None or sigmas is None:
            self._drawn = None
            self._name(())
            return
        if plot is not self._drawn:
            self._drawn = plot
            self.chart.set_quantity(plot.title, plot.unit)
            self.chart.set_data(sigmas, "log", plot.curves, 0, tints=plot.tints)
            self._name(plot.curves)
        for entry, curve, text in zip(self._entries, plot.curves, picture.legend, strict=True):
            entry.set_label(f"{curve.label} {text}")
        self.chart.set_index(picture.index)

    def _name(self, curves: tuple[Curve, ...]) -> None:
        clear(self._legend)
        self._entries = [Entry(curve.kind, curve.label, self._theme, self.page) for curve in curves]
        for entry in self._entries:
            self._legend.addWidget(entry)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        self.chart.set_theme(theme)
        for grid in (self._panels, self._ends):
            grid.set_theme(theme)
        for section in (self.hand_over, self.taught):
            section.set_theme(theme)
        for entry in self._entries:
            entry.set_theme(theme)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        super().release()
        self._drive.clicked.disconnect(self._drive_clicked)
        self.chart.picked.disconnect(self.level_picked)
        self._patch.picked.disconnect(self.patch_picked)
        self._ends.sample_picked.disconnect(self.sample_picked)
        for part in (self._patch, self.hand_over, self.taught):
            part.release()
