"""Fields for numbers. They accept the usual spellings, step with the arrows, and explain values that do not fit."""

from __future__ import annotations

import math
import re
from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPaintEvent, QPalette, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit

from app.widgets.form import Field
from app.widgets.slider import Slider
from app.widgets.spread import Spread
from app.widgets.text import PlainLabel, outline_widget
from geomodel.settings import Limits

SPIN_MS = 150  # a value is emitted when it has not changed for this long while the arrows spin it
STEPS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
UNDO, REDO = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo
RATIO = 1.1  # one arrow step of a logarithmic field
INFINITE = ("inf", "∞")
CHARACTERS = "0123456789.,+-−eE"  # the characters of numbers; the window handles every other key
COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
GROUPS = re.compile(r"([+-]?[1-9]\d{0,2}(?:,\d{3})+)(\.\d*)?([eE][+-]?\d+)?")  # 12,345.6


def number_text(value: float) -> str:
    """A number in the spelling that a person would type: 80, 0.002, 1e-6, inf."""
    if isinstance(value, int):
        return str(value)
    return re.sub(r"e([+-])0*", lambda found: "e" + found[1].strip("+"), f"{value:.6g}")


class _Line(QLineEdit):
    """Accepts only the characters of a number. Letters and Space are refused, because they are keys of the window. Of
    an unlimited number, the letters of "inf" are accepted in their order.
    """

    unlimited = False

    def event(self, event: QEvent) -> bool:
        keys = event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        if keys and isinstance(event, QKeyEvent) and self._is_foreign(event):
            event.ignore()
            return False
        return super().event(event)

    def _is_foreign(self, event: QKeyEvent) -> bool:
        text = event.text()
        if not text.isprintable() or text in CHARACTERS or event.modifiers() & COMMANDS:
            return False
        return not (self.unlimited and self._spells_infinity(text))

    def _spells_infinity(self, letter: str) -> bool:
        at = self.selectionStart() if self.hasSelectedText() else self.cursorPosition()
        after = at + len(self.selectedText())
        typed = self.text()[:at] + letter + self.text()[after:]
        return any(word.startswith(typed.lower()) for word in INFINITE)


