"""The options of the theory that drives: fields and sliders, a drag that is followed, and one undo for all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gestures import open_window
from gestures import type_into as _type
from pausing import pause
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionSlider
from session_bench import Session
from window_runs import moons, pictures

from app.engine.messages import StartRun
from app.panels import driver_feed
from app.panels.driver_feed import DriverFeed
from app.panels.model import DRIVERS, ModelPanel
from app.plotting.theme import LIGHT
from app.widgets.spread import Spread
from geomodel import theories
from geomodel.run_checks import driver_refusal
from geomodel.settings import RunSettings

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def told():
    """What the panel has told of the options."""
    return []


@pytest.fixture
def panel(qtbot, told):
    made = ModelPanel(LIGHT, QAction("Open data…"))
    made.options.edited.connect(told.append)
    made.options.dragged.connect(lambda changes, begins: told.append((changes, begins)))
    return open_window(qtbot, made)


def show(panel, data, driver, **options):
    panel.options.set_data(data)
    panel.set_settings(RunSettings(data=data.name, driver=driver, driver_options=options))


def handle(slider):
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    part = QStyle.SubControl.SC_SliderHandle
    return slider.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider).center()


def drag(slider, *ways):
    """Press the handle and move it by so many pixels, one after the other. The button stays down."""
    at = handle(slider)
    QTest.mousePress(slider, LEFT, pos=at)
    for way in ways:
        QTest.mouseMove(slider, QPoint(at.x() + way, at.y()))
        QApplication.processEvents()
    return QPoint(at.x() + ways[-1], at.y())


@pytest.mark.parametrize("row", theories.THEORIES, ids=lambda row: row.name)
def test_the_options_stand_under_their_driver_alone(panel, row):
    data = pictures().dataset
    show(panel, data, row.name)
    assert list(panel.options.fields) == [option.name for option in row.options]
    assert panel.options.isHidden() == (not row.options)
    for option in row.options:
        item = panel.options.fields[option.name]
        assert item.value == option.default
        assert item.editor.accessibleName() == option.title
        assert option.tooltip.split(".")[0].replace("<", "&lt;") in item.editor.toolTip()
        if item.slider is not None:
            assert item.slider.accessibleName() == f"{option.title}, slider"
    show(panel, data, "network")
    assert panel.options.isHidden()


def test_the_drivers_are_those_of_the_table_with_the_reason_of_each_refusal(panel):
    assert {row.value for row in DRIVERS} == {*theories.names(), "mixture", "network", "blend"}
    data = moons().dataset
    panel.set_refusals({row.value: driver_refusal(row.value, data) for row in DRIVERS})
    driver = panel.fields["driver"]
    assert "is for images" in driver.why_not("local")
    assert driver.why_not("smoothed") == ""
    assert "blurred averages" in next(row.help for row in DRIVERS if row.value == "smoothed")


def test_an_option_is_told_with_the_others_and_left_out_at_its_default(panel, told):
    show(panel, moons().dataset, "smoothed", draws=8)
    _type(panel.options.fields["seed"], "3")
    assert told == [{"driver_options": {"draws": 8, "seed": 3}}]
    show(panel, moons().dataset, "smoothed", **told[0]["driver_options"])
    _type(panel.options.fields["draws"], "16")
    assert told[1:] == [{"driver_options": {"seed": 3}}]


def test_arrows_keep_patches_odd_and_draws_even(panel, told):
    show(panel, pictures().dataset, "local")
    box = panel.options.fields["patch"].editor
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert box.text() == "9"
    show(panel, moons().dataset, "smoothed")
    box = panel.options.fields["draws"].editor
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.text() == "14"


def test_a_wrong_option_is_explained_at_its_field(panel):
    show(panel, moons().dataset, "nearest", k=5)
    sentence = "Neighbours k is at most 60 here; it is 61."
    panel.set_errors({"driver_options.k": sentence})
    assert panel.options.fields["k"].error == sentence
    assert panel.places[2].error == sentence
    panel.set_errors({})
    assert panel.places[2].error == ""
    _type(panel.options.fields["k"], "1e", end=None)
    assert not panel.commit()


@pytest.mark.parametrize("typed", ["3", "-1"])
def test_what_is_typed_goes_with_its_theory(panel, told, typed):
    show(panel, moons().dataset, "smoothed")
    editor = panel.options.fields["seed"].editor
    editor.setFocus()
    _type(panel.options.fields["seed"], typed, end=None)
    show(panel, moons().dataset, "bandwidth")
    assert told == []
    assert panel.places[2].error == ""
    assert panel.commit()


def test_a_drag_is_told_while_it_goes_on_and_keeps_its_own_value(panel, told):
    show(panel, moons().dataset, "bandwidth")
    item = panel.options.fields["factor"]
    end = drag(item.slider, 4, 8, 12)
    assert [begins for _, begins in told] == [True, *[False] * (len(told) - 1)]
    values = [changes["driver_options"]["factor"] for changes, _ in told]
    assert values == sorted(set(values))
    assert item.editor.text() == f"{values[-1]:g}"
    show(panel, moons().dataset, "bandwidth", factor=values[0])  # the draft, which is behind
    assert item.editor.text() == f"{values[-1]:g}"
    QTest.mouseRelease(item.slider, LEFT, pos=end)
    show(panel, moons().dataset, "bandwidth", factor=0.5)
    assert item.editor.text() == "0.5"
    assert item.slider.part() == pytest.approx(Spread(0.1, 10, "log").part(0.5), abs=0.005)


def test_a_typed_value_beyond_the_slider_stays(panel, told):
    show(panel, moons().dataset, "bandwidth")
    _type(panel.options.fields["factor"], "50")
    assert told == [{"driver_options": {"factor": 50}}]
    assert panel.options.fields["factor"].slider.part() == 1.0


@pytest.mark.parametrize(
    "spread", [Spread(0, 3, "square"), Spread(0.1, 10, "log"), Spread(1, 55, every=2), Spread(1, 900, "log", every=1)]
)
def test_values_and_places_of_a_slider_belong_together(spread):
    """Three digits, or whole numbers, are what is lost."""
    parts = np.linspace(0, 1, spread.steps + 1)
    values = np.array([spread.value(part) for part in parts])
    assert (values[0], values[-1]) == (spread.low, spread.high)
    assert (np.diff(values) >= 0).all()
    again = [spread.value(spread.part(value)) for value in values]
    np.testing.assert_allclose(again, values, rtol=6e-3)
    assert spread.part(spread.high + 1) == 1.0
    if spread.every:
        assert ((values - spread.low) % spread.every == 0).all()


def test_one_data_point_leaves_nothing_to_slide(panel):
    one = replace(moons().dataset, stored=moons().dataset.stored[:1], labels=None)
    show(panel, one, "nearest")
    assert panel.options.fields["k"].slider.part() == 0.0


# ---------------------------------------------------------------- the draft and its runs


@pytest.fixture
def driven(qtbot, panel, monkeypatch):
    """A session whose slider is the panel's."""
    monkeypatch.setattr(driver_feed, "BETWEEN_MS", 1)
    session = Session()
    session.open(moons())
    session.drafting.edit({"driver": "bandwidth"})
    session.finish()
    panel.options.set_data(session.state.data.dataset)
    session.state.draft_changed.connect(lambda: panel.set_settings(session.state.draft))
    panel.set_settings(session.state.draft)
    session.feed = DriverFeed(session.player, panel.options, session)
    return session


