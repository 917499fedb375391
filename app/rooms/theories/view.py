"""The theories view: what each theory leaves unexplained over σ, and the D of each at the playhead."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.headings import Entry
from app.plotting.measure_plot import MeasureChart
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.plotting.values import Curve, MeasurePlot
from app.rooms.contract import View
from app.rooms.theories.actions import DRIVE, DRIVE_TIP, TIP, TITLE
from app.rooms.theories.pictures import TheoriesPicture
from app.rooms.theories.text import ENDS, PANELS, describe, formulas
from app.widgets.enlarged import Enlarged
from app.widgets.focus_area import show_area
from app.widgets.layouts import clear
from app.widgets.panel_grid import PanelGrid
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title
from app.widgets.work_bar import WorkBar

CHART_HEIGHT = 180


class TheoriesView(View):
    """Shows a `TheoriesPicture`."""

    start_wanted = Signal()
    cancel_wanted = Signal()
    drive_wanted = Signal()
    level_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture, self._theme, self._print = TheoriesPicture(), theme, print_mode
        self.setAccessibleName("Theories")
        self._bar = WorkBar(TITLE, TIP)
        self._bar.start_wanted.connect(self.start_wanted)
        self._bar.cancel_wanted.connect(self.cancel_wanted)
        self._drive = QPushButton(DRIVE, autoDefault=False)
        self._drive.setToolTip(tooltip(DRIVE, DRIVE_TIP))
        self._drive.clicked.connect(self._drive_clicked)
        self._bar.add(self._drive)
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._caption = PlainLabel(wordWrap=True)
        for label in (self._message, self._caption):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._caption.setFont(tabular(self.font(), 0.92))
        self._legend = QFlowLayout()
        self._legend.setHorizontalSpacing(16)
        self._legend.setVerticalSpacing(0)
        self._entries: list[Entry] = []
        self._drawn: MeasurePlot | None = None
        self._heading = Title()
        self._heading.setText("Unexplained share 1 − R²")
        self._heading.setToolTip(tooltip("Unexplained share 1 − R²", formulas()))
        self.chart = MeasureChart(theme, tabular(self.font(), 0.85), print_mode=print_mode)
        self.chart.picked.connect(self.level_picked)
        self._title = Title()
        self._title.setWordWrap(True)
        self._title.setToolTip(tooltip("D at the playhead", PANELS))
        self._panels = PanelGrid(theme, smallest=64, largest=112, marks=False)
        self._panels.setAccessibleName("D of the driver and of each theory")
        self._drives = PlainLabel(wordWrap=True)
        self._drives.setFont(tabular(self.font(), 0.92))
        self._ends_title = Title()
        self._ends_title.setToolTip(tooltip("Ends", ENDS))
        self._ends = PanelGrid(theme, smallest=64, largest=112, marks=False)
        self._ends.setAccessibleName("Ends of the run and of each theory")
        self._build()
        self.set_theme(theme)
        self.display(self._picture)

    def _drive_clicked(self) -> None:
        self.drive_wanted.emit()

    def _build(self) -> None:
        self._page, self._plot = QWidget(), QWidget()
        plot = QVBoxLayout(self._plot)
        plot.setContentsMargins(0, 0, 0, 0)
        plot.addWidget(self._heading)
        plot.addWidget(self.chart, 1)
        self.chart.setMinimumHeight(0 if self._print else CHART_HEIGHT)
        self.chart.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # it prefers 480 pixels
        inside = QVBoxLayout(self._page)
        inside.setContentsMargins(*([0] * 4 if self._print else [6] * 4))
        inside.setSpacing(6)
        inside.addWidget(self._caption)
        inside.addLayout(self._legend)
        inside.addWidget(self._plot, 1)
        inside.addWidget(self._title)
        inside.addWidget(self._panels)
        inside.addWidget(self._drives)
        inside.addWidget(self._ends_title)
        inside.addWidget(self._ends)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self._bar)
        self._bar.setHidden(self._print)
        column.addWidget(self._message, 1)
        self._whole = self._page if self._print else scrolled(self._page, "Theories over the noise levels")
        column.addWidget(self._whole, 1)
        if self._print:
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            self._enlarged.add(self._heading, self._plot, self.chart.set_titled)
            self._enlarged.add(self._title, self._panels, self._panels.set_enlarged)
            self._enlarged.add(self._ends_title, self._ends, self._ends.set_enlarged)

    def display(self, picture: TheoriesPicture) -> None:
        """Show the picture. A move of the playhead changes the cursor, the numbers and the images."""
        self._picture = picture
        self.setAccessibleDescription(describe(picture))
        self._bar.display(enabled=picture.ready, running=picture.running, words=picture.words)
        self._drive.setEnabled(picture.can_drive)
        self._message.setText(picture.message)
        self._message.setVisible(picture.plot is None)
        show_area(self, self._whole, there=picture.plot is not None)
        if picture.plot is None or picture.sigmas is None:
            return
        self._caption.setText(f"{picture.caption}.")
        if picture.plot is not self._drawn:
            self._draw(picture)
        for entry, curve, text in zip(self._entries, picture.plot.curves, picture.legend, strict=True):
            entry.set_label(f"{curve.label} {text}")
        self.chart.set_index(picture.index)
        self._title.setText(picture.title)
        self._title.setVisible(bool(picture.title))
        self._panels.setVisible(bool(picture.panels))
        if picture.panels:
            self._panels.set_panels(picture.panels)
        self._drives.setText(f"{picture.drives}." if picture.drives else "")
        self._ends_title.setText(picture.ends_title)
        for part, there in (
            (self._drives, picture.drives),
            (self._ends_title, picture.ends_title),
            (self._ends, picture.ends),
        ):
            part.setVisible(bool(there))
        if picture.ends:
            self._ends.set_panels(picture.ends)

    def _draw(self, picture: TheoriesPicture) -> None:
        assert picture.plot is not None
        assert picture.sigmas is not None
        self._drawn = picture.plot
        self.chart.set_quantity(picture.plot.title, picture.plot.unit)
        self.chart.set_data(picture.sigmas, "log", picture.plot.curves, 0)
        self._name(picture.plot.curves)

    def _name(self, curves: tuple[Curve, ...]) -> None:
        clear(self._legend)
        self._entries = [Entry(curve.kind, curve.label, self._theme, self._page) for curve in curves]
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
        self._panels.set_theme(theme)
        self._ends.set_theme(theme)
        for entry in self._entries:
            entry.set_theme(theme)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self._bar.release()
        self._drive.clicked.disconnect(self._drive_clicked)
        self.chart.picked.disconnect(self.level_picked)
        if self._enlarged is not None:
            self._enlarged.release()
