"""Shows a hand-over: the distance of the ends over its level, and the ends at the level that a person picks."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.pens_and_numbers import tabular
from app.plotting.scatter import Scatter
from app.plotting.theme import Theme
from app.rooms.theories.actions import HAND_OVER, HAND_OVER_TIP
from app.rooms.theories.pictures import HandOverPicture
from app.widgets.enlarged import Enlarged
from app.widgets.form import BoolField, Choice, ChoiceField
from app.widgets.measure_cell import Cell
from app.widgets.panel_grid import PanelGrid
from app.widgets.slider import Slider
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title
from app.widgets.work_bar import WorkBar
from geomodel.arrays import Array
from geomodel.number_text import fixed
from geomodel.settings import Limits

CELL_HEIGHT, PRINTED = 170, 100  # pixels at the least
WHAT = (
    "A theory moves the noise down to a level, the driver goes on to the end. Down to where the end stays the driver's "
    "own, one formula could take the place of all steps."
)
ENDS = "Points: the disc is the driver's own end, the diamond the end after the hand-over, the square the theory's own."
THEORY = Limits("Theory", "Which denoiser made from the data alone stands in for the driver.", None, None)
REVERSE = Limits(
    "Theory below", "The driver moves the noise down to the level, and the theory goes on to the end.", None, None
)
LEVEL = "The last level at which the upper denoiser is asked. Drag, press the keys Up and Down, or click on the plot."


class HandOverPart(QWidget):
    """A button with the theory, the curve with a slider over its levels, and the ends side by side."""

    start_wanted = Signal()
    cancel_wanted = Signal()
    theory_picked = Signal(str)
    turned = Signal(bool)
    at_picked = Signal(int)  # among the levels of the curve
    level_picked = Signal(int)  # of the run

    def __init__(self, theme: Theme, *, print_mode: bool) -> None:
        super().__init__()
        self._print = print_mode
        self._title = Title("Hand-over")
        self._title.setToolTip(tooltip("Hand-over", WHAT))
        self._bar = WorkBar(HAND_OVER, HAND_OVER_TIP)
        self._bar.start_wanted.connect(self.start_wanted)
        self._bar.cancel_wanted.connect(self.cancel_wanted)
        self._theory, self._reverse = ChoiceField("theory", THEORY), BoolField("reverse", REVERSE)
        self._theory.edited.connect(self._choose)
        self._reverse.edited.connect(self._turn)
        self._caption, self._level, self._ends_title = (PlainLabel(wordWrap=wrap) for wrap in (True, False, True))
        self._caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._caption.setFont(tabular(self.font(), 0.92))
        self._level.setFont(tabular(self.font()))
        self._level.setMinimumWidth(self._level.fontMetrics().horizontalAdvance("down to σ 0.00000 "))
        self._slider = Slider(1, "Hand-over level", LEVEL)
        self._slider.valueChanged.connect(self.at_picked)
        self._cell = Cell(theme, print_mode=print_mode)
        self._cell.setMinimumHeight(PRINTED if print_mode else CELL_HEIGHT)
        self._cell.picked.connect(self.level_picked)
        self._ends_title.setToolTip(tooltip("Ends", ENDS))
        self._panels = PanelGrid(theme, smallest=64, largest=112, marks=False)
        self._panels.setAccessibleName("Ends after the hand-over")
        self._scatter = Scatter(
            theme, tabular(self.font(), 0.85), "Ends after the hand-over, over the data", print_mode=print_mode
        )
        self._lay_out()

    def _lay_out(self) -> None:
        self._choices = QWidget()
        choices = QFlowLayout(self._choices)
        choices.setContentsMargins(0, 0, 0, 0)
        choices.setHorizontalSpacing(16)
        choices.setVerticalSpacing(4)
        for field in (self._theory, self._reverse):
            choices.addWidget(field)
        self._slide = QWidget()
        slide = QHBoxLayout(self._slide)
        slide.setContentsMargins(0, 0, 0, 0)
        slide.addWidget(self._level)
        slide.addWidget(self._slider, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for label in (self._title, self._choices, self._bar, self._caption):
            column.addWidget(label)
        column.addWidget(self._cell, 1)
        for part in (self._slide, self._ends_title, self._panels):
            column.addWidget(part)
        column.addWidget(self._scatter, 1)
        column.addStretch(0)
        for control in (self._choices, self._bar):
            control.setHidden(self._print)

    def enlarge_by(self, enlarged: Enlarged) -> None:
        """Let the plot take the whole view."""
        enlarged.add(self._cell.header, self._cell, self._cell.set_enlarged)

    def display(self, picture: HandOverPicture, sigmas: Array) -> None:
        """Show the picture. Another level moves the cursor, the slider and the ends."""
        there = picture.plot is not None
        self.setHidden(self._print and not there)
        self._bar.display(enabled=picture.ready, running=picture.running, words=picture.words)
        self._theory.set_choices(tuple(Choice(title, title) for title in picture.theories))
        self._theory.set_value(picture.theory)
        self._reverse.set_value(picture.reverse)
        self._caption.setText(f"{picture.caption}." if there else WHAT)
        self._slide.setVisible(there and not self._print)
        for part, shown in (
            (self._cell, there),
            (self._ends_title, there),
            (self._panels, picture.panels and not self._print),  # print has room for the curve and the numbers
            (self._scatter, picture.scatter is not None and not self._print),
        ):
            part.setVisible(bool(shown))
        if picture.plot is None:
            return
        self._cell.show_plot(picture.plot, sigmas, index=picture.index)
        with QSignalBlocker(self._slider):
            self._slider.setRange(0, picture.count - 1)
            self._slider.setPageStep(max(1, picture.count // 6))
            self._slider.setValue(picture.at)
        self._level.setText(f"down to σ {fixed(float(sigmas[picture.index]), 3)}")
        self._ends_title.setText(f"{picture.title}.")
        if picture.panels:
            self._panels.set_panels(picture.panels)
        self._scatter.show_points(picture.scatter)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        for part in (self._cell, self._panels, self._scatter):
            part.set_theme(theme)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self._bar.release()
        self._theory.edited.disconnect(self._choose)
        self._reverse.edited.disconnect(self._turn)
        self._slider.valueChanged.disconnect(self.at_picked)
        self._cell.picked.disconnect(self.level_picked)
        self._scatter.release()

    def _choose(self, _name: str, title: str) -> None:
        self.theory_picked.emit(title)

    def _turn(self, _name: str, below: bool) -> None:
        self.turned.emit(below)
