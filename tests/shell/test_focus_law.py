"""The law of the focus, in the real window: whose a key is, where the focus goes, who keeps it."""

from __future__ import annotations

import pytest
from focused_window import (
    ALT,
    LEFT,
    NONE,
    Key,
    activate,
    as_at_first,
    click_text,
    focus,
    number,
    opened_once,
    press,
    settled,
    until,
    visit,
)
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QStyle,
    QStyleOptionSpinBox,
)

from app.widgets.sigma_slider import SigmaSlider

TIME = {Key.Key_Right: 4, Key.Key_Left: 2, Key.Key_Home: 0, Key.Key_End: 18}  # where level 3 goes
LETTERS = {
    Key.Key_V: "tool.select",
    Key.Key_P: "tool.probe",
    Key.Key_S: "tool.start",
    Key.Key_N: "next_sample",
    Key.Key_L: "loop",
    Key.Key_M: "probe_path",
    Key.Key_BracketLeft: "slower",
    Key.Key_BracketRight: "faster",
}
DIGITS = {
    Key.Key_1: "frame.sigma",
    Key.Key_2: "frame.run",
    Key.Key_3: "frame.data",
    Key.Key_4: "frame.scaled",
    Key.Key_5: "mode.marginal",
    Key.Key_6: "mode.slice",
}


@pytest.fixture(scope="module")
def opened(qapp, tmp_path_factory):
    yield from opened_once(tmp_path_factory)


@pytest.fixture
def window(opened, qtbot):
    return as_at_first(opened)


def controls(window):
    """One control of each kind that a key could be lost in."""
    run = next(b for b in window.panels.run_bar.findChildren(QAbstractButton) if "Run" in b.text())
    return {
        "number": number(window).editor,
        "list": number(window, "solver").editor,
        "box": number(window, "final_zero").editor,
        "button": run,
        "runs": window.panels.runs._list,
        "scrubber": window.views.transport._scrubber,
        "transport list": window.views.transport._speed,
        "numbers": window.views.inspector._table,
        "measures": window.views.measures.focusProxy(),
        "plane": window.views.plane,
    }


KINDS = (
    "number",
    "list",
    "box",
    "button",
    "runs",
    "scrubber",
    "transport list",
    "numbers",
    "measures",
    "plane",
)


def triggered(window, name):
    fired = []
    window.actions_by_id[name].triggered.connect(lambda: fired.append(name))
    return fired


# ---------------------------------------------------------------- keys


def test_the_main_view_has_the_focus_from_the_start(opened):
    assert opened.first is opened.focusWidget() is opened.views.plane


@pytest.mark.parametrize("kind", KINDS)
def test_letters_are_tools_wherever_the_focus_is(window, kind):
    control = controls(window)[kind]
    draft = window.state.draft
    for key, action in LETTERS.items():
        fired = triggered(window, action)
        visit(control)
        press(key)
        assert len(fired) == 1, action
    window.actions_by_id["loop"].setChecked(window.playback.loop)
    assert window.state.draft == draft


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "number"])
def test_time_and_digits_are_the_windows_unless_text_is_typed(window, kind):
    control = controls(window)[kind]
    draft = window.state.draft
    for key, level in TIME.items():
        window.playback.go(3)
        visit(control)
        press(key)
        assert window.state.selection.index == level
    for key, action in DIGITS.items():
        fired = triggered(window, action)
        press(key)
        assert len(fired) == 1, action
    assert focus() is control
    assert window.state.draft == draft


@pytest.mark.parametrize("kind", KINDS)
def test_alt_and_the_right_arrow_show_the_inside_wherever_the_focus_is(window, kind):
    visit(controls(window)[kind])
    fired = triggered(window, "inside")
    press(Key.Key_Right, ALT)
    assert len(fired) == 1
    window.actions_by_id["inside"].trigger()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("box", "button")])
def test_space_plays_wherever_the_focus_is(window, kind):
    visit(controls(window)[kind])
    press(Key.Key_Space)
    assert window.playback.playing
    assert QApplication.activePopupWidget() is None
    press(Key.Key_Space)
    assert not window.playback.playing


