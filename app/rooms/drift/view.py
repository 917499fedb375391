"""The drift view: particles over the data, beside their distance to the data over the rounds."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLayout, QSizePolicy, QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.headings import Entry
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.drift.bar import DriftBar
from app.rooms.drift.canvas import DriftCanvas
from app.rooms.drift.pictures import DriftPicture
from app.rooms.drift.text import FIELD, LEGEND, describe
from app.widgets.enlarged import Enlarged
from app.widgets.explanation import Explanation
from app.widgets.focus_area import show_area
from app.widgets.form import explain
from app.widgets.layouts import clear
from app.widgets.measure_cell import Cell
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title

CELL_HEIGHT = 110
WIDE = 640  # pixels of width from which the distance stands beside the particles
TITLE = "Two mean shifts"
USUAL = "V = D*_data(x; h) − D*_particles(x; h)"


class DriftView(View):
    """Shows a `DriftPicture`."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture, self._theme, self._print = DriftPicture(), theme, print_mode
        self._wide: bool | None = None
        self.setAccessibleName("Drift")
        self.bar = DriftBar()
        self._said = Explanation()
        self._said.say(USUAL)
        self._said.usual.setToolTip(tooltip("Drift", FIELD))
        explain((self.bar.count,), self._said)
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._numbers, self._caption = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        for label in (self._message, self._caption):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self._numbers, self._caption):
            label.setFont(tabular(self.font(), 0.92))
        self._title = Title(TITLE)
        self._title.setToolTip(tooltip(TITLE, FIELD))
        self._legend = QFlowLayout()
        self._legend.setHorizontalSpacing(16)
        self._legend.setVerticalSpacing(0)
        self.canvas = DriftCanvas(theme, tabular(self.font(), 0.85), print_mode=print_mode)
        self.cell = Cell(theme, print_mode=print_mode)
        self._build()
        self.set_theme(theme)
        self.display(self._picture)

    def _build(self) -> None:
        self._page, self._left = QWidget(), QWidget()
        left = QVBoxLayout(self._left)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(4)
        left.addLayout(self._legend)
        left.addWidget(self.canvas, 1)
        self.canvas.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.cell.setMinimumHeight(0 if self._print else CELL_HEIGHT)
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._arrange()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(4)
        column.addWidget(self.bar)
        column.addWidget(self._said)
        for part in (self.bar, self._said):
            part.setHidden(self._print)
        column.addWidget(self._message, 1)
        self._whole = self._page if self._print else scrolled(self._page, "Particles over the rounds")
        column.addWidget(self._whole, 1)
        if self._print:
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._enlarged = None if self._print else Enlarged(self)
        if self._enlarged is not None:
            self._enlarged.add(self._title, self._left)
            self._enlarged.add(self.cell.header, self.cell, self.cell.set_enlarged)

    def _arrange(self) -> None:
        """The distance beside the particles where there is room, else under them."""
        wide = self.width() >= WIDE
        if wide == self._wide:
            return
        self._wide = wide
        for part in (self._left, self.cell, self._numbers, self._caption):
            self._grid.removeWidget(part)
        self._grid.addWidget(self._left, 0, 0)
        self._grid.addWidget(self.cell, 0 if wide else 1, 1 if wide else 0)
        for row, part in ((2, self._numbers), (3, self._caption)):
            self._grid.addWidget(part, row, 0, 1, 2 if wide else 1)
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 2 if wide else 0)
        self._grid.setRowStretch(0, 3)
        self._grid.setRowStretch(1, 0 if wide else 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    # ------------------------------------------------------------ the picture

    def display(self, picture: DriftPicture) -> None:
        """Show the picture. A round moves particles and numbers; the plot follows where it is another one."""
        before, self._picture = self._picture, picture
        self.setAccessibleDescription(describe(picture))
        self.bar.display(picture)
        there = picture.particles is not None
        self._message.setText(picture.message)
        self._message.setVisible(not there)
        show_area(self, self._whole, there=there)
        if picture.particles is None or picture.plot is None or picture.rounds is None:
            return
        self.canvas.show_particles(picture.particles)
        if picture.plot is not before.plot:
            self.cell.show_plot(picture.plot, picture.rounds, "iteration", index=picture.at)
        self._numbers.setText(f"{picture.numbers}.")
        self._caption.setText(picture.caption)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        self.canvas.set_theme(theme)
        self.cell.set_theme(theme)
        self._legend.removeWidget(self._title)
        clear(self._legend)
        self._legend.addWidget(self._title)
        for kind, label, tip in LEGEND:
            entry = Entry(kind, label, theme, self._page)
            entry.setToolTip(tooltip(label, tip))
            self._legend.addWidget(entry)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self.bar.release()
        self.canvas.release()
        if self._enlarged is not None:
            self._enlarged.release()
