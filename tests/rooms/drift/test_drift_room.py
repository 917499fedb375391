"""The drift room: rounds are those of the library, stale answers are dropped, and what cannot drift says why."""

from __future__ import annotations

import json

import numpy as np
import pytest

from app.export.offstage import Offstage
from app.plotting.theme import LIGHT
from app.rooms import ROOMS
from app.rooms.drift.messages import DriftRequest, Knobs
from app.rooms.drift.picture import IMAGES, NARROW, places_of
from app.rooms.drift.view import DriftView
from geomodel import datasets, drift

ROW = next(row for row in ROOMS if row.name == "drift")


@pytest.fixture
def stage(qapp, tmp_path, monkeypatch):
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path))
    made = Offstage()
    made.services.player.drafting.edit({"data": "two-moons", "data_count": 60})
    made.settle()
    made.services.player.run()
    made.settle()
    made.services.playback.pause()
    return made


@pytest.fixture
def room(stage):
    made = stage.room(ROW)
    made.view.resize(700, 500)
    made.view.show()
    made.refresh()
    stage.settle()
    yield made
    made.view.hide()
    made.release()
    made.view.deleteLater()


def turn(room, **changes):
    """As the bar says what a person has set."""
    room.view.bar.knobs_turned.emit(Knobs(**changes))


def step(stage, room, rounds=1):
    for _ in range(rounds):
        room.handlers()["drift_step"]()
        stage.settle()


def test_rounds_are_those_of_the_library(stage, room):
    data = datasets.load("two-moons", count=60)
    h = 0.35 * data.std
    begin = drift.start(data, 400)
    picture = room.picture()
    np.testing.assert_array_equal(picture.particles.particles, begin)
    assert picture.numbers.startswith("Round 0")
    *_, third = drift.rounds(data.points, begin, [h] * 3)
    step(stage, room, 3)
    picture = room.picture()
    np.testing.assert_allclose(picture.particles.particles, third, atol=1e-12)  # the same sums in the same order
    field = drift.field(data.points, third, third, h)
    np.testing.assert_allclose(picture.particles.next, third + field, atol=1e-12)
    ruler = drift.Ruler(data.points)
    distances = picture.plot.curves[0].values[:, 0]
    assert len(distances) == 4
    assert distances[-1] == pytest.approx(ruler.distance(third))
    fresh = ruler.control(400, lambda seed: datasets.load("two-moons", count=400, seed=seed).points)
    np.testing.assert_array_equal(picture.plot.curves[1].values, fresh)
    assert f"{distances[-1]:.3f}"[:4] in room.view.describe()


def test_annealing_follows_the_rounds(stage, room):
    turn(room, anneals=True)
    stage.settle()
    h = 0.35 * datasets.load("two-moons", count=60).std
    asked = []
    submit = stage.services.player.submit
    stage.services.player.submit = lambda command: (asked.append(command), submit(command))
    step(stage, room, 3)
    found = [command.bandwidth for command in asked if isinstance(command, DriftRequest)]
    np.testing.assert_allclose(found, [drift.annealed(h, number) for number in (1, 2, 3)])


def test_another_bandwidth_moves_nothing_and_another_number_begins_again(stage, room):
    step(stage, room, 2)
    before = room.picture()
    turn(room, width=1.0)
    stage.settle()
    after = room.picture()
    np.testing.assert_array_equal(after.particles.particles, before.particles.particles)
    assert not np.allclose(after.particles.next, before.particles.next)
    assert len(after.plot.curves[0].values) == 3
    turn(room, count=30)
    stage.settle()
    assert room.picture().particles.particles.shape == (30, 2)
    assert len(room.picture().plot.curves[0].values) == 1


def test_play_goes_on_by_itself_and_stops(stage, room, qtbot):
    room.handlers()["drift"]()
    assert room.picture().playing

    def moved():
        stage.settle()
        return int(room.picture().numbers.split()[1].rstrip(",")) >= 12  # it may pass several between two looks

    qtbot.waitUntil(moved, timeout=60_000)
    room.handlers()["drift"]()
    stage.settle()
    before = room.picture().numbers
    stage.settle()
    assert not room.picture().playing
    assert room.picture().numbers == before
    assert len(room.picture().plot.curves[0].values) >= 13  # the plot is up to date where the particles stand still
    room.handlers()["drift_reset"]()
    stage.settle()
    assert room.picture().numbers.startswith("Round 0,")