def started(session):
    return [item.settings.driver_options for item in session.engine.commands if isinstance(item, StartRun)]


def test_while_a_run_is_computed_the_newest_value_alone_waits(driven, panel, qtbot):
    before = len(started(driven))
    item = panel.options.fields["factor"]
    end = drag(item.slider, 4, 8, 12, 16)
    pause(30)
    assert len(started(driven)) == before + 1  # the first value; its run is not cancelled by the next ones
    driven.finish()
    qtbot.waitUntil(lambda: len(started(driven)) == before + 2)
    assert started(driven)[-1] == {"factor": item.value}
    driven.finish()
    QTest.mouseRelease(item.slider, LEFT, pos=end)
    pause(30)
    assert driven.state.draft.driver_options == {"factor": item.value}
    assert driven.state.run.settings.driver_options == {"factor": item.value}


def test_a_whole_drag_is_taken_back_at_once(driven, panel, qtbot):
    item = panel.options.fields["factor"]
    end = drag(item.slider, 4, 8)
    driven.finish()
    pause(30)
    driven.finish()
    QTest.mouseRelease(item.slider, LEFT, pos=end)
    assert driven.state.draft.driver_options
    driven.drafting.undo()
    assert driven.state.draft.driver_options == {}
    assert driven.state.draft.driver == "bandwidth"


def test_another_driver_ends_what_waits(driven, panel):
    item = panel.options.fields["factor"]
    end = drag(item.slider, 4, 8)
    QTest.mouseRelease(item.slider, LEFT, pos=end)
    driven.drafting.edit({"driver": "nearest"})
    driven.finish()
    pause(30)
    assert (driven.state.draft.driver, driven.state.draft.driver_options) == ("nearest", {})


def test_choosing_a_driver_starts_with_its_own_defaults(driven):
    driven.drafting.edit({"driver_options": {"factor": 3.0}})
    driven.drafting.edit({"driver": "smoothed"})
    assert driven.state.draft.driver_options == {}


def test_data_without_what_a_theory_needs_are_driven_by_d_star(driven):
    driven.open(pictures())
    driven.drafting.edit({"driver": "local", "driver_options": {"patch": 3}})
    driven.open(moons())
    assert (driven.state.draft.driver, driven.state.draft.driver_options) == ("optimal", {})


def test_many_draws_are_no_longer_live(driven):
    driven.drafting.edit({"driver": "smoothed"})
    assert driven.drafting.is_toy
    driven.drafting.edit({"driver_options": {"draws": 1024}, "steps": 200})
    assert not driven.drafting.is_toy
