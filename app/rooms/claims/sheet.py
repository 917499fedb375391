"""The checked claims on paper: one line each below the headings of their kinds, as large as the page allows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.claims import text
from app.rooms.claims.pictures import ClaimRow
from app.rooms.claims.table import HEADINGS

SHARE = 0.68  # of a line's height that its letters may take
GAP = 0.8  # of a letter's height between two columns
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

# heading, text, alignment; the title takes what the others leave
COLUMNS: tuple[tuple[str, Callable[[ClaimRow], str], Qt.AlignmentFlag], ...] = (
    ("#", lambda row: str(row.statement.number), RIGHT),
    ("Claim", lambda row: row.statement.title, LEFT),
    ("Verdict", text.verdict, LEFT),
    ("Measured", text.measured, RIGHT),
    ("Expected", text.expected, RIGHT),
    ("n", text.count, RIGHT),
)
TITLE = 1


class ClaimsSheet(QWidget):
    """Fits every line on the page, and writes no larger than the font of the figure."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[ClaimRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def display(self, rows: tuple[ClaimRow, ...]) -> None:
        """Show the rows that have been checked."""
        self._rows = tuple(row for row in rows if row.claim is not None)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        lines = self._lines()
        if not lines:
            return
        high = min(self.height() / (len(lines) + 1), 2.0 * self.fontMetrics().height())
        font = tabular(self.font())
        font.setPixelSize(max(1, round(min(SHARE * high, QFontMetricsF(font).ascent()))))
        widths = self._widths(QFontMetricsF(font))
        with QPainter(self) as painter:
            for at, line in enumerate(((heading for heading, *_ in COLUMNS), *lines)):
                area = QRectF(0, at * high, self.width(), high)
                font.setBold(isinstance(line, str))
                painter.setFont(font)
                if isinstance(line, str):
                    painter.setPen(QColor(self._theme.text))
                    painter.drawText(area, LEFT, line)
                else:
                    painter.setPen(QColor(self._theme.muted if not at else self._theme.text))
                    self._write(painter, area, widths, list(line))

    def _lines(self) -> list[str | list[str]]:
        """The heading of a kind, or the texts of a claim."""
        found: list[str | list[str]] = []
        for kind, group in groupby(self._rows, key=lambda row: row.statement.kind):
            found.append(HEADINGS[kind])
            found += [[words(row) for _, words, _ in COLUMNS] for row in group]
        return found

    def _widths(self, metrics: QFontMetricsF) -> list[float]:
        widths = [
            max(metrics.horizontalAdvance(words) for words in (heading, *map(of, self._rows)))
            for heading, of, _ in COLUMNS
        ]
        gap = GAP * metrics.height()
        widths[TITLE] = max(0.0, self.width() - sum(widths) + widths[TITLE] - gap * (len(COLUMNS) - 1))
        return [width + gap for width in widths]

    def _write(self, painter: QPainter, area: QRectF, widths: list[float], texts: list[str]) -> None:
        left, metrics = area.left(), QFontMetricsF(painter.font())
        for at, (words, width, (_, _, side)) in enumerate(zip(texts, widths, COLUMNS, strict=True)):
            room = width - GAP * metrics.height()
            if at == TITLE:
                words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRectF(left, area.top(), room, area.height()), side, words)
            left += width
