"""Draws words and edges of the panels. Colours come from the palette, so that they follow the theme."""

from __future__ import annotations

import html
import re
from itertools import accumulate
from typing import Any

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QLabel, QWidget

BAR = 3  # pixels of the bar beside an error
MOST_CHARACTERS = 300  # for a sentence under a control
KEPT = "\N{NO-BREAK SPACE}"
WRONG = "wrong"  # property of an editor whose value does not fit
LONGEST_WORD = 220  # pixels; Qt breaks lines between words only, and a path is one word


def tooltip(title: str, text: str) -> str:
    """Rich text, because Qt does not wrap plain tooltips. The title may be empty."""
    head = f"<b>{html.escape(title)}</b><br>" if title else ""
    return f"<qt>{head}{html.escape(text)}</qt>"


def shortened(text: str, metrics: QFontMetrics, longest: int = LONGEST_WORD) -> str:
    """A sentence that fits a narrow column. It loses its middle, and so does each very long word.

    The cause of an error often stands at the end, behind the name of the file.
    """
    if len(text) > MOST_CHARACTERS:
        text = f"{text[: MOST_CHARACTERS // 2]}…{text[-MOST_CHARACTERS // 2 :]}"
    return re.sub(r"\S+", lambda word: metrics.elidedText(word[0], Qt.TextElideMode.ElideMiddle, longest), text)


def formula_html(formula: str) -> str:
    """A formula of the tables as HTML with subscripts and powers, so that σmax^(1/ρ) reads as it does in print."""
    lines = (html.escape(line) for line in formula.split(";  "))
    text = re.sub(r"σ(max|min)", r"σ<sub>\1</sub>", "<br>".join(lines))
    return re.sub(r"\^\(([^()]*)\)|\^(\w)", lambda found: f"<sup>{found[1] or found[2]}</sup>", text)


def unbroken(formula: str) -> str:
    """A formula as plain text in which no line breaks within brackets or beside a sign of equality."""
    depths = accumulate((character == "(") - (character == ")") for character in formula)
    marks = (KEPT if at == " " and depth else at for at, depth in zip(formula, depths, strict=True))
    return "".join(marks).replace(" = ", f"{KEPT}={KEPT}")


def blend(colors: QPalette, first: QPalette.ColorRole, second: QPalette.ColorRole, share: float) -> QColor:
    """Mix the two colours with this share of the first."""
    a, b = colors.color(first), colors.color(second)
    return QColor(*(round(getattr(b, c)() * (1 - share) + getattr(a, c)() * share) for c in ("red", "green", "blue")))


def outline(painter: QPainter, colors: QPalette, rect: QRect, *, wrong: bool = False) -> None:
    """Draw an edge with contrast 3:1 to the window. Fusion's own edge is darker than a dark window, so boxes would
    vanish.
    """
    usual = blend(colors, QPalette.ColorRole.WindowText, QPalette.ColorRole.Window, 0.5)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colors.color(QPalette.ColorRole.BrightText) if wrong else usual, 2 if wrong else 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
    painter.restore()


def outline_widget(widget: QWidget, rect: QRect) -> None:
    """Call `outline` at the end of a widget's paint event. The focus has an edge of its own."""
    wrong = bool(widget.property(WRONG))
    if wrong or not widget.hasFocus():
        painter = QPainter(widget)
        outline(painter, widget.palette(), rect, wrong=wrong)
        painter.end()


class PlainLabel(QLabel):
    """Words as they are. Qt would take what an error or a file's name has in angle brackets for markup."""

    def __init__(self, text: str = "", **properties: Any) -> None:
        super().__init__(text, textFormat=Qt.TextFormat.PlainText, **properties)


class Message(QLabel):
    """Words under a control: secondary text, or an error with a bar beside it. With no text it takes no room.

    Plain text is shortened to fit a narrow column; the tooltip then has the whole.
    """

    def __init__(self, *, rich: bool = False, longest: int = LONGEST_WORD) -> None:
        """`longest`: pixels of the longest word."""
        super().__init__()
        self._rich, self._text, self._cut, self._longest = rich, "", False, longest
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.9)
        self.setFont(font)
        self.is_error = False
        self.say("")

    def say(self, text: str, *, is_error: bool = False) -> None:
        """Show a sentence."""
        self.is_error = is_error
        self.setForegroundRole(QPalette.ColorRole.WindowText if is_error else QPalette.ColorRole.PlaceholderText)
        self.setContentsMargins(2 * BAR + 2 if is_error else 0, 0, 0, 0)
        self._text = text
        shown = text if self._rich else shortened(text, self.fontMetrics(), self._longest)
        self.setText(shown)
        if self._cut or shown != text:  # leaves a tooltip that somebody else set
            self.setToolTip(tooltip("", text) if shown != text else "")
        self._cut = shown != text
        self.setVisible(bool(text))

    @property
    def sentence(self) -> str:
        """The whole sentence."""
        return self._text

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.is_error:
            painter = QPainter(self)
            painter.fillRect(0, 0, BAR, self.height(), self.palette().color(QPalette.ColorRole.BrightText))
            painter.end()
