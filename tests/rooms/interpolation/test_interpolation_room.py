"""The interpolation room: the library's numbers, an amount that a person picks, and what has no answer."""

from __future__ import annotations

import numpy as np
import pytest
from engine_bench import Bench
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

import geomodel as gm
import resources
from app.engine.contract import TaskEnded
from app.engine.messages import Cancel, OpenData, OpenNetwork
from app.export.offstage import Offstage
from app.plotting.theme import LIGHT
from app.rooms import ROOMS
from app.rooms.interpolation.feed import interpolation_settings, reason
from app.rooms.interpolation.messages import Interpolation, InterpolationTask
from app.rooms.interpolation.pictures import InterpolationPicture
from app.rooms.interpolation.text import describe, lost, meaning
from app.rooms.interpolation.view import InterpolationView
from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.experiments import interpolate
from geomodel.number_text import fixed
from geomodel.settings import RunSettings

ROW = next(row for row in ROOMS if row.name == "interpolation")
MOONS = interpolation_settings(
    RunSettings(data="two-moons", data_count=100, sigma_min=0.01, sigma_max=15.0, solver="heun", steps=5), 3
)


def ended(bench, task):
    bench.handle(task)
    (event,) = [event for event in bench.of(TaskEnded) if event.task is task]
    return event


@pytest.fixture
def bench():
    made = Bench()
    made.handle(OpenData("two-moons", 100, 0))
    return made


def test_the_ends_and_their_numbers_are_those_of_the_library(bench):
    found = ended(bench, InterpolationTask(1, MOONS, (3, 8))).result
    data = gm.datasets.load("two-moons", count=100)
    optimal = gm.OptimalDenoiser(data.points)
    z1, z2 = gm.noise([3, 8], (2,), 1.0).numpy()
    levels = gm.schedules.karras(5, 0.01, 15.0)
    expected = interpolate(optimal, z1, z2, found.amounts, levels, center=data.mean, mean=data.mean, optimal=optimal)
    assert (len(found.amounts), found.amounts[0], found.amounts[-1]) == (41, 0, 1)
    for name in ("norms", "away", "nearest"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.points, expected.ends, atol=1e-10)  # the plane of 2-D data is their own
    assert found.dimension == 2
    # all ways meet at both ends
    np.testing.assert_allclose(found.points[:, [0, -1]], np.stack([found.points[0, [0, -1]]] * 3), atol=1e-9)


def test_a_cancel_takes_effect_before_the_next_evaluation(bench, monkeypatch):
    calls, call = [], OptimalDenoiser.__call__

    def counted(self, *args, **more):
        calls.append(self)
        if len(calls) == 3:
            bench.worker.submit(Cancel(1))
        return call(self, *args, **more)

    monkeypatch.setattr(OptimalDenoiser, "__call__", counted)
    event = ended(bench, InterpolationTask(1, MOONS, (3, 8)))
    assert (event.result, event.message, len(calls)) == (None, "", 3)


def test_a_network_without_data_has_ends_but_no_nearest_data():
    bench, path = Bench(), str(resources.path("checkpoints", "two-moons.safetensors"))
    bench.handle(OpenNetwork(path))
    settings = RunSettings(data="", network=path, driver="network", solver="euler", steps=3)
    found = ended(bench, InterpolationTask(1, interpolation_settings(settings, 0), (0, 1))).result
    assert found.points.shape == (3, 41, 2)
    assert (found.data, found.plane) == (None, "")
    assert np.isnan(found.nearest).all()
    assert np.isfinite(found.away).all()


@pytest.fixture
def stage(qapp, tmp_path, monkeypatch):
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path))
    made = Offstage()
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (12, 5, 4), np.uint8))
    made.services.player.drafting.edit({"data": str(path)})
    made.settle()
    made.services.player.drafting.edit({"solver": "heun", "steps": 3})
    return made


