"""The families view: z beside x over a family's own time, the clocks of all families, and what is straight in which."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLayout, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import Scale
from app.plotting.theme import Theme
from app.plotting.values import MeasurePlot
from app.rooms.contract import View
from app.rooms.families.actions import TIP
from app.rooms.families.bundle import BundleChart
from app.rooms.families.clocks import Clocks
from app.rooms.families.pictures import FamiliesPicture, FamilyPaths
from app.rooms.families.text import CLOCKS, LEFT_OUT, STRAIGHT, UNCHANGED, describe
from app.widgets.enlarged import Enlarged
from app.widgets.explanation import Explanation
from app.widgets.focus_area import show_area
from app.widgets.form import Choice, ChoiceField, commit_all, explain
from app.widgets.measure_cell import Cell
from app.widgets.number_field import IntField
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel, tooltip, unbroken
from app.widgets.titled import Title, Titled
from app.widgets.work_bar import WorkBar
from geomodel.arrays import Array
from geomodel.families import FAMILIES
from geomodel.settings import Limits

CELL_HEIGHT = 150
TWO_PLOTS = 340  # pixels of width
MANY = 5000  # levels of a run whose plots take longer than a frame
MOST = 1000
FAMILY = Limits("Family", "In whose clock and scale the selected run is shown.", None, None)
STEPS = Limits(
    "N",
    "Even times of each family, and Euler's steps there. At first as many as the run has, but at most 1,000.",
    1,
    MOST,
)
CHOICES = tuple(Choice(row.name, row.title, f"{row.process}. {row.clock}. {row.source}.") for row in FAMILIES)


class FamiliesView(View):
    """Shows a `FamiliesPicture`."""

    start_wanted = Signal()
    cancel_wanted = Signal()
    level_picked = Signal(int)
    family_picked = Signal(str)
    steps_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture, self._print = FamiliesPicture(), print_mode
        self._drawn: FamilyPaths | None = None  # whose plots stand
        self.setAccessibleName("Families")
        self.family, self.steps = ChoiceField("family", FAMILY, CHOICES), IntField("steps", STEPS)
        self.family.editor.setMinimumWidth(150)
        self.steps.editor.setFixedWidth(72)
        self._said = Explanation(lines=2)
        explain((self.steps,), self._said)
        self._bar = WorkBar("Euler's errors", TIP)
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._caption, self._here, self._prior, self._words, self._errors = (
            PlainLabel(wordWrap=True) for _ in range(5)
        )
        for label in (self._caption, self._here, self._prior, self._words, self._errors):
            label.setFont(tabular(self.font(), 0.92))
        for label in (self._message, self._caption, self._errors):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._x, self._z, self._straight = (Cell(theme, chart=BundleChart, print_mode=print_mode) for _ in range(3))
        self._cells = (self._x, self._z, self._straight)
        self.clocks = Clocks(theme)
        self._clocks = Titled("Clocks: N even times as noise levels", CLOCKS, self.clocks)
        self._heading = Title("What the clock changes, and what not")
        self._heading.setToolTip(tooltip("Straightness", STRAIGHT))
        for title in (self._clocks.title, self._heading):
            title.setWordWrap(True)
        self._build()
        self._bar.start_wanted.connect(self._start)
        self._bar.cancel_wanted.connect(self.cancel_wanted)
        self.family.edited.connect(self._pick_family)
        self.steps.edited.connect(self._pick_steps)
        self.clocks.picked.connect(self.family_picked)
        for cell in self._cells:
            cell.picked.connect(self._pick_level)
        # of a run of many levels one plot is drawn in each pass of the event loop, because all at once would stall it
        self._due: list[tuple[Cell, MeasurePlot, Array, Scale]] = []
        self._next = QTimer(self, interval=0, singleShot=True)
        self._next.timeout.connect(self._show_next)
        self.set_theme(theme)
        self.display(self._picture)

    def _build(self) -> None:
        controls, self._page, self._pair = QWidget(), QWidget(), QWidget()
        flow = QFlowLayout(controls)
        flow.setContentsMargins(0, 0, 0, 0)
        flow.setHorizontalSpacing(12)
        flow.setVerticalSpacing(4)
        for field in (self.family, self.steps):
            flow.addWidget(field)
        self._beside = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._pair)
        self._beside.setContentsMargins(0, 0, 0, 0)
        self._beside.setSpacing(4)
        for cell in (self._x, self._z):
            self._beside.addWidget(cell, 1)
        for cell in self._cells:
            cell.setMinimumHeight(0 if self._print else CELL_HEIGHT)
        inside = QVBoxLayout(self._page)
        inside.setContentsMargins(*([0] * 4 if self._print else [6] * 4))
        inside.setSpacing(6)
        for part, stretch in (
            (self._caption, 0),
            (self._pair, 1),
            (self._here, 0),
            (self._prior, 0),
            (self._clocks, 0),
            (self._errors, 0),
            (self._heading, 0),
            (self._words, 0),
            (self._straight, 1),
        ):
            inside.addWidget(part, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        for part in (controls, self._said, self._bar):
            column.addWidget(part)
            part.setHidden(self._print)
        self._said.setHidden(False)  # it has the formula
        column.addWidget(self._message, 1)
        self._whole = self._page if self._print else scrolled(self._page, "A run in the clock of a family")
        column.addWidget(self._whole, 1)
        if self._print:
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            for cell in self._cells:
                self._enlarged.add(cell.header, cell, cell.set_enlarged)

    def display(self, picture: FamiliesPicture) -> None:
        """Show the picture. A move of the playhead changes cursors and numbers."""
        self._picture = picture
        self.setAccessibleDescription(describe(picture))
        self.family.set_value(picture.family)
        if not self.steps.error:
            self.steps.set_value(picture.steps)
        self._said.say(unbroken(picture.formula))
        self._bar.display(enabled=picture.ready, running=picture.running, words=picture.words)
        self._message.setText(picture.message)
        self._message.setVisible(picture.levels is None)
        show_area(self, self._whole, there=picture.levels is not None)
        if picture.levels is None:
            return
        paths, levels = picture.paths, picture.levels
        self._caption.setText(f"{picture.caption}.")
        self._here.setText(f"{picture.here}.")
        out = picture.left_out and f"{LEFT_OUT}: {picture.left_out}"
        self._errors.setText(" ".join(f"{text}." for text in (picture.errors, out) if text))
        self._errors.setVisible(bool(self._errors.text()))
        sigma = float(levels[picture.index]) if picture.index < len(levels) else 0.0
        self.clocks.show_rows(picture.rows, levels, sigma)
        for part in (self._pair, self._here, self._prior, self._heading, self._words, self._straight):
            part.setVisible(paths is not None)
        if paths is not None:
            self._show_paths(paths, picture)

    def _show_paths(self, paths: FamilyPaths, picture: FamiliesPicture) -> None:
        self._due = [
            (self._x, paths.x, paths.times, "time"),
            (self._z, paths.z, paths.times, "time"),
            (self._straight, paths.straight, paths.sigmas, "log"),
        ]
        if paths is self._drawn or self._print or len(paths.sigmas) <= MANY:
            while self._due:
                self._show_next()
        else:
            self._next.start()
        self._prior.setText(f"Prior. {paths.prior}.")
        self._words.setText(f"{UNCHANGED} {paths.straightness}.")

    def _show_next(self) -> None:
        paths, picture = self._picture.paths, self._picture
        if not self._due or paths is None:
            return
        cell, plot, levels, scale = self._due.pop(0)
        index = min(max(picture.index - paths.first, 0), len(paths.sigmas) - 1)
        cell.show_plot(plot, levels, scale, picture.sample, index)
        if self._due:
            self._next.start()
        else:
            self._drawn = paths

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow view z stands under x."""
        super().resizeEvent(event)
        across = QBoxLayout.Direction.LeftToRight if self.width() >= TWO_PLOTS else QBoxLayout.Direction.TopToBottom
        if across != self._beside.direction():
            self._beside.setDirection(across)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.set_background(theme)
        self.clocks.set_theme(theme)
        for cell in self._cells:
            cell.set_theme(theme)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self._next.stop()
        self._next.timeout.disconnect(self._show_next)
        self._bar.release()
        self.family.edited.disconnect(self._pick_family)
        self.steps.edited.disconnect(self._pick_steps)
        self.clocks.picked.disconnect(self.family_picked)
        for cell in self._cells:
            cell.picked.disconnect(self._pick_level)
        if self._enlarged is not None:
            self._enlarged.release()

    def _pick_family(self, _: str, name: object) -> None:
        self.family_picked.emit(str(name))

    def _pick_steps(self, _: str, steps: object) -> None:
        assert isinstance(steps, int)
        if not self.steps.error:
            self.steps_picked.emit(steps)

    def _start(self) -> None:
        if commit_all((self.steps,)) and not self.steps.error:
            self.start_wanted.emit()

    def _pick_level(self, level: int) -> None:
        if self._picture.paths is not None:
            self.level_picked.emit(self._picture.paths.first + level)
