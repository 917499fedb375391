"""The step bounds room: its sliders, what follows them, its pages, and that it needs no run and no engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from app.export.offstage import Offstage, SameThread
from app.rooms import ROOMS
from app.rooms.error_bounds.dials import BY_NAME, D_STOPS, DIALS, T_STOPS
from app.rooms.error_bounds.picture import picture_of
from app.rooms.error_bounds.pictures import ERROR, Chosen
from app.rooms.error_bounds.text import describe, distances
from geomodel.pf_ode import bound_shape, oscillating, total_variation

ROW = next(row for row in ROOMS if row.name == "error_bounds")
WAIT = 60_000  # a bound for a stuck test, not a speed
KNOWN = {frequency: oscillating(frequency) for frequency in (0.0, 10.0)}


@pytest.fixture
def room(qtbot, monkeypatch):
    """A room in sight, whose engine must not be asked."""

    def refuse(self, command):
        raise AssertionError(command)

    monkeypatch.setattr(SameThread, "submit", refuse)
    made = Offstage().room(ROW)
    made.view.resize(420, 700)
    made.view.show()
    made.refresh()
    yield made
    made.view.hide()
    made.release()
    made.view.deleteLater()


def test_the_stops_have_the_numbers_of_the_tables():
    assert {100, 200, 400, 800, 1600, 3200} <= set(T_STOPS.tolist())
    assert {1, 4, 16, 64, 256} <= set(D_STOPS.tolist())
    assert 0.25 in BY_NAME["variance"].values
    assert {0.0, 0.01, 0.02, 0.04, 0.08} <= set(BY_NAME["score_error"].values)
    np.testing.assert_allclose(BY_NAME["frequency"].values[1::20], [1, 10, 100])
    for dial in DIALS:
        assert list(dial.values) == sorted(set(dial.values))
        assert [dial.nearest(value) for value in dial.values] == list(range(len(dial.values)))


def test_the_picture_has_the_library_s_numbers():
    chosen = Chosen(steps=800, dimension=64, variance=1.0, score_error=0.02)
    picture = picture_of(chosen, KNOWN)
    wanted = [total_variation(800, 64, 1.0, score_error=0.02, sampler=sampler) for sampler in ("ode", "sde")]
    assert distances(picture) == pytest.approx(tuple(map(float, wanted)), rel=1e-12)
    row, column = T_STOPS.tolist().index(800), D_STOPS.tolist().index(64)
    assert picture.in_steps[0] == picture.ode[0, column]
    assert picture.in_dimension[0] == picture.ode[row, 0]
    shape = bound_shape(T_STOPS, 64)
    np.testing.assert_allclose(picture.in_steps / picture.in_steps[0], shape / shape[0])
    assert not picture.ode.flags.writeable


def test_it_says_the_measured_slopes_beside_the_bound_s():
    words = describe(picture_of(Chosen(), KNOWN))
    for number in (
        "TV 0.0520",
        "0.00691",
        "7.5 times nearer",
        "from 4 to 64: 0.513",
        "the bound 1.",
        "the bound −0.50",
    ):
        assert number in words
    words = describe(picture_of(Chosen(page=ERROR), KNOWN))
    assert "TV 0.746" in words
    assert "without an error 0.0466" in words


@pytest.mark.parametrize("dial", DIALS[:4], ids=lambda dial: dial.name)
def test_a_slider_is_moved_by_keys_and_says_its_value(room, dial):
    slider = room.view.sliders[dial.name]
    slider.setFocus()
    for key, at in ((Qt.Key.Key_Home, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_PageUp, 5), (Qt.Key.Key_End, -1)):
        QTest.keyClick(slider, key)
        assert getattr(room.chosen, dial.name) == dial.values[at]
        assert slider.accessibleDescription() == dial.text(dial.values[at])
        assert room.view.picture.chosen == room.chosen


def test_the_ends_of_all_sliders_have_numbers(room):
    for at in (0, -1):
        room.choose(Chosen(**{dial.name: type(getattr(Chosen(), dial.name))(dial.values[at]) for dial in DIALS}))
        room.view.grab()
        assert "nan" not in room.view.describe()
        assert np.isfinite(room.picture().ode).all()


def test_the_second_page_fills_its_curve(qtbot, room):
    view = room.view
    view.tabs.setFocus()
    QTest.keyClick(view.tabs, Qt.Key.Key_Right)
    assert room.chosen.page == ERROR
    assert view.sliders["frequency"].isVisible()
    assert not view.sliders["steps"].isVisible()
    whole = len(BY_NAME["frequency"].values) - 1
    qtbot.waitUntil(lambda: len(view.picture.swept) == whole, timeout=WAIT)
    distances = view.picture.swept[:, 1]
    assert distances[0] == pytest.approx(0.179, abs=2e-3)
    assert distances[-1] > 0.99
    assert not room._next.isActive()


def test_a_hidden_room_computes_nothing(qtbot, room, monkeypatch):
    room.choose(replace(room.chosen, page=ERROR))
    room.view.hide()
    known = len(room._known)
    monkeypatch.setattr("app.rooms.error_bounds.feed.computed", lambda frequency: pytest.fail("it computes"))
    room._fill()
    assert len(room._known) == known


def test_a_click_on_a_plot_moves_the_slider(qtbot, room):
    view = room.view
    view.grab()

    def click(plot, x, y):
        place = plot.places(np.array(x), np.array(y))
        qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=QPointF(*place.tolist()).toPoint())

    click(view.over_steps, 400.0, 0.01)
    click(view.over_dimension, 64.0, 0.01)
    assert (room.chosen.steps, room.chosen.dimension) == (400, 64)
    click(view.heat, 1600.0, 4.0)
    assert (room.chosen.steps, room.chosen.dimension) == (1600, 4)
    qtbot.mouseClick(view.heat, Qt.MouseButton.RightButton, pos=QPoint(60, 60))
    assert (room.chosen.steps, room.chosen.dimension) == (1600, 4)
    view.tabs.setCurrentIndex(ERROR)
    view.grab()
    click(view.over_frequency, 100.0, 0.5)
    assert room.chosen.frequency == BY_NAME["frequency"].values[-1]


def test_no_axis_moves_with_a_slider(room):
    plots = room.view._plots
    before = [(plot.across, plot.up) for plot in plots]
    room.choose(Chosen(steps=50, dimension=1024, variance=16.0, score_error=0.2))
    assert [(plot.across, plot.up) for plot in plots] == before


def test_a_session_keeps_the_sliders_and_refuses_other_places(room):
    chosen = Chosen(page=ERROR, steps=400, dimension=64, variance=1.0, score_error=0.04, frequency=100.0)
    room.choose(chosen)
    kept = room.keep()
    room.choose(Chosen())
    room.understand(kept)()
    assert room.chosen == replace(chosen, frequency=BY_NAME["frequency"].values[-1])
    room.understand(b'{"steps": 401, "variance": 1e-9}')()
    assert (room.chosen.steps, room.chosen.variance) == (400, BY_NAME["variance"].values[0])
    for wrong in (b'{"steps": 0}', b'{"page": 2}', b'{"variance": 0}', b'{"frequency": "high"}', b"[]"):
        with pytest.raises(ValueError):
            room.understand(wrong)
