"""The frame around the control that has the keyboard. One class draws it for all, so that it looks the same
everywhere.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QRegion
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

EDGE = 2  # pixels


class FocusFrame(QWidget):
    """Lies over a control of the same size. Its mask keeps only the edge, so that nothing beneath is repainted."""

    def __init__(self, control: QWidget) -> None:
        super().__init__(control)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        control.installEventFilter(self)
        if isinstance(control, QAbstractScrollArea):
            control.viewport().installEventFilter(self)
        self._fit(control)
        self.raise_()
        self.show()

    def _fit(self, control: QWidget) -> None:
        rect = control.rect()
        # Qt keeps scroll bars above everything, so they would cut the frame
        if isinstance(control, QAbstractScrollArea):
            rect.setBottomRight(control.viewport().geometry().bottomRight())
        self.setGeometry(rect)
        self.setMask(QRegion(rect).subtracted(QRegion(rect.adjusted(EDGE, EDGE, -EDGE, -EDGE))))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the control's size."""
        control = self.parentWidget()
        if event.type() == QEvent.Type.Resize and control is not None:
            self._fit(control)
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QApplication.palette().color(QPalette.ColorRole.Highlight))
