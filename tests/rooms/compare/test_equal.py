"""Solvers at equal evaluations in the real window: ticks, costs, cells, a lane that fails, the sweep, by keyboard."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from code_of_runs import here
from parts import part
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSpinBox
from real_window import WAIT, choose_file, finished, kept, opened

from app.rooms.compare.columns import EVALUATIONS, NAME, STEPS
from app.rooms.compare.equal import USUAL
from app.widgets.ticks import NOTE, TickList
from geomodel.experiments.sweep import spread

K, M = Qt.Key, Qt.KeyboardModifier
window_of_module = pytest.fixture(scope="module", name="windows")(kept)


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
        windows[0].player.drafting.edit({"data_count": 60})
        finished(qtbot, windows[0], lambda run: run.settings.data_count == 60)
        windows[0].player.drafting.edit({"count": 3, "steps": 6})
        finished(qtbot, windows[0], lambda run: run.settings.count == 3)
    window = windows[0]
    window.activateWindow()
    return window


@pytest.fixture
def room(window):
    room = window.rooms.compare
    window.layout_of_docks.bring_forward("compare")
    while room._lanes.lanes:
        room._lanes.remove(0)
    return room


def raced(qtbot, window, room):
    qtbot.waitUntil(lambda: room.comparison is not None and not window.player.tasks, timeout=WAIT)
    return room.view.picture.lanes


def cells(view, row):
    model = view.table.model()
    return [model.index(row, column).data() for column in (NAME, STEPS, EVALUATIONS)]


def type_number(text):
    """Type into the control that has the focus."""
    control = QApplication.focusWidget()
    QTest.keyClick(control, K.Key_A, M.ControlModifier)
    QTest.keyClicks(control, text)
    return control


def test_ten_evaluations_by_keyboard_alone(qtbot, window, room):
    view = room.view
    QTest.keyClick(window, K.Key_F6, M.ShiftModifier)
    control = type_number("11")
    assert "at most" in control.accessibleName()
    ticks = part(view, TickList)
    while QApplication.focusWidget() is not ticks:
        QTest.keyClick(QApplication.focusWidget(), K.Key_Tab)
    assert ticks.ticked() == USUAL
    notes = {item.text(0): item.text(NOTE).strip() for item in ticks._lines()}
    assert notes["Heun (EDM)"] == "5 steps cost 10"
    assert notes["Runge–Kutta 4"] == "2 steps cost 8"
    assert notes["DOP853"] == "its own steps"
    playing = window.playback.playing
    QTest.keyClick(ticks, K.Key_Space)  # the group
    assert len(ticks.ticked()) == 8 + 3
    QTest.keyClick(ticks, K.Key_Space)
    QTest.keyClick(ticks, K.Key_Down)
    QTest.keyClick(ticks, K.Key_Space)
    for _ in range(6):
        QTest.keyClick(ticks, K.Key_Down)
    QTest.keyClick(ticks, K.Key_Space)
    assert window.playback.playing == playing  # Space was for the ticks
    ticks.set_ticked(("euler", "rk4"))
    while QApplication.focusWidget() is not view.equal.race:
        QTest.keyClick(QApplication.focusWidget(), K.Key_Tab, M.ShiftModifier)
    QTest.keyClick(view.equal.race, K.Key_Space)
    assert not view.equal.isVisible()  # its room is that of the results
    lanes = raced(qtbot, window, room)
    assert [(lane.steps, lane.evaluations, lane.asked) for lane in lanes] == [(11, 11, 11), (2, 8, 11)]
    assert cells(view, 1) == ["Runge–Kutta 4, 2 steps, Karras (ρ)", "2", "8 of 11"]


def test_other_lanes_stay_and_earlier_equal_ones_go(window, room):
    room.add_current()
    room.race_equal(("euler", "heun"), 8)
    room.cancel()
    assert [lane.asked for lane in room._lanes.lanes] == [None, 8, 8]
    room._lanes.add_equal([replace(room._lanes.lanes[0].settings, steps=3)], 6)
    assert [(lane.settings.steps, lane.asked) for lane in room._lanes.lanes] == [(6, None), (3, 6)]


def test_cells_are_edited_and_a_sampler_is_used(qtbot, window, room):
    view = room.view
    qtbot.waitUntil(lambda: not view.picture.running, timeout=WAIT)
    assert room.edits.add_equal(("euler", "rk4"), 10) == ""
    view.table.setFocus()
    view.table.selectRow(1)
    QTest.keyClick(view.table, K.Key_Return)
    assert QApplication.focusWidget().accessibleName() == "Evaluations 8 of 10"
    QTest.keyClick(type_number("21"), K.Key_Return)
    qtbot.waitUntil(lambda: cells(view, 1)[1:] == ["5", "20 of 21"])
    assert view.table.lane() == 1
    QTest.keyClick(view.table, K.Key_Return, M.ShiftModifier)
    QTest.keyClick(type_number("3"), K.Key_Return)
    qtbot.waitUntil(lambda: cells(view, 1)[1:] == ["3", "12"])
    assert view.table.hasFocus()
    QTest.keyClick(view.table, K.Key_Return)
    QTest.keyClick(type_number("2"), K.Key_Return)  # less than a step
    qtbot.waitUntil(lambda: not view.table.findChildren(QSpinBox))
    assert "costs 4 evaluations; 2 are too few" in window.panels.status._message.text()
    assert cells(view, 1)[1:] == ["3", "12"]
    view.solver_wanted.emit(1, "dpm3")
    assert cells(view, 1) == ["DPM-Solver-3, 3 steps, Karras (ρ)", "3", "9"]
    before = window.state.draft
    QTest.keyClick(view.table, K.Key_Return, M.ControlModifier)
    assert (window.state.draft.solver, window.state.draft.steps) == ("dpm3", 3)
    QTest.keyClick(window, K.Key_Z, M.ControlModifier)
    qtbot.waitUntil(lambda: window.state.draft == before)


def test_pinned_runs_and_own_levels_stay_as_they_are(window, room):
    room.add_current()
    room._lanes.lanes[0].run_id = window.state.run.id
    levels = {"schedule": "custom", "levels": (9.0, 3.0, 0.1), "steps": 2}
    room._lanes.add(replace(room._lanes.lanes[0].settings, **levels))
    model = room.view.table.model()
    for row, why in ((0, "pinned run"), (1, "levels of your own")):
        for column in (STEPS, EVALUATIONS):
            index = model.index(row, column)
            assert not index.flags() & Qt.ItemFlag.ItemIsEditable
            assert why in index.data(Qt.ItemDataRole.ToolTipRole)


@pytest.mark.slow
def test_a_lane_that_fails_says_why_and_leaves_the_others(qtbot, window, room):
    room.add_preset("solver rk45")
    room.add_preset("solver euler")
    settings = room._lanes.lanes[0].settings
    room._lanes.change(0, replace(settings, options={"max_evaluations": 5}), None)
    room.race()
    failed, euler = raced(qtbot, window, room)
    assert (failed.state, euler.state) == ("failed", "done")
    assert "needs more than max_evaluations = 5" in cells(room.view, 0)[0]
    assert room.view.picture.message == ""
    assert "needs more" in room.view.describe()
    window.actions_by_id["copy_race"].trigger()
    again = here(QGuiApplication.clipboard().text())["race"]
    assert [lane.lane.name for lane in again.lanes] == [euler.name]
    assert np.array_equal(again.lanes[0].errors, euler.errors)


def test_the_sweep(qtbot, window, room, tmp_path):
    view = room.view
    window.actions_by_id["copy_sweep"].trigger()
    assert "no finished sweep" in window.panels.status._message.text()
    panel = view.open_equal()
    panel.ticks.set_ticked(("heun", "euler_ancestral"))
    panel.first.set_value(9)
    panel.last.set_value(4)
    panel.start_sweep()
    assert "it cannot end at 4" in panel.last.error
    panel.last.set_value(30)
    QTest.keyClick(window, K.Key_F6, M.ControlModifier | M.ShiftModifier)
    assert view.picture.running
    qtbot.waitUntil(lambda: room.sweeping.sweep is not None and not window.player.tasks, timeout=WAIT)
    heun, stochastic = view.picture.swept
    assert view.plotted == "sweep"
    assert view.chart.titles[0].endswith("evaluations")
    counts = heun.evaluations_at.tolist()
    assert counts == sorted({count // 2 * 2 for count in spread(9, 30)})
    assert np.allclose(10 ** view.chart.curves[0].dots, np.stack([counts, np.median(heun.errors, axis=1)], 1))
    assert "slope −" in cells(view, 0)[0]
    assert stochastic.evaluations_at[-1] == 30
    QTest.keyClick(view.table, K.Key_Delete)  # a solver of a sweep is no lane
    assert len(view.picture.swept) == 2
    window.actions_by_id["copy_sweep"].trigger()
    again = here(QGuiApplication.clipboard().text())["sweep"]
    for one, other in zip(room.sweeping.sweep.lines, again.lines, strict=True):
        assert np.array_equal(one.errors, other.errors)
    view.save_wanted.emit()
    choose_file(qtbot, tmp_path / "sweep.csv")
    qtbot.waitUntil(lambda: (tmp_path / "sweep.csv").exists(), timeout=WAIT)
    with (tmp_path / "sweep.csv").open(encoding="utf-8", newline="") as file:
        assert {row["solver"] for row in csv.DictReader(file)} == {"heun", "euler_ancestral"}
    view.table.selectRow(0)
    room.edits.use(0)
    assert (window.state.draft.solver, window.state.draft.steps) == ("heun", 5)  # at the evaluations that are typed


def test_a_sweep_is_cancelled(qtbot, window, room):
    room.sweep(("euler", "rk4"), 5, 900)
    assert room.view.bar.race.text() == "Cancel"
    window.player.cancel()
    qtbot.waitUntil(lambda: not room.view.picture.running and not window.player.tasks, timeout=WAIT)
    assert room.view.picture.message == "The sweep was cancelled."
    room.view.plot("sigma")
