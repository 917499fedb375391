"""Drawing in the real window: strokes become data at once, and undo, eraser and keys treat them as settings."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from pausing import pause
from PIL import Image
from plane_mouse import let_go, move, press
from PySide6.QtCore import Qt
from real_window import WAIT, finished, kept, opened
from real_window import press as key

from app.shell import file_dialogs
from geomodel import datasets, strokes
from geomodel.settings import from_json, to_json

LINE = [(-2 + 0.2 * k, math.sin(k / 3)) for k in range(20)]


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    yield from kept(tmp_path_factory)


@pytest.fixture
def window(qtbot, windows):
    """The window with an empty canvas over two moons."""
    if not windows:
        windows.append(opened(qtbot))
    window = windows[0]
    window.actions_by_id["tool.select"].trigger()
    window.player.drafting.edit({"data": "two-moons", "data_count": 200})
    finished(qtbot, window, lambda run: run.settings.data == "two-moons" and run.settings.data_count == 200)
    key(qtbot, window, Qt.Key.Key_D)
    assert window.state.plane_options.tool == "draw"
    return window


def draw(window, points):
    view = window.views.plane
    press(view, points[0])
    for point in points[1:]:
        move(view, point, buttons=Qt.MouseButton.LeftButton)
    let_go(view, points[-1])


def drawn(qtbot, window, count):
    """Waits for the run over so many strokes."""
    wanted = window.player.drafting.filled
    return finished(qtbot, window, lambda run: len(run.settings.drawing) == count and run.settings == wanted())


def test_strokes_become_the_data_of_the_run(qtbot, window):
    view = window.views.plane
    box = view.picture.drawing.box
    assert not view.picture.layers & {"sampling", "denoising", "basins"}
    press(view, LINE[0])
    for point in LINE[1:]:
        move(view, point, buttons=Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.picture.data is not None and len(view.picture.data) == 200, timeout=WAIT)
    assert window.state.draft.data == "two-moons"  # the pen is still down
    assert view.picture.background.density is not None
    let_go(view, LINE[-1])
    run = drawn(qtbot, window, 1)
    vertices = np.asarray(run.settings.drawing[0])
    assert len(vertices) < len(LINE)  # those that nobody can see are left out
    unit = view.ground.unit()
    np.testing.assert_allclose(vertices[[0, -1]], [LINE[0], LINE[-1]], atol=unit)  # a place is a whole pixel
    again = datasets.drawing(run.settings.drawing, count=200, width=run.settings.drawing_width)
    assert run.source.dataset.fingerprint == again.fingerprint
    assert run.settings.sigma_max == window.state.data.sigma_max
    draw(window, [(-3.0, -3.0), (3.0, -3.0)])
    run = drawn(qtbot, window, 2)
    assert run.settings.sigma_max == window.state.data.sigma_max  # the levels follow the strokes
    assert view.picture.drawing.box == box  # and the canvas stays where it is
    key(qtbot, window, Qt.Key.Key_Return)
    assert window.state.plane_options.tool == "select"
    assert view.picture.drawing is None


def test_basins_follow_the_pen(qtbot, window):
    """A dot belongs to the first stroke; while the second is drawn, the half of the canvas about it becomes its own."""
    view, layer = window.views.plane, window.actions_by_id["layer.basins"]
    layer.trigger()
    draw(window, [(-2.0, 0.0)])
    drawn(qtbot, window, 1)
    press(view, (2.0, -1.0))
    move(view, (2.0, 1.0), buttons=Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.picture.basins is not None and len(view.picture.basins.areas) == 2, timeout=WAIT)
    right = max(view.picture.basins.areas, key=lambda area: area.place[0])
    assert (right.name, view.picture.drawing.strokes[1][0][0] > 0) == ("stroke 2", True)
    let_go(view, (2.0, 1.0))
    drawn(qtbot, window, 2)
    layer.trigger()


def test_weights_of_the_run_are_not_drawn_over_the_points_of_a_stroke(qtbot, window):
    """They are numbers of the run's data points; a drawing of fewer points has no such number."""
    view, layer = window.views.plane, window.actions_by_id["layer.weights"]
    layer.trigger()
    draw(window, LINE)
    run = drawn(qtbot, window, 1)
    qtbot.waitUntil(lambda: view.picture.neighbours is not None, timeout=WAIT)
    press(view, (0.0, 3.0))
    move(view, (1.0, 3.0), buttons=Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.picture.data is not run.source.plane_points, timeout=WAIT)
    assert view.picture.neighbours is None
    let_go(view, (1.0, 3.0))
    drawn(qtbot, window, 2)
    qtbot.waitUntil(lambda: view.picture.neighbours is not None, timeout=WAIT)
    layer.trigger()


