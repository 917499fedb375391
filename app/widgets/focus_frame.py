"""The edge that shows which control has the keyboard: one for all, so that it looks the same everywhere."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QRegion, QResizeEvent
from PySide6.QtWidgets import QApplication, QWidget

EDGE = 2  # pixels


class FocusFrame(QWidget):
    """Lies over a control, as large as it is. The mask leaves the edge alone, so that nothing beneath is repainted."""

    def __init__(self, control: QWidget) -> None:
        super().__init__(control)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        control.installEventFilter(self)
        self._fit(control.rect())
        self.raise_()
        self.show()

    def _fit(self, rect: QRect) -> None:
        self.setGeometry(rect)
        self.setMask(QRegion(rect).subtracted(QRegion(rect.adjusted(EDGE, EDGE, -EDGE, -EDGE))))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follows the control's size."""
        if isinstance(event, QResizeEvent):
            self._fit(QRect(QPoint(0, 0), event.size()))
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QApplication.palette().color(QPalette.ColorRole.Highlight))
