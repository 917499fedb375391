"""The form for what a checkpoint does not say: one field for each question, with the reason under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.widgets.form import Choice, ChoiceField, Field, align, commit_all
from app.widgets.number_field import FloatField, IntField
from app.widgets.text import Message
from geomodel.checkpoints.plan import Answer, Question
from geomodel.checkpoints.questions import wording
from geomodel.checkpoints.surveying import Preset
from geomodel.settings import Limits

PRESET = "preset"
PUBLISHED = Limits(
    "As in",
    "The answers for a published network. One that is marked has tensors of the same sizes as this file.",
    None,
    None,
)


class _Row(QWidget):
    """The field of a question, and the reason under it."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = replace(question, answer=None)
        self.field = _field(question)
        reason = Message()
        reason.say(f"{question.reason[:1].upper()}{question.reason[1:]}.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        column.addWidget(self.field)
        column.addWidget(reason)


class HintsForm(QWidget):
    """`answered` has the answers that a person gave or, as None, took back."""

    answered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, _Row] = {}
        self._presets: Mapping[str, Preset] = {}
        self.preset = ChoiceField(PRESET, PUBLISHED)  # which stands over the buttons
        self.preset.set_placeholder("a published network…")
        self.preset.edited.connect(self._take)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    @property
    def fields(self) -> dict[str, Field]:
        """The field of each question, by its hint."""
        return {hint: row.field for hint, row in self._rows.items()}

    def show_questions(
        self, questions: Sequence[Question], presets: Sequence[Preset], answers: Mapping[str, Answer]
    ) -> None:
        """Show the questions of a file with the answers so far."""
        self._presets = {preset.title: preset for preset in presets}
        self.preset.setVisible(bool(presets))
        self.preset.set_choices([Choice(preset.title, _marked(preset)) for preset in presets])
        fitting = (title for title, preset in self._presets.items() if preset.answers.items() <= answers.items())
        self.preset.set_value(next(fitting, None))
        self._arrange(questions)
        for hint, field in self.fields.items():
            field.set_value(answers.get(hint))

    def commit(self) -> bool:
        """Take over typed text. Returns False if some of it is no value, and its field gets the focus."""
        return commit_all(self.fields.values())

    def _arrange(self, questions: Sequence[Question]) -> None:
        """Put the rows of the questions in order. A row that stays is the same widget, so that it keeps the focus."""
        old, self._rows = self._rows, {}
        for at, question in enumerate(questions):
            row = old.get(question.hint)
            if row is None or row.question != replace(question, answer=None):
                row = _Row(question)
                row.field.edited.connect(self._edited)
            else:
                old.pop(question.hint)
            self._rows[question.hint] = row
            self._column.insertWidget(at, row)
        for gone in old.values():
            gone.field.retire()
            gone.hide()
            gone.deleteLater()
        align([self.preset, *self.fields.values()])

    def _edited(self, hint: str, value: Any) -> None:
        self.answered.emit({hint: value})

    def _take(self, _name: str, title: str) -> None:
        self.answered.emit(dict(self._presets[title].answers))


def _marked(preset: Preset) -> str:
    return f"{preset.title} ✓" if preset.whole else preset.title


def _field(question: Question) -> Field:
    """A field for one question. What is usual stands in it while there is no answer."""
    words = wording(question.hint)
    limits = Limits(words.title, words.help, words.low, words.high)
    usual = "" if question.default is None else words.answer(question.default)
    if question.choices or question.kind is bool:
        choices = [Choice(value, words.answer(value)) for value in question.choices or (False, True)]
        if usual:
            choices.insert(0, Choice(None, f"as usual: {usual}"))
        field = ChoiceField(question.hint, limits, choices)
        field.set_placeholder("choose…")
        return field
    kind = IntField if question.kind is int else FloatField
    number = kind(question.hint, limits, optional=True)
    number.set_placeholder(f"as usual: {usual}" if usual else "may be left open" if question.optional else "needed")
    return number
