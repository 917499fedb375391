"""Random hands, and what they do with the mouse, the keys and the fields of a form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pausing import pause
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QLineEdit,
    QTabBar,
    QWidget,
)
from shiboken6 import isValid

from app.main_window import MainWindow
from app.widgets.form import ChoiceField
from app.widgets.number_field import NumberField
from app.widgets.text_field import TextField

Key, Mouse, Mod = Qt.Key, Qt.MouseButton, Qt.KeyboardModifier
BUTTONS = (Mouse.LeftButton,) * 6 + (Mouse.RightButton, Mouse.MiddleButton)
MODIFIERS = (Mod.NoModifier,) * 6 + (
    Mod.ControlModifier,
    Mod.ShiftModifier,
    Mod.AltModifier,
    Mod.ControlModifier | Mod.ShiftModifier,
)
KEYS = (
    *(Key.Key_Left, Key.Key_Right, Key.Key_Up, Key.Key_Down, Key.Key_Home, Key.Key_End, Key.Key_PageUp) * 3,
    *(Key.Key_Space, Key.Key_Escape, Key.Key_Return, Key.Key_Tab, Key.Key_Backtab) * 3,
    *(Key(code) for code in range(Key.Key_A, Key.Key_Z + 1)),
    *(Key(code) for code in range(Key.Key_0, Key.Key_9 + 1)),
    *(Key.Key_F1, Key.Key_F2, Key.Key_F4, Key.Key_F5, Key.Key_F6, Key.Key_F10, Key.Key_Delete, Key.Key_Backspace),
    *(Key.Key_Plus, Key.Key_Minus, Key.Key_Period, Key.Key_Comma, Key.Key_Menu, Key.Key_PageDown),
)
NUMBERS = (
    *("1", "2", "3", "5", "7", "12", "18", "30", "64", "0.5", "0.01", "40", "80", "inf", "∞"),
    *("0", "-1", "-0", "1e-3", "1e9", "1e400", "-1e400", "1e-320", "nan", "1,5", "1.000", "12,345", "99999999999999"),
    *("", "-", "+", ".", "e", "1e", "1e-", "--1", "0x10", "1_000", " 7 ", "½", "１２", "٣", "9" * 400, "7" * 5000),
)
TEXTS = (
    *("1", "1-2", "2-1", "1-2; class 3", "1, 2; no header", "class 1", "x, y; class class", "1-2; class 99"),
    *("", ";", ";;;", "0", "-", "1-", "1-99999", "<b>x</b>", "x" * 3000, "%s {}", "1;1;1", "🙂", "a\tb"),
)


class Hands:
    """The window and what the hands know: the random numbers of this action, and the files."""

    def __init__(self, window: MainWindow, files: Path, out: Path, say: Callable[[str], None]) -> None:
        self.window, self.say, self.out = window, say, out
        self.random = Random()
        kept = (path for path in (files / "good").iterdir() if not path.name.startswith("New Folder"))  # made by hands
        self.good = sorted(path for path in kept if "labels" not in path.name)
        self.bad = sorted((files / "bad").iterdir())
        self.own = files / "bad" / "own.py"

    def pick(self, things: Sequence[Any]) -> Any:
        """One of some things."""
        return self.random.choice(things)

    def path(self) -> Path:
        """A file, good or damaged, one that the hands have saved, or a place where there is none."""
        saved = sorted(self.out.iterdir()) if self.random.random() < 0.2 else []
        if saved:
            return Path(self.pick(saved))
        chance = self.random.random()
        return self.pick(self.good) if chance < 0.5 else self.pick(self.bad) if chance < 0.95 else self.out / "none.npz"

    def top(self) -> QWidget:
        """The window that takes the mouse and the keys: what is open over the others, else mostly the main one."""
        above = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if above is not None:
            return above
        shown = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible() and widget.isWindow()]
        return self.window if self.random.random() < 0.8 or not shown else self.pick(shown)

    def point(self, widget: QWidget) -> QPoint:
        """A point inside a widget."""
        return QPoint(self.random.randrange(max(1, widget.width())), self.random.randrange(max(1, widget.height())))

    def place(self) -> tuple[QWidget, QPoint]:
        """A point of the screen that shows something: the widget that gets the mouse there, and its point."""
        top = self.top()
        at = self.point(top)
        widget = top.childAt(at) or top
        return widget, widget.mapFrom(top, at)

    def control(self, kinds: Any, inside: QWidget | None = None) -> Any:
        """A control of these kinds that can be used, or None."""
        top = inside or self.top()
        found = [each for each in top.findChildren(QWidget) if isinstance(each, kinds) and _usable(each)]
        return self.pick(found) if found else None


def _usable(widget: QWidget) -> bool:
    return widget.isVisible() and widget.isEnabled() and not widget.visibleRegion().isEmpty()


def named(widget: QWidget) -> str:
    """How a widget is called in the list of actions."""
    name = widget.accessibleName() or widget.objectName()
    parent = widget.parentWidget()
    return f"{type(widget).__name__}({name or (type(parent).__name__ if parent else '')})"


# ---------------------------------------------------------------- the mouse


def _mouse(widget: QWidget, kind: QEvent.Type, at: QPoint, button: Any, held: Any, modifier: Any) -> None:
    here = QPointF(at)
    event = QMouseEvent(kind, here, here, QPointF(widget.mapToGlobal(at)), button, held, modifier)
    QApplication.sendEvent(widget, event)


def click(hands: Hands) -> None:
    widget, at = hands.place()
    button, modifier, twice = hands.pick(BUTTONS), hands.pick(MODIFIERS), hands.random.random() < 0.15
    hands.say(f"{'double ' if twice else ''}click {button.name} {modifier} on {named(widget)} at {at.toTuple()}")
    (QTest.mouseDClick if twice else QTest.mouseClick)(widget, button, modifier, at)
    if button == Mouse.RightButton and _there(widget):
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
        QApplication.sendEvent(widget, event)


def press_button(hands: Hands) -> None:
    widget = hands.control((QAbstractButton, QTabBar, QAbstractSlider))
    if widget is not None:
        at = hands.point(widget)
        hands.say(f"press {named(widget)} at {at.toTuple()}")
        QTest.mouseClick(widget, Mouse.LeftButton, Mod.NoModifier, at)


def drag(hands: Hands) -> None:
    widget, at = hands.place()
    button, modifier = hands.pick(BUTTONS), hands.pick(MODIFIERS)
    ways = [hands.point(widget) for _ in range(hands.random.randrange(1, 5))]
    leaves = hands.random.random() < 0.2
    hands.say(f"drag {button.name} {modifier} on {named(widget)} from {at.toTuple()} by {len(ways)} points")
    _mouse(widget, QEvent.Type.MouseButtonPress, at, button, button, modifier)
    for way in ways:
        pause(1)
        if not _there(widget):
            return
        target = way + QPoint(2000, -300) if leaves else way
        _mouse(widget, QEvent.Type.MouseMove, target, Mouse.NoButton, button, modifier)
    _mouse(widget, QEvent.Type.MouseButtonRelease, ways[-1], button, Mouse.NoButton, modifier)


def hover(hands: Hands) -> None:
    widget, at = hands.place()
    hands.say(f"hover over {named(widget)} at {at.toTuple()}")
    _mouse(widget, QEvent.Type.MouseMove, at, Mouse.NoButton, Mouse.NoButton, Mod.NoModifier)


def wheel(hands: Hands) -> None:
    widget, at = hands.place()
    turns, modifier = hands.pick((-1200, -120, -15, 15, 120, 1200)), hands.pick(MODIFIERS)
    hands.say(f"wheel {turns} {modifier} on {named(widget)}")
    event = QWheelEvent(
        QPointF(at),
        QPointF(widget.mapToGlobal(at)),
        QPoint(),
        QPoint(0, turns),
        Mouse.NoButton,
        modifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def _there(widget: QWidget) -> bool:
    return isValid(widget) and widget.isVisible()


# ---------------------------------------------------------------- keys and fields


def press_key(hands: Hands) -> None:
    if hands.random.random() < 0.3:
        hands.window.activateWindow()
    keys = [(hands.pick(KEYS), hands.pick(MODIFIERS)) for _ in range(hands.random.randrange(1, 5))]
    for key, modifier in keys:
        if key == Key.Key_Q and modifier == Mod.ControlModifier:
            continue
        target = QApplication.activePopupWidget() or QApplication.focusWidget() or hands.window
        hands.say(f"key {key.name} {modifier} to {named(target)}")
        QTest.keyClick(target, key, modifier)
        pause(0)


def type_text(hands: Hands) -> None:
    field = hands.control((NumberField, TextField))
    if field is None:
        return
    text = hands.pick(NUMBERS if isinstance(field, NumberField) else TEXTS)
    end = hands.pick((Key.Key_Return, Key.Key_Return, Key.Key_Tab, Key.Key_Escape, Key.Key_Up, Key.Key_PageDown, None))
    pasted = hands.random.random() < 0.4 or len(text) > 50 or not text.isascii()
    hands.say(f"{'paste' if pasted else 'type'} {text[:40]!r} into {field.name}, then {end}")
    line = field.editor.findChild(QLineEdit) or field.editor
    field.setFocus()
    line.selectAll()
    if pasted:
        QApplication.clipboard().setText(text)
        line.paste()
    else:
        QTest.keyClicks(line, text)
    if end is not None and _there(line):
        QTest.keyClick(line, end)


def choose(hands: Hands) -> None:
    field = hands.control(ChoiceField)
    if field is None or not field.choices:
        return
    row = hands.random.randrange(len(field.choices))
    if not field._combo.model().item(row).isEnabled():
        return
    hands.say(f"choose {field.choices[row].value!r} of {field.name}")
    field._combo.setCurrentIndex(row)
    field._combo.activated.emit(row)