def test_space_works_a_box_and_a_button_that_tab_has_reached(window):
    box = visit(controls(window)["box"])
    press(Key.Key_Space)
    assert window.state.draft.final_zero
    assert not window.playback.playing
    press(Key.Key_Space)
    assert not window.state.draft.final_zero
    assert focus() is box
    settled(window)
    before = window.state.run.id
    visit(controls(window)["button"])
    press(Key.Key_Space)
    until(lambda: window.state.run.id != before)


# ---------------------------------------------------------------- number fields


def test_while_a_number_is_typed_its_keys_are_the_fields(window):
    field = number(window)
    click_text(field)
    field.editor.selectAll()
    for key in (Key.Key_1, Key.Key_5, Key.Key_Left, Key.Key_2, Key.Key_Home, Key.Key_Delete, Key.Key_End):
        press(key)
    press(Key.Key_Backspace)
    assert field.editor.text() == "2"  # 15, 125, 25, 2
    assert window.state.selection.index == 3
    press(Key.Key_Escape)
    assert field.editor.text() == "18"


@pytest.mark.parametrize("end", [Key.Key_Return, Key.Key_Enter])
def test_enter_takes_the_number_and_gives_the_focus_back(window, end):
    field = number(window)
    for text, value in (("9", 9), ("18", 18)):
        visit(field.editor)
        QTest.keyClicks(focus(), text)
        press(end)
        assert focus() is window.views.plane
        assert window.state.draft.steps == value
        settled(window)
    press(Key.Key_Home)
    press(Key.Key_Right)
    assert (window.state.selection.index, field.editor.text()) == (1, "18")


def test_escape_restores_the_number_and_only_the_next_one_cancels(window):
    cancel = window.actions_by_id["cancel"]
    fired = triggered(window, "cancel")
    field = number(window)
    visit(field.editor)
    QTest.keyClicks(focus(), "7")
    cancel.setEnabled(True)  # as while a run is computed
    press(Key.Key_Escape)
    assert (field.editor.text(), fired) == ("18", [])
    assert focus() is window.views.plane
    press(Key.Key_Escape)
    assert len(fired) == 1
    cancel.setEnabled(False)


def test_text_that_is_no_number_keeps_the_focus(window):
    field = number(window, "sigma_max")
    before = field.editor.text()
    visit(field.editor)
    QTest.keyClicks(focus(), "1,5")
    press(Key.Key_Return)
    assert focus() is field.editor
    assert "point" in field.error
    press(Key.Key_Escape)
    assert focus() is window.views.plane
    assert (field.error, field.editor.text()) == ("", before)


def test_a_comma_in_a_group_is_a_thousand(window):
    field = number(window, "sigma_max")
    visit(field.editor)
    QTest.keyClicks(focus(), "1,000")
    press(Key.Key_Return)
    assert (window.state.draft.sigma_max, field.error) == (1000.0, "")
    window.actions_by_id["undo"].trigger()


def test_the_key_of_an_action_ends_the_typing_and_the_number_counts(window):
    field = number(window)
    click_text(field)
    field.editor.selectAll()
    QTest.keyClicks(focus(), "12")
    press(Key.Key_Space)
    assert window.playback.playing
    assert window.state.draft.steps == 12
    assert focus() is window.views.plane
    window.playback.pause()
    settled(window)
    window.actions_by_id["undo"].trigger()
    assert window.state.draft.steps == 18


def test_a_click_beside_the_field_ends_the_typing(window):
    field = number(window)
    click_text(field)
    QTest.mouseClick(number(window, "seed").label, LEFT)
    assert focus() is window.views.plane


def test_the_arrows_of_a_field_step_without_the_focus(window):
    field = number(window, "jump_at")
    box = field.editor
    option = QStyleOptionSpinBox()
    box.initStyleOption(option)
    style, sub = box.style(), QStyle.SubControl
    up = style.subControlRect(QStyle.ComplexControl.CC_SpinBox, option, sub.SC_SpinBoxUp, box)
    before = field.value
    QTest.mouseClick(box, LEFT, pos=up.center())
    assert focus() is window.views.plane
    until(lambda: field.value == before + 1)
    window.actions_by_id["undo"].trigger()
    settled(window)


# ---------------------------------------------------------------- lists, boxes, buttons, sliders


