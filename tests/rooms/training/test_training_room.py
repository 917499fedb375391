"""The training room: what the engine trains and keeps, what is shown of it, and what its buttons do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from parts import button, words
from PySide6.QtCore import Qt
from window_runs import moons

import geomodel as gm
from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Cancel, StartRun
from app.export.offstage import Offstage
from app.rooms import ROOMS
from app.rooms.training import answers, feed, picture
from app.rooms.training.messages import SaveTrainedTask, TrainTask
from geomodel.experiments import TwoScales
from geomodel.recipe import TrainSettings
from geomodel.settings import RunSettings
from geomodel.training import Training

ROW = next(row for row in ROOMS if row.name == "training")
RECIPE = TrainSettings(iterations=30, batch=16, width=8, depth=1)
SETTINGS = RunSettings(data="gaussian-ring", data_count=20, steps=4, count=6, seed=3)


def task_of(until, **more):
    given = {"task_id": 5, "settings": SETTINGS, "training_id": 1, "recipe": RECIPE, "until": until, "begins": True}
    return TrainTask(**given | more)


class WhileTraining:
    """Does something once, when the engine has done so many iterations."""

    def __init__(self, monkeypatch, iteration, act):
        advance = Training.advance

        def watched(job):
            if job.iteration == iteration and not self.done:
                self.done = True
                act()
            advance(job)

        self.done = False
        monkeypatch.setattr(Training, "advance", watched)


# ---------------------------------------------------------------- the engine


def test_the_engine_trains_the_library_s_weights_in_parts(bench, tmp_path):
    found = [bench.handle(task_of(until, begins=until == 0)).result for until in (0, 7, 30)]
    assert [each.iteration for each in found] == [each.snapshot.iteration for each in found] == [0, 7, 30]
    data = gm.datasets.load("gaussian-ring", count=20)
    job = Training(data, RECIPE)
    while job.iteration < 30:
        job.advance()
    path = str(tmp_path / "a.safetensors")
    save = SaveTrainedTask(task_id=6, settings=SETTINGS, training_id=1, path=path)
    assert bench.handle(save).result == path
    job.write(tmp_path / "b.safetensors")
    assert Path(path).read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    newest, controls = found[-1].snapshot, found[-1].controls
    assert newest.loss == job.loss
    optimal = gm.OptimalDenoiser(data.points)
    assert controls.floor == job.floor(optimal)
    fresh = gm.datasets.load("gaussian-ring", count=2_000, seed=1).points
    scales = TwoScales(data.points, optimal, controls.sigmas, fresh=fresh, population=data.mixture, draws=128)
    assert controls.fresh == scales.control
    started = bench.handle(StartRun(9, replace(SETTINGS, solver="heun")))
    noise = started.trajectory.x[0]
    run = gm.sample(job.denoiser(), noise, controls.sigmas, solver="heun", display="off", record="float64")
    np.testing.assert_array_equal(newest.x, run.x)
    np.testing.assert_allclose(controls.optimal, started.trajectory.x, atol=1e-12)
    expected = scales.measure(job.denoiser(), run.x[-1])
    assert newest.memorised == expected.memorised
    np.testing.assert_array_equal(newest.population, expected.population)
    np.testing.assert_array_equal(newest.data, expected.data)
    assert not newest.x.flags.writeable


def test_a_cancel_ends_it_within_an_iteration_and_keeps_what_it_has(bench, monkeypatch):
    bench.handle(task_of(0))
    WhileTraining(monkeypatch, 4, lambda: bench.worker.submit(Cancel(5)))
    ended = bench.handle(task_of(30, begins=False))
    assert ended.result.stopped
    assert ended.result.iteration == ended.result.snapshot.iteration == 5
    whole = bench.handle(task_of(30, begins=False)).result
    assert not whole.stopped
    job = Training(gm.datasets.load("gaussian-ring", count=20), RECIPE)
    while job.iteration < 30:
        job.advance()
    assert whole.snapshot.loss == job.loss  # bit for bit, as if nobody had stopped it


def test_it_gives_way_to_a_run_and_goes_on_where_it_was(bench, monkeypatch):
    bench.handle(task_of(0))
    WhileTraining(monkeypatch, 4, lambda: bench.worker.submit(StartRun(9, SETTINGS)))
    task = task_of(30, begins=False)
    bench.worker.submit(task)
    seen = []
    while bench.worker.inbox.waiting:
        bench.handle(bench.worker.inbox.take())
        seen.append(bench.worker._kept[answers.KEPT].training.iteration)
    assert seen == [5, 5, 30]  # left, the run, the rest
    assert bench.events[-1].result.iteration == 30
    assert "RunFinished" in bench.kinds()


def test_what_cannot_be_trained_is_a_sentence(bench, tmp_path):
    assert bench.handle(task_of(5, begins=False)).message == answers.GONE
    saved = SaveTrainedTask(task_id=6, settings=SETTINGS, training_id=1, path=str(tmp_path / "a"))
    assert bench.handle(saved).message == answers.GONE
    np.savez(tmp_path / "images.npz", x=np.zeros((9, 4, 4), np.uint8))
    images = replace(SETTINGS, data=str(tmp_path / "images.npz"))
    assert "set of points" in bench.handle(task_of(5, settings=images)).message
    wild = replace(RECIPE, learning_rate=1.0, warmup=0, iterations=300, width=64, depth=8)
    ended = bench.handle(task_of(300, recipe=wild, training_id=2))
    assert ended.message == "" or "learning rate" in ended.message


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_points_are_trained_and_leave_numbers_undefined(bench, count):
    found = bench.handle(task_of(3, settings=replace(SETTINGS, data_count=count))).result
    assert np.isnan(found.snapshot.memorised) == (count == 1)
    assert np.isfinite(found.snapshot.data).all()
    assert found.controls.floor >= 0


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1e5, 1e3), (1e5, 1e-3)])
def test_data_anywhere_and_in_any_unit_train_alike(bench, tmp_path, shift, scale):
    """The network sees the data about their mean and in their own scale, so the loss and the shares are the same."""
    points = gm.datasets.load("two-moons", count=40).points
    np.save(tmp_path / "cloud.npy", scale * points + shift)
    here = replace(SETTINGS, data=str(tmp_path / "cloud.npy"))
    found = bench.handle(task_of(20, settings=here)).result
    plain = Training(gm.datasets.load("two-moons", count=40), RECIPE)
    while plain.iteration < 20:
        plain.advance()
    # float32 inputs of 20 steps; a shift of 1e5 rounds points of scale 2e-3 to 1e-8 of it
    assert found.snapshot.loss == pytest.approx(plain.loss, rel=1e-4)
    box = np.ptp(found.snapshot.x[-1], axis=0) / scale
    assert (box < 12).all()


# ---------------------------------------------------------------- what is shown


def shown(count=3, iterations=30):
    """A record of a training of two moons."""
    made = feed.Recorded(1, replace(SETTINGS, data="two-moons"), replace(RECIPE, iterations=iterations), moons())
    sigmas = np.array([10.0, 1.0, 0.1])
    x = np.arange(3 * 2 * 2, dtype=float).reshape(3, 2, 2)
    made.controls = picture.Controls(sigmas=sigmas, optimal=x, floor=0.4, fresh=0.1, ends=2)
    for at in range(count):
        given = {"iteration": 10 * at, "loss": 1 - 0.1 * at, "x": x + at, "memorised": 0.2 * at}
        made.snapshots.append(
            picture.Snapshot(**given, population=np.array([3.0, 2.0, np.nan]) + at, data=np.array([6.0, 5.0, 4.0]) - at)
        )
    return made


def test_curves_stand_over_the_whole_training_with_their_controls():
    made = shown()
    places, loss, copies = made.curves()
    assert places.tolist() == [0, 10, 20, 30]  # the last is not reached yet, so the axis will not grow
    training, floor = loss.curves
    assert training.values[:, 0].tolist() == pytest.approx([1, 0.9, 0.8])
    assert floor.values[:, 0].tolist() == [0.4] * 4
    assert copies.linear
    assert copies.curves[1].at(3, 0) == 0.1
    assert made.curves()[1] is loss  # another level draws nothing of it again
    assert made.distance(1).curves[0].values[:, 0].tolist() == [5, 4, 3]
    assert made.distance(1).curves[1].values[:, 0].tolist() == [2, 3, 4]
    assert made.distance(1).title == "Distance at σ 1"
    assert [curve.label for curve in made.distance(2).curves] == ["to D* of the points"]
    assert shown(count=4).curves()[0].tolist() == [0, 10, 20, 30]


def test_x_is_scaled_about_the_mean_and_the_frame_never_moves():
    made = shown()
    source, sigmas = made.source, made.controls.sigmas
    mean, s = source.dataset.mean, source.dataset.std
    paths = made.paths(made.snapshots[1], 0)
    for level, sigma in enumerate(sigmas):
        expected = mean + (made.snapshots[1].x[level] - mean) / np.sqrt(1 + sigma**2 / s**2)
        np.testing.assert_allclose(paths.x[level], expected)
    assert made.paths(made.snapshots[1], 2).x is paths.x
    assert made.paths(made.snapshots[2], 2).box == paths.box
    left, right = paths.box[0] - paths.box[2] / 2, paths.box[0] + paths.box[2] / 2
    assert left < source.plane_points[:, 0].min()
    assert right > source.plane_points[:, 0].max()


def test_what_is_undefined_is_left_out_and_says_why():
    nan = float("nan")
    made = shown()
    made.controls = replace(made.controls, floor=nan, fresh=nan)
    made.snapshots = [replace(snapshot, memorised=nan) for snapshot in made.snapshots]
    _, loss, copies = made.curves()
    assert [curve.label for curve in loss.curves] == ["training"]
    assert copies.curves == ()
    assert copies.waiting == picture.ONE_POINT
    many = replace(made.controls, ends=0)
    assert picture.copies_plot(made.snapshots, many, 4).waiting == picture.MANY_POINTS
    assert "–" not in picture.numbers_of(made.snapshots[0], made.controls, 1)


def test_long_trainings_are_recorded_less_often():
    assert picture.every(replace(RECIPE, iterations=200_000)) == 100
    assert picture.every(replace(RECIPE, iterations=10_000_000)) == 5_000


# ---------------------------------------------------------------- the room


@pytest.fixture
def stage(qapp, monkeypatch, tmp_path):
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path))
    monkeypatch.setattr(picture, "EVERY", 10)
    monkeypatch.setattr(feed, "STEPS", 4)
    made = Offstage()
    room = made.room(ROW)
    room.view.resize(900, 700)
    room.view.show()
    yield made, room
    room.view.hide()
    room.release()
    room.view.deleteLater()


def small(room, **more):
    values = {"iterations": 25, "batch": 16, "width": 8, "depth": 1} | more
    for field in room.view.form.fields:
        field.set_value(values.get(field.name, field.value))


def ring(made, **more):
    made.services.player.drafting.edit({"data": "gaussian-ring", "data_count": 20, **more})
    made.settle()
    made.services.playback.pause()


def recorded(room):
    return [snapshot.iteration for snapshot in room._known.snapshots]


def test_from_the_button_to_the_network_that_drives(stage, tmp_path):
    made, room = stage
    assert room.picture().message == feed.EMPTY
    assert not button(room.view, "Train").isEnabled()
    ring(made)
    assert feed.START in words(room.view)
    small(room)
    button(room.view, "Train").click()
    assert button(room.view, "Pause").isEnabled()
    made.settle()
    assert recorded(room) == [0, 10, 20, 25]
    assert room.view.form.go.text() == "Train"
    assert "After 25 iterations" in room.view.describe()
    button(room.view, "Use this network").click()
    made.settle()
    network = made.services.state.network
    assert network.path == str(tmp_path / "trained" / "gaussian-ring-25.safetensors")
    assert made.services.state.draft.network_drives
    assert made.services.state.draft.driver == "network"
    assert len(network.info.data_fingerprint) > 10
    button(room.view, "Use this network").click()  # the file of the first is open, so it gets a name of its own
    made.settle()
    assert made.services.state.network.path.endswith("gaussian-ring-25-2.safetensors")


def test_steps_pause_by_themselves_and_a_training_goes_on_from_there(stage):
    made, room = stage
    ring(made)
    small(room)
    button(room.view, "+ 1").click()
    made.settle()
    button(room.view, "+ 1").click()
    made.settle()
    assert recorded(room) == [0, 1, 2]
    assert room.view.form.go.text() == "Continue"
    assert "Stopped, iteration 2 of 25" in room.view.describe()
    ring(made, data_count=30)  # other data meanwhile
    button(room.view, "Continue").click()
    made.settle()
    assert recorded(room) == [0, 1, 2, 10, 20, 25]
    assert "gaussian-ring, 20 points" in room.view.describe()
    assert not button(room.view, "Train anew").isEnabled()  # Train does that now
    button(room.view, "Train").click()
    made.settle()
    assert recorded(room) == [0, 10, 20, 25]
    assert "gaussian-ring, 30 points" in room.view.describe()


@pytest.mark.parametrize("paused", [True, False])
def test_paused_says_nothing_and_cancelled_says_so(stage, monkeypatch, paused):
    made, room = stage
    ring(made)
    small(room)
    stop = room.toggle if paused else made.services.player.cancel
    WhileTraining(monkeypatch, 13, stop)
    room.handlers()["training"]()
    made.settle()
    assert recorded(room) == [0, 10, 14]
    assert (feed.CANCELLED in room.view.describe()) != paused
    room.toggle()
    made.settle()
    assert recorded(room) == [0, 10, 14, 20, 25]


def test_a_run_meanwhile_does_not_stop_it(stage, monkeypatch):
    made, room = stage
    ring(made)
    small(room)
    WhileTraining(monkeypatch, 13, made.services.player.run)
    room.toggle()
    made.settle()
    assert recorded(room) == [0, 10, 20, 25]
    assert made.services.state.run.complete


def test_a_cancel_before_anything_was_trained(stage):
    made, room = stage
    ring(made)
    small(room)
    room.toggle()
    room.toggle()
    made.settle()
    assert room.picture().state == "none"
    assert room.picture().paths is None
    room.toggle()
    made.settle()
    assert recorded(room) == [0, 10, 20, 25]


def test_fields_that_do_not_fit_are_explained_and_nothing_begins(stage):
    made, room = stage
    ring(made)
    small(room, learning_rate=0.0)
    room.toggle()
    assert "learning_rate" in room.view.describe()
    field = room.view.form.fields[0]
    field.editor.lineEdit().setText("0")
    room.toggle()
    assert field.error == "Iterations must be at least 1; it is 0."
    assert room._known is None


def test_images_and_missing_trainings_say_why(stage, monkeypatch, tmp_path):
    made, room = stage
    np.savez(tmp_path / "images.npz", x=np.zeros((9, 4, 4), np.uint8))
    made.services.player.drafting.edit({"data": str(tmp_path / "images.npz")})
    made.settle()
    assert feed.IMAGES in words(room.view)
    room.toggle()
    assert room._known is None
    for action in ("training_save", "training_use"):
        room.handlers()[action]()  # there is nothing, so nobody is asked for a file
    ring(made)
    small(room)
    room.toggle()
    task = room._work._task
    made.services.player.receive(TaskProgress(task.task_id, 3, 0.1))
    made.services.player.receive(TaskEnded(task, message="The loss is not finite."))
    assert "The loss is not finite." in room.view.describe()
    made.settle()


def test_moving_through_time_and_noise_computes_nothing(stage, monkeypatch, qtbot):
    made, room = stage
    ring(made)
    small(room)
    room.toggle()
    made.settle()
    made.services.player.run()
    made.settle()
    made.services.playback.pause()
    asked = []
    monkeypatch.setattr(type(made._engine), "submit", lambda self, command: asked.append(command))
    view, x = room.view, [snapshot.x for snapshot in room._known.snapshots]
    assert (view.time.value(), view.time.maximum()) == (3, 3)
    view.time.setFocus()
    qtbot.keyClick(view.time, Qt.Key.Key_Left)
    assert "After 20 iterations" in view.describe()
    view.level.setValue(4)
    np.testing.assert_array_equal(view.paths._x.points, room._known.paths(room._known.snapshots[2], 4).x[4])
    assert made.services.state.selection.index == len(made.services.state.run.sigmas) - 1  # the playhead follows
    made.services.playback.go(0)
    assert view.level.value() == 0  # and the reverse
    with made.services.state.at_level(len(made.services.state.run.sigmas) - 1):
        assert room.picture().paths.level == 4  # in a film over σ
    view.cells[0].picked.emit(1)
    assert "After 10 iterations" in view.describe()
    view.cells[0].picked.emit(99)
    assert "After 25 iterations" in view.describe()
    assert [snapshot.x for snapshot in room._known.snapshots] == x
    assert not [command for command in asked if isinstance(command, TrainTask)]


def test_a_level_that_the_playhead_cannot_reach_stays(stage):
    """A run of two steps has three levels, the training five: the playhead goes near and pulls nothing back."""
    made, room = stage
    ring(made)
    made.services.player.drafting.edit({"steps": 2})
    small(room)
    room.step(1)
    made.settle()
    made.services.player.run()
    made.settle()
    for level in (1, 3):
        room.view.level.setValue(level)
        assert room.picture().paths.level == level
        sigmas = made.services.state.run.sigmas
        assert made.services.state.selection.index == gm.schedules.nearest_level(
            sigmas, float(room.picture().sigmas[level])
        )
    assert "the recorded level nearest to the playhead's" in room.view.describe()


def test_a_chosen_snapshot_stays_while_the_training_goes_on(stage):
    made, room = stage
    ring(made)
    small(room)
    room.step(10)
    made.settle()
    room.view.time.setValue(0)
    room.toggle()
    made.settle()
    assert room.picture().at == 0
    room.view.time.setValue(3)
    assert room.picture().at == 3
    assert room._at is None  # the newest is followed again


def test_a_network_is_saved_where_a_person_wants_but_not_over_an_open_one(stage, tmp_path):
    made, room = stage
    said, asked = [], []
    room._network._services = replace(
        made.services, say=lambda *words: said.append(words), ask_save=lambda *given: asked.append(given)
    )
    ring(made)
    small(room)
    room.step(10)
    made.settle()
    button(room.view, "Save…").click()
    (kind, name, then), *_ = asked
    assert (kind, name) == ("network", "gaussian-ring-10")
    path = tmp_path / "mine.safetensors"
    then(str(path))
    made.settle()
    assert said[-1][0] == f"Saved {path}."
    assert gm.load_checkpoint(path).info.recipe["done"] == 10
    made.services.player.drafting.open_network(str(path))
    made.settle()
    then(str(path))
    assert "is the file of an open network" in said[-1][0]
