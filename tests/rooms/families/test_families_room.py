"""The families room: what it shows of a run in each family, what it asks, and why it shows nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from window_runs import TOY, computed, moons, pictures

import geomodel as gm
from app.engine.contract import TaskEnded
from app.engine.messages import Cancel, DataOpened, StartRun
from app.export.offstage import Offstage
from app.plotting.sigma_axis import labels, positions
from app.rooms import ROOMS
from app.rooms.families import picture
from app.rooms.families.messages import FamiliesTask
from app.rooms.families.pictures import FamilyPaths
from app.widgets.text import unbroken
from geomodel.datasets import Dataset
from geomodel.projection import principal_components

ROW = next(row for row in ROOMS if row.name == "families")
SETTINGS = replace(TOY, count=3)


def shown(stage, run):
    """The room with a run that is selected."""
    room = stage.room(ROW)
    stage.services.state.add_run(run)
    stage.services.state.select(run_id=run.id)
    return room


def opened(points):
    """Data in the plane as the window has them."""
    dataset = Dataset(name="own.npy", kind="points", stored=np.asarray(points, np.float64))
    plane = principal_components(dataset.points) if len(points) > 1 else moons().plane
    return DataOpened(
        name="own.npy",
        count=len(points),
        seed=0,
        dataset=dataset,
        sigma_min=0.002 * dataset.std,
        sigma_max=10 * dataset.std,
        plane=plane,
        plane_points=plane.project(dataset.points),
    )


def task_of(run, **more):
    given = {
        "task_id": 5,
        "settings": SETTINGS,
        "x": run.x[0],
        "sigmas": tuple(run.sigmas),
        "steps": 4,
        "center": np.array([0.5, 0.0]),
        "unit": 1.0,
    }
    return FamiliesTask(**given | more)


# ---------------------------------------------------------------- the engine


def test_the_engine_gives_the_library_s_numbers(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    found = bench.handle(task_of(run)).result
    data = gm.datasets.load("two-moons", count=60)
    model = gm.OptimalDenoiser(data.points, data.labels)
    expected = gm.families.errors(model, run.x[0], run.sigmas, 4, center=np.array([0.5, 0.0]))
    assert [row.name for row in found] == [row.name for row in expected]
    for row, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(row.own, other.own, rtol=1e-9)
        np.testing.assert_array_equal(row.first, other.first)
        assert not row.own.flags.writeable
        assert not row.same.flags.writeable
        assert not row.run.flags.writeable


def test_a_cancel_stops_it(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    task = task_of(run)
    bench.worker.submit(Cancel(5))
    assert bench.handle(task) == TaskEnded(task)


# ---------------------------------------------------------------- the picture


@pytest.mark.parametrize("name", gm.families.names())
def test_z_is_the_family_s_and_x_the_run_s(name):
    run = computed(moons())
    paths = picture.paths_of(run, name, picture.samples_of(run, 0))
    assert isinstance(paths, FamilyPaths)
    row = gm.families.row(name)
    first = int(np.argmax(run.sigmas <= row.largest))
    assert paths.first == first
    np.testing.assert_array_equal(paths.sigmas, run.sigmas[first:])
    x = run.x[first:, :, 0] - run.center[0]
    np.testing.assert_allclose(paths.x.curves[0].values, x, rtol=1e-12)
    np.testing.assert_allclose(paths.z.curves[0].values, row.mean(paths.times)[:, None] * x, rtol=1e-12)
    np.testing.assert_allclose(paths.x.curves[1].values, run.denoised[first:, :, 0] - run.center[0], rtol=1e-12)
    assert row.title in paths.straightness


def test_the_control_of_straightness_does_not_know_the_family():
    run = computed(moons())
    samples = picture.samples_of(run, 0)
    found = [picture.paths_of(run, name, samples) for name in ("vp", "flow")]
    chords = np.linalg.norm(run.x[-1] - run.x[0], axis=1)
    expected = gm.geometry.off_straight(run.x, run.sigmas) / np.sqrt(np.mean(chords**2))
    np.testing.assert_allclose(found[0].straight.curves[1].values, expected, rtol=1e-12)
    (in_vp, first), (in_flow, second) = (paths.straight.curves for paths in found)
    np.testing.assert_array_equal(first.values, second.values)
    assert not np.allclose(in_vp.values, in_flow.values)


def test_every_family_is_a_row_and_the_run_is_the_last():
    run = computed(moons())
    rows, out = picture.rows_of(run, "flow", 7, {})
    assert [row.name for row in rows] == [*gm.families.names(), ""]
    assert [row.name for row in rows if row.picked] == ["flow"]
    assert all(len(row.sigmas) == 8 for row in rows[:-1])
    np.testing.assert_array_equal(rows[-1].sigmas, run.sigmas)
    assert out == ()


def test_a_family_below_the_run_says_so():
    run = computed(moons(), replace(TOY, sigma_min=2.0))
    words = picture.paths_of(run, "cvp", picture.samples_of(run, 0))
    assert words == "Contractive VP ends at σ = 1, below the levels of this run."
    rows, out = picture.rows_of(run, "cvp", 3, {})
    assert out == ("Contractive VP", "Contractive OU")
    assert len(rows) == 8
    assert "beyond Contractive VP" in picture.here_words(run, "cvp", 0)


@pytest.mark.parametrize(("scale", "unit"), [(1e3, 1e3), (1.0, 1.0), (1e-3, 1e-2)])
def test_data_far_away_and_of_any_size_look_the_same(scale, unit):
    """Moved and stretched data have their own centre and unit, so z is that of the data themselves."""
    points = np.asarray(moons().dataset.points, np.float64)
    near = computed(opened(points * (scale / unit)), replace(TOY, data=""))
    far = computed(opened(points * scale + 1e5 * scale), replace(TOY, data=""))
    assert picture.unit(near) == 1.0
    assert picture.unit(far) == pytest.approx(unit)
    for name in ("vp", "flow", "c_sub_vp"):
        a, b = (picture.paths_of(run, name, picture.samples_of(run, 0)) for run in (near, far))
        np.testing.assert_allclose(a.times, b.times, rtol=1e-3)  # the window rounds the ends of σ
        spread = np.abs(a.z.curves[0].values).max()
        np.testing.assert_allclose(np.abs(b.z.curves[0].values), np.abs(a.z.curves[0].values), atol=0.02 * spread)


def test_one_data_point_and_a_sample_that_does_not_move():
    run = computed(opened([[3.0, 4.0]]), replace(TOY, data="", sigma_max=5.0, sigma_min=0.1))
    paths = picture.paths_of(run, "vp", picture.samples_of(run, 0))
    assert "At σ 5.00, where the levels begin, they are 1 times as wide as the noise alone" in paths.prior
    still = np.broadcast_to(run.x[:1], run.x.shape)
    row = gm.families.row("ve")
    words = picture.straightness_words(still, run.sigmas, still, row.time(run.sigmas), row)
    assert words.startswith("No sample moves")


def test_images_are_drawn_along_the_first_component():
    run = computed(pictures())
    paths = picture.paths_of(run, "vp", picture.samples_of(run, 1))
    assert paths.x.title == "x PC 1"
    expected = (run.x - run.center).reshape(*run.x.shape[:2], -1) @ run.source.plane.vectors[0]
    np.testing.assert_allclose(paths.x.curves[0].values, expected, rtol=1e-9)


def test_without_data_the_ends_give_the_axis_and_the_prior_is_unknown():
    run = computed(pictures())
    run.source = None
    paths = picture.paths_of(run, "vp", picture.samples_of(run, 1))
    assert paths.x.title == "x PC 1 of the ends"
    assert paths.prior.startswith("No reference data")


def test_the_selected_sample_is_among_those_that_are_measured(monkeypatch):
    monkeypatch.setattr(picture, "SAMPLES", 2)
    run = computed(moons())
    assert picture.samples_of(run, 0).tolist() == [0, 1]
    assert picture.samples_of(run, 3).tolist() == [0, 3]
    assert picture.place_of(3, np.array([0, 3])) == 1
    assert picture.place_of(9, np.array([0, 3])) == 0


def test_why_there_is_nothing():
    growing = computed(moons(), levels=3)
    assert "has not ended" in picture.undefined(growing)
    run = computed(moons())
    assert picture.undefined(run) == ""
    short = computed(moons(), replace(TOY, schedule="custom", levels=(5.0, 0.0), steps=1))
    assert "one noise level above 0" in picture.undefined(short)


# ---------------------------------------------------------------- the room


def test_it_says_what_to_do_before_there_is_a_run(qtbot):
    stage = Offstage()
    room = stage.room(ROW)
    assert "Press Run" in room.picture().message
    room.begin()  # nothing to do, and nothing happens
    assert not room.picture().ready
    room.release()


def test_errors_are_asked_once_and_belong_to_their_n(qtbot, monkeypatch):
    stage = Offstage()
    run = computed(moons())
    room = shown(stage, run)
    begun = []
    monkeypatch.setattr(stage.services.player, "begin", lambda task, name="": begun.append(task))
    assert room.picture().steps == len(run.sigmas) - 1  # as many as the run has
    room.begin()
    (task,) = begun
    assert task.steps == 5
    np.testing.assert_array_equal(task.x, run.x[0])
    np.testing.assert_array_equal(task.center, run.center)
    errors = gm.families.errors(
        gm.OptimalDenoiser(run.source.dataset.points), task.x, task.sigmas, task.steps, center=task.center
    )
    room._work._happened(TaskEnded(task, errors))
    known = room.picture()
    assert known.errors == "Euler's errors, median of 4 samples from the exact curve, N = 5"
    by_name = {row.name: row for row in known.rows}
    for row in errors:
        assert by_name[row.name].own == np.median(row.own)
        assert by_name[row.name].same == np.median(row.same)
        assert by_name[row.name].run == np.median(row.run)
    assert np.isnan(by_name[""].own)
    assert not known.ready
    room.set_steps(9)
    changed = room.picture()
    assert changed.ready
    assert changed.errors == ""
    assert all(np.isnan(row.own) for row in changed.rows)
    assert len(changed.rows[0].sigmas) == 10
    room.set_steps(5)
    assert room.picture().errors == known.errors
    stage.services.state.remove_run(run.id)
    assert "Press Run" in room.picture().message
    room.release()


def test_a_run_without_its_model_has_clocks_but_no_errors(qtbot):
    stage = Offstage()
    run = computed(moons())
    run.linked = False
    room = shown(stage, run)
    found = room.picture()
    assert found.paths is not None
    assert not found.ready
    assert "model of this run" in found.words
    room.release()


def test_a_move_of_the_playhead_makes_nothing_anew(qtbot):
    stage = Offstage()
    room = shown(stage, computed(moons()))
    before = room.picture()
    stage.services.state.select(index=3)
    after = room.picture()
    assert after.paths is before.paths
    assert after.rows is before.rows
    assert after.here != before.here
    room.pick("flow")
    assert room.picture().paths is not before.paths
    room.release()


def test_a_click_on_a_clock_and_the_arrows_of_the_boxes(qtbot):
    stage = Offstage()
    room = shown(stage, computed(moons()))
    view = room.view
    qtbot.addWidget(view)
    view.resize(640, 900)
    view.show()
    room.refresh()
    view.clocks.resize(600, view.clocks.height())
    center = view.clocks.row_rect(5).center()
    QTest.mouseClick(view.clocks, Qt.MouseButton.LeftButton, pos=QPointF(center).toPoint())
    assert room.picture().family == "flow"
    assert view.family.value == "flow"
    foot = view.clocks.row_rect(9).center().toPoint()  # the run is no family
    QTest.mouseClick(view.clocks, Qt.MouseButton.LeftButton, pos=foot)
    assert room.picture().family == "flow"
    view.family.editor.setFocus()
    QTest.keyClick(view.family.editor, Qt.Key.Key_Up)
    assert room.picture().family == "cosine"
    picked = []
    view.level_picked.connect(picked.append)
    room.pick("cvp")
    view._straight.picked.emit(1)
    assert picked == [room.picture().paths.first + 1]
    QTest.keyClick(view.steps.editor, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: room.picture().steps == 6)
    assert "Contractive VP" in view.describe()
    room.release()


def test_a_number_of_steps_that_does_not_fit_is_said_at_the_field(qtbot, monkeypatch):
    stage = Offstage()
    room = shown(stage, computed(moons()))
    begun = []
    monkeypatch.setattr(stage.services.player, "begin", lambda task, name="": begun.append(task))
    view = room.view
    qtbot.addWidget(view)
    view.show()
    room.refresh()
    line = view.steps.editor.findChild(QLineEdit)
    line.selectAll()
    QTest.keyClicks(line, "0")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert view.steps.error == "N must be at least 1; it is 0."
    assert room.picture().steps == 5
    stage.services.state.select(index=2)
    assert line.text() == "0"  # the view leaves what a person has typed
    view._bar._button.click()
    assert not begun
    line.selectAll()
    QTest.keyClicks(line, "7")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert view.steps.error == ""
    view._bar._button.click()
    assert begun[0].steps == 7
    room.release()


def test_a_narrow_view_puts_knots_under_the_names(qtbot):
    stage = Offstage()
    run = computed(moons())
    room = shown(stage, run)
    clocks = room.view.clocks
    errors = {row.name: row for row in gm.families.errors(lambda x, sigma: 0 * x, run.x[0], run.sigmas, 3)}
    rows, _ = picture.rows_of(run, "vp", 3, errors)
    clocks.show_rows(rows, run.sigmas, 1.0)
    clocks.resize(600, 100)
    low = clocks.sizeHint().height()
    clocks.resize(240, 100)
    assert clocks.sizeHint().height() == low + len(rows) * clocks._line
    room.release()


def test_an_axis_of_times_is_named_and_falls_from_left_to_right():
    times = np.array([0.9, 0.4, 0.001])
    assert (np.diff(positions(times, "time")) > 0).all()
    texts = [text for _, text in labels(times, "time", lambda text: 7.0 * len(text), 400.0)]
    assert texts[:2] == ["t 0.9", "0.001"]
    assert "0.5" in texts


@pytest.mark.parametrize("name", gm.families.names())
def test_no_line_breaks_within_a_root(name):
    formula = picture.formula_of(gm.families.row(name))
    whole = unbroken(formula)
    assert whole.replace("\N{NO-BREAK SPACE}", " ") == formula
    lines = whole.split(" ")  # where a line may break
    assert all(line.count("(") == line.count(")") for line in lines)
    assert all(line.count("=") <= 1 for line in lines)
    assert "=" not in lines
    assert len(lines) > 3
