"""The real window at every size: everything is in sight, and what has a place keeps it whatever happens."""

from __future__ import annotations

import numpy as np
import pytest
from focused_window import as_at_first, opened_once, settled, until
from gestures import type_into
from in_sight import faults
from pausing import pause
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication

from app.plotting.theme import THEMES
from app.shell.workspaces import WORKSPACES, workspace

SIZES = ((1024, 700), (1280, 800), (1440, 900), (1920, 1080))
SENTENCE = "The sentence says at some length what is wrong here, what was expected, and what a person can do about it."
NAMES = [item.name for item in WORKSPACES]


@pytest.fixture(scope="module")
def opened(qapp, tmp_path_factory):
    yield from opened_once(tmp_path_factory)


@pytest.fixture
def window(opened):
    opened.resize(1280, 800)
    return as_at_first(opened)


@pytest.fixture(scope="module")
def pictures(opened, tmp_path_factory):
    """The window with images, their strip and a run."""
    path = tmp_path_factory.mktemp("data") / "pictures.npy"
    np.save(path, np.random.default_rng(2).integers(0, 256, (40, 8, 8), np.uint8))
    opened.documents.open_path(str(path))
    until(lambda: opened.state.run.settings.data == str(path) and opened.state.run.status == "complete")
    yield as_at_first(opened)
    opened.player.drafting.edit({"data": "two-moons", "data_count": 50})
    until(lambda: opened.state.run.settings.data == "two-moons" and opened.state.run.status == "complete")


def rest():
    """What was posted is done, such as the layouts'."""
    for _ in range(3):
        pause(0)


def places(window):
    """Where the plot, the fields, the button, the runs and the transport stand."""
    panels = window.panels
    fields = [field.editor for panel in (panels.model, panels.sampler) for field in panel.fields.values()]
    fixed = (window.views.plane.ground, window.views.transport, panels.run_bar, panels.runs, window.statusBar())
    rest()
    shown = [widget for widget in (*fixed, *fields) if widget.isVisible()]
    return [(widget.accessibleName(), widget.mapTo(window, widget.rect().topLeft()), widget.size()) for widget in shown]


def everything_is_in_sight(window, size):
    window.resize(*size)
    until(lambda: not faults(window))
    assert window.size().toTuple() == size
    least = window.minimumSizeHint()
    assert least.width() <= 1024
    assert least.height() <= 640  # of 700, a frame and a panel of the desktop may take some
    buttons = window.panels.run_bar.findChildren(QAbstractButton)
    scrubber = window.views.transport._scrubber
    for widget in (
        *buttons,
        scrubber,
        *window.views.transport._buttons.findChildren(QAbstractButton),
        window.statusBar(),
    ):
        assert widget.visibleRegion().boundingRect() == widget.rect()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_points_are_shown_whole_at_every_size(window, name, size):
    window.layout_of_docks.switch(name)
    everything_is_in_sight(window, size)


@pytest.mark.parametrize("size", SIZES[:2], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_the_probe_has_its_controls_in_sight(window, name, size):
    window.layout_of_docks.switch(name)
    window.actions_by_id["tool.probe"].trigger()
    everything_is_in_sight(window, size)


def test_a_workspace_leaves_no_tabs_and_no_size_behind(window):
    window.resize(1024, 700)
    for other in (*NAMES, *reversed(NAMES)):
        window.layout_of_docks.switch(other)
        rest()
        assert window.size().toTuple() == (1024, 700)
    for name in NAMES:  # from the first to each
        window.layout_of_docks.switch(NAMES[0])
        rest()
        window.layout_of_docks.switch(name)
        rest()
        assert window.size().toTuple() == (1024, 700)
        until(lambda: not faults(window))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES[:2], ids=str)
