"""Solvers at equal evaluations: a person types how many, ticks solvers, and races or sweeps them."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.widgets.explanation import Explanation
from app.widgets.form import commit_all, explain
from app.widgets.number_field import IntField
from app.widgets.text import tooltip
from app.widgets.ticks import Line, TickList
from geomodel import solvers
from geomodel.settings import Limits

MOST = 1000  # evaluations
USUAL = ("euler", "heun", "dpm2", "ipndm", "dpmpp_2m", "unipc")  # ticked at first
AT = Limits(
    "Each with at most",
    "Each ticked solver gets the most steps that cost no more than this; the list says what they really cost.",
    1,
    MOST,
)
FROM = Limits("Sweep from", "The smallest number of evaluations of the sweep.", 1, MOST)
TO = Limits("to", "The largest number of evaluations of the sweep, which has about ten numbers between both.", 1, MOST)


class EqualPanel(QWidget):
    """The number of evaluations, the solvers, and the buttons that race or sweep them."""

    race_wanted = Signal(object, int)  # names of solvers; evaluations
    sweep_wanted = Signal(object, int, int)  # names of solvers; the first and the last number of evaluations
    changed = Signal()  # another number of evaluations

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Compare at equal evaluations")
        self.at = IntField("at", AT, unit="evaluations")
        self.first, self.last = IntField("first", FROM), IntField("last", TO)
        self.fields = (self.at, self.first, self.last)
        for field, value in zip(self.fields, (10, 5, 40), strict=True):
            field.set_value(value)
            field.editor.setFixedWidth(72)
        self.race = _button("Race these", "Take the ticked solvers as lanes, in place of earlier ones, and race them.")
        self.sweep = _button(
            "Sweep", "Run the ticked solvers with few to many evaluations: one chart, a line a solver."
        )
        self.ticks = TickList("Solvers to compare", _groups(), USUAL)
        self._wrong = Explanation()
        explain(self.fields, self._wrong)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for parts in ((self.at, self.race), (self.first, self.last, self.sweep)):
            row = QHBoxLayout()
            row.setSpacing(8)
            for part in parts:
                row.addWidget(part)
            row.addStretch(1)
            column.addLayout(row)
        column.addWidget(self._wrong)
        column.addWidget(self.ticks, 1)
        self.at.edited.connect(self.changed)
        self.race.clicked.connect(self._race)
        self.sweep.clicked.connect(self._sweep)
        self.ticks.changed.connect(self._allow)

    def show_costs(self, notes: dict[str, str], running: bool) -> None:
        """What each solver's steps would cost, and whether a race or a sweep is under way."""
        self._running = running
        self.ticks.set_notes(notes)
        self._allow()

    def _allow(self) -> None:
        for button in (self.race, self.sweep):
            button.setEnabled(bool(self.ticks.ticked()) and not self._running)

    _running = False

    def values(self) -> tuple[int, int, int] | None:
        """The numbers; None where one of them does not fit, which then says why."""
        if not commit_all(self.fields) or any(field.error for field in self.fields):
            return None
        at, first, last = (int(field.value) for field in self.fields)
        self.last.set_error(f"The sweep goes up from {first}; it cannot end at {last}." if last < first else "")
        return None if last < first else (at, first, last)

    def start_race(self) -> None:
        """Race the ticked solvers."""
        if (values := self.values()) is not None and self.ticks.ticked():
            self.race_wanted.emit(self.ticks.ticked(), values[0])

    def start_sweep(self) -> None:
        """Sweep the ticked solvers."""
        if (values := self.values()) is not None and self.ticks.ticked():
            self.sweep_wanted.emit(self.ticks.ticked(), *values[1:])

    def _race(self) -> None:
        self.start_race()

    def _sweep(self) -> None:
        self.start_sweep()

    def release(self) -> None:
        """Disconnect everything."""
        self.at.edited.disconnect(self.changed)
        self.race.clicked.disconnect(self._race)
        self.sweep.clicked.disconnect(self._sweep)
        self.ticks.changed.disconnect(self._allow)
        self.ticks.release()


def _groups() -> dict[str, list[Line]]:
    """The solvers by their families, in the order of the table."""
    return {
        family: [Line(row.name, row.title, row.formula, "its own steps" if row.adaptive else "") for row in rows]
        for family, rows in groupby(solvers.SOLVERS, key=lambda row: row.family)
    }


def _button(title: str, tip: str) -> QPushButton:
    button = QPushButton(title, autoDefault=False)
    button.setToolTip(tooltip(title, tip))
    button.setAccessibleName(title)
    button.setMinimumHeight(28)
    return button
