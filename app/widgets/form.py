"""Fields of a form. Each has a title, an editor and, under them, a message about a wrong value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QPaintEvent, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QWidget,
)

from app.widgets.explanation import Explanation
from app.widgets.text import WRONG, PlainLabel, outline_widget, tooltip
from geomodel.settings import Limits


class Field(QWidget):
    """A title and an editor. `edited` reports what a person did, never what the program set.

    What is wrong with its value is said where `explain` puts it, and the editor has an edge of its own meanwhile.
    """

    edited = Signal(str, object)

    def __init__(self, name: str, limits: Limits, editor: QWidget) -> None:
        super().__init__()
        self.name, self.limits, self.editor = name, limits, editor
        self._value: Any = None
        self._typed_error = ""  # the text is not a value
        self._given_error = ""  # the value does not fit
        self.label = PlainLabel(limits.title)
        self.label.setBuddy(editor)
        self._explanation: Explanation | None = None
        self.label.setToolTip(tooltip(limits.title, limits.help))
        editor.setToolTip(tooltip(limits.title, limits.help))
        editor.setAccessibleName(limits.title)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(8)
        self._layout.addWidget(self.label, 0, 0)
        self._layout.addWidget(editor, 0, 1)
        self._layout.setColumnStretch(1, 1)
        self.setFocusProxy(editor)

    def set_gap(self, pixels: int) -> None:
        """Set the space between title and editor."""
        self._layout.setHorizontalSpacing(pixels)

    def set_explanation(self, place: Explanation) -> None:
        """Where errors are explained."""
        self._explanation = place

    @property
    def value(self) -> Any:
        """The last value that was set or emitted."""
        return self._value

    @property
    def error(self) -> str:
        """The message under the field."""
        return self._typed_error or self._given_error

    def set_value(self, value: Any) -> None:
        """Show a value and emit nothing. Half-typed text stays unless the value is a new one."""
        if value != self._value:
            self._value = value
            self._typed_error = self._given_error = ""
            self._show_value()
            self._show_error()

    def set_error(self, text: str) -> None:
        """Explain what is wrong with the value; an empty text means nothing is wrong."""
        self._given_error = text
        self._show_error()

    def commit(self) -> bool:
        """Take over the typed text. Returns False and explains it if it is no value."""
        return not self._typed_error

    def retire(self) -> None:
        """Take the field away for good, with what was typed into it and not taken over."""
        if self._explanation is not None:
            self._explanation.set_error(self.name, "")
            self._explanation = None
        self.blockSignals(True)  # hiding takes the focus, which ends the typing
        self.hide()
        self.deleteLater()  # this may run inside one of its signals

    def _tell(self, value: Any) -> None:
        if value != self._value:
            self._value = value
            self.edited.emit(self.name, value)

    def _show_value(self) -> None:
        raise NotImplementedError

    def _show_error(self) -> None:
        if self._explanation is not None:
            self._explanation.set_error(self.name, self.error)
        self.editor.setAccessibleDescription(self.error or self.limits.help)
        self.editor.setToolTip(tooltip(self.limits.title, self.error or self._about()))
        if self.editor.property(WRONG) != bool(self.error):
            self.editor.setProperty(WRONG, bool(self.error))
            self.editor.update()

    def _about(self) -> str:
        """What the tooltip says while nothing is wrong."""
        return self.limits.help


def explain(fields: Iterable[Field], place: Explanation) -> None:
    """Let the errors of fields stand in one place."""
    for field in fields:
        field.set_explanation(place)


def align(fields: Iterable[Field]) -> None:
    """Give the titles one width, so that the editors stand under each other."""
    labels = [field.label for field in fields if field.label.text()]
    width = max(label.sizeHint().width() for label in labels)
    for label in labels:
        label.setMinimumWidth(width)


class Choice(NamedTuple):
    """A line of a choice field."""

    value: Any
    title: str
    help: str = ""


def commit_all(fields: Iterable[Field]) -> bool:
    """Take over typed text in all fields. Returns False if one is no value, and the first such field gets the focus."""
    wrong = [field for field in fields if not field.commit()]
    if wrong:
        wrong[0].setFocus()
    return not wrong


class ActionButton(QPushButton):
    """A button for an action. With `key`, it names the action's key."""

    def __init__(self, action: QAction, *, primary: bool = False, key: bool = True) -> None:
        super().__init__()
        self._action, self._key = action, key
        self.setDefault(primary)
        self.setMinimumHeight(28)
        self.setAutoDefault(False)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        action, key = self._action, self._action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.setText(f"{action.text()}  {key}".strip() if self._key else action.text())
        self.setAccessibleName(action.text())
        self.setToolTip(action.toolTip())
        self.setEnabled(action.isEnabled())