def test_every_stroke_can_be_taken_back(qtbot, window):
    draw(window, LINE)
    draw(window, [(0.0, 3.0), (1.0, 3.0)])  # before the first has been opened
    drawn(qtbot, window, 2)
    key(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    drawn(qtbot, window, 1)
    key(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    finished(qtbot, window, lambda run: run.settings.data == "two-moons")
    assert window.state.plane_options.tool == "draw"
    assert window.views.plane.picture.drawing.strokes == ()


def test_an_empty_drawing_is_refused_with_a_sentence(qtbot, window, caplog):
    key(qtbot, window, Qt.Key.Key_Return)
    assert window.state.plane_options.tool == "draw"
    assert strokes.EMPTY in caplog.text  # the log has what the status bar says
    draw(window, LINE)
    drawn(qtbot, window, 1)
    window.views.plane.drawing_bar.clear_wanted.emit()
    assert window.state.errors["data"] == strokes.EMPTY
    key(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    drawn(qtbot, window, 1)
    assert not window.state.errors
    key(qtbot, window, Qt.Key.Key_Escape)
    assert window.state.plane_options.tool == "select"
    assert window.state.draft.data == datasets.DRAWING


def test_the_eraser_cuts_and_the_width_belongs_to_the_drawing(qtbot, window):
    bar = window.views.plane.drawing_bar
    draw(window, [(-3.0, 0.0), (3.0, 0.0)])
    drawn(qtbot, window, 1)
    bar.erase_wanted.emit(True)
    draw(window, [(0.0, 0.5), (0.0, 0.0), (0.0, -0.5)])
    run = drawn(qtbot, window, 2)
    radius = 12 * window.views.plane.ground.unit()
    ends = sorted(x for stroke in run.settings.drawing for x, _ in stroke)
    np.testing.assert_allclose(ends, [-3, -radius, radius, 3], atol=2 * window.views.plane.ground.unit())
    bar.width_moved.emit(0.5, False)
    assert window.state.draft.drawing_width != 0.5  # the slider is still held
    bar.width_moved.emit(0.5, True)
    finished(qtbot, window, lambda run: run.settings.drawing_width == 0.5)


def test_keys_alone_draw(qtbot, window):
    view = window.views.plane
    for pressed in (Qt.Key.Key_Space, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Space):
        key(qtbot, window, pressed)
    run = drawn(qtbot, window, 1)
    assert not window.playback.playing
    x, y, *_ = view.picture.drawing.box
    step = 8 * view.ground.unit()
    expected = [(x, y), (x + 2 * step, y), (x + 2 * step, y + step)]
    np.testing.assert_allclose(run.settings.drawing[0], expected, atol=view.ground.unit())


def test_other_data_end_the_drawing(qtbot, window):
    draw(window, LINE)
    drawn(qtbot, window, 1)
    window.player.drafting.edit({"data": "spiral"})
    finished(qtbot, window, lambda run: run.settings.data == "spiral")
    assert window.state.plane_options.tool == "select"
    assert window.state.draft.drawing == ()


def test_more_than_a_drawing_may_hold_is_not_taken(qtbot, window, caplog):
    draw(window, LINE)
    drawn(qtbot, window, 1)
    full = tuple(((float(k), 0.0),) for k in range(strokes.MOST_STROKES))
    window.player.drafting.draw(full, 0.2)
    drawn(qtbot, window, strokes.MOST_STROKES)
    draw(window, LINE)
    assert window.state.draft.drawing == full
    assert "Erase a part of it" in caplog.text
    assert from_json(json.loads(json.dumps(to_json(window.state.draft)))) == window.state.draft


def test_the_ink_of_a_picture_becomes_strokes(qtbot, window, tmp_path, monkeypatch, caplog):
    """By the button and the dialog; a file that is no picture is said, and one undo takes the strokes back."""
    pixels = np.full((60, 60), 255, np.uint8)
    pixels[20:40, 10:50] = 0
    Image.fromarray(pixels).save(tmp_path / "bar.png")
    (tmp_path / "no.png").write_text("no picture")
    chosen = []
    monkeypatch.setattr(file_dialogs, "ask_open", lambda *asked, store: asked[-1](str(chosen[-1])))
    bar = window.views.plane.drawing_bar
    chosen.append(tmp_path / "no.png")
    qtbot.mouseClick(bar._picture, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "not a picture" in caplog.text, timeout=WAIT)
    chosen.append(tmp_path / "bar.png")
    qtbot.mouseClick(bar._picture, Qt.MouseButton.LeftButton)
    run = finished(qtbot, window, lambda run: len(run.settings.drawing) > 10)
    box = window.views.plane.picture.drawing.box
    vertices = np.concatenate([np.asarray(stroke) for stroke in run.settings.drawing])
    assert np.ptp(vertices[:, 0]) == pytest.approx(0.8 * box[2] * 40 / 60, rel=0.1)
    window.actions_by_id["undo"].trigger()
    assert window.state.draft.data == "two-moons"


def test_a_number_of_points_that_does_not_fit_is_not_tried(qtbot, window, caplog):
    window.player.drafting.edit({"data_count": 10**9})
    draw(window, LINE)
    pause(100)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    window.player.drafting.edit({"data_count": 200})


def test_a_canvas_over_data_whose_squares_vanish_has_a_size(qtbot, window, tmp_path):
    key(qtbot, window, Qt.Key.Key_Escape)
    (tmp_path / "tiny.csv").write_text("x,y\n5e-300,7e-300\n1e-300,2e-300\n")
    window.player.drafting.open_data(str(tmp_path / "tiny.csv"))
    qtbot.waitUntil(lambda: window.state.data.name.endswith("tiny.csv"), timeout=WAIT)
    key(qtbot, window, Qt.Key.Key_D)
    assert window.views.plane.picture.drawing.box[2:] == (9.0, 9.0)
