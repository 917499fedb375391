"""One line of text that is cut off if it does not fit, so that it never widens a window."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent

from app.widgets.text import PlainLabel, tooltip


class ElidedLabel(PlainLabel):
    """A plain line that prefers all its width and needs none. The tooltip has the whole text."""

    def __init__(self, cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self._cut = cut

    def setText(self, text: str) -> None:
        super().setText(" ".join(text.split("\n")))
        self.setToolTip(tooltip("", text) if text else "")

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, inside = QPainter(self), self.contentsRect()
        shown = self.fontMetrics().elidedText(self.text(), self._cut, inside.width())
        self.style().drawItemText(
            painter, inside, int(self.alignment()), self.palette(), self.isEnabled(), shown, self.foregroundRole()
        )
        painter.end()
