"""Where a window may stand: as large as is useful, and always on a screen that is there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize
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


def brought_onto(framed: QRect, screens: Sequence[QRect]) -> QRect:
    """A window with its frame, moved and shrunk as little as brings it wholly onto the screen that has most of it.

    One that is on no screen comes onto the first.
    """

    def shared(screen: QRect) -> int:
        both = framed & screen
        return both.width() * both.height() if both.isValid() else 0

    screen = max(screens, key=shared)  # the first of equals
    size = framed.size().boundedTo(screen.size())
    left = min(max(framed.left(), screen.left()), screen.right() + 1 - size.width())
    top = min(max(framed.top(), screen.top()), screen.bottom() + 1 - size.height())
    return QRect(QPoint(left, top), size)


def bring_onto_screens(window: QWidget) -> None:
    """Bring a window whose place was remembered onto the screens of now."""
    present = [screen.availableGeometry() for screen in (window.screen(), *window.screen().virtualSiblings())]
    before = window.frameGeometry()
    after = brought_onto(before, present)
    if after != before and not (window.isMaximized() or window.isFullScreen()):
        window.resize(window.size() - (before.size() - after.size()))
        window.move(after.topLeft())