def test_a_hidden_room_asks_nothing(stage, room):
    room.handlers()["drift"]()
    room.view.hide()
    asked = []
    stage.services.player.submit = asked.append
    room._tick()
    stage.services.state.runs_changed.emit()
    assert not asked


def test_other_data_begin_again_and_images_refuse(stage, room, tmp_path):
    step(stage, room, 2)
    drafting = stage.services.player.drafting
    drafting.edit({"seed": 5})  # another run over the same data
    stage.settle()
    assert room.picture().numbers.startswith("Round 2,")
    drafting.edit({"data": "clusters-64"})
    stage.settle()
    picture = room.picture()
    assert picture.numbers.startswith("Round 0,")
    assert picture.particles.axes[0] == "principal component 1"
    np.savez(tmp_path / "images.npz", x=np.zeros((4, 5, 5), np.uint8) + np.arange(4, dtype=np.uint8)[:, None, None])
    room.handlers()["drift"]()
    drafting.edit({"data": str(tmp_path / "images.npz")})
    stage.settle()
    assert room.picture().message == IMAGES
    assert not room.picture().playing
    room.handlers()["drift_step"]()  # nothing to move
    stage.settle()


def test_points_whose_squares_vanish_do_not_drift(stage, room, tmp_path):
    np.save(tmp_path / "near.npy", np.array([[1e-300, 2e-300], [3e-300, 1e-300]]))
    drafting = stage.services.player.drafting
    drafting.edit({"data": str(tmp_path / "near.npy")})
    stage.settle()
    drafting.edit({"sigma_max": 2.0, "sigma_min": 0.01})
    stage.services.player.run()
    stage.settle()
    assert stage.services.state.run.source.dataset.std == 0
    assert stage.services.state.run.status == "complete"
    room.handlers()["drift"]()
    stage.settle()
    assert room.picture().message == NARROW


def test_one_point_far_from_zero(stage, room, tmp_path):
    np.save(tmp_path / "point.npy", np.array([[1e5, -1e5]]))
    stage.services.player.drafting.edit({"data": str(tmp_path / "point.npy")})
    stage.settle()
    step(stage, room, 2)
    assert np.isfinite(room.picture().particles.next).all()
    assert "sliced distance" in room.view.describe()


def test_the_axis_seldom_grows():
    for count, last in ((1, 200), (200, 200), (201, 200), (202, 400), (401, 400), (402, 800)):
        places = places_of(count)
        assert places[-1] == last
        assert len(np.unique(places)) == len(places)
        np.testing.assert_array_equal(places[:count], np.arange(count))


def test_a_session_keeps_the_knobs(stage, room):
    turn(room, count=50, width=0.5, anneals=True)
    stage.settle()
    kept = room.keep()
    turn(room)
    room.understand(kept)()
    assert room.picture().knobs == Knobs(count=50, width=0.5, anneals=True)
    for wrong in ({"count": 0}, {"count": 10**9}, {"width": 0}, {"width": "wide"}, [1]):
        with pytest.raises(ValueError, match=r"\w"):
            room.understand(json.dumps(wrong).encode())


def test_a_printed_view_has_no_controls(stage, room, qtbot):
    view = DriftView(LIGHT, print_mode=True)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    view.resize(600, 400)
    view.display(room.picture())
    view.show()
    assert not view.bar.isVisible()
    assert view.canvas.isVisible()
    assert view.cell.isVisible()


def test_a_hidden_room_whose_data_were_changed_begins_with_the_new_ones(stage, room, tmp_path):
    np.save(tmp_path / "five.npy", np.random.default_rng(0).normal(size=(60, 5)))
    room.view.hide()
    stage.services.player.drafting.open_data(str(tmp_path / "five.npy"))
    stage.settle()
    stage.services.player.run()
    stage.settle()
    turn(room, count=200)  # as a session does that is opened
    stage.settle()
    assert room.picture().particles.particles.shape == (200, 2)
