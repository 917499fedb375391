"""The card of a network: what its file says, what is asked about it, and whether it denoises the open data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from app.panels.card_text import Line
from app.panels.hints_form import HintsForm
from app.widgets.text import Message, PlainLabel
from geomodel.checkpoints.plan import Answer, Question
from geomodel.checkpoints.surveying import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPicture:
    """What a card shows.

    Attributes:
        rows: what the file says.
        error: why the file is not open, or why an answer was refused.
        questions, presets, answers: of the form; without questions there is none.
        verdict, numbers: whether it denoises the open data, and the tooltip with the numbers; empty: not asked yet.
        buttons: the names of those that are shown.
    """

    rows: Sequence[Line] = ()
    error: str = ""
    questions: Sequence[Question] = ()
    presets: Sequence[Preset] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    verdict: str = ""
    numbers: str = ""
    buttons: frozenset[str] = frozenset()


BUTTONS: tuple[tuple[str, str, str], ...] = (  # name, title, tip
    ("open", "Open", "Read the network with these answers."),
    ("alone", "Use without data", "Put the reference data away and let this network drive alone."),
    ("judge", "Judge", "Measure whether it denoises the open data."),
    ("change", "Change answers…", "Answer again what its file does not say."),
    ("close", "Close", "Drop the network and free its memory."),
    ("dismiss", "Put away", "Show the network in use again."),
)


COLUMNS = 2  # of buttons: three are wider than the panel
LONGEST = 168  # pixels of a word, such as a path


class Facts(QWidget):
    """Lines of a name and a value. The keyboard can visit them, so that they scroll into sight."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Card of the network")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._lines: list[tuple[PlainLabel, Message]] = []

    def show_rows(self, rows: Sequence[Line]) -> None:
        """Show the lines. Labels that are there are used again."""
        while len(self._lines) < len(rows):
            self._add()
        for at, (name, value) in enumerate(self._lines):
            there = at < len(rows)
            name.setText(rows[at][0] if there else "")
            name.setVisible(there)
            value.say(rows[at][1] if there else "")
            value.setForegroundRole(QPalette.ColorRole.WindowText)
        self.setAccessibleDescription("; ".join(f"{name}: {value}" for name, value in rows))

    def _add(self) -> None:
        name, value = PlainLabel(), Message(longest=LONGEST)
        name.setFont(value.font())
        name.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        row = len(self._lines)
        self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, row, 1)
        self._lines.append((name, value))


class NetworkCard(QWidget):
    """`answered` has what a person answered, `pressed` the name of a button."""

    answered = Signal(object)
    pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.picture = CardPicture()
        self.facts, self.form = Facts(), HintsForm()
        self.form.answered.connect(self.answered)
        self.verdict, self.error = Message(), Message()
        self.buttons = {name: self._button(name, title, tip) for name, title, tip in BUTTONS}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(6)
        for part in (self.verdict, self.error, self.form.preset):
            column.addWidget(part)
        self._pressable = QGridLayout()
        self._pressable.setHorizontalSpacing(8)
        self._pressable.setVerticalSpacing(4)
        self._pressable.setColumnStretch(COLUMNS, 1)
        column.addLayout(self._pressable)
        column.addWidget(self.form)
        column.addWidget(self.facts)

    def _button(self, name: str, title: str, tip: str) -> QPushButton:
        button = QPushButton(title, self, autoDefault=False)
        button.setMinimumHeight(28)
        button.setAccessibleName(title.rstrip("…"))
        button.setToolTip(tip)
        button.clicked.connect(self._presser(name))
        return button

    def _presser(self, name: str) -> Callable[[], None]:
        def press() -> None:
            if name != "open" or self.form.commit():
                self.pressed.emit(name)

        return press

    def show_picture(self, picture: CardPicture) -> None:
        """Show another picture."""
        self.picture = picture
        self.facts.show_rows(picture.rows)
        self.facts.setVisible(bool(picture.rows))
        self.verdict.say(f"Does it denoise? {picture.verdict}" if picture.verdict else "")
        self.verdict.setForegroundRole(QPalette.ColorRole.WindowText)
        self.verdict.setToolTip(picture.numbers)
        self.error.say(picture.error, is_error=bool(picture.error))
        self.form.setVisible(bool(picture.questions))
        self.form.show_questions(picture.questions, picture.presets, picture.answers)
        shown = [button for name, button in self.buttons.items() if name in picture.buttons]
        for button in self.buttons.values():
            self._pressable.removeWidget(button)
            button.setVisible(button in shown)
        for at, button in enumerate(shown):
            self._pressable.addWidget(button, *divmod(at, COLUMNS))