@pytest.fixture
def room(stage):
    made = stage.room(ROW)
    made.view.resize(480, 700)
    made.view.show()
    made.refresh()
    stage.settle()
    yield made
    made.view.hide()
    made.release()
    made.view.deleteLater()


def test_a_person_interpolates_images_and_picks_an_amount(stage, room):
    view = room.view
    assert "Press Interpolate" in view._said.usual.sentence
    QTest.mouseClick(view.button, Qt.MouseButton.LeftButton)
    assert view.button.text() == "Cancel"
    stage.settle()
    picture = view.picture
    assert picture.found.images.shape == (3, 11, 5, 4)
    assert picture.at == view.slider.value() == 5
    assert picture.caption.endswith("Heun (EDM), 3 steps · from seed 0 to seed 1")
    QTest.keyClick(view.slider, Qt.Key.Key_Up)
    assert view.picture.at == 6
    assert view._amount.text() == "a = 0.6"
    row = view.rows[1]
    zoom, shown = row._layout()
    place = row.rect_of(2, zoom).center() / row.devicePixelRatioF()
    QTest.mouseClick(row, Qt.MouseButton.LeftButton, pos=QPoint(round(place.x()), round(place.y())))
    assert view.picture.at == shown[2]
    norm = picture.found.norms[0, shown[2]]
    assert view.numbers[0].text().startswith(f"norm/(σ√d) {fixed(norm, 3)} · ‖x₀ − mean‖")
    assert "Control, the ends of all ways" in view._ends.text()


def test_ends_of_other_settings_say_so(stage, room):
    room.run(2, 4)
    stage.settle()
    assert room.picture().caption.endswith("from seed 2 to seed 4")
    drafting = stage.services.player.drafting
    drafting.edit({"steps": 4})
    assert room.picture().caption.endswith("The settings have changed since.")
    drafting.edit({"steps": 3, "count": 5})  # how many samples a run has is no matter
    assert "changed" not in room.picture().caption


def test_seeds_that_are_none_and_solvers_with_noise_start_nothing(stage, room):
    room.view.first.editor.lineEdit().setText("-1")
    room.handlers()["interpolate"]()
    assert not room.picture().working
    assert "at least 0" in room.view._said.error
    room.run(4, 4)
    assert not room.picture().working
    assert "nothing lies between their latents" in room.picture().message
    stage.services.player.drafting.edit({"solver": "euler_maruyama"})
    assert "draws noise of its own" in room.picture().reason
    assert not room.view.button.isEnabled()
    assert reason(RunSettings(solver="dop853")) == ""


def test_a_cancelled_interpolation_says_so(stage, room):
    room.run(0, 1)
    QTest.mouseClick(room.view.button, Qt.MouseButton.LeftButton)
    stage.settle()
    assert room.picture().message == "The interpolation was cancelled."
    assert not room.picture().working


def test_a_way_without_an_answer_says_why(qtbot):
    numbers = np.ones((3, 3))
    undefined = np.array([[1.0] * 3, [np.nan] * 3, [1.0] * 3])
    points = np.zeros((3, 3, 2))
    points[1] = np.nan
    found = Interpolation(
        amounts=np.linspace(0, 1, 3), norms=undefined, away=numbers, nearest=undefined, dimension=2, points=points
    )
    assert "the latents are opposite" in lost(found, 1)
    assert lost(found, 0) == ""
    view = InterpolationView(LIGHT)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    view.resize(400, 600)
    view.show()
    picture = InterpolationPicture(found=found, at=1, caption="D* · two moons")
    view.display(picture)
    view.grab()
    assert view.numbers[1].text().startswith("undefined here because")
    assert "Spherical: undefined here because" in describe(picture)


def test_what_to_expect_depends_on_the_dimension():
    assert "In 784 dimensions the spherical and the in-distribution way differ in pace only" in meaning(784)
    assert "lose detail" in meaning(784)
    assert "In 2 dimensions only the in-distribution way" in meaning(2)
