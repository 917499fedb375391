"""The tilt room: the library's numbers at the sliders' reward, live while the arrow moves, and what has no tilt."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from engine_bench import Bench
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import geomodel as gm
from app.engine.messages import OpenData, StartRun
from app.export.offstage import Offstage
from app.plotting.theme import LIGHT
from app.rooms import ROOMS
from app.rooms.tilt.messages import Knobs, TiltAnswer, TiltRequest
from app.rooms.tilt.picture import KNOWN, aimed
from app.rooms.tilt.pictures import TiltPicture
from app.rooms.tilt.text import LATE, reward_text
from app.rooms.tilt.view import TiltView
from geomodel.experiments import Tilts
from geomodel.settings import RunSettings

ROW = next(row for row in ROOMS if row.name == "tilt")
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


@pytest.fixture
def staged(qapp):
    """Makes a stage, and the room in sight; with a run of some data, if they are named."""
    made = []

    def build(data=""):
        stage = Offstage()
        room = stage.room(ROW)
        made.append((stage, room))
        room.view.resize(400, 600)
        room.view.show()
        if data:
            run_of(stage, data)
        return stage, room

    yield build
    for _, room in made:
        room.view.hide()
        room.release()
        room.view.deleteLater()


def run_of(stage, data, **more):
    stage.services.player.drafting.edit({"data": data, "data_count": 60, "steps": 2, "count": 2, **more})
    stage.settle()
    stage.services.player.run()
    stage.settle()


@pytest.fixture
def ring(staged):
    return staged("gaussian-ring")


# ---------------------------------------------------------------- the engine


@pytest.mark.parametrize("name", KNOWN)
def test_the_answer_has_the_numbers_and_the_ends_of_the_library(name):
    bench = Bench()
    bench.handle(OpenData(name, 200, 0))
    settings = RunSettings(data=name, data_count=200, sigma_min=0.1, sigma_max=10.0, steps=2, count=2)
    bench.handle(StartRun(1, settings))
    request = TiltRequest(run_id=1, linear=(0.6, -0.8), quadratic=0.1, beta=0.75)
    bench.handle(request)
    (answer,) = bench.of(TiltAnswer)
    data = gm.datasets.load(name, count=200)
    plane, mixture = data.principal_plane(), data.mixture
    linear = (np.array([0.6, -0.8]) @ plane.vectors).reshape(mixture.shape)
    expected = Tilts(mixture, seeds=range(256 if len(linear) == 2 else 96)).at(linear, 0.1, 0.75)
    sampled = (expected.untilted, expected.tilted, expected.plug_in)
    for row, ends, found in zip((answer.rows[0], *answer.rows[2:]), answer.ends, sampled, strict=True):
        assert (row.reward, row.error) == (pytest.approx(found.reward), pytest.approx(found.error))
        np.testing.assert_allclose(row.shares, found.shares, atol=1e-12)
        np.testing.assert_allclose(ends, plane.project(found.points), atol=1e-12)
        assert not ends.flags.writeable
    exact = answer.rows[1]
    assert (exact.reward, exact.kl) == (pytest.approx(expected.exact.mean_reward), pytest.approx(expected.exact.kl))
    # the outlines lie two deviations about the means: in the plane of the data, whatever the variances are
    shown = expected.exact.weights.numpy() >= 0.01
    middles = plane.project(expected.exact.means.numpy()[shown])
    np.testing.assert_allclose(answer.outlines[:-1].mean(axis=0), middles, atol=1e-12)
    variances = expected.exact.variances.expand_as(expected.exact.means).numpy()[shown]
    for k, middle in enumerate(middles):
        covariance = plane.vectors @ np.diag(variances[k]) @ plane.vectors.T
        away = answer.outlines[:, k] - middle
        square = np.einsum("mi,ij,mj->m", away, np.linalg.inv(covariance), away)
        np.testing.assert_allclose(square, 4.0, rtol=1e-9)


def test_the_list_of_data_with_a_mixture_is_the_table_s():
    found = [name for name in gm.datasets.names() if gm.datasets.row(name).kind == "toy"]
    assert tuple(name for name in found if gm.datasets.load(name, count=10).gaussians is not None) == KNOWN


# ---------------------------------------------------------------- the room


def test_at_first_it_shows_the_ring_at_one_half(ring):
    _, room = ring
    words = room.view.describe()
    assert "β = 0.5" in words
    assert "Exact: mean reward 3.99, KL 1.70 nats, 84 % on component 0" in words
    assert "97 % on component 0" in words
    assert LATE not in words


def test_sliders_are_knobs(ring):
    stage, room = ring
    sliders = room.view.knobs.sliders
    QTest.keyClick(sliders["notch"], Qt.Key.Key_PageUp)  # eight notches are a factor of 2
    QTest.keyClick(sliders["degrees"], Qt.Key.Key_PageUp)
    QTest.keyClick(sliders["twentieths"], Qt.Key.Key_Right)
    QTest.keyClick(sliders["bend"], Qt.Key.Key_Left)
    stage.settle()
    picture = room.view.picture
    request = picture.answer.request
    assert request.beta == picture.beta == 1.0
    angle = np.deg2rad(15)
    assert request.linear == pytest.approx((1.05 * np.cos(angle), 1.05 * np.sin(angle)))
    assert request.quadratic == pytest.approx(-1 / (50 * 4))  # the ring's unit is 4, the power of 2 next to 2.85
    assert not picture.late
    room.view._reset.click()
    stage.settle()
    assert room.view.picture.knobs == Knobs()
    assert sliders["notch"].value() == -24


def test_a_drag_of_the_arrow_turns_it_and_the_newest_request_wins(ring, monkeypatch):
    stage, room = ring
    cloud, asked = room.view.cloud, []
    submit = stage.services.player.submit
    monkeypatch.setattr(stage.services.player, "submit", lambda command: (asked.append(command), submit(command)))
    begin = np.array(room.view.picture.origin)
    room.view.grab()

    def send(kind, at, button, held):
        point = QPointF(cloud.to_widget(*at))
        event = QMouseEvent(
            kind, point, cloud.viewport().mapToGlobal(point), button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(cloud.viewport(), event)

    send(QEvent.Type.MouseButtonPress, cloud.handle, LEFT, LEFT)
    box = cloud.visible()
    for degrees in (10, 40, 90):
        angle = np.deg2rad(degrees)
        at = begin + room.view.picture.reach * 1.5 * np.array([np.cos(angle), np.sin(angle)])
        send(QEvent.Type.MouseMove, at, NONE, LEFT)
    send(QEvent.Type.MouseButtonRelease, at, LEFT, NONE)
    assert len(asked) >= 3
    assert LATE in room.view.describe()  # the numbers are still those of the reward before
    stage.settle()
    picture = room.view.picture
    assert (picture.knobs.degrees, picture.knobs.twentieths, picture.late) == (90, 30, False)
    assert picture.answer.request == asked[-1]
    assert cloud.visible() == box  # the axes have not moved
    assert room.view.knobs.sliders["degrees"].value() == 90


def test_the_arrow_is_no_longer_than_its_slider():
    picture = TiltPicture(origin=(1.0, 2.0), reach=0.5)
    assert aimed(Knobs(), picture, 1.0, 2.0) == Knobs(twentieths=0)
    assert aimed(Knobs(bend=3), picture, -99.0, 2.0) == Knobs(degrees=180, twentieths=40, bend=3)
    assert aimed(Knobs(), picture, 1.0, 1.5) == Knobs(degrees=270)


def test_a_reward_without_a_tilt_is_a_sentence_at_the_sliders(staged):
    stage, room = staged("gaussian-64")
    room.view.knobs.sliders["bend"].setValue(-50)
    stage.settle()
    assert "cannot be normalised" in room.view.said.error
    assert "cannot be normalised" in room.view.describe()
    assert room.view.table._cells[0][0].text() == "–"
    room.view.knobs.sliders["bend"].setValue(0)
    stage.settle()
    assert room.view.said.error == ""
    assert room.view.picture.answer.rows


def test_for_one_gaussian_exact_and_plug_in_are_the_same(staged):
    _, room = staged("gaussian-64")
    answer = room.view.picture.answer
    np.testing.assert_allclose(answer.ends[1], answer.ends[2], atol=1e-9)
    assert answer.dimension == 64
    assert "64 dimensions seen in the plane of the data" in room.view.describe()


def test_data_whose_distribution_is_unknown_are_told_which_are_known(staged):
    stage, room = staged("two-moons")
    words = room.view.describe()
    assert "that of two-moons is not known" in words
    assert "Gaussian ring, Gaussian in 64 dimensions and Clusters in 64 dimensions" in words
    run_of(stage, "gaussian-ring")
    assert room.view.picture.answer is not None


def test_without_a_run_it_says_what_to_do(staged):
    _, room = staged()
    room.refresh()
    assert "Press Run" in room.view.describe()


def test_another_run_of_the_same_data_keeps_the_numbers_and_asks_nothing(ring, monkeypatch):
    stage, room = ring
    answer = room.view.picture.answer
    asked, submit = [], stage.services.player.submit
    monkeypatch.setattr(stage.services.player, "submit", lambda command: (asked.append(command), submit(command)))
    run_of(stage, "gaussian-ring", steps=3)
    assert room.view.picture.answer is answer
    assert not [command for command in asked if isinstance(command, TiltRequest)]


def test_few_points_and_one_point_have_the_same_mixture(staged):
    stage, room = staged("gaussian-ring")
    run_of(stage, "gaussian-ring", data_count=1)
    picture = room.view.picture
    assert len(picture.data) == 1
    assert picture.answer.rows[1].shares.sum() == pytest.approx(1)
    assert np.isfinite(room.view.cloud.visible()).all()


def test_a_session_keeps_the_knobs(ring):
    stage, room = ring
    room.view.knobs.sliders["degrees"].setValue(120)
    kept = room.keep()
    assert json.loads(kept) == {"notch": None, "degrees": 120, "twentieths": 20, "bend": 0}
    room.view._reset.click()
    room.understand(kept)()
    stage.settle()
    assert room.view.picture.knobs.degrees == 120
    for wrong in (b"[]", b'{"degrees": 360}', b'{"notch": 0.5}', b'{"bend": -51}'):
        with pytest.raises(ValueError):
            room.understand(wrong)


# ---------------------------------------------------------------- the view


def test_the_view_is_wide_or_narrow_and_prints_without_its_controls(qtbot, ring):
    _, room = ring
    view = TiltView(LIGHT)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    view.resize(360, 500)
    view.show()
    view.display(room.view.picture)
    assert view.cloud.mapTo(view, QPointF()).y() > view.knobs.mapTo(view, QPointF()).y()
    view.resize(900, 500)
    QApplication.processEvents()
    assert view.cloud.mapTo(view, QPointF()).x() < view.knobs.mapTo(view, QPointF()).x()
    printed = TiltView(LIGHT, print_mode=True)
    qtbot.addWidget(printed, before_close_func=lambda view: view.release())
    printed.display(room.view.picture)
    assert printed.knobs.sliders["notch"].isHidden()
    assert printed._reset.isHidden()


def test_a_wait_is_told_only_when_it_lasts(qtbot, ring):
    _, room = ring
    view = TiltView(LIGHT)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    view.display(room.view.picture)
    view.display(replace(room.view.picture, late=True))
    assert view._note.text() == " "
    qtbot.waitUntil(lambda: view._note.text() == LATE)
    view.display(room.view.picture)
    assert view._note.text() == " "


def test_ends_outside_are_counted(qtbot, ring):
    _, room = ring
    picture = room.view.picture
    far = replace(picture.answer, ends=tuple(ends + 100 for ends in picture.answer.ends))
    room.view.display(replace(picture, answer=far))
    assert room.view._note.text() == "768 ends lie outside; the wheel zooms."


def test_a_reward_has_the_digits_of_its_error(ring):
    _, room = ring
    row = room.view.picture.answer.rows[2]
    assert reward_text(replace(row, reward=3.98765, error=0.0312)) == "3.99 ± 0.03"
    assert reward_text(replace(row, reward=-1234.5, error=31.0)) == "−1234 ± 31"
    assert reward_text(replace(row, reward=3.98765, error=float("nan"))) == "3.99"