def test_no_tool_and_no_layer_moves_anything(window, name, size):
    window.resize(*size)
    window.layout_of_docks.switch(name)
    before = places(window)
    for action in (
        "tool.probe",
        "tool.branch",
        "tool.start",
        "tool.select",
        "inside",
        "inside",
        "layer.weights",
        "layer.weights",
    ):
        window.actions_by_id[action].trigger()
        assert places(window) == before, action
    for action in ("layer.field", "layer.field", "layer.data", "layer.data", "frame.data", "frame.sigma"):
        window.actions_by_id[action].trigger()
        assert places(window) == before, action


def test_a_run_that_replaces_another_moves_nothing(window):
    before, run = places(window), window.state.run
    window.actions_by_id["run"].trigger()
    until(lambda: window.state.run is not run and window.state.run.status == "complete")
    window.playback.pause()
    assert places(window) == before


def test_a_wrong_value_moves_no_field_and_is_said_where_it_arises(window):
    before = places(window)
    field = window.panels.sampler.fields["steps"]
    type_into(field, "0")
    until(lambda: field.error != "")
    assert window.panels.sampler._schedule_place.error == field.error
    assert places(window) == before
    type_into(field, "18")
    until(lambda: field.error == "")
    settled(window)
    assert places(window) == before


@pytest.mark.parametrize("name", ["options", "steps", "seed"])
def test_an_error_takes_the_place_of_a_formula_of_any_height(window, name):
    before = places(window)
    window.panels.sampler.set_errors({name: SENTENCE})
    assert places(window) == before
    window.panels.sampler.set_errors({})
    assert places(window) == before


@pytest.mark.parametrize("slot", ["network", "data", "driver"])
def test_a_message_at_a_slot_keeps_its_height(window, slot):
    before = places(window)
    said = window.panels.model._places[slot].usual.sentence
    for text, wrong in ((SENTENCE, True), ("", False)):
        window.panels.model.set_message(slot, text, wrong)
        assert places(window) == before
    window.panels.model.set_message(slot, said, False)


def test_f5_scrolls_to_what_keeps_a_run_from_starting(window):
    window.resize(1024, 700)
    field = window.panels.sampler.fields["seed"]
    type_into(field, "-5")
    window.panels._scroll.verticalScrollBar().setValue(0)
    window.views.plane.setFocus()
    QTest.keyClick(window.views.plane, Qt.Key.Key_F5)
    place = window.panels.sampler._start_place
    until(lambda: place.error != "" and not place.visibleRegion().isEmpty())
    type_into(field, "0")
    settled(window)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_wrong_editor_has_an_edge_of_its_own(window, theme):
    window.set_theme(THEMES[theme])
    editor = window.panels.model.fields["data_count"].editor
    window.panels.model.set_errors({"data_count": "Too many."})
    QApplication.processEvents()
    image = editor.grab().toImage()
    assert image.pixelColor(0, image.height() // 2).name() == THEMES[theme].error
    window.panels.model.set_errors({})
    window.set_theme(THEMES["light"])


# From here on images are open.


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_images_and_their_strip_are_shown_whole_at_every_size(pictures, name, size):
    pictures.layout_of_docks.switch(name)
    everything_is_in_sight(pictures, size)


@pytest.mark.parametrize("name", NAMES)
def test_the_transport_stands_still_while_the_strip_comes_and_goes(pictures, name):
    pictures.layout_of_docks.switch(name)
    rest()
    place = pictures.views.transport.geometry(), pictures.panels.run_bar.geometry()
    strip = pictures.layout_of_docks.docks["strip"]
    for visible in (False, True):
        pictures.layout_of_docks.show_image_rooms(visible=visible)
        rest()
        assert strip.isVisible() == (visible and "strip" in workspace(name).rooms)
        assert (pictures.views.transport.geometry(), pictures.panels.run_bar.geometry()) == place
    pictures.actions_by_id["reset_layout"].trigger()
    rest()
    assert (pictures.views.transport.geometry(), pictures.panels.run_bar.geometry()) == place
