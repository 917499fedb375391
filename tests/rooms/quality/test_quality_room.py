"""The quality room, driven by a person: measure, pick a jump, choose a distance, save; and what it says."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from gestures import type_into
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

import geomodel as gm
from app.export.offstage import Offstage
from app.plotting.theme import LIGHT
from app.rooms import ROOMS
from app.rooms.quality.feed import jump_settings
from app.rooms.quality.picture import instead, jump_reason, run_reason
from app.rooms.quality.pictures import QualityPicture
from app.rooms.quality.text import gain
from app.rooms.quality.view import QualityView
from geomodel import runs
from geomodel.experiments.quality import jump
from geomodel.quality import Quality
from geomodel.settings import RunSettings

ROW = next(row for row in ROOMS if row.name == "quality")
SIZE = (640, 900)


@pytest.fixture(scope="module")
def stage(qapp, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
    made = Offstage()
    drafting = made.services.player.drafting
    drafting.open_data("two-moons")
    made.settle()
    drafting.edit({"solver": "euler", "steps": 4, "count": 8})
    made.services.player.run()
    made.settle()
    made.services.playback.pause()
    yield made
    patch.undo()


@pytest.fixture(scope="module")
def measured(stage):
    """A room that has measured both pictures, at 32 samples."""
    room = built(stage)
    room.view.bar.count.set_value(32)
    for action in ("measure_jumps", "measure_run"):
        room.handlers()[action]()
        stage.settle()
    yield room
    closed(room)


def built(stage):
    room = stage.room(ROW)
    room.view.resize(*SIZE)
    room.view.show()
    stage.settle()
    return room


def closed(room):
    room.view.hide()
    room.release()
    room.view.deleteLater()


def test_the_first_jump_shown_is_the_best_one(measured):
    picture = measured.picture()
    values = [found.sliced for found in picture.jumps.qualities]
    assert picture.level == values.index(min(values))
    words = measured.view.describe()
    assert "D* · Two moons · Euler (DDIM) · 32 samples from seed 0. 32 samples are a quick look" in words
    for text in ("Jump at σ", "No jump (σ", "Control: 32 held-out data"):
        assert text in words
    assert "The run at σ" in words


def test_a_gain_is_said_and_whether_it_can_be_seen(measured):
    def jumps(jump, whole, control):
        qualities = (Quality(sliced=jump), Quality(sliced=whole))
        return replace(
            measured.jumps, sigmas=np.array([1.0, 0.1]), qualities=qualities, control=Quality(sliced=control)
        )

    assert gain(jumps(0.15, 0.2, 0.05), 0, "sliced") == "25 % nearer to the data than without a jump."
    assert gain(jumps(0.3, 0.2, 0.05), 0, "sliced").startswith("50 % farther from the data")
    assert "take more samples" in gain(jumps(0.052, 0.054, 0.05), 0, "sliced")
    assert gain(jumps(0.15, 0.2, 0.05), 1, "sliced") == ""  # the run without a jump itself
    assert gain(jumps(np.nan, 0.2, 0.05), 0, "sliced") == gain(jumps(0.1, 0.0, 0.05), 0, "sliced") == ""


def test_a_drag_on_the_plot_and_the_keys_of_the_slider_pick_a_jump(stage, measured):
    view, chart = measured.view, measured.view.jump_plot.chart
    measured._pick_level(3)
    middle = chart.viewport().rect().center().y()
    QTest.mousePress(chart.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(chart.viewport().width() - 25, middle))
    assert view.picture.level == 7
    QTest.mouseRelease(chart.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(chart.viewport().width() - 25, middle))
    ends = view.picture.jumps.ends
    assert view.panes[0].plane.dots.points.tolist() == ends[7].points.tolist()
    QTest.keyClick(view.slider, Qt.Key.Key_Down)
    QTest.keyClick(view.slider, Qt.Key.Key_Down)
    assert view.picture.level == view.slider.value() == 5
    assert view.panes[0].plane.dots.points.tolist() == ends[5].points.tolist()
    assert view.panes[1].plane.dots.points.tolist() == ends[7].points.tolist()  # the whole run stays
    assert view._titled[0].title.text().startswith("Jump at σ")


def test_a_drag_between_the_levels_computes_that_jump_when_it_is_released(stage, measured):
    view, chart = measured.view, measured.view.jump_plot.chart
    before, levels = measured.jumps, measured.jumps.sigmas
    at = ((chart._at(chart._x[2], 0.0) + chart._at(chart._x[3], 0.0)) / 2).toPoint()
    QTest.mousePress(chart.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert not measured._work.running
    QTest.mouseRelease(chart.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert measured._work.running
    middle = view.picture.wanted
    assert middle == pytest.approx(np.sqrt(levels[2] * levels[3]), rel=0.05)  # half way in log σ, to a pixel
    stage.settle()
    jumps = measured.jumps
    assert jumps.sigmas[view.picture.level] == pytest.approx(middle)
    assert jumps.sigmas.tolist() == sorted([*levels, middle], reverse=True)
    assert [jumps.qualities[at] for at in (2, 4)] == [before.qualities[at] for at in (2, 3)]
    assert jumps.qualities[3] not in before.qualities
    QTest.mousePress(chart.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseRelease(chart.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert not measured._work.running  # it is there now
    measured.jumps = before
    measured._pick_level(0)


def test_a_sigma_that_is_typed_is_computed_by_the_same_settings(stage, measured):
    before, data = measured.jumps, stage.services.state.data.dataset
    type_into(measured.view.sigma, "0.5")
    stage.settle()
    task = measured._of
    low, high = task.settings.sigma_min, task.settings.sigma_max
    x = runs.start_points(task.settings, data, None)
    model = gm.OptimalDenoiser(data.points)
    expected = jump(model, x, data, evaluations=task.evaluations, jump_sigmas=[0.5, low], sigma_max=high)
    found = measured.jumps.qualities[measured.view.picture.level]
    assert found == expected.qualities[0]
    type_into(measured.view.sigma, "1e9")
    assert "below σ max" in measured.view.describe()
    type_into(measured.view.sigma, f"{low / 2}")
    assert measured.view.picture.level == len(measured.jumps.sigmas) - 1
    measured.jumps = before
    measured._pick_level(0)


def test_another_distance_is_drawn(measured):
    view = measured.view
    measured._pick_distance("frechet")
    picture = view.picture
    shown = view.jump_plot.chart.values()
    quality = picture.jumps.qualities[picture.level]
    assert shown == [quality.frechet, picture.jumps.qualities[-1].frechet, picture.jumps.control.frechet]
    measured._pick_distance("sliced")
    assert view.jump_plot.chart.values()[0] == quality.sliced


def test_the_curves_of_the_run_follow_the_playhead(stage, measured):
    stage.go(2)
    run = measured.view.picture.run
    assert len(run.sigmas) == 5
    assert measured.view.run_plots[0].chart.values()[:2] == [run.x[2].sliced, run.denoised[2].sliced]
    QTest.mouseClick(measured.view.run_plots[1].chart.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(46, 40))
    assert stage.services.state.selection.index == 0


def test_the_table_has_both_pictures(measured, tmp_path):
    measured._write(str(tmp_path / "table.csv"))
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    clouds = [row["cloud"] for row in rows]
    assert [clouds.count(cloud) for cloud in dict.fromkeys(clouds)] == [8, 1, 5, 5, 1]
    assert float(rows[7]["sliced"]) == measured.jumps.qualities[-1].sliced


def test_numbers_of_other_settings_say_so(stage, measured):
    assert "changed since" not in measured.picture().caption
    drafting = stage.services.player.drafting
    drafting.edit({"rho": 3.0})
    assert measured.picture().caption.endswith("The settings have changed since.")
    drafting.edit({"steps": 9})  # which is no matter here
    drafting.edit({"rho": 7.0})
    assert "changed since" not in measured.picture().caption
    drafting.edit({"steps": 4})
    stage.settle()


def test_a_removed_run_takes_its_curves_along(stage, measured):
    state = stage.services.state
    assert measured.picture().run is None  # the edits above ran anew
    measured.measure_run()
    stage.settle()
    assert set(measured.runs) == {state.run.id}
    stage.services.player.remove(state.run.id)
    stage.settle()
    assert measured.runs == {}
    assert "There is no run yet" in measured.picture().run_reason
    assert not measured.picture().can_measure_run
    stage.services.player.run()
    stage.settle()
    stage.services.playback.pause()


def test_a_cancelled_measurement_says_so(stage):
    room = built(stage)
    room._measure_jumps({"count": 4, "evaluations": 2, "seed": 0})
    assert room.view.bar.jumps.text() == "Cancel"
    assert room.view.picture.working == "Measuring jumps: waiting"
    QTest.mouseClick(room.view.bar.jumps, Qt.MouseButton.LeftButton)
    stage.settle()
    assert room.picture().message == "The measurement was cancelled."
    closed(room)


def test_a_field_that_does_not_fit_starts_nothing(stage):
    room = built(stage)
    field = room.view.bar.evaluations
    field.editor.lineEdit().setText("1")
    room.handlers()["measure_jumps"]()
    assert not room.picture().working
    assert "at least 2" in room.view._said.error
    closed(room)


@pytest.mark.parametrize(
    ("solver", "reason"),
    [
        ("heun", "does not take one evaluation"),
        ("euler_maruyama", "draws noise"),
        ("dop853", "one evaluation"),
        ("ab", ""),
    ],
)
def test_eulers_steps_take_the_place_of_solvers_that_cannot_jump(solver, reason):
    draft = RunSettings(data="two-moons", solver=solver)
    found = instead(draft)
    assert jump_settings(draft, count=4, seed=0, evaluations=3).solver == ("euler" if reason else solver)
    assert reason in found
    assert bool(found) == bool(reason)
    assert "reference data" in jump_reason(RunSettings(data=""))


def test_without_a_run_there_is_nothing_to_measure(qtbot):
    assert "no run yet" in run_reason(None)
    view = QualityView(LIGHT)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    view.display(QualityPicture(reason="Because.", run_reason=run_reason(None)))
    assert not view.bar.jumps.isEnabled()
    assert not view.bar.run.isEnabled()
    assert not view.bar.save.isEnabled()
    assert view.describe() == "Because. There is no run yet. Run (F5) computes one."
