"""The commitment view: how many keep their class over σ, beside its controls, and what comes back to one sample."""

from __future__ import annotations

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget
from superqt import QFlowLayout

from app.plotting.headings import Entry
from app.plotting.pens_and_numbers import tabular
from app.plotting.scatter import Scatter
from app.plotting.theme import Theme
from app.rooms.commitment.actions import TIP, TITLE
from app.rooms.commitment.pictures import CommitmentPicture
from app.rooms.commitment.text import LEGEND, describe
from app.rooms.on_request_view import OnRequestView
from app.widgets.layouts import clear
from app.widgets.measure_cell import Cell
from app.widgets.panel_grid import PanelGrid
from app.widgets.text import PlainLabel, tooltip
from app.widgets.titled import Title
from app.widgets.work_bar import WorkBar

CELL_HEIGHT = 150
FAN = "The end of the selected sample noised to this σ with fresh z and brought down again, once for each draw."


class CommitmentView(OnRequestView):
    """Shows a `CommitmentPicture`."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(theme, parent, CommitmentPicture(), "Commitment", WorkBar(TITLE, TIP), print_mode)
        self._caption, self._words = PlainLabel(wordWrap=True), PlainLabel(wordWrap=True)
        self._caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for label in (self._caption, self._words):
            label.setFont(tabular(self.font(), 0.92))
        self._legend = QFlowLayout()
        self._legend.setHorizontalSpacing(16)
        self._legend.setVerticalSpacing(0)
        self._cells = tuple(Cell(theme, print_mode=print_mode) for _ in range(2))
        self._title = Title()
        self._title.setWordWrap(True)
        self._title.setToolTip(tooltip("What comes back", FAN))
        self._panels = PanelGrid(theme, smallest=56, largest=84, marks=False)
        self._panels.setAccessibleName("What comes back")
        self._fan = Scatter(theme, tabular(self.font(), 0.85), "Where the draws came back to", print_mode=print_mode)
        self._build()
        for cell in self._cells:
            cell.picked.connect(self.level_picked)
        self.set_theme(theme)
        self.display(self._picture)

    def _build(self) -> None:
        self._fans = QWidget()
        fans = QVBoxLayout(self._fans)
        fans.setContentsMargins(0, 0, 0, 0)
        fans.setSpacing(4)
        for part, stretch in ((self._title, 0), (self._panels, 0), (self._fan, 1)):
            fans.addWidget(part, stretch)
        self.inside.addWidget(self._caption)
        self.inside.addLayout(self._legend)
        share, distance = self._cells
        for cell in self._cells:
            cell.setMinimumHeight(0 if self._print else CELL_HEIGHT)
        self.inside.addWidget(share, 1)
        self.inside.addWidget(self._words)
        self.inside.addWidget(self._fans, 1)
        self.inside.addWidget(distance, 1)
        self.lay_out()
        if self.enlarged is not None:
            for cell in self._cells:
                self.enlarged.add(cell.header, cell, cell.set_enlarged)
            self.enlarged.add(self._title, self._fans, self._panels.set_enlarged)

    def display(self, picture: CommitmentPicture) -> None:
        """Show the picture. A move of the playhead changes cursors, values and the fan."""
        self.frame(picture, there=picture.sigmas is not None)
        if picture.sigmas is None:
            return
        self._caption.setText(f"{picture.caption}.")
        for cell, plot in zip(self._cells, picture.plots, strict=True):
            cell.show_plot(plot, picture.sigmas, index=picture.index)
        fan = picture.fan
        self._words.setText("" if fan is None else f"At {fan.words}.")
        self._title.setText("" if fan is None else fan.title)
        self._panels.setVisible(fan is not None and bool(fan.panels))
        if fan is not None and fan.panels:
            self._panels.set_panels(fan.panels)
        scatter = None if fan is None else fan.scatter
        self._fan.setVisible(scatter is not None)
        self._fan.show_points(scatter)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        for cell in self._cells:
            cell.set_theme(theme)
        self._panels.set_theme(theme)
        self._fan.set_theme(theme)
        clear(self._legend)
        for kind, label, tip in LEGEND:
            entry = Entry(kind, label, theme, self.page)
            entry.setToolTip(tooltip(label, tip))
            self._legend.addWidget(entry)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        super().release()
        for cell in self._cells:
            cell.picked.disconnect(self.level_picked)
        self._fan.release()
