"""The panels on the left, driven with keys and clicks as a person would."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QPalette,
    QShortcut,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTreeWidget,
    QVBoxLayout,
    QWidget,
)

from app.panels.form import BoolField, Choice, ChoiceField, blend, formula_html
from app.panels.model import ModelPanel
from app.panels.number_field import FloatField, IntField, number_text
from app.panels.runs import PINNED, VISIBLE, RunRow, RunsPanel
from app.panels.sampler import SamplerPanel
from app.plotting.theme import DARK, LIGHT, palette
from geomodel import datasets
from geomodel.schedules import SCHEDULES
from geomodel.settings import RunSettings, limits
from geomodel.solvers import SOLVERS

Key = Qt.Key
NARROW = 280  # pixels: the narrowest that the dock may be


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


@pytest.fixture
def sampler(qtbot, told):
    run = QAction("Run")
    run.setShortcut("F5")
    panel = SamplerPanel(LIGHT, run)
    panel.run = run
    panel.edited.connect(told.append)
    return _open(qtbot, panel)


@pytest.fixture
def model(qtbot, told):
    panel = ModelPanel(LIGHT, QAction("Open checkpoint…"), QAction("Open data…"))
    panel.edited.connect(told.append)
    panel.set_choices((("", "none"),), tuple((name, datasets.row(name).title) for name in datasets.names()))
    return _open(qtbot, panel)


def _open(qtbot, widget):
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


def _shown(qtbot, field, told, value):
    """A field in a window that has another place for the focus."""
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.addWidget(field)
    window.other = QLineEdit()
    layout.addWidget(window.other)
    field.set_value(value)
    field.edited.connect(lambda name, given: told.append((name, given)))
    _open(qtbot, window)
    field.setFocus()
    field.test_window = window  # keeps it alive
    return field


def _type(field, text, end=Key.Key_Return):
    field.editor.selectAll()
    if text.isascii():
        QTest.keyClicks(field.editor, text)
    else:  # no key of QTest has it
        QApplication.clipboard().setText(text)
        QTest.keyClick(field.editor, Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    if end is not None:
        QTest.keyClick(field.editor, end)


def _field(panel, name):
    return panel._fields[name]


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.002", 0.002), ("1e-3", 1e-3), ("0,5", 0.5), (" 12 ", 12.0), ("1E2", 100.0), ("", None), ("−3", -3.0)],
)
def test_floats_are_read_as_people_write_them(sigma, told, text, value):
    sigma.editor.lineEdit().clear()
    _type(sigma, text)
    assert told == [("sigma_max", value)]
    assert sigma.value == value
    assert not sigma.error


@pytest.mark.parametrize("text", ["abc", "1,000.5", "nan", "inf", "1e999", "1_0", "--3", "3 4"])
def test_text_that_is_no_number_stays_and_is_explained(sigma, told, text):
    _type(sigma, text)
    assert told == []
    assert sigma.editor.text() == text
    assert f"“{text}”" in sigma.error
    assert sigma._message.isVisible()
    assert sigma._message.text() == sigma.error == sigma.editor.accessibleDescription()
    assert not sigma.commit()


@pytest.mark.parametrize("text", ["1,000", "1.000", "2.5", "25e-1", "9" * 500, ""])
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
    assert not steps._message.isVisible()


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
    _type(steps, "9x")
    assert steps.error
    _type(steps, "33", end=Key.Key_Escape)
    assert steps.editor.text() == "18"
    assert not steps.error
    assert steps.commit()
    assert told == []


def test_keys_of_the_window_reach_it_unless_something_is_half_typed(qtbot, steps, told):
    fired = []
    for keys in ("Esc", "Ctrl+Z", "Up", "Left"):
        QShortcut(keys, steps.test_window, activated=lambda keys=keys: fired.append(keys))
    QTest.keyClick(steps.editor, Key.Key_Escape)
    QTest.keyClick(steps.editor, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert fired == ["Esc", "Ctrl+Z"]
    QTest.keyClick(steps.editor, Key.Key_Left)
    assert len(fired) == 2
    _type(steps, "25")
    QTest.keyClick(steps.editor, Key.Key_Escape)  # nothing is half typed any more
    assert fired.pop() == "Esc"
    _type(steps, "26", end=None)
    steps.test_window.other.setFocus()
    steps.setFocus()
    QTest.keyClick(steps.editor, Key.Key_Escape)
    assert fired.pop() == "Esc"
    steps.set_value(18)
    _type(steps, "7", end=None)
    QTest.keyClick(steps.editor, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # the field's own undo
    assert steps.editor.text() == "18"
    _type(steps, "7", end=Key.Key_Escape)
    QTest.keyClick(steps.editor, Key.Key_Up)
    assert fired == ["Esc", "Ctrl+Z"]
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
    _type(sigma, "abc", end=Key.Key_Up)
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
    _type(steps, "5x")
    steps.set_value(40)
    steps.set_error("")
    assert steps.editor.text() == "5x"
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


# ---------------------------------------------------------------- sampler


def test_every_field_is_shown_and_settings_tell_nothing(sampler, told):
    settings = RunSettings(
        solver="dpmpp_2m",
        options={"lower_order_final": True},
        schedule="karras",
        rho=5.0,
        steps=7,
        sigma_max=9.0,
        sigma_min=0.01,
        final_zero=True,
        start="data",
        start_index=3,
        count=5,
        seed=11,
    )
    sampler.set_settings(settings)
    assert {name: item.value for name, item in sampler._fields.items()} == {
        name: getattr(settings, name) for name in sampler._fields
    }
    assert sampler._options["lower_order_final"].value is True
    assert told == []


def test_what_a_choice_makes_meaningless_is_not_shown(sampler):
    sampler.set_settings(RunSettings(schedule="karras", start="data"))
    assert _field(sampler, "rho").isVisible()
    assert _field(sampler, "start_index").isVisible()
    sampler.set_settings(RunSettings(schedule="uniform", start="noise"))
    assert not _field(sampler, "rho").isVisible()
    assert not _field(sampler, "start_index").isVisible()


@pytest.mark.parametrize("row", SOLVERS, ids=lambda row: row.name)
def test_each_solver_has_its_own_options_and_formula(sampler, row):
    sampler.set_settings(RunSettings(solver=row.name))
    options = {option.name: option.default for option in row.options if option.kind != "moments"}
    assert {name: item.value for name, item in sampler._options.items()} == options
    assert f"Order {row.order}" in sampler._formula.text()
    assert formula_html(row.formula) in sampler._formula.text()


@pytest.mark.parametrize("row", SOLVERS, ids=lambda row: row.name)
@pytest.mark.parametrize("schedule", [row.name for row in SCHEDULES])
def test_nothing_is_wider_than_a_narrow_dock(qtbot, sampler, row, schedule):
    sampler.set_settings(RunSettings(solver=row.name, schedule=schedule, start="data"))
    sampler.resize(NARROW, 400)
    scroll = sampler.findChild(QScrollArea)
    body = scroll.widget()
    assert body.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width() <= NARROW
    qtbot.waitUntil(lambda: body.width() == scroll.viewport().width())


def test_another_solver_keeps_the_options_that_both_have(sampler, told):
    sampler.set_settings(RunSettings(solver="ipndm", options={"order": 2, "lower_order_final": True}))
    combo = _field(sampler, "solver").editor
    combo.setFocus()
    QTest.keyClick(combo, Key.Key_Up)
    assert told == [{"solver": "dpmpp_2m", "options": {"lower_order_final": True}}]


def test_an_option_is_told_with_the_others_and_left_out_at_its_default(qtbot, sampler, told):
    settings = RunSettings(solver="ipndm", options={"lower_order_final": True})
    sampler.set_settings(settings)
    _type(sampler._options["order"], "4")
    assert told == [{"options": {"lower_order_final": True, "order": 4}}]
    sampler.set_settings(replace(settings, options=told[0]["options"]))
    tick = sampler._options["lower_order_final"].editor
    qtbot.waitUntil(tick.isVisible)
    tick.setFocus()
    QTest.keyClick(tick, Key.Key_Space)
    assert told[1:] == [{"options": {"order": 4}}]


def test_an_edit_carries_its_field(sampler, told):
    sampler.set_settings(RunSettings())
    _type(_field(sampler, "sigma_max"), "12,5")
    _type(_field(sampler, "count"), "128")
    assert told == [{"sigma_max": 12.5}, {"count": 128}]
    assert all(RunSettings(**change) for change in told)


def test_errors_stand_at_their_fields_and_go(sampler):
    sampler.set_errors({"count": "Too many.", "driver": "Not mine."})
    assert _field(sampler, "count").error == "Too many."
    assert not sampler._elsewhere.isVisible()
    sampler.set_errors({})
    assert not _field(sampler, "count").error


def test_an_error_of_a_hidden_field_is_not_lost(sampler):
    sampler.set_settings(RunSettings(schedule="uniform"))
    sampler.set_errors({"rho": "ρ must be at least 1."})
    assert sampler._elsewhere.isVisible()
    assert sampler._elsewhere.text() == "ρ must be at least 1."


def test_commit_takes_what_is_typed_and_shows_what_is_wrong(sampler, told):
    sampler.set_settings(RunSettings())
    _type(_field(sampler, "steps"), "25", end=None)
    assert sampler.commit()
    assert told == [{"steps": 25}]
    _type(_field(sampler, "seed"), "x", end=None)
    assert not sampler.commit()
    assert _field(sampler, "seed").error
    assert sampler.focusWidget() is _field(sampler, "seed").editor


def test_the_button_is_the_action(sampler, qtbot):
    button = next(item for item in sampler.findChildren(QPushButton) if "Run" in item.text())
    assert button.text() == "Run  F5"
    with qtbot.waitSignal(sampler.run.triggered):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    sampler.run.setEnabled(False)
    assert not button.isEnabled()


def test_tab_follows_the_reading_order(sampler):
    sampler.set_settings(RunSettings(solver="dpm2", start="data"))
    QApplication.processEvents()
    shown = [sampler._fields["solver"], *sampler._options.values(), *list(sampler._fields.values())[1:]]
    assert len(sampler._options) == 1
    for before, after in pairwise(item.editor for item in shown):
        before.setFocus()
        QTest.keyClick(before, Key.Key_Tab)
        assert after.hasFocus()


# ---------------------------------------------------------------- model


def test_the_settings_are_shown_and_every_named_set_is_offered(model, told):
    settings = RunSettings(data="rings", data_count=50, data_seed=4, network="/a/net.safetensors", driver="network")
    model.set_settings(settings)
    assert _field(model, "data").editor.currentText() == "Rings"
    assert _field(model, "data").editor.count() == len(datasets.names())
    assert _field(model, "network").editor.currentText() == "net.safetensors"  # though it was not offered
    assert _field(model, "driver").editor.currentText() == "Network"
    assert (_field(model, "data_count").value, _field(model, "data_seed").value) == (50, 4)
    assert told == []


def test_only_generated_sets_have_a_count(model):
    for data, generated in (("two-moons", True), ("fashion-mnist", False), ("/a/points.csv", False)):
        model.set_settings(RunSettings(data=data))
        assert _field(model, "data_count").isVisible() == generated
        assert _field(model, "data_seed").isVisible() == generated


def test_edits_of_the_model_carry_their_fields(model, told):
    model.set_settings(RunSettings())
    combo = _field(model, "data").editor
    combo.setFocus()
    QTest.keyClick(combo, Key.Key_Down)
    _type(_field(model, "data_count"), "250")
    assert told == [{"data": datasets.names()[1]}, {"data_count": 250}]
    _type(_field(model, "data_seed"), "1", end=None)
    assert model.commit()
    assert told[2:] == [{"data_seed": 1}]


def test_a_driver_that_is_not_there_cannot_be_chosen(model, told):
    model.set_settings(RunSettings())
    model.set_driver_available({"optimal": True, "mixture": False, "network": False})
    combo = _field(model, "driver").editor
    combo.setFocus()
    QTest.keyClick(combo, Key.Key_Down)
    assert told == []
    assert "not known" in combo.itemData(1, Qt.ItemDataRole.ToolTipRole)
    model.set_driver_available({"mixture": True})
    QTest.keyClick(combo, Key.Key_Down)
    assert told == [{"driver": "mixture"}]


def test_messages_and_errors_stand_at_their_slots(model):
    model.set_message("data", "1,000 points", False)
    model.set_message("network", "No such file.", True)
    assert (model._messages["data"].text(), model._messages["data"].is_error) == ("1,000 points", False)
    assert model._messages["network"].is_error
    assert not model._messages["driver"].isVisible()
    model.set_errors({"data_count": "Too many."})
    assert _field(model, "data_count").error == "Too many."


def test_dropped_files_are_passed_on(model, qtbot, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "a b.npy")), QUrl("https://example.org/x")])
    dropped = []
    model.file_dropped.connect(dropped.append)
    buttons, modifiers = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, mime, buttons, modifiers)
    QApplication.sendEvent(model, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(model, QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, mime, buttons, modifiers))
    assert dropped == [str(tmp_path / "a b.npy")]


def test_the_model_fits_a_narrow_dock(qtbot):
    model = ModelPanel(LIGHT, QAction("Open checkpoint…"), QAction("Open data…"))
    qtbot.addWidget(model)
    model.set_settings(RunSettings(network="/a/" + "long" * 30 + ".safetensors"))
    model.set_message("data", "1,000 points in R², s = 0.87, sha256:0123456789abcdef", False)
    assert model.minimumSizeHint().width() <= model.sizeHint().width() <= NARROW  # a dock opens at the hint


# ---------------------------------------------------------------- runs


@pytest.fixture
def runs(qtbot):
    panel = _open(qtbot, RunsPanel(DARK))
    panel.resize(300, 200)
    panel.set_runs(_rows())
    return panel


def _rows(**changes):
    first = RunRow(id=7, name="Heun 18 · two moons", status="complete", color="#0072b2", pinned=True)
    second = RunRow(id=9, name="Euler 36 · rings", status="computing 7/36", visible=False, selected=True)
    return (first, replace(second, **changes))


def _recorded(panel):
    found = []
    for name in ("run_selected", "pin_toggled", "hide_toggled", "remove_wanted"):
        getattr(panel, name).connect(lambda *values, name=name: found.append((name, *values)))
    return found


def test_the_list_shows_the_runs(runs):
    tree = runs.findChild(QTreeWidget)
    assert [tree.topLevelItem(i).text(0) for i in range(2)] == ["Heun 18 · two moons", "Euler 36 · rings"]
    assert tree.currentItem() is tree.topLevelItem(1)
    ticks = [[tree.topLevelItem(i).checkState(c) is Qt.CheckState.Checked for c in (PINNED, VISIBLE)] for i in (0, 1)]
    assert ticks == [[True, True], [False, False]]
    assert not runs._empty.isVisible()
    runs.set_runs(())
    assert runs._empty.isVisible()
    assert not tree.isVisible()


def test_setting_runs_tells_nothing_and_keeps_the_items(runs):
    found = _recorded(runs)
    tree = runs.findChild(QTreeWidget)
    item = tree.topLevelItem(1)
    runs.set_runs(_rows(status="complete", pinned=True))
    assert tree.topLevelItem(1) is item
    assert item.checkState(PINNED) is Qt.CheckState.Checked
    runs.set_runs((_rows()[0],))
    runs.set_runs(_rows(selected=False))
    assert found == []


def test_clicks_and_keys_ask_for_what_they_mean(runs, qtbot):
    found = _recorded(runs)
    tree = runs.findChild(QTreeWidget)
    viewport, first, second = tree.viewport(), tree.topLevelItem(0), tree.topLevelItem(1)
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=tree.visualItemRect(first).center())
    assert found == [("run_selected", 7)]
    for column, tick in ((PINNED, ("pin_toggled", 9, True)), (VISIBLE, ("hide_toggled", 9, False))):
        box = tree.visualRect(tree.indexFromItem(second, column))
        QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(box.left() + 10, box.center().y()))
        assert found[-1] == tick
    assert len(found) == 3  # a tick does not select
    QTest.keyClick(tree, Key.Key_Down)
    QTest.keyClick(tree, Key.Key_Delete)
    assert found[3:] == [("run_selected", 9), ("remove_wanted", 9)]


def test_the_menu_does_by_keyboard_what_the_ticks_do(runs, qtbot):
    found = _recorded(runs)
    tree = runs.findChild(QTreeWidget)
    tree.setFocus()
    for downs, wanted in ((1, ("pin_toggled", 9, True)), (2, ("hide_toggled", 9, False)), (3, ("remove_wanted", 9))):
        QApplication.sendEvent(tree, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), QPoint(5, 5)))
        qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
        menu = QApplication.activePopupWidget()
        for _ in range(downs):
            QTest.keyClick(menu, Key.Key_Down)
        QTest.keyClick(menu, Key.Key_Return)
        assert found[-1] == wanted


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", ["sampler", "model", "runs"])
def test_every_control_has_a_name_and_a_tooltip(name, request):
    panel = request.getfixturevalue(name)
    if name == "sampler":
        panel.set_settings(RunSettings(solver="ipndm", start="data"))
        panel.run.setToolTip("Compute a new run")
    controls = [c for kind in (QAbstractSpinBox, QComboBox, QCheckBox) for c in panel.findChildren(kind)]
    assert controls or name == "runs"
    for control in controls:
        assert control.accessibleName(), control
        assert control.toolTip(), control
    for item in (*panel.findChildren(QTreeWidget), *panel.findChildren(QPushButton)):
        assert item.accessibleName()


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


def test_every_setting_has_a_field_somewhere(sampler, model):
    """A setting that is added later is not forgotten here."""
    elsewhere = {"schema_version", "options", "start_point"}  # options have their own fields; the point is clicked
    assert {*sampler._fields, *model._fields} | elsewhere == {item.name for item in fields(RunSettings)}
