"""The solver room in the real window: races, schedules that are edited and designed, implied derivatives."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from code_of_runs import here
from gestures import choose
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QTextBrowser

from app.main_window import MainWindow
from app.rooms.compare.feed import menu
from app.session.lane import lane_name
from app.widgets.sight import seen
from geomodel import presets, solvers
from geomodel.settings import RunSettings
from geomodel.solvers.elsewhere import ELSEWHERE

WAIT = 60_000


@pytest.fixture
def idle(qtbot):
    """The window before its engine starts: for what needs no run, at a fifth of the time."""
    made = MainWindow()
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    yield made
    made.close()


@pytest.fixture
def window(qtbot, idle):
    idle.begin([])
    qtbot.waitUntil(lambda: settled(idle) and idle.state.run.status == "complete", timeout=WAIT)
    idle.playback.pause()
    return idle


def settled(window):
    return window.state.run is not None and window.player.computing is None and bool(window.player.device)


def show(qtbot, window, name):
    window.layout_of_docks.bring_forward(name)
    view = window.views[name]
    qtbot.waitUntil(lambda: seen(view))
    qtbot.waitUntil(lambda: window.turns.resting)  # all that it shows when it comes into sight
    return view


def raced(qtbot, window):
    qtbot.waitUntil(lambda: window.rooms.compare.comparison is not None and not window.player.tasks, timeout=WAIT)
    return window.rooms.compare.comparison


# ---------------------------------------------------------------- the race


def test_f6_races_the_lanes_from_the_runs_noise(qtbot, window):
    view = show(qtbot, window, "compare")
    window.actions_by_id["copy_race"].trigger()
    assert "There is no finished race to copy" in window.panels.status._message.text()
    assert "Add solvers" in view.picture.message
    QTest.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ControlModifier)  # the draft
    view.preset_wanted.emit("solver euler")
    QTest.keyClick(window, Qt.Key.Key_F6)
    found = raced(qtbot, window)
    assert [lane.state for lane in view.picture.lanes] == ["done", "done"]
    assert [lane.name for lane in view.picture.lanes] == [
        "Heun (EDM), 18 steps, Karras (ρ)",
        "Euler (DDIM), 18 steps, Karras (ρ)",
    ]
    assert np.array_equal(found.lanes[0].trajectory.x, window.state.run.trajectory.x)  # the same noise
    heun, euler = view.picture.lanes
    assert (heun.evaluations, euler.evaluations) == (36, 18)
    assert np.median(heun.errors[-1]) < np.median(euler.errors[-1])
    assert heun.sampling.shape == (19, 2)
    assert view.picture.reference_sampling.shape == (19, 2)
    window.actions_by_id["copy_race"].trigger()
    again = here(QGuiApplication.clipboard().text())["race"]
    assert [lane.lane.name for lane in again.lanes] == [lane.name for lane in view.picture.lanes]
    for lane, copied in zip(found.lanes, again.lanes, strict=True):
        assert np.array_equal(lane.trajectory.x, copied.trajectory.x)
        assert np.array_equal(lane.errors, copied.errors)


def test_a_pinned_run_is_a_lane_and_leaves_with_its_pin(qtbot, window):
    view = show(qtbot, window, "compare")
    window.panels.runs.pin_toggled.emit(window.state.run.id, True)
    assert [lane.name for lane in view.picture.lanes] == ["Heun (EDM), 18 steps, Karras (ρ)"]
    window.rooms.compare.add_current()
    assert [lane.name for lane in view.picture.lanes][1] == "Heun (EDM), 18 steps, Karras (ρ) (2)"
    view.remove_wanted.emit(0)
    assert not window.state.run.pinned
    assert len(view.picture.lanes) == 1


@pytest.mark.slow
def test_escape_cancels_a_race(qtbot, window):
    view = show(qtbot, window, "compare")
    window.player.drafting.edit({"count": 500})
    qtbot.waitUntil(lambda: settled(window), timeout=WAIT)
    view.preset_wanted.emit("solver dop853")
    view.race_wanted.emit()
    assert view.picture.running
    window.player.cancel()
    qtbot.waitUntil(lambda: not view.picture.running, timeout=WAIT)
    assert "cancelled" in view.picture.message
    assert "racing" not in window.player.tasks.values()


@pytest.mark.slow
def test_what_goes_wrong_is_said(qtbot, window):
    view = show(qtbot, window, "compare")
    window.player.drafting.edit({"solver": "rk45", "options": {"max_evaluations": 10}})
    qtbot.waitUntil(lambda: settled(window), timeout=WAIT)
    view.add_wanted.emit()
    view.race_wanted.emit()
    qtbot.waitUntil(lambda: not view.picture.running, timeout=WAIT)
    assert [(lane.state, "evaluations" in lane.message) for lane in view.picture.lanes] == [("failed", True)]


@pytest.mark.slow
def test_the_table_is_saved(qtbot, window, tmp_path):
    view = show(qtbot, window, "compare")
    view.save_wanted.emit()
    assert "no finished race" in window.panels.status._message.text()
    view.add_wanted.emit()
    view.race_wanted.emit()
    raced(qtbot, window)
    view.save_wanted.emit()
    dialog = window.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "race.csv"))
    dialog.close()
    with (tmp_path / "race.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 19 * 64


def test_every_line_of_the_menu_can_be_added(qtbot, idle):
    for choice, *_ in menu():
        idle.rooms.compare.add_preset(choice)
    assert len(idle.lanes.lanes) == len({lane.name for lane in idle.lanes.lanes}) == len(menu())


def test_a_lane_is_named_by_what_is_its_own():
    plain = RunSettings(solver="unipc", options={"order": 2, "variant": "bh1"}, final_zero=True, schedule="log_uniform")
    assert lane_name(plain) == "UniPC, variant bh1, 18 steps to 0, Uniform in log σ"


# ---------------------------------------------------------------- presets


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda item: item.name)
def test_presets_are_settings_that_can_run(preset):
    settings = RunSettings(**preset.changes)
    assert solvers.complete(settings.solver, settings.options)
    with pytest.raises(ValueError, match="no preset"):
        presets.row("best")


def test_a_preset_sets_the_sampler(qtbot, idle):
    field = idle.panels.sampler._preset
    choose(field, "edm")
    draft = idle.state.draft
    assert (draft.solver, draft.schedule, draft.steps, draft.final_zero) == ("heun", "karras", 18, True)
    assert field.value == "edm"
    idle.player.drafting.edit({"steps": 17})
    assert field.value is None


@pytest.mark.slow
def test_the_gits_preset_designs_six_steps(qtbot, window):
    choose(window.panels.sampler._preset, "gits6")
    qtbot.waitUntil(lambda: window.state.draft.schedule == "custom", timeout=WAIT)
    draft = window.state.draft
    assert (draft.solver, draft.steps, len(draft.levels)) == ("ipndm", 6, 7)
    view = show(qtbot, window, "schedule")
    assert view.picture.cost.path[-1] == len(view.picture.cost.sigmas) - 1
    assert len(view.picture.cost.path) == 7


# ---------------------------------------------------------------- schedules


def answered(qtbot, window, settings):
    room = window.rooms.schedule
    qtbot.waitUntil(lambda: room.answered_for == settings, timeout=WAIT)


@pytest.mark.slow
def test_a_dragged_knot_says_where_the_run_would_end(qtbot, window):
    view = show(qtbot, window, "schedule")
    answered(qtbot, window, window.player.drafting.filled())
    assert "end error" in view.picture.end_error
    levels = np.array(window.player.drafting.levels())
    levels[4] *= 1.1
    view.levels_dragged.emit(levels)
    assert window.state.draft.schedule == "karras"  # while it moves, nothing else does
    qtbot.waitUntil(lambda: "× that of Karras" in view.picture.end_error, timeout=WAIT)
    view.levels_dropped.emit(levels)
    assert window.state.draft.levels == tuple(levels)
    assert view.picture.edited
    qtbot.waitUntil(lambda: settled(window) and window.state.run.sigmas[4] == levels[4], timeout=WAIT)
    view.reset_wanted.emit()
    assert window.state.draft.schedule == "karras"


def test_levels_are_copied_and_pasted_exactly(qtbot, idle):
    view = show(qtbot, idle, "schedule")
    view.copy_wanted.emit()
    text = QGuiApplication.clipboard().text()
    assert [*map(float, text.split(","))] == idle.player.drafting.levels().tolist()
    QGuiApplication.clipboard().setText("9, 3.3333333333333335 1e-1\n0")
    view.paste_wanted.emit()
    assert idle.state.draft.levels == (9.0, 3.3333333333333335, 0.1, 0.0)
    assert (idle.state.draft.steps, idle.state.draft.final_zero) == (3, True)
    for text in ("[9, 3.5]", "tensor([9.0000, 3.5000])", "9; 3.5"):
        QGuiApplication.clipboard().setText(text)
        view.paste_wanted.emit()
        assert idle.state.draft.levels == (9.0, 3.5)
    for bad, word in (("three", "no list"), ("1, 2", "descend"), ("", "at least two"), ("9 nan", "NaN")):
        QGuiApplication.clipboard().setText(bad)
        view.paste_wanted.emit()
        assert word in idle.panels.status._message.text()
    assert idle.state.draft.levels == (9.0, 3.5)


def test_levels_are_saved_and_loaded(qtbot, idle, tmp_path):
    room = idle.rooms.schedule
    room._write(str(tmp_path / "levels.txt"))
    expected = tuple(idle.player.drafting.levels().tolist())
    idle.player.drafting.edit({"steps": 5})
    room.read(str(tmp_path / "levels.txt"))
    assert idle.state.draft.levels == expected
    (tmp_path / "marked.txt").write_bytes("\ufeff80.0\r\n10.0\r\n".encode())  # as Windows writes UTF-8
    room.read(str(tmp_path / "marked.txt"))
    assert idle.state.draft.levels == (80.0, 10.0)
    room.read(str(tmp_path / "levels.txt"))
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "large.txt").write_text("1 " * 600_000)
    for name, word in (("binary.txt", "cannot be read"), ("large.txt", "larger than"), ("none.txt", "cannot be read")):
        room.read(str(tmp_path / name))
        assert word in idle.panels.status._message.text()
    room._write(str(tmp_path / "nowhere" / "levels.txt"))
    assert "could not be written" in idle.panels.status._message.text()


def test_tors_is_designed_from_the_view(qtbot, window):
    view = show(qtbot, window, "schedule")
    view.design_wanted.emit("tors", {})
    assert "TORS" in view.picture.working
    qtbot.waitUntil(lambda: window.state.draft.schedule == "custom", timeout=WAIT)
    assert view.picture.cost is None
    assert len(window.state.draft.levels) == 19


def test_lanes_stand_on_the_axis_of_the_draft(qtbot, idle):
    view = show(qtbot, idle, "schedule")
    idle.rooms.compare.add_preset("preset edm")
    assert [row.hue for row in view.picture.rows] == [-1, idle.lanes.lanes[0].hue]
    assert view.picture.rows[1].sigmas[-1] == 0


# ---------------------------------------------------------------- derivatives


@pytest.mark.slow
def test_every_step_of_a_point_set_is_asked_for(qtbot, window):
    view = show(qtbot, window, "derivatives")
    qtbot.waitUntil(lambda: view.picture.sigmas is not None and not view.picture.pending, timeout=WAIT)
    picture = view.picture
    assert np.isfinite(picture.true).all()
    assert np.isfinite(picture.implied).all()
    assert picture.method in ("jvp", "central difference")
    assert "Ḋ" in picture.formula
    window.playback.go(3)
    qtbot.waitUntil(lambda: len(view.picture.arrows) == 3)
    view.level_picked.emit(7)
    assert window.state.selection.index == 7
    window.state.select(sample=2)
    qtbot.waitUntil(lambda: not view.picture.pending and np.isfinite(view.picture.true).all(), timeout=WAIT)


@pytest.mark.slow
def test_a_step_to_zero_says_why_it_has_no_derivative(qtbot, window):
    view = show(qtbot, window, "derivatives")
    window.player.drafting.edit({"final_zero": True, "steps": 6})
    qtbot.waitUntil(lambda: settled(window) and window.state.run.settings.final_zero, timeout=WAIT)
    qtbot.waitUntil(lambda: view.picture.why != () and "Euler step" in view.picture.why[-1], timeout=WAIT)


# ---------------------------------------------------------------- help, and the jump


def test_the_sheet_of_solvers_has_every_one(qtbot, idle):
    idle.actions_by_id["solvers"].trigger()
    sheet = idle.findChild(QTextBrowser)
    text = sheet.toPlainText()
    for row in solvers.SOLVERS:
        assert row.title in text
    assert "DDIM" in text
    assert "diff-sampler, GITS, AMED" in text
    assert ELSEWHERE.keys() == set(solvers.names())
    sheet.window().close()


def test_a_run_may_jump_to_the_denoiser(qtbot, window):
    window.player.drafting.edit({"jump_at": 9})
    qtbot.waitUntil(lambda: settled(window) and window.state.run.settings.jump_at == 9, timeout=WAIT)
    run = window.state.run
    assert len(run.sigmas) == 11
    assert run.sigmas[-1] == 0
    assert np.array_equal(run.x[-1], run.denoised[-1])
    window.player.drafting.edit({"jump_at": 40})
    assert "jump_at is the index" in window.state.errors["jump_at"]


def test_a_row_that_went_while_nobody_looked_is_not_used(qtbot, idle):
    view = show(qtbot, idle, "compare")
    for solver in ("euler", "heun"):
        view.preset_wanted.emit(f"solver {solver}")
    view.table.selectRow(1)
    show(qtbot, idle, "quality")
    qtbot.waitUntil(lambda: not seen(view))
    while idle.lanes.lanes:
        idle.lanes.remove(0)
    assert view.table.lane() == 1  # the table has not heard of it
    idle.actions_by_id["use_lane"].trigger()
    assert "Choose a row of the comparison first" in idle.panels.status._message.text()
    assert seen(view)
