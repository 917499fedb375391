"""The place where a few fields are explained. It keeps its height, so that nothing moves when something is wrong."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent, QTextLayout
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.widgets.text import BAR, Message, PlainLabel, tooltip


def fitted(text: str, font: QFont, width: int, lines: int) -> list[str]:
    """At most so many lines of a sentence. The middle of the last one is left out where the sentence is longer."""
    text = " ".join(text.split())
    layout, found, rest = QTextLayout(text, font), list[str](), text
    layout.beginLayout()
    while len(found) < lines and (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        rest = text[line.textStart() :]
        found.append(rest[: line.textLength()])
    layout.endLayout()
    if found and len(rest) > len(found[-1]):
        found[-1] = QFontMetrics(font).elidedText(rest, Qt.TextElideMode.ElideMiddle, width)
    return found


class _Wrong(PlainLabel):
    """A sentence with a bar beside it, in whatever room it is given."""

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, metrics = self.palette(), self.fontMetrics()
        left, line = 2 * BAR + 2, metrics.lineSpacing()
        with QPainter(self) as painter:
            painter.fillRect(0, 0, BAR, self.height(), colors.color(QPalette.ColorRole.BrightText))
            painter.setPen(colors.color(QPalette.ColorRole.WindowText))
            for at, text in enumerate(fitted(self.text(), self.font(), self.width() - left, self.height() // line)):
                painter.drawText(QPointF(left, at * line + metrics.ascent()), text)


class Explanation(QWidget):
    """Says what is usual, such as a formula, or in its place what is wrong with one of the fields.

    A sentence that needs more room is cut; its tooltip has the whole.
    """

    def __init__(self, lines: int = 1, *, rich: bool = False) -> None:
        super().__init__()
        self._errors: dict[str, str] = {}  # field → what is wrong with it, the newest last
        self.usual = Message(rich=rich)
        self.usual.setAlignment(Qt.AlignmentFlag.AlignTop)
        kept = self.usual.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.usual.setSizePolicy(kept)
        self._wrong = _Wrong(parent=self)
        self._wrong.setFont(self.usual.font())
        self._wrong.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.usual)
        self.setMinimumHeight(lines * self.usual.fontMetrics().lineSpacing())

    @property
    def error(self) -> str:
        """The error that is shown; empty: what is usual."""
        return next(reversed(self._errors.values()), "")

    def say(self, text: str) -> None:
        """What is usual here."""
        self.usual.say(text)
        self._show()

    def set_error(self, name: str, text: str) -> None:
        """What is wrong with a field; empty: nothing is. Of several errors the newest is shown."""
        if text != self._errors.get(name, ""):
            self._errors.pop(name, None)
            if text:
                self._errors[name] = text
            self._show()

    def _show(self) -> None:
        self._wrong.setText(self.error)
        self._wrong.setToolTip(tooltip("", self.error) if self.error else "")
        self._wrong.setVisible(bool(self.error))
        self.usual.setVisible(not self.error and bool(self.usual.sentence))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._wrong.setGeometry(self.rect())
