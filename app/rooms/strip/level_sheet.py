"""The images of one level, as large as a window of their own allows. It follows the playhead, and arrows move it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app.plotting.theme import Theme, palette
from app.plotting.values import Panel
from app.rooms.strip.pictures import StripPicture
from app.widgets.panel_grid import PanelGrid
from app.widgets.text import PlainLabel
from geomodel.number_text import fixed

STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Comma: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Period: 1}
SIDE = 300  # pixels of an image, at first


class LevelSheet(QDialog):
    """Does not block the window. Esc or Enter closes it."""

    level_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Strip, one level")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self._words = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._images = PanelGrid(theme, smallest=96, largest=2048, marks=True)
        self._images.setAccessibleName("Images of the level")
        self._images.set_enlarged(True)
        self._level, self._last = 0, 0
        column = QVBoxLayout(self)
        column.addWidget(self._images, 1)
        column.addWidget(self._words)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.setPalette(palette(theme))
        self._images.set_theme(theme)

    def display(self, picture: StripPicture) -> None:
        """Show the images at the playhead. In a long run, they are those of the level before it that has some."""
        if picture.sigmas is None:
            return
        at = picture.image
        panels = tuple(
            Panel(caption=row.caption, kind=row.kind, image=row.images[at])
            for row in picture.rows
            if at < len(row.images)
        )
        if not self.isVisible():
            self.resize(max(1, len(panels)) * SIDE, SIDE + 80)
        self._images.set_panels(panels)
        self._level, self._last = picture.index, len(picture.sigmas) - 1
        note = f" · D {picture.denoised_note}" if picture.denoised_note else ""
        sigma = fixed(float(picture.sigmas[picture.index]))
        self._words.setText(f"sample {picture.sample}, level {self._level} of {self._last}, σ {sigma}{note}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()))
        if step is not None and 0 <= self._level + step <= self._last:
            self.level_picked.emit(self._level + step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.close()
        elif step is None:
            super().keyPressEvent(event)