@pytest.mark.parametrize("name", ["solver", "speed"])
def test_choosing_from_a_list_gives_the_focus_back(window, name):
    combo = number(window, "solver").editor if name == "solver" else window.views.transport._speed
    before = combo.currentIndex()
    for row in (before - 1, before):
        QTest.mouseClick(combo, LEFT)
        until(lambda: QApplication.activePopupWidget() is not None)
        combo.view().setCurrentIndex(combo.model().index(row, 0))
        QTest.keyClick(combo.view(), Key.Key_Return)
        assert combo.currentIndex() == row
        assert focus() is window.views.plane
        settled(window)
        activate(window)
        fired = triggered(window, "play")
        press(Key.Key_Space)
        assert len(fired) == 1
        window.playback.pause()


@pytest.mark.parametrize(("key", "modifier"), [(Key.Key_Return, NONE), (Key.Key_F4, NONE), (Key.Key_Down, ALT)])
def test_a_list_that_tab_has_reached_opens_by_its_keys(window, key, modifier):
    combo = visit(controls(window)["list"])
    press(key, modifier)
    until(lambda: QApplication.activePopupWidget() is not None)
    QTest.keyClick(combo.view(), Key.Key_Escape)
    assert QApplication.activePopupWidget() is None
    assert focus() is window.views.plane


def test_a_closed_list_changes_by_up_and_down_alone(window):
    combo = visit(controls(window)["list"])
    before = combo.currentIndex()
    for key in (Key.Key_E, Key.Key_U, Key.Key_PageUp, Key.Key_PageDown):
        press(key)
    assert combo.currentIndex() == before
    press(Key.Key_Up)
    assert combo.currentIndex() == before - 1
    press(Key.Key_Down)
    assert combo.currentIndex() == before
    press(Key.Key_Escape)
    assert focus() is window.views.plane
    settled(window)


def test_no_letter_chooses_another_run(window):
    first = window.state.run
    first.pinned = True
    window.actions_by_id["run"].trigger()
    until(lambda: window.state.run is not first)
    settled(window)
    visit(window.panels.runs._list)
    second = window.state.run
    for key in (Key.Key_H, Key.Key_E):
        press(key)
    assert window.state.run is second
    press(Key.Key_Up)
    assert window.state.run is first
    press(Key.Key_Delete)
    assert [*window.state.runs.values()] == [second]


@pytest.mark.parametrize("by_tab", [False, True])
def test_a_click_on_a_box_or_a_button_leaves_space_to_play(window, by_tab):
    for control in (controls(window)["box"], window.views.inspector._copy_button, window.views.transport._scrubber):
        if by_tab:
            visit(control)
        else:
            click_text(number(window))
        QTest.mouseClick(control, LEFT, pos=QPoint(8, control.height() // 2))
        assert focus() is window.views.plane
        press(Key.Key_Space)
        assert window.playback.playing
        window.playback.pause()
    assert window.state.draft.final_zero
    window.actions_by_id["undo"].trigger()
    settled(window)


def test_what_the_wheel_passes_over_does_not_change(window):
    for control in window.findChildren(QComboBox) + window.findChildren(QAbstractSpinBox):
        before = control.currentIndex() if isinstance(control, QComboBox) else control.text()
        place = QPointF(5, 5)
        turned = QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False
        QApplication.sendEvent(control, QWheelEvent(place, place, *turned))
        assert before == (control.currentIndex() if isinstance(control, QComboBox) else control.text())
        assert focus() is window.views.plane


def test_a_slider_of_a_room_moves_by_up_and_down(window):
    press(Key.Key_P)
    slider = window.views.plane.findChild(SigmaSlider)
    until(slider.isVisible)
    visit(slider)
    before, level = slider.value(), window.state.selection.index
    press(Key.Key_Up)
    assert slider.value() > before
    press(Key.Key_Right)
    assert window.state.selection.index == level + 1


def test_a_control_that_vanishes_leaves_the_focus_to_the_main_view(window):
    field = number(window, "rho")
    visit(field.editor)
    field.hide()
    assert focus() is window.views.plane
    field.show()
    button = visit(window.views.inspector._copy_button)
    button.setEnabled(False)
    assert focus() is window.views.plane
    button.setEnabled(True)
