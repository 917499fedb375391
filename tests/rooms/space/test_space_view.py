"""Space in a person's hands: turning, zooming, picking, keys, the lists and buttons, and its words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from space_stage import SpaceStage

from app.engine.contract import TaskProgress
from app.plotting.theme import DARK, LIGHT, PRINT
from app.rooms.space.camera import Camera
from app.rooms.space.numbers import SCALE, TO_GAUSSIAN
from app.rooms.space.pictures import SpacePicture
from app.rooms.space.text import legend

Key = Qt.Key


@pytest.fixture(scope="module")
def stage(qapp, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
        made = SpaceStage()
        made.compute("clusters-64")
        yield made
        made.close()


@pytest.fixture
def view(stage):
    """The view as it is at first."""
    view = stage.view
    view.canvas.look_from(Camera())
    view.colouring_chosen.emit("sigma")
    view.turns_chosen.emit("orthogonal")
    for button in view.bar.buttons.values():
        if button.isChecked():
            button.click()
    stage.services.state.select(index=0, sample=0)
    stage.settle()
    view.setFocus()
    return view


def row(view, title):
    """The values of a row of numbers, by owner."""
    picture = view.picture
    values = next(row.values for row in picture.rows if row.title == title)
    return dict(zip(picture.owners, values, strict=True))


def ink(canvas):
    """How many pixels of the drawing are not the ground."""
    image = canvas.grab().toImage()
    pixels = np.asarray(image.constBits()).reshape(image.height(), -1, 4)[:, : image.width(), :3].astype(int)
    return int((np.abs(pixels - pixels[-1, 0]).max(axis=-1) > 30).sum())


# ---------------------------------------------------------------- turning and zooming


@pytest.mark.parametrize(
    ("key", "turn", "tilt"),
    [(Key.Key_Left, -5, 0), (Key.Key_Right, 5, 0), (Key.Key_Up, 0, -5), (Key.Key_Down, 0, 5)],
)
def test_the_arrow_keys_turn_the_box_and_leave_the_playhead(stage, view, key, turn, tilt):
    QTest.keyClick(view, key)
    assert view.canvas.camera == Camera().turned(turn, tilt)
    assert stage.services.state.selection.index == 0


def test_plus_minus_and_nought(view):
    QTest.keyClick(view, Key.Key_Plus)
    near = view.canvas.camera.zoom
    QTest.keyClick(view, Key.Key_Minus)
    assert near > view.canvas.camera.zoom == pytest.approx(1.0)
    QTest.keyClick(view, Key.Key_Up)
    QTest.keyClick(view, Key.Key_0)
    assert view.canvas.camera == Camera()


def test_a_drag_turns_and_a_double_click_resets(view):
    canvas, at = view.canvas, QPoint(400, 200)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(canvas, at + QPoint(60, -20))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at + QPoint(60, -20))
    assert canvas.camera.turn > Camera().turn
    assert canvas.camera.tilt < Camera().tilt
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    assert canvas.camera == Camera()


def test_the_wheel_zooms(view):
    at = QPointF(300, 200)
    wheel = QWheelEvent(
        at, at, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.canvas, wheel)
    assert view.canvas.camera.zoom > 1


def test_a_turn_draws_another_picture(view):
    before = view.canvas.grab().toImage()
    QTest.keyClick(view, Key.Key_Left)
    assert view.canvas.grab().toImage() != before


def test_a_figure_is_seen_from_where_the_view_is(qtbot, view):
    view.canvas.look_from(Camera(70.0, -10.0, 2.0))
    printed = type(view)(PRINT, print_mode=True)
    qtbot.addWidget(printed, before_close_func=lambda printed: printed.release())
    printed.display(view.picture)
    assert printed.canvas.camera == Camera(70.0, -10.0, 2.0)


# ---------------------------------------------------------------- one selection


def place_of(canvas, sample, level):
    """Where a sample stands in the drawing of the run."""
    main, _ = canvas.frames()
    pixels, _ = main.look(canvas._picture.bundles[0].points[level, sample])
    return QPointF(*pixels.tolist())


def test_a_click_on_a_curve_selects_its_sample(stage, view):
    """At the start, where the curves are farthest from each other."""
    canvas = view.canvas
    places = [place_of(canvas, sample, 0) for sample in range(5)]
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=places[3].toPoint())
    assert stage.services.state.selection.sample == 3
    assert view.picture.sample == 3
    np.testing.assert_array_equal(view.picture.strand.points, view.picture.bundles[0].points[:, 3])


def test_a_click_beside_every_curve_selects_nothing(stage, view):
    stage.services.state.select(sample=2)
    QTest.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(view.canvas.width() - 3, 3))
    assert stage.services.state.selection.sample == 2


def test_the_inset_can_be_clicked_too(stage, view):
    _, inset = view.canvas.frames()
    pixels, _ = inset.look(view.picture.inset.points[0, 4])
    QTest.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=QPointF(*pixels.tolist()).toPoint())
    assert stage.services.state.selection.sample == 4


def test_the_playhead_moves_x_and_d_and_draws_no_bundle_again(stage, view):
    view.canvas.grab()
    layer, bundles, target = view.canvas._layer, view.picture.bundles, view.picture.target
    stage.services.playback.go(7)
    view.canvas.grab()
    assert view.canvas._layer is layer
    assert view.picture.bundles is bundles
    assert view.picture.strand.at == view.picture.at == 7
    assert not np.array_equal(view.picture.target, target)


def test_the_arrow_leads_where_the_next_step_goes(stage, view):
    """Euler: x′ = x + (1 − σ′/σ)(D − x) in the drawn coordinates too."""
    run = stage.run
    for level in (0, 5, 11):
        stage.services.playback.go(level)
        points, target = view.picture.strand.points, view.picture.target
        share = 1 - run.sigmas[level + 1] / run.sigmas[level]
        # the axes are those of the curve's residual 1e-10
        np.testing.assert_allclose(points[level] + share * (target - points[level]), points[level + 1], atol=1e-6)


# ---------------------------------------------------------------- lists, buttons, numbers


def test_colours_change_the_picture_and_the_legend(view):
    seen = {}
    for name in ("sigma", "class", "run"):
        view.colouring_chosen.emit(name)
        seen[name] = view.canvas.grab().toImage()
        assert view.picture.colouring == name
    assert seen["sigma"] != seen["class"] != seen["run"] != seen["sigma"]
    view.colouring_chosen.emit("class")
    names = {entry.text for entry in legend(view.picture, LIGHT)}
    assert {view.picture.class_names[label] for label in view.picture.classes} <= names


def test_aligning_is_a_choice_with_its_residual(view):
    residuals = {}
    for turns in ("none", "signs", "orthogonal"):
        view.turns_chosen.emit(turns)
        assert view.picture.turns == turns
        residuals[turns] = float(row(view, "Residual to the mean")["run"])
    assert residuals["none"] >= residuals["signs"] >= residuals["orthogonal"]
    assert row(view, "Reflections")["run"].endswith("of 5")


def test_controls_come_and_go_with_their_numbers(stage, view):
    assert row(view, TO_GAUSSIAN) == {"run": "–"}
    stage.press("gaussian")
    stage.press("walk")
    assert view.picture.owners == ("run", "gaussian", "walk")
    assert [bundle.owner for bundle in view.picture.bundles] == ["run", "gaussian", "walk"]
    assert row(view, TO_GAUSSIAN)["gaussian"] == "itself"
    assert row(view, TO_GAUSSIAN)["run"].endswith("%")
    assert float(row(view, SCALE)["run"]) > 0
    stage.press("gaussian")
    assert view.picture.owners == ("run", "walk")


def test_a_control_says_how_far_it_is_and_draws_nothing_again(stage, view):
    stage.space._controls.clear()  # as of a run that is shown for the first time
    view.bar.buttons["gaussian"].click()  # the engine has not begun
    assert "Gaussian: waiting." in view.describe()
    bundles, task = view.picture.bundles, stage.space._task
    stage.services.player.receive(TaskProgress(task.task_id, 0, 0.4))
    assert "Gaussian: 40 % computed." in view.describe()
    assert "Gaussian: 40 % computed." in view._notes.text()
    assert view.picture.bundles is bundles
    stage.settle()
    assert "computed." not in view.describe()
    assert view.bar.buttons["gaussian"].isChecked()


def test_a_walk_is_drawn_at_a_scale_that_is_printed(stage, view):
    stage.press("walk")
    walk, run = view.picture.bundles[1], view.picture.bundles[0]
    assert walk.factors[0] != 1.0
    assert any("drawn ×" in note for note in view.picture.notes)
    # as long on the mean as the run
    assert np.mean(walk.points[0, :, 0]) == pytest.approx(np.mean(run.points[0, :, 0]), rel=1e-9)


def test_the_optimal_denoiser_is_no_control_of_itself(view):
    button = view.bar.buttons["optimal"]
    assert not button.isEnabled()
    assert "drives this run" in button.toolTip()


def test_the_exaggeration_is_printed_and_said(view):
    first, second = view.canvas.exaggeration
    assert first > 1
    assert f"{first:.2g}" in view.describe()
    assert f"{second:.2g}" in view.describe()


def test_words_name_the_complement_and_every_number(view):
    words = view.describe()
    assert "complement" in words
    for number in view.picture.rows:
        assert number.title in words


def test_both_themes_draw_the_same_curves(view):
    light = ink(view.canvas)
    view.set_theme(DARK)
    dark = ink(view.canvas)
    view.set_theme(LIGHT)
    assert light > 2000
    assert dark == pytest.approx(light, rel=0.4)


def test_a_narrow_view_has_its_numbers_below_and_a_wide_one_beside(view):
    try:
        view.resize(500, 640)
        QApplication.processEvents()
        assert view._beside.y() > view.canvas.y()
        view.resize(1300, 640)
        QApplication.processEvents()
        assert view._beside.x() >= view.canvas.width()
    finally:
        view.resize(900, 640)


# ---------------------------------------------------------------- without a Space


def test_two_dimensions_have_no_space_and_an_offer(qapp):
    other = SpaceStage()
    try:
        other.compute("two-moons")
        assert "Two-dimensional data have no Space" in other.picture.message
        assert other.view._offer.isVisible()
        other.view._offer.click()
        other.settle()
        assert other.run.settings.data == "gaussian-64"
        other.services.playback.pause()
        other.settle()
        assert not other.picture.message
        assert other.picture.bundles
    finally:
        other.close()


def test_a_picture_without_a_run_says_what_to_do(qtbot, stage):
    view = type(stage.view)(LIGHT)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    view.display(replace(SpacePicture(), message="Press Run (F5)."))
    assert view.describe() == "Press Run (F5)."
    QTest.keyClick(view, Key.Key_Left)  # there is nothing to turn
    assert view.canvas.camera == Camera()
