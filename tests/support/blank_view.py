"""The least that a picture can be made of."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


class Blank(QWidget):
    """A view that draws nothing."""

    def __init__(self, theme=None, parent=None, *, print_mode=False):
        super().__init__(parent)
        self.picture = None

    def display(self, picture):
        self.picture = picture

    def release(self):
        pass
