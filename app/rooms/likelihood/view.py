"""The likelihood view: what steps and D gain beyond the noise's share, the theorem behind it, the ODE's density."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLayout, QVBoxLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.likelihood.actions import TIP, TITLE
from app.rooms.likelihood.pictures import LikelihoodPicture
from app.rooms.likelihood.text import describe
from app.widgets.enlarged import Enlarged
from app.widgets.explanation import Explanation
from app.widgets.focus_area import show_area
from app.widgets.form import explain
from app.widgets.measure_cell import Cell
from app.widgets.number_field import FloatField
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel
from app.widgets.work_bar import WorkBar
from geomodel.settings import Limits

CELL_HEIGHT = 136
MOST = 6  # plots
WIDE = 640  # pixels of width from which plots stand two in a row
BANDWIDTH = Limits(
    "h",
    "Bandwidth h of the kernel density. Empty: h = σₙ, for which the theorem holds. With another h it fails: of the "
    "points ±1, from x = 0.99 at σ = 5, an Euler step to 2.5 loses 11.8 nats at h = 0.1.",
    1e-9,
    1e9,
)

USUAL = "h empty: the bandwidth is σₙ, for which the theorem holds."


class LikelihoodView(View):
    """Shows a `LikelihoodPicture`."""

    start_wanted = Signal()
    cancel_wanted = Signal()
    bandwidth_edited = Signal(object)  # a number, or None for σₙ
    level_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture, self._print = LikelihoodPicture(), print_mode
        self.setAccessibleName("Likelihood")
        self._bar = WorkBar(TITLE, TIP)
        self._bar.start_wanted.connect(self.start_wanted)
        self._bar.cancel_wanted.connect(self.cancel_wanted)
        self._field = FloatField("bandwidth", BANDWIDTH, optional=True)
        self._field.editor.setMaximumWidth(96)
        self._field.set_placeholder("σₙ")
        self._field.edited.connect(self._edited)
        self._bar.add(self._field)
        self._wrong = Explanation(lines=2)
        explain((self._field,), self._wrong)
        self._message, self._now, self._notes = (PlainLabel(wordWrap=True) for _ in range(3))
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for label in (self._message, self._notes):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self._now, self._notes):
            label.setFont(tabular(self.font(), 0.92))
        self._cells = tuple(Cell(theme, print_mode=print_mode) for _ in range(MOST))
        self._columns = 0
        self._build()
        for cell in self._cells:
            cell.picked.connect(self.level_picked)
        self.set_theme(theme)
        self.display(self._picture)

    def _build(self) -> None:
        self._page = QWidget()
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        inside = QVBoxLayout(self._page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(6)
        inside.addWidget(self._now)
        inside.addLayout(self._grid, 1)
        inside.addWidget(self._notes)
        for cell in self._cells:
            cell.setMinimumHeight(0 if self._print else CELL_HEIGHT)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for part in (self._bar, self._wrong):
            column.addWidget(part)
            part.setHidden(self._print)
        column.addWidget(self._message, 1)
        self._whole = self._page if self._print else scrolled(self._page, "Likelihood over the noise levels")
        column.addWidget(self._whole, 1)
        if self._print:
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._arrange()
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            for cell in self._cells:
                self._enlarged.add(cell.header, cell, cell.set_enlarged)

    def display(self, picture: LikelihoodPicture) -> None:
        """Show the picture. A move of the playhead changes cursors and values."""
        self._picture = picture
        self.setAccessibleDescription(describe(picture))
        self._bar.display(enabled=picture.ready, running=picture.running, words=picture.words)
        self._field.set_value(picture.bandwidth)
        self._wrong.say(picture.share or USUAL)
        there = picture.sigmas is not None
        self._message.setText(picture.message)
        self._message.setVisible(not there)
        show_area(self, self._whole, there=there)
        if picture.sigmas is None:
            return
        self._now.setText(picture.now)
        self._notes.setText("\n".join(picture.notes))
        for at, cell in enumerate(self._cells):
            cell.setVisible(at < len(picture.plots))
            if at < len(picture.plots):
                cell.show_plot(picture.plots[at], picture.sigmas, sample=picture.row, index=picture.index)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.set_background(theme)
        for cell in self._cells:
            cell.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Two plots in a row where there is room."""
        columns = 2 if self.width() >= WIDE else 1
        if columns == self._columns or (self._columns and self._enlarged is not None and self._enlarged.part):
            return
        self._columns = columns
        for at, cell in enumerate(self._cells):
            self._grid.addWidget(cell, at // columns, at % columns)

    def _edited(self, _name: str, value: float | None) -> None:
        if not self._field.error:
            self.bandwidth_edited.emit(value)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self._bar.release()
        self._field.edited.disconnect(self._edited)
        for cell in self._cells:
            cell.picked.disconnect(self.level_picked)
        if self._enlarged is not None:
            self._enlarged.release()
