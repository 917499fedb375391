"""The likelihood view: what steps and D gain beyond the noise's share, the theorem behind it, the ODE's density."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.likelihood.actions import TIP, TITLE
from app.rooms.likelihood.pictures import LikelihoodPicture
from app.rooms.likelihood.text import describe
from app.rooms.on_request_view import OnRequestView
from app.widgets.explanation import Explanation
from app.widgets.form import explain
from app.widgets.measure_cell import Cell
from app.widgets.number_field import FloatField
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


class LikelihoodView(OnRequestView):
    """Shows a `LikelihoodPicture`."""

    bandwidth_edited = Signal(object)  # a number, or None for σₙ

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(theme, parent, LikelihoodPicture(), "Likelihood", WorkBar(TITLE, TIP), print_mode)
        self._field = FloatField("bandwidth", BANDWIDTH, optional=True)
        self._field.editor.setMaximumWidth(96)
        self._field.set_placeholder("σₙ")
        self._field.edited.connect(self._edited)
        self.bar.add(self._field)
        self._wrong = Explanation(lines=2)
        explain((self._field,), self._wrong)
        self._now, self._notes = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        self._notes.setForegroundRole(QPalette.ColorRole.PlaceholderText)
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
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        self.inside.addWidget(self._now)
        self.inside.addLayout(self._grid, 1)
        self.inside.addWidget(self._notes)
        for cell in self._cells:
            cell.setMinimumHeight(0 if self._print else CELL_HEIGHT)
        self.lay_out(self._wrong)
        self._arrange()
        if self.enlarged is not None:
            for cell in self._cells:
                self.enlarged.add(cell.header, cell, cell.set_enlarged)

    def display(self, picture: LikelihoodPicture) -> None:
        """Show the picture. A move of the playhead changes cursors and values."""
        self.frame(picture, there=picture.sigmas is not None)
        self._field.set_value(picture.bandwidth)
        self._wrong.say(picture.share or USUAL)
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
        if columns == self._columns or (self._columns and self.enlarged is not None and self.enlarged.part):
            return
        self._columns = columns
        for at, cell in enumerate(self._cells):
            self._grid.addWidget(cell, at // columns, at % columns)

    def _edited(self, _name: str, value: float | None) -> None:
        if not self._field.error:
            self.bandwidth_edited.emit(value)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        super().release()
        self._field.edited.disconnect(self._edited)
        for cell in self._cells:
            cell.picked.disconnect(self.level_picked)