class ComboBox(QComboBox):
    """A list that leaves the wheel to the scroll area, so that scrolling past it changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        outline_widget(self, self.rect())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ChoiceField(Field):
    """A choice among a few."""

    def __init__(self, name: str, limits: Limits, choices: Sequence[Choice] = ()) -> None:
        self._combo = ComboBox()
        super().__init__(name, limits, self._combo)
        # A long title is cut in the closed box, so that it never widens the panel; the open list shows it whole.
        self._combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._combo.setMinimumContentsLength(8)
        self._combo.activated.connect(self._activated)
        self.choices: tuple[Choice, ...] = ()
        self._refused: dict[Any, str] = {}  # value → why it is not offered
        self.set_choices(choices)

    def set_placeholder(self, text: str) -> None:
        """Set the text of the box while none of its lines is chosen."""
        self._combo.setPlaceholderText(text)

    def set_choices(self, choices: Sequence[Choice]) -> None:
        """Replace the lines. The value stays."""
        if tuple(choices) == self.choices:
            return
        self.choices = tuple(choices)
        self._combo.clear()
        for row, choice in enumerate(choices):
            self._combo.addItem(choice.title)
            self._combo.setItemData(row, tooltip(choice.title, choice.help), Qt.ItemDataRole.ToolTipRole)
        view = self._combo.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + 24)
        self._show_value()

    def set_available(self, value: Any, available: bool, reason: str) -> None:
        """Offer a line, or give the reason why it is not offered."""
        self._refused[value] = "" if available else reason
        model = self._combo.model()
        assert isinstance(model, QStandardItemModel)
        for row, choice in enumerate(self.choices):
            if choice.value == value:
                model.item(row).setEnabled(available)
                text = tooltip(choice.title, choice.help if available else reason)
                self._combo.setItemData(row, text, Qt.ItemDataRole.ToolTipRole)

    def why_not(self, value: Any) -> str:
        """Why a line is not offered; empty if it is."""
        return self._refused.get(value, "")

    def _activated(self, row: int) -> None:
        self._given_error = ""
        self._tell(self.choices[row].value)
        self._show_error()

    def _show_value(self) -> None:
        values = [choice.value for choice in self.choices]
        self._combo.setCurrentIndex(values.index(self._value) if self._value in values else -1)
        self._show_error()

    def _about(self) -> str:
        row = self._combo.currentIndex()
        return f"{self.limits.help} {self.choices[row].help if row >= 0 else ''}".strip()


class CheckBox(QCheckBox):
    """A box whose edge shows the focus, or that its value is wrong."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        outline_widget(self, self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self))


class BoolField(Field):
    """Yes or no. The title stands beside the box, in the editors' column."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._check = CheckBox(limits.title)
        super().__init__(name, limits, self._check)
        self._layout.removeWidget(self.label)
        self.label.hide()
        self.label.setText("")
        self._layout.addWidget(self._check, 0, 0, 1, 2)
        self._check.clicked.connect(self._tell)

    def _show_value(self) -> None:
        self._check.setChecked(bool(self._value))
