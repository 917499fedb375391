"""How large a new window is: as large as is useful where the screen has the room."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QStyle, QWidget

USEFUL = QSize(1440, 900)


def first_size(available: QSize, frame: QSize) -> QSize:
    """The useful size where the screen has it, else all of the screen that the frame leaves."""
    return USEFUL.boundedTo(available - frame)


def expected_frame(window: QWidget) -> QSize:
    """What the frame will take; only a window that is shown knows."""
    title = window.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)
    edge = window.style().pixelMetric(QStyle.PixelMetric.PM_MdiSubWindowFrameWidth)
    return QSize(2 * edge, title + 2 * edge)
