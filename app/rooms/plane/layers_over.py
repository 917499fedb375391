"""Lays the list of layers over the plot, which does not move for it. The list is built when it is first opened."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from app.plotting.theme import Theme
from app.rooms.plane.layer_rows import layer_rows
from app.rooms.plane.layers_panel import LayersPanel
from app.rooms.plane.pictures import PlanePicture
from app.session.plane_options import LayerLook


class LayersOver(QObject):
    """Opens and closes the list, and keeps what it shows."""

    toggled = Signal(str)
    looked = Signal(str, LayerLook)
    moved = Signal(str, int)  # by how many places to the front
    reset_wanted = Signal()

    def __init__(self, view: QWidget, plot: QWidget, theme: Theme) -> None:
        super().__init__(view)
        self.place = QGridLayout()
        self.place.addWidget(plot, 0, 0)
        self._view, self._theme = view, theme
        self._picture, self._eyes = PlanePicture(), frozenset[str]()
        self.panel: LayersPanel | None = None

    def toggle(self) -> None:
        """Open the list and give it the keyboard, or close it."""
        if self.panel is not None and not self.panel.isHidden():
            self._close()
            return
        panel = self.panel or self._build()
        panel.show()
        panel.raise_()
        self.display(self._picture, self._eyes)
        panel.list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def display(self, picture: PlanePicture, eyes: frozenset[str]) -> None:
        """Show the layers of a picture. `eyes` has those that a person wants to see."""
        self._picture, self._eyes = picture, eyes
        if self.panel is not None and not self.panel.isHidden():
            self.panel.display(layer_rows(picture, eyes))

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        if self.panel is not None:
            self.panel.set_theme(theme)

    def _build(self) -> LayersPanel:
        panel = self.panel = LayersPanel(self._theme)
        for theirs, own in (
            (panel.toggled, self.toggled),
            (panel.looked, self.looked),
            (panel.moved, self.moved),
            (panel.reset_wanted, self.reset_wanted),
        ):
            theirs.connect(own)
        panel.left.connect(self._close)
        self.place.addWidget(panel, 0, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        return panel

    def _close(self) -> None:
        assert self.panel is not None
        self.panel.hide()
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)
