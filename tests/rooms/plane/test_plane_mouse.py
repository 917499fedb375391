"""The plane view: zoom, pan, and what the mouse and the keyboard do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plane_mouse import NONE, click, let_go, mouse, move, press, wheel
from plane_pictures import (
    DATA,
    PICTURE,
    SIGMAS,
    divided,
    make_probe,
    seen,
    shown,
)
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.plotting.theme import LIGHT
from app.rooms.plane.view import PlaneView

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def view(qtbot):
    yield from shown(qtbot)


def test_the_wheel_zooms_about_the_cursor_and_leaves_the_frame(view, qtbot):
    before, at = seen(view), (1.0, -2.0)
    left = []
    view.frame_left.connect(lambda: left.append(1))
    place = view.ground.to_widget(*at)
    with qtbot.waitSignal(view.rect_changed) as told:
        wheel(view, at, 240)
        wheel(view, at, 240)
    assert left == [1]
    assert view.ground.to_plane(place) == pytest.approx(at, abs=1e-9)
    assert seen(view)[2] == pytest.approx(before[2] * 1.0015**-480)
    assert told.args[0] == pytest.approx(view.request_rect())
    zoomed = seen(view)
    view.display(replace(PICTURE, index=3))
    assert seen(view) == zoomed
    with qtbot.waitSignal(view.frame_resumed):
        qtbot.keyClick(view, Qt.Key.Key_0)
    assert seen(view)[3] == pytest.approx(6 * np.hypot(1, 0.5))


def test_dragging_the_ground_pans_until_the_frame_is_chosen_again(view):
    before = seen(view)
    unit = view.ground.unit()
    start = press(view, (0.0, 2.0))
    move(view, start + QPointF(30, 10))
    move(view, start + QPointF(50, 20))
    let_go(view, start + QPointF(50, 20))
    assert seen(view)[:2] == pytest.approx((before[0] - 50 * unit, before[1] + 20 * unit))
    mouse(view, QEvent.Type.MouseButtonDblClick, (0.0, 2.0))
    assert seen(view) == pytest.approx(before)
    wheel(view, (0.0, 0.0), 120)
    view.display(replace(PICTURE, frame="data"))
    assert not view.ground.free


def test_a_resize_asks_once_for_the_new_rectangle(view, qtbot):
    QApplication.processEvents()
    told = []
    view.rect_changed.connect(told.append)
    with qtbot.waitSignal(view.rect_changed):
        view.resize(900, 420)
        view.display(replace(PICTURE, index=2))
    QApplication.processEvents()
    assert told == [view.request_rect()]
    view.display(replace(PICTURE, frame="scaled"))
    QApplication.processEvents()
    assert len(told) == 2
    view.display(replace(PICTURE, frame="scaled", sample=1))  # asks, and finds what was told
    QApplication.processEvents()
    assert len(told) == 2
    assert told[0][2] / told[0][3] == pytest.approx(view.ground.box.width() / view.ground.box.height())


def test_arrow_keys_are_left_to_the_transport(qtbot):
    class Window(QWidget):
        keys = ()

        def keyPressEvent(self, event):
            self.keys += (event.key(),)

    window = Window()
    qtbot.addWidget(window)
    view = PlaneView(LIGHT, window)
    arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Space)
    for key in (*arrows, Qt.Key.Key_0):
        qtbot.keyClick(view, key)
    assert window.keys == arrows
    view.release()


@pytest.mark.parametrize("frame", ["sigma", "scaled"])
def test_dragging_the_probe_tells_true_coordinates(view, qtbot, frame):
    by = np.sqrt(1 + 4) if frame == "scaled" else 1.0
    picture = replace(PICTURE, frame=frame, probe=make_probe(sigma=2.0), probe_point=(0.5, -0.5))
    view.display(picture)
    dragged, dropped = [], []
    view.probe_dragged.connect(lambda x, y: dragged.append((x, y)))
    view.probe_dropped.connect(lambda x, y: dropped.append((x, y)))
    before = seen(view)
    # Taken hold of 3 pixels beside its middle, the handle does not jump.
    handle = divided((0.5, -0.5), by)
    start = press(view, view.ground.to_widget(*handle) + QPointF(3, 0))
    move(view, start + QPointF(40, 0))
    view.display(replace(picture, probe=make_probe((0, 0), 2.0)))  # an answer to an older place arrives
    assert view.layers.probe.handle.points[0] != pytest.approx(handle, abs=0.1)  # and leaves it in hand
    move(view, start + QPointF(40, -60))
    let_go(view, start + QPointF(40, -60))
    unit = view.ground.unit() * by
    expected = [(0.5 + 40 * unit, -0.5), (0.5 + 40 * unit, -0.5 + 60 * unit)]
    np.testing.assert_allclose(dragged, expected, atol=1e-9)
    np.testing.assert_allclose(dropped, expected[1:], atol=1e-9)
    np.testing.assert_allclose(view.layers.probe.handle.points[0], divided(expected[1], by), atol=1e-9)
    assert seen(view) == before


def test_the_probe_tool_places_the_probe_anywhere(view, qtbot):
    view.set_tool("probe")
    with qtbot.waitSignals([view.probe_dragged, view.probe_dropped]) as told:
        click(view, (1.5, 1.0))
    for signal in told.all_signals_and_args:
        assert signal.args == pytest.approx((1.5, 1.0), abs=1e-9)


def test_the_probe_can_be_nudged_by_pixels(view, qtbot):
    view.display(replace(PICTURE, probe_point=(0.5, -0.5)))
    with qtbot.waitSignal(view.probe_dropped) as told:
        view.nudge_probe(0, 10)
    assert told.args == pytest.approx((0.5, -0.5 + 10 * view.ground.unit()))


def test_a_click_picks_the_sample_at_hand(view, qtbot):
    x = PICTURE.curves.sampling
    for at, expected in ((x[1, 0], 0), (x[1, 1], 1), ((x[1, 2] + 2 * x[2, 2]) / 3, 2)):
        with qtbot.waitSignal(view.sample_picked) as told:
            click(view, tuple(at))
        assert told.args == [expected]
    rect = view.ground.visible()
    with qtbot.assertNotEmitted(view.sample_picked):
        click(view, (rect[0] + 0.02 * rect[2], rect[1] + 0.02 * rect[3]))


def test_a_path_ends_where_it_ends(view, qtbot):
    line = np.array([[-1.0, 0.0], [1.0, 0.0]])[:, None]
    curves = replace(PICTURE.curves, sampling=line, denoising=line[:1], sigmas=SIGMAS[-2:], committed=2)
    view.display(replace(PICTURE, curves=curves, index=0, sample=0, frame="data"))
    assert view.sample_at(0.2, 0.0) == 0
    assert view.sample_at(1.5, 0.0) is None


def test_a_start_is_clicked_with_control_or_the_start_tool(view, qtbot):
    view.display(replace(PICTURE, frame="scaled"))
    by = np.sqrt(1 + 4)
    with qtbot.waitSignal(view.start_clicked) as told:
        click(view, (1.0, 0.5), modifiers=CONTROL)
    assert told.args == pytest.approx(divided((1.0, 0.5), 1 / by), abs=1e-9)
    view.set_tool("start")
    with qtbot.waitSignal(view.start_clicked):
        click(view, (1.0, 0.5))


def test_hover_tells_the_place_and_the_data_point_there(view, qtbot):
    told = []
    view.hovered.connect(told.append)
    move(view, tuple(DATA[7]), buttons=NONE)
    view.ground.leaveEvent(QEvent(QEvent.Type.Leave))
    assert told[0][:2] == pytest.approx(tuple(DATA[7]), abs=1e-9)
    assert told[0][2] == 7
    assert told[1] is None


def test_nobody_zooms_to_where_pixels_are_the_same_numbers(view):
    view.display(replace(PICTURE, center=(5.8e6, 4.5e5), frame="sigma"))
    for _ in range(200):
        view.ground._move_to(5.8e6, 4.5e5, view.ground.unit() / 2)
    x, y, width, height = view.request_rect()
    columns, rows = view.pixels()
    assert (np.diff(x + np.linspace(0, width, columns + 1)) > 0).all()
    assert (np.diff(y + np.linspace(0, height, rows + 1)) > 0).all()
