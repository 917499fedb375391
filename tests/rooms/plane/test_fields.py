"""Fields of a form, driven with keys as a person would."""

from __future__ import annotations

import math

import pytest
from gestures import open_window, paste_into
from gestures import type_into as _type
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPalette, QShortcut, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from app.plotting.theme import DARK, LIGHT, palette
from app.widgets.form import BoolField, Choice, ChoiceField
from app.widgets.number_field import FloatField, IntField, number_text
from app.widgets.text import WRONG, blend, formula_html
from geomodel.settings import Limits, limits

Key = Qt.Key
COMMAS = ("1,5", "0,5", "0,500", "1,00", "10,0000", "1000,000", ",500", "1,000,5", "1.5,000")


@pytest.fixture
def told():
    """What a signal has carried, in order."""
    return []


@pytest.fixture
def steps(qtbot, told):
    return _shown(qtbot, IntField("steps", limits("steps")), told, 18)


@pytest.fixture
def sigma(qtbot, told):
    return _shown(qtbot, FloatField("sigma_max", limits("sigma_max"), optional=True), told, 80.0)


def _shown(qtbot, field, told, value):
    """A field in a window that has another place for the focus."""
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.addWidget(field)
    window.other = QLineEdit()
    layout.addWidget(window.other)
    field.set_value(value)
    field.edited.connect(lambda name, given: told.append((name, given)))
    open_window(qtbot, window)
    field.setFocus()
    field.test_window = window  # keeps it alive
    return field


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.002", 0.002),
        ("1e-3", 1e-3),
        (" 12 ", 12.0),
        ("1E2", 100.0),
        ("", None),
        ("−3", -3.0),
        ("1,000", 1000.0),
        ("-12,345.6", -12345.6),
        ("1,000,000e-3", 1000.0),
    ],
)
def test_floats_are_read_as_people_write_them(sigma, told, text, value):
    sigma.editor.lineEdit().clear()
    enter = _type if text.isascii() else paste_into  # no key of QTest has another minus
    enter(sigma, text)
    assert told == [("sigma_max", value)]
    assert sigma.value == value
    assert not sigma.error


@pytest.mark.parametrize("text", ["abc", "nan", "inf", "1e999", "1_0", "--3", "3 4", *COMMAS])
def test_text_that_is_no_number_stays_and_is_explained(sigma, told, text):
    paste_into(sigma, text)
    assert told == []
    assert sigma.editor.text() == text
    assert f"“{text}”" in sigma.error
    assert sigma.editor.property(WRONG)
    assert sigma.error == sigma.editor.accessibleDescription()
    assert not sigma.commit()


@pytest.mark.parametrize("text", COMMAS)
def test_a_comma_that_groups_nothing_is_refused_because_decimals_take_a_point(sigma, told, text):
    _type(sigma, text)
    assert told == []
    assert "Decimals take a point" in sigma.error


@pytest.mark.parametrize(("text", "value"), [("1,000", 1000), ("10,000", 10_000), ("25", 25), ("2e3", 2000)])
def test_whole_numbers_may_be_grouped(steps, told, text, value):
    _type(steps, text)
    assert told == [("steps", value)]
    assert not steps.error


