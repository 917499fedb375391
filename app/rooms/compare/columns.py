"""The columns of the compare table: what each says about a lane, and how the table is printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.pens_and_numbers import SAMPLE_WIDTH, tabular
from app.plotting.theme import Theme
from app.rooms.compare.lanes import ended, paint_lane
from app.rooms.compare.pictures import ComparePicture, LanePicture
from geomodel import measures
from geomodel.number_text import fixed

NAME, STATE, STEPS, EVALUATIONS, SECONDS, MEDIAN, WORST, OWN = range(8)
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def state_text(lane: LanePicture) -> str:
    """How far the lane is, as text."""
    return f"{100 * lane.fraction:.0f} %" if lane.state == "running" else lane.state


def _state(lane: LanePicture, sample: int) -> float:
    """Sorts failed lanes before waiting, running and done ones."""
    return {"failed": -1.0, "waiting": 0.0, "running": lane.fraction, "done": 2.0}[lane.state]


def _steps(lane: LanePicture, sample: int) -> float | None:
    return lane.steps


def _evaluations(lane: LanePicture, sample: int) -> float | None:
    return lane.evaluations


def _seconds(lane: LanePicture, sample: int) -> float | None:
    return lane.seconds


def _median(lane: LanePicture, sample: int) -> float | None:
    return float(measures.band(lane.errors[-1:])[0][0]) if ended(lane) and lane.errors is not None else None


def _worst(lane: LanePicture, sample: int) -> float | None:
    return float(np.max(lane.errors[-1])) if ended(lane) and lane.errors is not None else None


def _own(lane: LanePicture, sample: int) -> float | None:
    return float(lane.errors[-1, sample]) if ended(lane) and lane.errors is not None else None


def _count(value: float) -> str:
    return f"{value:.0f}"


def _two(value: float) -> str:
    return fixed(value, 2)


def _three(value: float) -> str:
    return fixed(value, 3)


@dataclass(frozen=True, slots=True)
class Column:
    """A number of a lane: its heading, its tooltip, where the value comes from, and how it is written."""

    title: str
    tip: str
    value: Callable[[LanePicture, int], float | None]
    text: Callable[[float], str] = _three


COLUMNS = (
    Column(
        "Sampler",
        "Solver, steps and noise levels. Delete takes the row out of the comparison; Ctrl+Enter takes the sampler over "
        "into the form.",
        _state,
    ),
    Column("State", "How far the lane is.", _state),
    Column("Steps", "Noise levels after the first. Shift+Enter or a double click edits them.", _steps, _count),
    Column(
        "Evalu-\nations",
        "Evaluations of the denoiser: the most that any sample took, or what the steps will cost. Enter or a double "
        "click edits them: the row gets the steps that cost at most as many, and says what they really cost.",
        _evaluations,
        _count,
    ),
    Column("Sec-\nonds", "Wall time of all samples together.", _seconds, _two),
    Column("End error\nmedian", "‖x − x_ref‖ at the last noise level: median over the samples.", _median),
    Column("End error\nworst", "‖x − x_ref‖ at the last noise level: the largest of any sample.", _worst),
    Column("End error\nsample", "‖x − x_ref‖ at the last noise level: of the selected sample.", _own),
)


def title(column: int, sample: int) -> str:
    """A column's heading."""
    return COLUMNS[column].title + (f" {sample}" if COLUMNS[column].value is _own else "")


def text(lane: LanePicture, column: int, sample: int) -> str:
    """The text of a cell."""
    if column == NAME:
        return f"{lane.name}: {lane.message}" if lane.state == "failed" and lane.message else lane.name
    if column == STATE:
        return state_text(lane)
    value = COLUMNS[column].value(lane, sample)
    if value is not None and column == EVALUATIONS and lane.asked not in (None, lane.evaluations):
        return f"{value:.0f} of {lane.asked}"
    return "" if value is None else COLUMNS[column].text(value)


DROPPED = (
    SECONDS,
    OWN,
    WORST,
)  # print leaves out the seconds, the sample's own error and the worst one if the names need the room


def plain(text: str) -> str:
    """A heading in one line."""
    return text.replace("-\n", "").replace("\n", " ")


class PrintedTable(QWidget):
    """The same table as text, for a figure: all rows, in the order of the lanes."""

    GAP = 16.0

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._picture = theme, ComparePicture()
        self.setFont(tabular(self.font(), 0.9))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def display(self, picture: ComparePicture) -> None:
        """Show the lanes."""
        self._picture = picture
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(200, round((len(self._picture.lanes) + 2) * self._line()))

    def _line(self) -> float:
        return 1.4 * QFontMetricsF(self.font()).height()

    def columns(self) -> dict[int, float]:
        """The columns that leave room for whole names, with their widths. Those of `DROPPED` are left out first."""
        advance, lanes = QFontMetricsF(self.font()).horizontalAdvance, self._picture.lanes
        widths = {}
        for column in range(EVALUATIONS, len(COLUMNS)):  # the names have the steps
            parts = title(column, self._picture.sample).split("\n") + [
                text(x, column, self._picture.sample) for x in lanes
            ]
            widths[column] = max(map(advance, parts)) + self.GAP
        names = SAMPLE_WIDTH + 8 + max((advance(text(lane, NAME, 0)) for lane in lanes), default=0.0)
        for column in DROPPED:
            if names + sum(widths.values()) > self.width():
                del widths[column]
        return widths

    def paintEvent(self, event: QPaintEvent) -> None:
        sample, line, right = self._picture.sample, self._line(), float(self.width())
        with QPainter(self) as painter:
            painter.setPen(QColor(self._theme.line))
            painter.drawLine(0, round(2 * line), self.width(), round(2 * line))
            painter.setPen(QColor(self._theme.text))
            for column, width in reversed(self.columns().items()):
                right -= width
                painter.drawText(QRectF(right, 0, width, 2 * line), RIGHT, title(column, sample))
                for row, lane in enumerate(self._picture.lanes):
                    painter.drawText(QRectF(right, (row + 2) * line, width, line), RIGHT, text(lane, column, sample))
            painter.drawText(QRectF(0, 0, right, 2 * line), LEFT, COLUMNS[NAME].title)
            for row, lane in enumerate(self._picture.lanes):
                rect = QRectF(0, (row + 2) * line, right, line)
                paint_lane(painter, QRectF(0, rect.top(), SAMPLE_WIDTH, line), lane, self._theme)
                rect.setLeft(SAMPLE_WIDTH + 8)
                words = text(lane, NAME, sample)
                name = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(rect.width()))
                painter.drawText(rect, LEFT, name)
