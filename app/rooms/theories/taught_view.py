"""Shows where a network was taught: its distance from D* on noisy data and on its run, with the shell ratios."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.theories.actions import TAUGHT, TAUGHT_TIP
from app.rooms.theories.pictures import TaughtPicture
from app.widgets.enlarged import Enlarged
from app.widgets.measure_cell import Cell
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title
from app.widgets.work_bar import WorkBar
from geomodel.arrays import Array

CELL_HEIGHT, PRINTED = 170, 100  # pixels at the least
UNSEEN = "Unseen data…"
UNSEEN_TIP = "Choose a file of data that the network was not trained on, and measure there too"
WHERE = (
    "Training compares a network with data at noisy data alone. If it is near D* there and far from it on its own run, "
    "it was not taught to copy where the run goes. Shell ratio 1: the run is where training data are."
)


class TaughtPart(QWidget):
    """A button, two plots and their numbers at the playhead."""

    start_wanted = Signal()
    cancel_wanted = Signal()
    unseen_wanted = Signal()
    level_picked = Signal(int)

    def __init__(self, theme: Theme, *, print_mode: bool) -> None:
        super().__init__()
        self._print = print_mode
        self._title = Title("Where the network was taught")
        self._title.setToolTip(tooltip("Where the network was taught", WHERE))
        self._bar = WorkBar(TAUGHT, TAUGHT_TIP)
        self._bar.start_wanted.connect(self.start_wanted)
        self._bar.cancel_wanted.connect(self.cancel_wanted)
        self._unseen = QPushButton(UNSEEN, autoDefault=False)
        self._unseen.setToolTip(tooltip(UNSEEN.strip("…"), UNSEEN_TIP))
        self._unseen.clicked.connect(self._ask)
        self._bar.add(self._unseen)
        self._caption, self._now = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        self._caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self._caption, self._now):
            label.setFont(tabular(self.font(), 0.92))
        self._cells = tuple(Cell(theme, print_mode=print_mode) for _ in range(2))
        plots = QHBoxLayout()
        plots.setSpacing(8)
        for cell in self._cells:
            cell.setMinimumHeight(PRINTED if print_mode else CELL_HEIGHT)
            cell.picked.connect(self.level_picked)
            plots.addWidget(cell, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._title)
        column.addWidget(self._bar)
        self._bar.setHidden(print_mode)
        column.addWidget(self._caption)
        column.addLayout(plots, 1)
        column.addWidget(self._now)
        column.addStretch(0)

    def enlarge_by(self, enlarged: Enlarged) -> None:
        """Let each plot take the whole view."""
        for cell in self._cells:
            enlarged.add(cell.header, cell, cell.set_enlarged)

    def display(self, picture: TaughtPicture, sigmas: Array, index: int) -> None:
        """Show the picture, with the playhead at a level."""
        there = bool(picture.plots)
        self.setHidden(self._print and not there)
        self._bar.display(enabled=picture.ready, running=picture.running, words=picture.words)
        self._unseen.setEnabled(picture.ready and not picture.running)
        self._caption.setText(f"{picture.caption}." if there else WHERE)
        self._now.setText(f"{picture.now}.")
        self._now.setVisible(there)
        for at, cell in enumerate(self._cells):
            cell.setVisible(there)
            if there:
                cell.show_plot(picture.plots[at], sigmas, index=index)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        for cell in self._cells:
            cell.set_theme(theme)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self._bar.release()
        self._unseen.clicked.disconnect(self._ask)
        for cell in self._cells:
            cell.picked.disconnect(self.level_picked)

    def _ask(self) -> None:
        self.unseen_wanted.emit()
