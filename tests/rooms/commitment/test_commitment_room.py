"""The commitment room: what it asks, what it shows of what came back, and why it is undefined where it is."""

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
from app.plotting.scatter import Scatter
from app.plotting.theme import LIGHT
from app.rooms import ROOMS
from app.rooms.commitment import feed
from app.rooms.commitment.messages import CommitmentTask, Committed
from app.rooms.commitment.picture import caption_of, ends_of, fan_of, levels_of, plots_of
from app.rooms.commitment.view import CommitmentView
from app.widgets.measure_cell import Cell
from geomodel.experiments import class_commitment, commitment, nearest_classes

ROW = next(row for row in ROOMS if row.name == "commitment")
SETTINGS = replace(TOY, count=3)


def task_of(run, **more):
    ends = np.asarray(run.x[-1])
    given = {"task_id": 5, "settings": SETTINGS, "ends": ends, "sigmas": (2.0, 0.3), "draws": 4, "sigma_min": 0.01}
    return CommitmentTask(**given | more)


def test_the_engine_gives_the_library_s_numbers(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    result = bench.handle(task_of(run)).result
    assert isinstance(result, Committed)
    data = gm.datasets.load("two-moons", count=60)
    optimal = gm.OptimalDenoiser(data.points)
    classify = nearest_classes(data.points, data.labels)
    found = commitment(optimal, run.x[-1], [2.0, 0.3], draws=4, sigma_min=0.01, classify=classify)
    np.testing.assert_allclose(result.found.returned, found.returned, atol=1e-9)
    np.testing.assert_array_equal(result.found.same, found.same)
    posterior = class_commitment(optimal, data.labels, run.x[-1], found.classes, [2.0, 0.3], draws=4)
    np.testing.assert_allclose(result.posterior, posterior, rtol=1e-12)
    assert not result.found.returned.flags.writeable
    fractions = [event.fraction for event in bench.events if hasattr(event, "fraction") and event.task_id == 5]
    assert fractions == sorted(fractions)


def test_a_cancel_stops_it_and_data_without_classes_have_none(bench, tmp_path):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    task = task_of(run)
    bench.worker.submit(Cancel(5))
    assert bench.handle(task) == TaskEnded(task)
    np.save(tmp_path / "cloud.npy", np.random.default_rng(0).standard_normal((20, 2)))
    bare = replace(SETTINGS, data=str(tmp_path / "cloud.npy"))
    ended = bench.handle(task_of(run, settings=bare))
    assert ended.result is None
    assert "no classes" in ended.message


# ---------------------------------------------------------------- what is chosen and shown


def known_of(run, levels, samples, draws=4):
    """A result for a run in which every end is of class 1 and every second draw comes back to it."""
    ends = np.asarray(run.x[-1, samples], np.float64)
    classes = iter([np.ones(len(ends), int), np.tile([1, 0], len(ends) * draws * len(levels) // 2)])
    found = commitment(
        gm.MixtureDenoiser(ends, 1e-3),
        ends,
        run.sigmas[levels],
        draws=draws,
        steps=2,
        classify=lambda x: next(classes),
    )
    return Committed(found, np.linspace(0.3, 0.9, len(levels)))


def test_levels_and_ends():
    run = computed(moons())
    chosen = levels_of(run, 3)
    least = 0.1 * run.source.dataset.std
    assert run.sigmas[chosen[-1]] >= least > run.sigmas[chosen[-1] + 1]
    assert chosen[0] == 0
    assert len(levels_of(run, 2)) == 2
    assert len(levels_of(run, 99)) == int((run.sigmas >= least).sum())
    short = computed(moons(), replace(TOY, sigma_max=0.01, sigma_min=0.001))
    assert levels_of(short, 5).tolist() == [0]
    assert ends_of(run, 3).tolist() == [0, 1, 2]
    run.trajectory.x[-1, 1] = np.nan
    assert ends_of(run, 3).tolist() == [0, 2, 3]


def test_the_fan_is_of_the_last_computed_level_at_or_before_the_playhead():
    run = computed(moons())
    levels, samples = np.array([0, 2, 3]), np.array([0, 2])
    known = known_of(run, levels, samples)
    for index, level in ((0, 0), (1, 0), (2, 2), (5, 3)):
        fan = fan_of(run, known, levels, samples, index, 2)
        assert f"{run.sigmas[level]:.3g}"[:3] in fan.title
    assert fan.title.endswith("2 of 4 the same class")
    assert len(fan.scatter.same) == len(fan.scatter.other) == 2
    np.testing.assert_allclose(fan.scatter.same, known.found.returned[2, 1, ::2])
    np.testing.assert_allclose(fan.scatter.end, run.x[-1, 2])
    assert "same class 0.50" in fan.words
    assert "posterior of D* 0.90" in fan.words
    other = fan_of(run, known, levels, samples, 5, 1)
    assert other.title == "Sample 1 is not among the ends, which are 0 to 2"
    assert other.scatter is None


def test_images_of_a_fan_have_their_classes():
    run = computed(pictures(), replace(TOY, data="pictures.npy", count=2))
    dataset = replace(run.source.dataset, labels=np.arange(30) % 2, label_names=("left", "right"))
    run.source = replace(run.source, dataset=dataset)
    levels = np.array([0])
    fan = fan_of(run, known_of(run, levels, np.array([0, 1])), levels, np.array([0, 1]), 0, 1)
    assert [panel.caption for panel in fan.panels] == ["end", "same", "other", "same", "other"]
    assert [panel.note for panel in fan.panels] == ["right", "right", "left", "right", "left"]
    assert fan.scatter is None


def test_the_curves_stand_at_their_levels_and_the_line_at_sigma_s():
    run = computed(moons())
    levels = np.array([0, 2, 3])
    known = known_of(run, levels, np.array([0, 2]))
    same, distance = plots_of(run, levels, known)
    assert [curve.label for curve in same.curves] == ["D* back and down", "posterior of D*", "chance"]
    assert all(curve.levels is levels for curve in (*same.curves, *distance.curves))
    parted = np.sqrt(np.linalg.eigvalsh(np.cov(run.source.dataset.points.T, bias=True))[-1])
    assert same.regions[0][2] == pytest.approx(parted)
    assert f"σ_S = √Λ = {parted:.2f}" in caption_of(run, known)
    assert plots_of(computed(moons(), replace(TOY, sigma_max=0.5)), levels, known)[0].regions == ()


def test_why_it_is_undefined():
    run = computed(moons())
    assert feed.commitment_undefined(run) == ""
    assert feed.commitment_undefined(computed(moons(), levels=3)) == "Undefined here because the run has not ended."
    assert "have no classes" in feed.commitment_undefined(computed(pictures(), replace(TOY, data="pictures.npy")))
    assert "asks for one class" in feed.commitment_undefined(computed(moons(), replace(TOY, label=1)))
    run.trajectory.x[-1] = np.nan
    assert "no end of the run is finite" in feed.commitment_undefined(run)
    run.linked, run.source = False, None
    assert "no reference data" in feed.commitment_undefined(run)
    run.caption = "The data are missing."
    assert feed.commitment_undefined(run) == "The data are missing."


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


def test_from_the_button_to_the_fan(stage, monkeypatch):
    monkeypatch.setattr(feed, "POINTS", (3, 2, 3))
    made, room = stage
    assert room.picture().message == feed.EMPTY
    assert not button(room.view, "Commitment").isEnabled()
    run_moons(made)
    assert feed.START in words(room.view)
    button(room.view, "Commitment").click()
    assert button(room.view, "Cancel").isEnabled()
    made.settle()
    picture = room.picture()
    assert picture.ready
    assert not picture.running
    assert "3 ends × 2 draws" in room.view.describe()
    assert part(room.view, Scatter).isVisibleTo(room.view)
    made.go(1)
    assert f"from σ {made.services.state.run.sigmas[1]:.3g}" in room.view.describe()
    cell = room.view.findChildren(Cell)[0]
    with_signal = []
    room.view.level_picked.connect(with_signal.append)
    cell.chart.picked.emit(0)
    assert with_signal == [0]
    assert made.services.state.selection.index == 0
    run_moons(made, seed=9)  # another run has no result
    assert room.picture().message == feed.START


def test_cancelled_and_failed_say_so(stage, monkeypatch):
    monkeypatch.setattr(feed, "POINTS", (3, 2, 3))
    made, room = stage
    run_moons(made)
    room.begin()
    room.begin()  # a second press waits for nothing
    button(room.view, "Cancel").click()
    made.settle()
    assert "Cancelled." in room.view.describe()
    assert button(room.view, "Commitment").isEnabled()
    room.handlers()["commitment"]()
    task = room._work._task
    made.services.player.receive(TaskEnded(task, message="The denoiser returned NaN."))
    assert "The denoiser returned NaN." in room.view.describe()
    made.settle()


def test_a_fan_of_points_is_framed_by_the_data(qtbot):
    run = computed(moons())
    levels, samples = np.array([0, 2]), np.array([0, 2])
    view = CommitmentView(LIGHT)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    known = known_of(run, levels, samples)
    fan = fan_of(run, known, levels, samples, 0, 2)
    drawn = part(view, Scatter)
    drawn.show_points(fan.scatter)
    x, y, width, height = drawn._box
    low, high = run.source.plane_points.min(0), run.source.plane_points.max(0)
    assert (x, y) == pytest.approx(tuple((low + high) / 2))
    assert width == pytest.approx(1.15 * (high - low)[0])
    assert height > 0
    drawn.show_points(None)
    assert not len(drawn._end.points)
