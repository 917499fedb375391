"""Fields of a form: a title, an editor and, under them, words about what is wrong with what was typed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QStandardItemModel,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QWidget,
)

from geomodel.settings import Limits

BAR = 3  # pixels of the bar beside an error


def tooltip(title: str, text: str) -> str:
    """Rich text, because Qt does not wrap plain tooltips."""
    return f"<qt><b>{html.escape(title)}</b><br>{html.escape(text)}</qt>"


def formula_html(formula: str) -> str:
    """A formula of the tables with its subscripts and powers in place: σmax^(1/ρ) reads as one would write it."""
    lines = (html.escape(line) for line in formula.split(";  "))
    text = re.sub(r"σ(max|min)", r"σ<sub>\1</sub>", "<br>".join(lines))
    return re.sub(r"\^\(([^()]*)\)|\^(\w)", lambda found: f"<sup>{found[1] or found[2]}</sup>", text)


def blend(colors: QPalette, first: QPalette.ColorRole, second: QPalette.ColorRole, share: float) -> QColor:
    """So much of the first colour, the rest of the second."""
    a, b = colors.color(first), colors.color(second)
    return QColor(*(round(getattr(b, c)() * (1 - share) + getattr(a, c)() * share) for c in ("red", "green", "blue")))


def outline(painter: QPainter, colors: QPalette, rect: QRect) -> None:
    """Draw an edge at 3:1 against the window: Fusion's own is darker than a dark window, so that boxes vanish in it."""
    edge = blend(colors, QPalette.ColorRole.WindowText, QPalette.ColorRole.Window, 0.5)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(edge, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
    painter.restore()


def outline_widget(widget: QWidget, rect: QRect) -> None:
    """An `outline` at the end of a widget's paint event. The focus has an edge of its own."""
    if not widget.hasFocus():
        painter = QPainter(widget)
        outline(painter, widget.palette(), rect)
        painter.end()


class Message(QLabel):
    """Words under a control: secondary text, or an error with a bar beside it. Empty: not there."""

    def __init__(self, *, rich: bool = False) -> None:
        super().__init__()
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
        self.setText(text)
        self.setVisible(bool(text))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.is_error:
            painter = QPainter(self)
            painter.fillRect(0, 0, BAR, self.height(), self.palette().color(QPalette.ColorRole.BrightText))
            painter.end()


class Field(QWidget):
    """A title, an editor and a message. `edited` tells what a person did, never what the program set."""

    edited = Signal(str, object)

    def __init__(self, name: str, limits: Limits, editor: QWidget) -> None:
        super().__init__()
        self.name, self.limits, self.editor = name, limits, editor
        self._value: Any = None
        self._typed_error = ""  # what was typed is no value
        self._given_error = ""  # the value does not fit
        self.label = QLabel(limits.title)
        self.label.setBuddy(editor)
        self._message = Message()
        for widget in (self.label, editor):
            widget.setToolTip(tooltip(limits.title, limits.help))
        editor.setAccessibleName(limits.title)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(8)
        self._layout.setVerticalSpacing(4)
        self._layout.addWidget(self.label, 0, 0)
        self._layout.addWidget(editor, 0, 1)
        self._layout.addWidget(self._message, 1, 0, 1, 2)
        self._layout.setColumnStretch(1, 1)
        self.setFocusProxy(editor)

    @property
    def value(self) -> Any:
        """The last value that was set or told."""
        return self._value

    @property
    def error(self) -> str:
        """What is wrong, as shown."""
        return self._typed_error or self._given_error

    def set_value(self, value: Any) -> None:
        """Show a value without telling. Half-typed text stays where the value is not a new one."""
        if value != self._value:
            self._value = value
            self._typed_error = self._given_error = ""
            self._show_value()
            self._show_error()

    def set_error(self, text: str) -> None:
        """Explain under the field what is wrong with its value; empty: nothing is."""
        self._given_error = text
        self._show_error()

    def commit(self) -> bool:
        """Take over what is typed; False where it is no value, which is then explained."""
        return not self._typed_error

    def _tell(self, value: Any) -> None:
        if value != self._value:
            self._value = value
            self.edited.emit(self.name, value)

    def _show_value(self) -> None:
        raise NotImplementedError

    def _show_error(self) -> None:
        if self.error != self._message.text():
            self._message.say(self.error, is_error=True)
            self.editor.setAccessibleDescription(self.error or self.limits.help)


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
    """Take over what is being typed everywhere. Where something is no value: False, and the first such field is shown."""
    wrong = [field for field in fields if not field.commit()]
    if wrong:
        wrong[0].setFocus()
    return not wrong


class ActionButton(QPushButton):
    """A button that does what an action does; with `key`, it names the action's key."""

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


class _Combo(QComboBox):
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        outline_widget(self, self.rect())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ChoiceField(Field):
    """One of a few."""

    def __init__(self, name: str, limits: Limits, choices: Sequence[Choice] = ()) -> None:
        self._combo = _Combo()
        super().__init__(name, limits, self._combo)
        # A long title is cut in the closed box, never a reason for a wider panel; the open list shows it whole.
        self._combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._combo.setMinimumContentsLength(8)
        self._combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._combo.activated.connect(self._activated)
        self._choices: tuple[Choice, ...] = ()
        self.set_choices(choices)

    def set_choices(self, choices: Sequence[Choice]) -> None:
        """Replace the lines; the value stays."""
        if tuple(choices) == self._choices:
            return
        self._choices = tuple(choices)
        self._combo.clear()
        for row, choice in enumerate(choices):
            self._combo.addItem(choice.title)
            self._combo.setItemData(row, tooltip(choice.title, choice.help), Qt.ItemDataRole.ToolTipRole)
        view = self._combo.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + 24)
        self._show_value()

    def set_available(self, value: Any, available: bool, reason: str) -> None:
        """Offer a line, or say why it is not."""
        model = self._combo.model()
        assert isinstance(model, QStandardItemModel)
        for row, choice in enumerate(self._choices):
            if choice.value == value:
                model.item(row).setEnabled(available)
                text = tooltip(choice.title, choice.help if available else reason)
                self._combo.setItemData(row, text, Qt.ItemDataRole.ToolTipRole)

    def _activated(self, row: int) -> None:
        self._given_error = ""
        self._show_error()
        self._tell(self._choices[row].value)
        self._describe()

    def _show_value(self) -> None:
        values = [choice.value for choice in self._choices]
        self._combo.setCurrentIndex(values.index(self._value) if self._value in values else -1)
        self._describe()

    def _describe(self) -> None:
        row = self._combo.currentIndex()
        text = self._choices[row].help if row >= 0 else ""
        self._combo.setToolTip(tooltip(self.limits.title, f"{self.limits.help} {text}".strip()))


class _Check(QCheckBox):
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        outline_widget(self, self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self))


class BoolField(Field):
    """Yes or no. The title stands at the box, in the editors' column."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._check = _Check(limits.title)
        super().__init__(name, limits, self._check)
        self._layout.removeWidget(self.label)
        self.label.hide()
        self.label.setText("")
        self._layout.addWidget(self._check, 0, 0, 1, 2)
        self._check.clicked.connect(self._tell)

    def _show_value(self) -> None:
        self._check.setChecked(bool(self._value))