class _Box(QAbstractSpinBox):
    """Text with arrows. Any text may be pasted into it; the field decides what it means."""

    stepped = Signal(int)
    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.refused = False  # the text is not a value
        self.line = _Line()
        self.setLineEdit(self.line)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccelerated(True)
        self.setMinimumWidth(72)

    def stepBy(self, steps: int) -> None:
        self.stepped.emit(steps)

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        return QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return QValidator.State.Acceptable, text, position

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the wheel scrolls the panel and must not change the fields that pass under it

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        outline_widget(self, self.rect())

    def event(self, event: QEvent) -> bool:
        """Keep the keys that edit, although they are shortcuts, while there is half-typed text."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() in STEPS and not event.modifiers() & COMMANDS:
                event.accept()
                return True
            if not self.lineEdit().isModified() and (event.matches(UNDO) or event.matches(REDO)):
                event.ignore()
                return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pass Enter and Esc on to the window, which takes the focus. If the text is no value, Enter stays here."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismissed.emit()
            event.ignore()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.setAccepted(self.refused)


class NumberField(Field):
    """A number that may be typed freely. A value out of range stays as it was typed and is explained."""

    kind = "a number such as 0.002 or 1e-3"
    commas = "Decimals take a point; commas stand between groups of three digits, as in 12,345.6."

    def __init__(self, name: str, limits: Limits, *, unit: str = "", optional: bool = False) -> None:
        self._box = _Box()
        self._box.line.unlimited = limits.high == math.inf
        self.slider: Slider | None = None
        self._spread: Spread | None = None
        super().__init__(name, limits, self._box)
        self._optional = optional
        self._shown = ""
        if optional:
            self.set_placeholder("automatic")
        if unit:
            label = PlainLabel(unit)
            label.setMinimumWidth(32)  # aligns editors that have different units
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            self._layout.addWidget(label, 0, 2)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SPIN_MS)
        self._timer.timeout.connect(self.commit)
        self._box.stepped.connect(self._step)
        self._box.dismissed.connect(self._dismiss)
        self._box.editingFinished.connect(self.commit)

    def slide_over(self, spread: Spread) -> None:
        """Add a slider under the editor, over values that matter. Others can still be typed."""
        self.slider, self._spread = Slider(spread.steps, f"{self.limits.title}, slider", self.limits.help), spread
        self._layout.addWidget(self.slider, 1, 1)
        self.slider.valueChanged.connect(self._slide)

    def _slide(self) -> None:
        assert self.slider is not None
        assert self._spread is not None
        self._box.lineEdit().setText(number_text(self._spread.value(self.slider.part())))
        self.commit()

    def set_value(self, value: Any) -> None:
        """Show a value and emit nothing, but not while a person drags the slider, which is ahead of it."""
        if self.slider is None or not self.slider.isSliderDown():
            super().set_value(value)

    def set_placeholder(self, text: str) -> None:
        """Set the text that stands in the empty field."""
        self._box.lineEdit().setPlaceholderText(text)

    def commit(self) -> bool:
        self._timer.stop()
        text = self._box.text()
        if text != self._shown:
            self._shown = text
            try:
                value = self._parse(text)
            except ValueError:
                hint = f" {self.commas}" if "," in text else ""
                self._typed_error = f"{self.limits.title} is {self.kind}; “{text.strip()}” is not.{hint}"
            else:
                self._typed_error = ""
                self._box.lineEdit().setModified(False)
                self._given_error = self._range_error(value)
                self._show_at(value)
                self._tell(value)
            self._show_error()
        self._box.refused = bool(self._typed_error)
        return not self._typed_error

    def _parse(self, text: str) -> float | None:
        text = text.strip().replace("−", "-").replace("∞", "inf")
        if not text and self._optional:
            return None
        return self._number(text)

    def _number(self, text: str) -> float:
        if GROUPS.fullmatch(text):
            text = text.replace(",", "")
        value = float(text)
        unlimited = value == math.inf == self.limits.high
        if not (math.isfinite(value) or unlimited) or "_" in text:
            raise ValueError(text)
        return value

    def _range_error(self, value: float | None) -> str:
        low, high = self.limits.low, self.limits.high
        if value is None:
            return ""
        if low is not None and value < low:
            return f"{self.limits.title} must be at least {low:,g}; it is {value:,.6g}."
        if high is not None and value > high:
            return f"{self.limits.title} must be at most {high:,.10g}; it is {value:,.10g}."
        return ""

    def _step(self, steps: int) -> None:
        try:
            value = self._parse(self._box.text())
        except ValueError:
            return
        if value is None:
            return
        moved = self._moved(value, steps)
        low, high = self.limits.low, self.limits.high
        moved = moved if low is None else max(moved, low)
        moved = moved if high is None else min(moved, high)
        self._box.lineEdit().setText(number_text(moved))
        self._box.selectAll()
        self._timer.start()

    def _moved(self, value: float, steps: int) -> float:
        raise NotImplementedError

    def _dismiss(self) -> None:
        """On Escape, return to the last value."""
        self._timer.stop()
        self._typed_error = ""
        self._show_value()
        self._show_error()

    def _show_value(self) -> None:
        value = self._value
        self._timer.stop()
        self._shown = "" if value is None else number_text(value)
        self._box.lineEdit().setText(self._shown)
        self._show_at(value)

    def _show_at(self, value: float | None) -> None:
        """Let the slider stand at a value."""
        if self.slider is not None and self._spread is not None and value is not None:
            self.slider.set_part(self._spread.part(value))


class IntField(NumberField):
    """A whole number. The arrows add or subtract `every`."""

    kind = "a whole number such as 18"
    commas = "Commas stand between groups of three digits, as in 12,345."

    def __init__(self, name: str, limits: Limits, *, every: int = 1, unit: str = "", optional: bool = False) -> None:
        super().__init__(name, limits, unit=unit, optional=optional)
        self._by = every

    def _number(self, text: str) -> int:
        value = super()._number(text)
        if "." in text or value != int(value):
            raise ValueError(text)  # “1.000” may mean one or a thousand, so it is an error
        return int(text.replace(",", "")) if "e" not in text.lower() else int(value)

    def _moved(self, value: float, steps: int) -> int:
        return int(value) + steps * self._by


class FloatField(NumberField):
    """A number. The arrows add `step`, or multiply by 1.1 if there is none."""

    def __init__(
        self, name: str, limits: Limits, *, step: float | None = None, unit: str = "", optional: bool = False
    ) -> None:
        super().__init__(name, limits, unit=unit, optional=optional)
        self._by = step

    def _moved(self, value: float, steps: int) -> float:
        if self._by is not None:
            return round(value + steps * self._by, 10)
        return float(f"{value * RATIO**steps:.3g}")
