"""Shows where runs ended: images in grids, or points over the data in their plane."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from app.plotting.cloud_canvas import CloudCanvas
from app.plotting.pens_and_numbers import Kind, tabular
from app.plotting.theme import Theme
from app.rooms.quality.messages import Ends
from app.widgets.sample_grid import SampleGrid
from geomodel.arrays import Array

LOWEST = 180  # pixels of height


class EndsPane(QStackedWidget):
    """The ends of one kind of run."""

    def __init__(self, theme: Theme, name: str, kind: Kind, *, print_mode: bool) -> None:
        super().__init__()
        self._shown: tuple[Ends | None, int] | None = None
        self._nothing = QWidget()
        self.grid = SampleGrid(theme)
        self.plane = CloudCanvas(theme, tabular(self.font(), 0.85), kind, print_mode=print_mode)
        for page in (self._nothing, self.grid, self.plane):
            self.addWidget(page)
        self.grid.setAccessibleName(f"{name} as images")
        self.plane.setAccessibleName(f"{name} over the data")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # a canvas prefers 480 pixels
        self.setMinimumHeight(0 if print_mode else LOWEST)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.grid.set_theme(theme)
        self.plane.set_theme(theme)

    def show_ends(self, ends: Ends | None, data: Array, sample: int) -> None:
        """Show the ends; of images one is framed, which has the same noise in two panes. −1 frames none."""
        if (ends, sample) == self._shown:
            return
        self._shown = (ends, sample)
        if ends is None:
            self.setCurrentWidget(self._nothing)
        elif ends.images is not None:
            self.grid.set_samples(ends.images, sample)
            self.setCurrentWidget(self.grid)
        elif ends.points is not None:
            self.plane.show_points(ends.points, data)
            self.setCurrentWidget(self.plane)

    def release(self) -> None:
        """Break the reference cycles of the canvas."""
        self.plane.release()
