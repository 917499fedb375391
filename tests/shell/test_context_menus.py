"""The menus of the plane, the scrubber, the runs and the plots, opened by right clicks and keys in the real window."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import choose_entry, entries, entry_of, open_menu, right_click
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeWidget
from real_window import WAIT, finished, kept, opened, press, type_in

from app.rooms import ROOMS
from app.rooms.transport.scrubber import Scrubber
from app.session.plane_options import PlaneOptions

Key, Shift = Qt.Key, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    """Where the one window is kept; the first test opens it."""
    yield from kept(tmp_path_factory)


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    (window,) = windows
    window.playback.pause()
    window.state.set_plane_options(PlaneOptions())
    window.state.select(sample=0, index=9)
    yield window
    if (menu := QApplication.activePopupWidget()) is not None:
        menu.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _at_sample(window, sample):
    plane = window.views.plane
    return plane.ground.to_widget(*plane.picture.curves.sampling[window.state.selection.index, sample]).toPoint()


def test_the_plane_offers_what_can_be_done_at_a_point(qtbot, window):
    plane, surface = window.views.plane, window.views.plane.ground.viewport()
    right_click(surface, _at_sample(window, 5))
    menu = open_menu(qtbot)
    near = next(entry.text() for entry in entries(menu) if entry.text().startswith("Select sample"))
    choose_entry(qtbot, near)
    assert window.state.selection.sample == int(near.removeprefix("Select sample "))
    there = plane.picture.curves.sampling[9, window.state.selection.sample]
    assert np.allclose(
        there, plane.picture.curves.sampling[9, 5], atol=2 * plane.ground.unit()
    )  # the click is on whole pixels
    place = QPoint(60, 60) + plane.ground.box.mapRectToScene(plane.ground.box.boundingRect()).topLeft().toPoint()
    point = plane.ground.to_plane(place)
    right_click(surface, place)
    choose_entry(qtbot, "Probe here")
    assert window.state.plane_options.tool == "probe"
    assert np.allclose(window.state.plane_options.probe, point)
    assert window.actions_by_id["tool.probe"].isChecked()


def test_a_trajectory_starts_at_a_point_of_the_menu(qtbot, window):
    plane = window.views.plane
    place = QPoint(150, 150)
    x, y = plane.ground.to_plane(place)
    right_click(plane.ground.viewport(), place)
    choose_entry(qtbot, "Start here")
    run = finished(qtbot, window, lambda run: run.settings.start == "point")
    window.playback.pause()
    assert np.allclose(run.x[0, 0], (x, y))
    press(qtbot, window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    finished(qtbot, window, lambda run: run.settings.start == "noise")


def test_the_plane_offers_tools_frames_and_layers_that_are_the_windows_own(qtbot, window):
    right_click(window.views.plane.ground.viewport(), QPoint(100, 100))
    menu = open_menu(qtbot)
    for name in ("tool.start", "frame.run", "layer.field", "mode.slice", "arrow.move"):
        action = window.actions_by_id[name]
        assert action in entries(menu)
    window.actions_by_id["layer.field"].trigger()
    assert "field" in window.state.plane_options.layers


def test_a_key_opens_the_menu_of_the_control_that_has_the_focus(qtbot, window):
    press(qtbot, window, Key.Key_F10, Shift)
    assert entry_of(open_menu(qtbot), "Probe here") is not None
    QTest.keyClick(open_menu(qtbot), Key.Key_Escape)
    assert QApplication.activePopupWidget() is None
    scrubber = window.views.transport.findChild(Scrubber)
    scrubber.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(scrubber, Key.Key_F10, Shift)
    choose_entry(qtbot, "To the end")
    assert window.state.selection.index == len(window.state.run.sigmas) - 1


def test_the_scrubber_copies_its_sigma_and_spreads_the_levels(qtbot, window):
    scrubber = window.views.transport.findChild(Scrubber)
    right_click(scrubber, QPoint(40, 20))
    choose_entry(qtbot, "Copy σ")
    assert float(QApplication.clipboard().text()) == window.state.run.sigmas[9]
    assert window.state.selection.index == 9  # the click for the menu moves nothing
    right_click(scrubber, QPoint(40, 20))
    assert entry_of(open_menu(qtbot), "log σ").isChecked()
    before = scrubber.places()
    entry_of(open_menu(qtbot), "step").trigger()
    assert not np.allclose(scrubber.places(), before)
    window.views.transport._choose_scale("log")


@pytest.mark.parametrize("name", [row.name for row in ROOMS if row.figure is not None])
def test_every_plot_has_a_menu_that_copies_its_own_picture(qtbot, window, monkeypatch, name):
    copied = []
    monkeypatch.setattr("app.export.figure.copied", lambda view, recipe: iter([copied.append(view)]))
    view = window.views[name]
    view.customContextMenuRequested.emit(view.rect().center())
    menu = open_menu(qtbot)
    assert entry_of(menu, "Save picture…").isEnabled()
    entry_of(menu, "Copy picture").trigger()
    qtbot.waitUntil(lambda: window.turns.resting)
    assert copied == [view]


def test_the_measures_menu_names_the_measures_where_a_plot_is_clicked(qtbot, window):
    window.layout_of_docks.bring_forward("measures")
    view = window.views.measures
    qtbot.waitUntil(view.isVisible, timeout=WAIT)
    child = view.childAt(view.rect().center())
    right_click(child, QPoint(5, 5))
    menu = open_menu(qtbot)
    assert entry_of(menu, view.picture.plots[0].title).isChecked()
    assert entry_of(menu, "Copy picture") is not None


def test_the_settings_of_a_run_are_taken_over_in_the_window(qtbot, window):
    first = window.state.run
    first.pinned = True
    type_in(qtbot, window.panels.sampler.fields["steps"], "9")
    second = finished(qtbot, window, lambda run: run.settings.steps == 9)
    tree = window.panels.runs.findChild(QTreeWidget)
    assert tree.topLevelItemCount() == 2
    right_click(tree.viewport(), tree.visualItemRect(tree.topLevelItem(0)).center())
    assert window.state.run is second
    choose_entry(qtbot, "Use these settings")
    assert window.panels.sampler.fields["steps"].value == 18
    assert window.actions_by_id["undo"].text() == "Undo steps 9 → 18"
    window.actions_by_id["undo"].trigger()
    assert window.panels.sampler.fields["steps"].value == 9
    assert window.actions_by_id["redo"].text() == "Redo steps 9 → 18"
    tree.setFocus()
    tree.setCurrentItem(tree.topLevelItem(0))
    assert window.state.run is first
    QTest.keyClick(tree, Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert window.panels.sampler.fields["steps"].value == 18
    assert not window.actions_by_id["redo"].isEnabled()
    assert window.actions_by_id["redo"].text() == "Redo"


def test_undo_is_off_while_there_is_nothing_to_take_back(qtbot, window):
    undo = window.actions_by_id["undo"]
    while undo.isEnabled():
        undo.trigger()
    assert undo.text() == "Undo"
    assert window.actions_by_id["redo"].isEnabled()
    finished(qtbot, window)