def test_keys_that_no_number_holds_are_left_to_the_window(steps, told):
    fired = []
    for keys in ("V", "Space", "[", "Shift+N", "Alt+Right", "Ctrl+Up", "5"):
        QShortcut(keys, steps.test_window, activated=lambda keys=keys: fired.append(keys))
    _type(steps, "V x[z2", end=None)
    QTest.keyClick(steps.editor, Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(steps.editor, Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(steps.editor, Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(steps.editor, Key.Key_5)
    assert steps.editor.text() == "25"
    assert fired == ["V", "Space", "[", "Shift+N", "Alt+Right", "Ctrl+Up"]


@pytest.mark.parametrize("text", ["1,5", "1.000", "2.5", "25e-1", "9" * 500, ""])
def test_a_whole_number_is_not_guessed(steps, told, text):
    steps.editor.lineEdit().clear()
    _type(steps, text)
    assert told == []
    assert "whole number" in steps.error


@pytest.mark.parametrize(("text", "value", "words"), [("0", 0, "at least 1"), ("2e4", 20_000, "at most 10,000")])
def test_a_value_out_of_range_is_told_kept_and_explained(steps, told, text, value, words):
    _type(steps, text)
    assert told == [("steps", value)]  # the draft holds what the person sees, and is refused at Run
    assert steps.editor.text() == text
    assert words in steps.error
    _type(steps, "20")
    assert not steps.error
    assert not steps.editor.property(WRONG)


def test_leaving_the_field_tells(steps, told):
    _type(steps, "30", end=None)
    assert told == []
    steps.test_window.other.setFocus()
    assert told == [("steps", 30)]


def test_the_same_value_is_not_told_again(steps, told):
    _type(steps, "018")
    _type(steps, "18")
    assert told == []


def test_escape_takes_back_what_was_typed(steps, told):
    _type(steps, "9e")
    assert steps.error
    _type(steps, "33", end=Key.Key_Escape)
    assert steps.editor.text() == "18"
    assert not steps.error
    assert steps.commit()
    assert told == []


def test_keys_of_the_window_reach_it_unless_something_is_half_typed(qtbot, steps, told):
    fired = []
    for keys in ("Ctrl+Z", "Up", "Left"):
        QShortcut(keys, steps.test_window, activated=lambda keys=keys: fired.append(keys))
    QTest.keyClick(steps.editor, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert fired == ["Ctrl+Z"]
    QTest.keyClick(steps.editor, Key.Key_Left)
    assert len(fired) == 1
    _type(steps, "25")
    QTest.keyClick(steps.editor, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # nothing is half typed any more
    assert len(fired) == 2
    _type(steps, "26", end=None)
    steps.test_window.other.setFocus()
    steps.setFocus()
    QTest.keyClick(steps.editor, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(fired) == 3
    steps.set_value(18)
    _type(steps, "7", end=None)
    QTest.keyClick(steps.editor, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # the field's own undo
    assert steps.editor.text() == "18"
    _type(steps, "7", end=Key.Key_Escape)
    QTest.keyClick(steps.editor, Key.Key_Up)
    assert fired == 3 * ["Ctrl+Z"]
    assert steps.editor.text() == "19"


def test_arrows_are_told_once_they_rest(qtbot, sigma, told):
    with qtbot.waitSignal(sigma.edited):
        for _ in range(3):
            QTest.keyClick(sigma.editor, Key.Key_Up)
        assert told == []
    # ×1.1 each, to three figures: 88, 96.8, 106
    assert told == [("sigma_max", 106.0)]
    QTest.keyClick(sigma.editor, Key.Key_Down)
    QTest.keyClick(sigma.editor, Key.Key_Return)  # does not wait
    assert told[1:] == [("sigma_max", 96.4)]


def test_arrows_stop_at_the_limits(steps, told):
    _type(steps, "2", end=None)
    for _ in range(4):
        QTest.keyClick(steps.editor, Key.Key_Down)
    assert steps.commit()
    assert told == [("steps", 1)]


def test_arrows_do_nothing_where_there_is_no_number(sigma):
    paste_into(sigma, "abc", end=Key.Key_Up)
    assert sigma.editor.text() == "abc"
    sigma.set_value(None)
    QTest.keyClick(sigma.editor, Key.Key_Up)
    assert sigma.editor.text() == ""


def test_the_wheel_changes_nothing(steps, told):
    wheel = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(steps.editor, wheel)
    assert not wheel.isAccepted()  # so that the panel scrolls
    assert steps.editor.text() == "18"


def test_setting_a_value_tells_nothing_and_keeps_half_typed_text(steps, told):
    steps.set_error("Too many.")
    steps.set_value(40)
    assert steps.editor.text() == "40"
    assert not steps.error
    _type(steps, "5e")
    steps.set_value(40)
    steps.set_error("")
    assert steps.editor.text() == "5e"
    assert steps.error
    steps.set_value(41)
    assert steps.editor.text() == "41"
    assert not steps.error
    assert told == []


def test_digits_that_are_not_shown_are_kept(sigma, told):
    sigma.set_value(0.0017349871)
    assert sigma.editor.text() == "0.00173499"
    QTest.keyClick(sigma.editor, Key.Key_Return)
    assert told == []
    assert sigma.value == 0.0017349871


@pytest.mark.parametrize(
    ("value", "text"), [(80.0, "80"), (0.002, "0.002"), (1e-6, "1e-6"), (1e12, "1e12"), (10**12, "1000000000000")]
)
def test_numbers_are_written_as_one_would_type_them(value, text):
    assert number_text(value) == text
    assert type(value)(float(text)) == value


# ---------------------------------------------------------------- choices


def test_a_choice_is_told_and_one_that_is_not_available_cannot_be_made(qtbot, told):
    choices = [Choice("a", "Alpha"), Choice("b", "Beta", "Second."), Choice("c", "Gamma")]
    field = _shown(qtbot, ChoiceField("solver", limits("solver"), choices), told, "a")
    field.set_available("b", False, "Not now.")
    QTest.keyClick(field.editor, Key.Key_Down)
    assert told == [("solver", "c")]
    assert "Not now." in field.editor.itemData(1, Qt.ItemDataRole.ToolTipRole)
    field.set_available("b", True, "")
    QTest.keyClick(field.editor, Key.Key_Up)
    assert told[1:] == [("solver", "b")]
    assert "Second." in field.editor.toolTip()


def test_a_value_that_is_not_offered_shows_nothing(qtbot, told):
    field = _shown(qtbot, ChoiceField("solver", limits("solver"), [Choice("a", "Alpha")]), told, "z")
    assert field.editor.currentIndex() == -1
    field.set_choices([Choice("a", "Alpha"), Choice("z", "Zeta")])
    assert field.editor.currentText() == "Zeta"
    assert told == []


def test_a_tick_is_told(qtbot, told):
    field = _shown(qtbot, BoolField("final_zero", limits("final_zero")), told, False)
    QTest.keyClick(field.editor, Key.Key_Space)
    assert told == [("final_zero", True)]


def test_formulas_have_real_indices_and_powers():
    assert formula_html("σmax^(1/ρ) + a^b;  c < d") == ("σ<sub>max</sub><sup>1/ρ</sup> + a<sup>b</sup><br>c &lt; d")


# ---------------------------------------------------------------- looks


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_contrast(theme):
    """Text 4.5:1, edges 3:1 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    colors, roles = palette(theme), QPalette.ColorRole
    window, base = colors.color(roles.Window), colors.color(roles.Base)
    for role in (roles.WindowText, roles.PlaceholderText):
        assert _contrast(colors.color(role), window) >= 4.5
        assert _contrast(colors.color(role), base) >= 4.5
        assert _contrast(colors.color(role), blend(colors, roles.Highlight, roles.Base, 0.2)) >= 4.5
    assert _contrast(blend(colors, roles.WindowText, roles.Window, 0.5), window) >= 3
    assert _contrast(colors.color(roles.BrightText), window) >= 3


def _contrast(first: QColor, second: QColor) -> float:
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: QColor) -> float:
    parts = (color.redF(), color.greenF(), color.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# ---------------------------------------------------------------- infinity


@pytest.fixture
def unlimited(qtbot, told):
    return _shown(qtbot, FloatField("s_max", Limits("S max", "", 0.0, math.inf)), told, 50.0)


def _press(line, letter):
    """A letter that has no key of Qt's own."""
    QApplication.sendEvent(line, QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, letter))


@pytest.mark.parametrize("text", ["inf", "INF", "∞"])
def test_infinity_can_be_typed_where_it_is_allowed(unlimited, told, text):
    line = unlimited.editor.lineEdit()
    line.selectAll()
    for letter in text:
        _press(line, letter)
    assert line.text() == text
    QTest.keyClick(line, Key.Key_Return)
    assert (told, unlimited.error) == ([("s_max", math.inf)], "")
    unlimited.set_value(3.0)
    unlimited.set_value(math.inf)
    assert line.text() == "inf"


def test_letters_of_infinity_are_keys_of_the_window_elsewhere(unlimited, told):
    """N is a key of the window too; it is typed only after an i."""
    line = unlimited.editor.lineEdit()
    line.selectAll()
    for letter, left in (("n", "50"), ("i", "i"), ("f", "i"), ("n", "in"), ("v", "in"), ("f", "inf"), ("i", "inf")):
        QTest.keyClicks(line, letter)
        assert line.text() == left
    QTest.keyClick(line, Key.Key_Return)
    assert told == [("s_max", math.inf)]


@pytest.mark.parametrize("text", ["inf", "∞"])
def test_infinity_is_refused_where_there_is_a_limit(sigma, told, text):
    for letter in text:
        _press(sigma.editor.lineEdit(), letter)
    assert sigma.editor.text() == "80"
    paste_into(sigma, text)
    QTest.keyClick(sigma.editor.lineEdit(), Key.Key_Return)
    assert told == []
    assert "is a number such as" in sigma.error
