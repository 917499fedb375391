"""The training view: trajectories of the network so far over the data, two sliders, and curves over the iterations."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.headings import Entry
from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import sigma_text
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.training.form import TrainingForm
from app.rooms.training.paths import Paths
from app.rooms.training.pictures import TrainingPicture
from app.rooms.training.text import LEGEND, LEVEL, PATHS, TIME, describe
from app.widgets.enlarged import Enlarged
from app.widgets.focus_area import show_area
from app.widgets.layouts import clear
from app.widgets.measure_cell import Cell
from app.widgets.scrolled import scrolled
from app.widgets.slider import Slider
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title

CELL_HEIGHT = 130
WIDE = 560  # pixels of width from which the curves stand beside the trajectories


class TrainingView(View):
    """Shows a `TrainingPicture`."""

    action_wanted = Signal(str)  # the id of an action
    snapshot_picked = Signal(int)
    level_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture, self._theme, self._print = TrainingPicture(), theme, print_mode
        self._wide: bool | None = None
        self.setAccessibleName("Training")
        self.form = TrainingForm()
        self.time, self.level = Slider(1, "Training time", TIME), Slider(1, "Noise level", LEVEL)
        self._time_text, self._level_text = PlainLabel(), PlainLabel()
        self._title = Title()
        self._title.setToolTip(tooltip("Trajectories so far", PATHS))
        self._numbers, self._caption = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        for label in (self._numbers, self._caption, self._time_text, self._level_text):
            label.setFont(tabular(self.font(), 0.92))
        self._caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._legend = QFlowLayout()
        self._legend.setHorizontalSpacing(16)
        self._legend.setVerticalSpacing(0)
        self.paths = Paths(theme, tabular(self.font(), 0.85), print_mode=print_mode)
        self.cells = tuple(Cell(theme, print_mode=print_mode) for _ in range(3))
        self._build()
        self.form.wanted.connect(self.action_wanted)
        self.time.valueChanged.connect(self.snapshot_picked)
        self.level.valueChanged.connect(self.level_picked)
        for cell in self.cells:
            cell.picked.connect(self.snapshot_picked)
        self.set_theme(theme)
        self.display(self._picture)

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        self._page, self._left, self._right = QWidget(), QWidget(), QWidget()
        sliders = QGridLayout()
        sliders.setHorizontalSpacing(8)
        rows = (("Training time", self.time, self._time_text), ("Noise level", self.level, self._level_text))
        for row, (name, slider, text) in enumerate(rows):
            label = QLabel(name)
            label.setBuddy(slider)
            text.setMinimumWidth(text.fontMetrics().horizontalAdvance("iteration 0,000,000 "))
            for place, widget in enumerate((label, slider, text)):
                sliders.addWidget(widget, row, place)
                if self._print:
                    widget.hide()  # setHidden would show it, and it has no parent yet
        left = QVBoxLayout(self._left)
        left.addWidget(self._title)
        left.addWidget(self.paths, 1)
        left.addLayout(sliders)
        left.addWidget(self._numbers)
        right = QVBoxLayout(self._right)
        right.addLayout(self._legend)
        for cell in self.cells:
            cell.setMinimumHeight(0 if self._print else CELL_HEIGHT)
            right.addWidget(cell, 1)
        for half in (left, right):
            half.setContentsMargins(0, 0, 0, 0)
            half.setSpacing(4)
        self.paths.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._body = QWidget()
        self._grid = QGridLayout(self._body)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        page = QVBoxLayout(self._page)
        page.setContentsMargins(*(4 * (not self._print),) * 4)  # the frame of the focus is drawn over the edge
        page.addWidget(self.form.settings)
        page.addWidget(self._body, 1)
        page.addStretch(0)  # keeps the fields at the top while there is nothing under them
        self._arrange()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.form)
        for part in (self.form, self.form.settings):
            part.setHidden(self._print)
        self._whole = self._page if self._print else scrolled(self._page, "A training over its iterations")
        column.addWidget(self._whole, 1)
        if self._print:
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        show_area(self, self._whole, there=True)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            self._enlarged.add(self._title, self._left)
            for cell in self.cells:
                self._enlarged.add(cell.header, cell, cell.set_enlarged)

    def _arrange(self) -> None:
        """The curves beside the trajectories where there is room, else under them."""
        wide = self.width() >= WIDE
        if wide == self._wide:
            return
        self._wide = wide
        for part in (self._left, self._right, self._caption):
            self._grid.removeWidget(part)
        self._grid.addWidget(self._left, 0, 0)
        self._grid.addWidget(self._right, 0 if wide else 1, 1 if wide else 0)
        self._grid.addWidget(self._caption, 2, 0, 1, 2 if wide else 1)
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 2 if wide else 0)
        self._grid.setRowStretch(0, 1)
        self._grid.setRowStretch(1, 0 if wide else 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    # ------------------------------------------------------------ the picture

    def display(self, picture: TrainingPicture) -> None:
        """Show the picture. Another level moves symbols and numbers; another iteration the trajectories."""
        self._picture = picture
        self.setAccessibleDescription(describe(picture))
        self.form.display(picture)
        there = picture.paths is not None
        self._body.setVisible(there)
        if picture.paths is None or picture.sigmas is None or picture.iterations is None or picture.places is None:
            return
        self._title.setText(picture.title)
        self.paths.show_paths(picture.paths)
        _move(self.time, picture.at, len(picture.iterations))
        _move(self.level, picture.paths.level, len(picture.sigmas))
        self._time_text.setText(f"iteration {picture.iterations[picture.at]:,.0f}")
        self._level_text.setText(f"σ {sigma_text(float(picture.sigmas[picture.paths.level]))}")
        self._numbers.setText(f"{picture.numbers}.")
        self._caption.setText(picture.caption)
        for cell, plot in zip(self.cells, picture.plots, strict=True):
            cell.show_plot(plot, picture.places, "iteration", index=picture.at)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        self.paths.set_theme(theme)
        for cell in self.cells:
            cell.set_theme(theme)
        clear(self._legend)
        for kind, label, tip in LEGEND:
            entry = Entry(kind, label, theme, self._page)
            entry.setToolTip(tooltip(label, tip))
            self._legend.addWidget(entry)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self.form.wanted.disconnect(self.action_wanted)
        self.time.valueChanged.disconnect(self.snapshot_picked)
        self.level.valueChanged.disconnect(self.level_picked)
        for cell in self.cells:
            cell.picked.disconnect(self.snapshot_picked)
        self.paths.release()
        if self._enlarged is not None:
            self._enlarged.release()


def _move(slider: Slider, at: int, count: int) -> None:
    """Show a place among so many, and emit nothing."""
    with QSignalBlocker(slider):
        slider.setRange(0, count - 1)
        slider.setPageStep(max(1, count // 10))
        slider.setValue(at)
        slider.setEnabled(count > 1)
