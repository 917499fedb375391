"""The model and sampler panels, driven with keys and clicks as a person would."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product

import pytest
from gestures import choose, open_window
from gestures import type_into as _type
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QCheckBox, QComboBox, QPushButton, QStyle

from app.engine.messages import NetworkOpened
from app.panels.model import DRIVERS, ModelPanel
from app.panels.run_bar import RunBar
from app.panels.sampler import SamplerPanel
from app.plotting.theme import LIGHT
from app.session.drafting import fitting_count
from app.shell.tab_order import reading_order
from app.widgets.text import formula_html
from geomodel import datasets
from geomodel.schedules import SCHEDULES
from geomodel.settings import RunSettings
from geomodel.solvers import SOLVERS

Key = Qt.Key
NARROW = 280  # pixels: the narrowest that the dock may be


@pytest.fixture
def told():
    """What a signal has carried, in order."""
    return []


@pytest.fixture
def sampler(qtbot, told):
    panel = SamplerPanel(LIGHT)
    panel.edited.connect(told.append)
    return open_window(qtbot, panel)


@pytest.fixture
def model(qtbot, told):
    panel = ModelPanel(LIGHT, QAction("Open checkpoint…"), QAction("Open data…"))
    panel.edited.connect(told.append)
    panel.set_choices((("", "none"),), tuple((name, datasets.row(name).title) for name in datasets.names()))
    return open_window(qtbot, panel)


def _field(panel, name):
    return panel.fields[name]


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
    assert {name: item.value for name, item in sampler.fields.items()} == {
        name: getattr(settings, name) for name in sampler.fields
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
    sampler.set_settings(RunSettings(schedule="polyexponential"))
    assert _field(sampler, "rho").isVisible()


def test_a_schedule_brings_its_usual_rho(sampler, told):
    choose(_field(sampler, "schedule"), "vp_time")
    assert told == [{"schedule": "vp_time", "rho": 1.0}]


@pytest.mark.parametrize("row", SOLVERS, ids=lambda row: row.name)
def test_each_solver_has_its_own_options_and_formula(sampler, row):
    sampler.set_settings(RunSettings(solver=row.name))
    options = {option.name: option.default for option in row.options}
    assert {name: item.value for name, item in sampler._options.items()} == options
    assert f"order {row.order}" in sampler._solver_place.usual.text()
    assert formula_html(row.formula) in sampler._solver_place.usual.text()


def test_nothing_is_wider_than_a_narrow_dock(sampler):
    for solver, schedule in product(SOLVERS, SCHEDULES):
        sampler.set_settings(RunSettings(solver=solver.name, schedule=schedule.name, start="data"))
        QApplication.processEvents()
        needed = sampler.minimumSizeHint().width() + sampler.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        assert needed <= NARROW, (solver.name, schedule.name)


def test_another_solver_keeps_the_options_that_both_have(sampler, told):
    sampler.set_settings(RunSettings(solver="ipndm", options={"order": 2, "lower_order_final": True}))
    choose(_field(sampler, "solver"), "dpmpp_2m")
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
    _type(_field(sampler, "sigma_max"), "12.5")
    _type(_field(sampler, "count"), "128")
    assert told == [{"sigma_max": 12.5}, {"count": 128}]
    assert all(RunSettings(**change) for change in told)


def test_errors_stand_at_their_fields_and_go(sampler):
    sampler.set_errors({"count": "Too many.", "driver": "Not mine."})
    assert _field(sampler, "count").error == "Too many."
    assert sampler._start_place.error == "Too many."
    sampler.set_errors({})
    assert not _field(sampler, "count").error
    assert not any(place.error for place in sampler.places)


def test_an_error_of_a_hidden_field_is_not_lost(sampler):
    sampler.set_settings(RunSettings(schedule="uniform"))
    sampler.set_errors({"rho": "ρ must be at least 1."})
    assert sampler._schedule_place.error == "ρ must be at least 1."
    sampler.set_errors({"options": "No such option."})
    assert [place.error for place in sampler.places] == ["No such option.", "", "", ""]


def test_commit_takes_what_is_typed_and_shows_what_is_wrong(sampler, told):
    sampler.set_settings(RunSettings())
    _type(_field(sampler, "steps"), "25", end=None)
    assert sampler.commit()
    assert told == [{"steps": 25}]
    _type(_field(sampler, "seed"), "1e", end=None)
    assert not sampler.commit()
    assert _field(sampler, "seed").error
    assert sampler.focusWidget() is _field(sampler, "seed").editor


def test_the_button_is_the_action(qtbot):
    run = QAction("Run")
    run.setShortcut("F5")
    bar = open_window(qtbot, RunBar(run))
    button = bar.findChild(QPushButton)
    assert button.text() == "Run  F5"
    with qtbot.waitSignal(run.triggered):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    run.setEnabled(False)
    assert not button.isEnabled()


def test_tab_follows_the_reading_order(sampler):
    sampler.set_settings(RunSettings(solver="dpm2", start="data"))
    QApplication.processEvents()
    folded = [sampler._options["analytic_first_step"], sampler.fields["jump_at"]]
    solver, *others = sampler.fields.values()
    shown = [item for item in (sampler._preset, solver, *sampler._options.values(), *others) if item not in folded]
    assert len(sampler._options) == 2
    (fold,) = set(reading_order(sampler)) - {item.editor for item in shown}
    assert list(reading_order(sampler)) == [*(item.editor for item in shown), fold]
    sampler.open_advanced(True)
    QApplication.processEvents()
    assert set(list(reading_order(sampler))[-2:]) == {item.editor for item in folded}


def test_what_few_people_need_is_folded_unless_it_is_not_as_usual(sampler, qtbot):
    sampler.set_settings(RunSettings())
    jump, first = _field(sampler, "jump_at"), sampler._options["analytic_first_step"]
    fold = sampler._advanced
    assert not jump.isVisible()
    assert not first.isVisible()
    assert fold._button.text() == "Advanced"
    sampler.set_settings(RunSettings(jump_at=5))
    assert jump.isVisible()
    assert not first.isVisible()
    assert fold._button.text() == "Advanced (1 changed)"
    sampler.set_settings(RunSettings(jump_at=5, options={"analytic_first_step": True}))
    assert first.isVisible()
    assert fold._button.text() == "Advanced (2 changed)"
    sampler.set_settings(RunSettings())
    with qtbot.waitSignal(sampler.advanced_opened) as opened:
        fold._button.click()
    assert opened.args == [True]
    assert jump.isVisible()
    assert first.isVisible()
    fold._button.click()
    sampler.set_errors({"jump_at": "Too far."})
    assert jump.isVisible()  # what is wrong is never hidden
    assert sampler._advanced_place.error == "Too far."
    sampler.set_errors({})
    sampler.set_settings(RunSettings(solver="dpm2"))  # whose options are others
    assert sampler._options["analytic_first_step"] is not first
    assert not sampler._options["analytic_first_step"].isVisible()


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
    choose(_field(model, "data"), "rings")
    _type(_field(model, "data_count"), "250")
    assert told == [{"data": "rings"}, {"data_count": 250}]
    _type(_field(model, "data_seed"), "1", end=None)
    assert model.commit()
    assert told[2:] == [{"data_seed": 1}]


def test_a_driver_that_is_not_there_cannot_be_chosen(model, told):
    model.set_settings(RunSettings())
    model.set_refusals({row.value: "" if row.value == "optimal" else "The density is not known." for row in DRIVERS})
    combo = _field(model, "driver").editor
    combo.setFocus()
    QTest.keyClick(combo, Key.Key_Down)
    assert told == []
    assert "not known" in combo.itemData(1, Qt.ItemDataRole.ToolTipRole)
    model.set_refusals({"mixture": ""})
    QTest.keyClick(combo, Key.Key_Down)
    assert told == [{"driver": "mixture"}]


def test_messages_and_errors_stand_at_their_slots(model):
    model.set_message("data", "1,000 points", False)
    model.set_message("network", "No such file.", True)
    network, data, driver = model.places
    assert (network.error, data.error, driver.error) == ("No such file.", "", "")
    assert data.usual.text() == "1,000 points"
    model.set_errors({"data_count": "Too many."})
    assert _field(model, "data_count").error == data.error == "Too many."


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


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", ["sampler", "model"])
def test_every_control_has_a_name_and_a_tooltip(name, request):
    panel = request.getfixturevalue(name)
    if name == "sampler":
        panel.set_settings(RunSettings(solver="ipndm", start="data"))
    controls = [c for kind in (QAbstractSpinBox, QComboBox, QCheckBox) for c in panel.findChildren(kind)]
    assert controls
    for control in controls:
        assert control.accessibleName(), control
        assert control.toolTip(), control
    for button in panel.findChildren(QPushButton):
        assert button.accessibleName()


def test_what_a_driver_is_compared_with_can_be_chosen(model, told):
    model.set_refusals({"optimal": "", "gaussian": "", "classes": "No classes.", "network": ""})
    for driver, shown in (("optimal", False), ("network", True)):
        model.set_settings(RunSettings(driver=driver))
        assert _field(model, "compared_with").isHidden() != shown
    choose(_field(model, "compared_with"), "gaussian")
    assert told == [{"compared_with": "gaussian"}]
    model.set_settings(RunSettings(driver="gaussian", compared_with="gaussian"))
    assert _field(model, "beside").isHidden()  # the same curves twice


def test_every_setting_has_a_field_somewhere(sampler, model):
    """A setting that is added later is not forgotten here."""
    # fields of their own, a click, the schedule view, the plane
    elsewhere = {"schema_version", "options", "driver_options", "start_point", "levels", "drawing"}
    assert {*sampler.fields, *model.fields} | elsewhere == {item.name for item in fields(RunSettings)}


# ---------------------------------------------------------------- a batch that fits


@pytest.mark.parametrize(
    ("pace", "changes", "count"),
    [
        (0.0045, {}, 64),  # 30 s / (4.5 ms × 54 evaluations) = 123
        (0.0045, {"beside": False}, 128),
        (0.0045, {"solver": "euler", "beside": False}, 256),
        (1.0, {}, 1),
        (0.1, {"steps": 4, "data": ""}, 32),
        (0.1, {"steps": 0}, 256),  # typed, and told to be wrong
        (0.1, {"steps": -3}, 256),
    ],
)
def test_a_batch_is_proposed_that_takes_half_a_minute(pace, changes, count):
    network = NetworkOpened("net", None, 0.002, 80.0, pace)
    assert fitting_count(replace(RunSettings(driver="network", data="fashion-mnist"), **changes), network) == count
