"""A widget that lies over the window and works by keys of its own, such as the command palette."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from app.widgets.text import blend


class Overlay(QWidget):
    """Painted with an edge. The window's law about the focus does not apply in it."""

    @staticmethod
    def has(widget: QWidget) -> bool:
        """Whether a widget is an overlay or a part of one."""
        around: QWidget | None = widget
        while around is not None and not isinstance(around, Overlay):
            around = around.parentWidget()
        return around is not None

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, roles = self.palette(), QPalette.ColorRole
        with QPainter(self) as painter:
            painter.setBrush(colors.color(roles.Window))
            painter.setPen(blend(colors, roles.WindowText, roles.Window, 0.5))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
