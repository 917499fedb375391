"""The consistency room: what a piece of a training gives, how it is paused and lost, and what the view shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from parts import button, part, words
from window_runs import TOY, computed, moons, pictures

import geomodel as gm
from app.engine.contract import TaskEnded
from app.engine.messages import Cancel, StartRun
from app.export.offstage import Offstage
from app.plotting.theme import DARK, LIGHT
from app.rooms import ROOMS
from app.rooms.consistency import answers, feed
from app.rooms.consistency.chart import GapChart
from app.rooms.consistency.curves import CurvesCanvas
from app.rooms.consistency.field import FieldCanvas, end_colours
from app.rooms.consistency.messages import ColoursAnswer, ColoursRequest, ConsistencyTask, Shrunk
from app.rooms.consistency.picture import (
    borders_words,
    denoised_of,
    field_rect,
    field_sigma,
    level_words,
    levels_of,
    samples_of,
    settings_of,
    undefined,
)
from app.rooms.consistency.pictures import FieldPicture
from app.rooms.consistency.view import ConsistencyView
from geomodel.basins import Basins
from geomodel.consistency import ConsistencySettings, Distillation
from geomodel.number_text import fixed

ROW = next(row for row in ROOMS if row.name == "consistency")
SETTINGS = replace(TOY, count=3)
DISTILLED = ConsistencySettings(iterations=6, batch=16)


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(feed, "ITERATIONS", 4)
    monkeypatch.setattr(feed, "EVERY", 2)
    monkeypatch.setattr(answers, "SAMPLES", 20)


# ---------------------------------------------------------------- the engine


def task_of(run, **more):
    x = np.asarray(run.x[:2])
    given = {
        "task_id": 5,
        "settings": SETTINGS,
        "training": 5,
        "done": 0,
        "until": 2,
        "distillation": DISTILLED,
        "x": x,
        "sigmas": tuple(run.sigmas[:2].tolist()),
    }
    return ConsistencyTask(**given | more)


def test_pieces_of_a_training_are_the_library_s_training(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    first = bench.handle(task_of(run)).result
    second = bench.handle(task_of(run, task_id=6, done=2, until=5)).result
    assert isinstance(second, Shrunk)
    assert (first.iteration, second.iteration) == (2, 5)
    data = gm.datasets.load("two-moons", count=60)
    distillation = Distillation(data, gm.OptimalDenoiser(data.points), DISTILLED)
    while distillation.iteration < 5:
        distillation.advance()
    f = distillation.function()
    expected = np.stack([f(x, float(sigma)) for x, sigma in zip(run.x[:2], run.sigmas[:2], strict=True)])
    np.testing.assert_array_equal(second.curve, expected)  # bit for bit: the same numbers in the same order
    assert not second.curve.flags.writeable
    ends = gm.consistency.solve(gm.OptimalDenoiser(data.points), run.x[1], run.sigmas[1], 0.02 * data.std)
    np.testing.assert_allclose(second.ends, ends, atol=1e-5)  # the room's tolerance is 1e-6 relative
    assert second.solved is first.solved
    assert second.solved.distance < second.one.distance
    assert np.isfinite([second.two.distance, second.fresh, second.loss]).all()


def test_the_second_jump_has_noise_of_its_own(bench, monkeypatch):
    """Before the first iteration f is c_skip x about the mean, from which both noises follow."""
    monkeypatch.setattr(answers, "SAMPLES", 200)
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    found = bench.handle(task_of(run, until=0)).result
    data = gm.datasets.load("two-moons", count=60)
    s, low = data.std, DISTILLED.lowest

    def undone(ends, tau):
        return (ends - data.mean) * ((tau - low) ** 2 + 1) + data.mean

    first = undone(found.one.ends, DISTILLED.highest) - data.mean
    second = undone(found.two.ends, found.middle / s) - found.one.ends
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.2  # 4 deviations of 400 independent numbers


def test_a_training_that_another_one_replaced_says_so(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    bench.handle(task_of(run))
    bench.handle(task_of(run, task_id=6, training=6))
    assert bench.handle(task_of(run, task_id=7, done=2, until=3)).message == answers.NO_TRAINING


def test_a_cancel_stops_it_and_the_next_piece_goes_on(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    bench.handle(task_of(run))
    task = task_of(run, task_id=6, done=2, until=4)
    bench.worker.submit(Cancel(6))
    assert bench.handle(task) == TaskEnded(task)
    whole = bench.handle(task_of(run, task_id=7, done=2, until=4)).result
    bench.handle(task_of(run, task_id=8, training=8, until=0))
    assert whole.iteration == 4
    again = bench.handle(task_of(run, task_id=9, training=8, until=4)).result
    np.testing.assert_array_equal(whole.curve, again.curve)


def test_a_training_of_one_class_draws_from_that_class_alone(bench):
    settings = replace(SETTINGS, label=1)
    run = bench.handle(StartRun(1, settings)).trajectory
    found = bench.handle(task_of(run, settings=settings)).result
    data = gm.datasets.load("two-moons", count=60)
    optimal, rows = gm.OptimalDenoiser(data.points, data.labels), np.flatnonzero(data.labels == 1)

    def teacher(x, sigma):
        return optimal(x, sigma, labels=np.ones(len(x), np.int64))

    distillation = Distillation(data, teacher, DISTILLED, rows)
    for _ in range(2):
        distillation.advance()
    f = distillation.function()
    expected = np.stack([f(x, float(sigma)) for x, sigma in zip(run.x[:2], run.sigmas[:2], strict=True)])
    np.testing.assert_allclose(found.curve, expected, atol=1e-12)
    nearest = np.linalg.norm(found.solved.ends[:, None] - data.points[rows][None], axis=2).min(axis=1)
    assert nearest.max() < 0.2 * data.std


def test_colours_are_the_ends_of_the_exact_ode(bench):
    bench.handle(StartRun(1, SETTINGS))
    request = ColoursRequest(run_id=1, sigma=1.0, rect=(-3.0, -2.0, 6.0, 4.0))
    cells = None
    for _ in range(40):
        answer = bench.handle(replace(request, start=cells))
        cells = answer.basins
        if cells.complete:
            break
    assert cells.known.shape == (8, 11)
    data = gm.datasets.load("two-moons", count=60)
    at = np.array([[-3 + 6 * (3 + 0.5) / 11, -2 + 4 * (2 + 0.5) / 8]])
    end = gm.consistency.solve(gm.OptimalDenoiser(data.points), at, 1.0, 0.02 * data.std)
    nearest = np.linalg.norm(data.points - end, axis=1).argmin()
    assert cells.classes[2, 3] == nearest
    assert not answer.finished


def test_colours_give_way_to_what_waits(bench):
    bench.handle(StartRun(1, SETTINGS))
    bench.worker.submit(StartRun(2, SETTINGS))
    answer = bench.handle(ColoursRequest(run_id=1, sigma=1.0, rect=(-3.0, -2.0, 6.0, 4.0)))
    assert answer.interrupted
    assert not answer.basins.known.any()


# ---------------------------------------------------------------- what is chosen and shown


def test_levels_samples_and_settings():
    run = computed(moons())
    settings = settings_of(run, 7)
    scale = run.source.dataset.std
    assert settings.iterations == 7
    assert settings.highest == pytest.approx(max(10.0, run.sigmas[0] / scale))
    levels = levels_of(run, settings)
    assert run.sigmas[levels[-1]] > 0.02 * scale
    assert levels[-1] == len(run.sigmas) - 1 or run.sigmas[levels[-1] + 1] <= 0.02 * scale
    run.trajectory.x[-1, 1] = np.nan
    assert samples_of(run).tolist() == [0, 2, 3]
    assert denoised_of(run, np.arange(len(run.sigmas)), np.array([0])).shape == (len(run.sigmas), 1, 2)


def test_the_numbers_at_the_playhead():
    run = computed(moons())
    levels = np.array([0, 2])
    curve, ends = np.zeros((2, 4, 2)), np.zeros((4, 2))
    curve[1, :, 0] = 0.5
    said = level_words(run, levels, 3, curve, 2 * curve, ends)
    assert "gap of f 0.500, gap of D* 1.00" in said
    assert "gap of f 0" in level_words(run, levels, 1, curve, 2 * curve, ends)


def test_why_it_is_undefined():
    run = computed(moons())
    assert undefined(run) == ""
    assert undefined(computed(moons(), levels=3)) == "Undefined here because the run has not ended."
    assert "is trained for points here" in undefined(computed(pictures(), replace(TOY, data="pictures.npy")))
    tiny = computed(moons(), replace(TOY, sigma_max=0.01, sigma_min=0.001))
    assert "no noise level above" in undefined(tiny)
    noisy = computed(moons())
    noisy.settings = replace(noisy.settings, solver="euler_maruyama")
    assert "the solver draws noise" in undefined(noisy)
    run.trajectory.x[-1] = np.nan
    assert "no sample of the run is finite" in undefined(run)
    run.linked, run.source = False, None
    assert "no reference data" in undefined(run)


def test_the_coloured_plane_has_its_noise_level_and_place():
    run = computed(moons())
    scale = run.source.dataset.std
    assert field_sigma(run, None) == pytest.approx(scale)
    assert field_sigma(run, 1e-9) == pytest.approx(0.02 * scale)
    assert field_sigma(run, 1e9) == pytest.approx(run.sigmas[0])
    x, y, width, height = field_rect(run, scale)
    assert (x + width / 2, y + height / 2) == pytest.approx(tuple(run.source.dataset.mean))
    assert width / height == pytest.approx(11 / 8)


def cells_of(run, classes):
    request = ColoursRequest(run_id=run.id, sigma=1.0, rect=(-3.0, -2.0, 6.0, 4.0))
    basins = Basins(request.rect, classes, classes >= 0)
    return ColoursAnswer(request=request, basins=basins, finished=False, interrupted=False)


def test_borders_are_counted_once_every_cell_is_known():
    run = computed(moons())
    points = np.array([[0.0, 0.0], [5.0, 0.0]])
    half = np.repeat([[0, 0, 1, 1]], 2, axis=0)
    assert "25.0 % are borders" in borders_words(cells_of(run, half), 1.0, points)
    half[1, 3] = -1
    assert borders_words(cells_of(run, half), 1.0, points) == "4 × 2 cells"


def test_colours_tell_the_ends_apart_also_in_grey():
    angle = np.linspace(0, 2 * np.pi, 9)[:-1]
    shades = end_colours(np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(float)
    apart = np.linalg.norm(shades[:, None] - shades[None], axis=2) + 1e3 * np.eye(8)
    assert apart.min() > 40
    grey = shades @ (0.299, 0.587, 0.114)
    assert grey[2] > grey[6] + 40  # above and below
    assert end_colours(np.zeros((3, 2))).shape == (3, 3)


# ---------------------------------------------------------------- the room


@pytest.fixture
def stage(qapp):
    made = Offstage()
    room = made.room(ROW)
    room.view.resize(420, 700)
    room.view.show()
    yield made, room
    room.view.hide()
    room.release()
    room.view.deleteLater()


def run_moons(stage, **changes):
    stage.services.player.drafting.edit({"data": "two-moons", "data_count": 60})
    stage.settle()
    stage.services.player.drafting.edit({"count": 3, "steps": 4, **changes})
    stage.settle()
    stage.services.player.run()
    stage.settle()
    stage.services.playback.pause()


def test_from_the_button_to_the_end_of_the_training(stage):
    made, room = stage
    assert room.picture().message == feed.EMPTY
    assert not button(room.view, "Train").isEnabled()
    run_moons(made)
    assert feed.READY in words(room.view)
    button(room.view, "Train").click()
    assert button(room.view, "Pause").isEnabled()
    made.settle()
    picture = room.picture()
    assert picture.gap.iterations == (0, 2, 4)
    assert not picture.running
    assert not picture.ready
    assert "Finished, 4 of 4." in room.view.describe()
    assert f"of D {fixed(picture.gap.control, 3)}." in room.view.describe()
    assert len(picture.clouds) == 3
    made.go(1)
    assert room.picture().curves.level == 1
    room.handlers()["consistency"]()  # nothing more to do
    made.settle()
    assert room.picture().gap.iterations == (0, 2, 4)
    run_moons(made, seed=9)  # another run has its own
    assert room.picture().message == feed.READY


def test_pause_continue_and_discard(stage):
    made, room = stage
    run_moons(made)
    room.handlers()["consistency"]()
    made._engine._worker.handle(made._engine._worker.inbox.take())  # the first curves; the next piece waits
    assert room.picture().running
    room.handlers()["consistency"]()  # the same key pauses
    made.settle()
    assert "Paused at 0 of 4." in room.view.describe()
    button(room.view, "Continue").click()
    made.settle()
    assert room.picture().gap.iterations == (0, 2, 4)
    button(room.view, "Discard").click()
    assert room.picture().gap is None
    assert feed.DISCARDED in room.view.describe()
    assert not button(room.view, "Discard").isEnabled()
    button(room.view, "Train").click()
    button(room.view, "Discard").click()  # while it runs
    made.settle()
    assert room.picture().gap is None
    assert feed.DISCARDED in room.view.describe()


def test_a_pause_that_meets_a_finished_piece_pauses_too(stage):
    made, room = stage
    run_moons(made)
    room.begin()
    engine = made._engine._worker
    happened = made.services.player.receive
    held = []
    made._engine.happened.disconnect(happened)
    made._engine.happened.connect(held.append)
    engine.handle(engine.inbox.take())
    button(room.view, "Pause").click()  # the result is on its way
    made._engine.happened.disconnect(held.append)
    made._engine.happened.connect(happened)
    for event in held:
        happened(event)
    made.settle()
    assert "Paused at 0 of 4." in room.view.describe()


def test_a_training_stopped_at_once_and_one_that_failed_say_so(stage):
    made, room = stage
    run_moons(made)
    room.begin()
    button(room.view, "Pause").click()
    made.settle()
    assert feed.STOPPED in room.view.describe()
    room.begin()
    made.services.player.receive(TaskEnded(room._work._task, message="The denoiser returned NaN."))
    assert "The denoiser returned NaN." in room.view.describe()
    made.settle()


def test_d_in_place_of_f(stage):
    made, room = stage
    run_moons(made)
    room.begin()
    made.settle()
    assert room.picture().curves.kind == "network"
    room.view._denoised.click()
    shown = room.picture().curves
    assert shown.kind == "denoising"
    run = made.services.state.run
    np.testing.assert_allclose(shown.curves, run.denoised[: len(shown.curves)])


def test_the_coloured_plane_fills_when_it_is_asked_for(stage, monkeypatch):
    monkeypatch.setattr(answers, "FINEST", 11)
    made, room = stage
    run_moons(made)
    assert room.picture().field.answer is None
    room.view._coloured.click()
    made.settle()
    field = room.picture().field
    assert field.answer.finished
    assert "11 × 8 cells, of which" in room.view.describe()
    room.view.sigma_wanted.emit(0.5)
    made.settle()
    assert room.picture().field.answer.request.sigma == 0.5
    room.view._coloured.click()
    assert room.picture().field.words == ""


def test_the_view_draws_what_it_is_given(qtbot, stage):
    made, room = stage
    run_moons(made)
    room.begin()
    made.settle()
    view = ConsistencyView(LIGHT)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    view.display(room.picture())
    picture = room.picture()
    chart, curves = part(view, GapChart), part(view, CurvesCanvas)
    assert chart.curve.getData()[1].tolist() == list(picture.gap.gaps)
    assert set(chart.control.getData()[1]) == {picture.gap.control}
    assert chart.box.viewRange()[0][1] >= picture.gap.total
    assert len(curves.curves.xData) == picture.curves.curves.shape[0] * picture.curves.curves.shape[1]
    field = part(view, FieldCanvas)
    run = made.services.state.run
    answer = cells_of(run, np.repeat([[0, 1, 2, 3]], 2, axis=0))
    field.show_field(FieldPicture(wanted=True, possible=True, answer=answer, data=run.source.dataset.points))
    assert not field.cells.boundingRect().isEmpty()
    view.set_theme(DARK)
    field.show_field(FieldPicture())
    assert field.cells.boundingRect().isEmpty()
