"""The theories room: what it asks in turn, what it shows of the answers, and why it is undefined where it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from window_runs import TOY, computed, moons, pictures

import geomodel as gm
from app.engine.contract import TaskEnded
from app.engine.messages import Cancel, StartRun
from app.export.offstage import Offstage
from app.rooms import ROOMS
from app.rooms.theories import picture
from app.rooms.theories.messages import Asked, DriveTask, TheoryTask
from geomodel.experiments import explained_of

ROW = next(row for row in ROOMS if row.name == "theories")
SETTINGS = replace(TOY, count=3)


def task_of(run, **more):
    asked = Asked("Gaussian", "gaussian")
    given = {"task_id": 5, "settings": SETTINGS, "theory": asked, "x": run.x[:2], "sigmas": tuple(run.sigmas[:2])}
    return TheoryTask(**given | more)


def test_the_engine_gives_the_library_s_numbers_and_keeps_the_theory(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    found = bench.handle(task_of(run)).result
    model = gm.theories.build("gaussian", gm.datasets.load("two-moons", count=60))
    np.testing.assert_allclose(found[1], model(run.x[1], run.sigmas[1]), rtol=1e-12)
    assert not found.flags.writeable
    kept = dict(bench.worker._kept)
    bench.handle(task_of(run))
    assert all(bench.worker._kept[key][1] is kept[key][1] for key in kept)


def test_a_cancel_stops_it_and_what_does_not_fit_is_said(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    task = task_of(run)
    bench.worker.submit(Cancel(5))
    assert bench.handle(task) == TaskEnded(task)
    ended = bench.handle(task_of(run, theory=Asked("Patches", "local", (("patch", 3),))))
    assert ended.result is None
    assert "is for images" in ended.message


def test_theories_answer_in_turn_and_the_picture_fills(qtbot, monkeypatch):
    stage = Offstage()
    room = stage.room(ROW)
    run = computed(moons())
    stage.services.state.add_run(run)
    stage.services.state.select(run_id=run.id)
    begun = []
    monkeypatch.setattr(stage.services.player, "begin", lambda task, name="": begun.append(task))
    room.begin()
    room.drive()  # too early, so nothing changes
    known = []
    while len(known) < 5:
        task = begun[-1]
        room.drive()  # while it asks, it goes on asking
        room._work._happened(TaskEnded(task, np.zeros_like(task.x) + len(known)))
        known.append(room.picture())
    titles = [curve.label for curve in known[-1].plot.curves]
    assert titles == ["D*", "Gaussian", "Class Gaussians", "D*(x; 1.5 σ)", "10 nearest", "x itself"]
    assert [len(shown.plot.curves) for shown in known] == [2, 3, 4, 5, 6]
    assert len(begun) == 5  # and no more
    assert not known[-1].ready
    assert len(known[-1].legend) == len(titles)
    assert "Best:" in known[-1].caption
    assert known[-1].can_drive
    room.drive()
    while room._work.running:
        task = begun[-1]
        assert isinstance(task, DriveTask)
        last = len(begun) == 10
        room._work._happened(TaskEnded(task, np.array(run.x[-1, :4]) + (0 if last else len(begun))))
    assert [task.theory.name for task in begun[:5]] == [task.stages[0][1].name for task in begun[5:10]]
    assert [task.stages for task in begun[10:]] == [
        stages
        for title, stages in picture.drives_in_turn(run.source.dataset, tuple(titles[:5]), room._known[run.id].found)
        if title == picture.IN_TURN
    ]
    one = picture.fixed(1.0, 2)
    assert "D*(x; 1.5 σ)" in room.picture().drives
    assert f"10 nearest {one} ({one}; 4)" in room.picture().drives  # it ended where the run did
    assert not room.picture().can_drive
    room.release()


def test_the_engine_drives_the_same_noise_in_euler_steps(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    given = {"task_id": 6, "settings": SETTINGS, "stages": ((0.0, Asked("Gaussian", "gaussian")),)}
    found = bench.handle(DriveTask(**given, x=run.x[0], sigmas=tuple(run.sigmas))).result
    data = gm.datasets.load("two-moons", count=60)
    model = gm.theories.build("gaussian", data)
    np.testing.assert_allclose(found, gm.sample(model, run.x[0], run.sigmas, solver="euler").x[-1], rtol=1e-12)
    given["stages"] = ((float(run.sigmas[2]), Asked("D*", "optimal")), (0.0, Asked("Gaussian", "gaussian")))
    found = bench.handle(DriveTask(**given, x=run.x[0], sigmas=tuple(run.sigmas))).result
    relay = gm.Relay([(run.sigmas[2], gm.OptimalDenoiser(data.points)), (0.0, model)])
    np.testing.assert_allclose(found, gm.sample(relay, run.x[0], run.sigmas, solver="euler").x[-1], rtol=1e-12)


def test_the_best_hand_over_half_way_between_their_levels():
    names, sigmas = ("D*", "Gaussian"), np.array([8.0, 2.0, 0.5])
    x = np.ones((3, 2, 2))
    guesses = np.stack([x + np.array([0.1, 0.3, 0.3]).reshape(3, 1, 1), x + 0.2])
    found = explained_of(names, sigmas, x, guesses, x, np.zeros(2))
    assert picture.spans(found) == [("D*", 8.0, 4.0), ("Gaussian", 4.0, 0.5)]
    dataset = moons().dataset
    *alone, (title, stages) = picture.drives_in_turn(dataset, names, found)
    assert [name for name, _ in alone] == list(names)
    assert title == picture.IN_TURN
    assert [(level, asked.name) for level, asked in stages] == [(4.0, "optimal"), (0.0, "gaussian")]
    worse = explained_of(names, sigmas, x, guesses + 2, x, np.zeros(2))  # than the data mean
    assert picture.spans(worse) == [("", 8.0, 0.5)]
    assert len(picture.drives_in_turn(dataset, names, worse)) == 2
    assert picture.plot_of(names, worse, np.arange(3)).tints == ()
    same = explained_of(names, sigmas, x * 0, guesses, x, np.zeros(2))  # a model that always gives the mean
    assert picture.spans(same) == [("", 8.0, 0.5)]
    assert (
        picture.legend_of(same, np.arange(3), 0)[0].startswith("∞")
        or "–" in picture.legend_of(same, np.arange(3), 0)[0]
    )


# ---------------------------------------------------------------- the picture


def explained(run, levels, samples, guesses):
    target = run.trajectory.denoised[np.ix_(levels, samples)]
    x = run.trajectory.x[np.ix_(levels, samples)]
    return explained_of(("a", "b"), run.sigmas[levels], target, guesses, x, run.source.dataset.mean)


def test_shares_that_are_worse_than_the_mean_are_off_the_plot():
    run = computed(moons())
    levels, samples = picture.levels_of(run, 4), picture.samples_of(run, 3)
    target = run.trajectory.denoised[np.ix_(levels, samples)]
    found = explained(run, levels, samples, np.stack([target + 0.1, target + 1e3]))
    plot = picture.plot_of(("a", "b"), found, levels)
    near, far, floor = plot.curves
    assert np.isfinite(near.values).any()
    assert np.isnan(far.values).all()
    np.testing.assert_allclose(near.values[:, 0], np.where(found.r2[0] >= 0, 1 - found.r2[0], np.nan))
    assert floor.kind == "reference"
    legend = picture.legend_of(found, levels, int(levels[1]))
    assert legend[0].endswith(f"nearest to {len(samples)} of {len(samples)}")
    assert picture.caption_of(run, found, samples).startswith("3 samples of D* at 4 levels. Best: a from σ")


def test_images_of_the_selected_sample_stand_side_by_side():
    run = computed(pictures())
    levels, samples = picture.levels_of(run, 3), picture.samples_of(run, 2)
    target = run.trajectory.denoised[np.ix_(levels, samples)]
    guesses = np.stack([target, target + 1])
    title, panels = picture.panels_of(run, ("a", "b"), guesses, levels, samples, int(levels[1]), 1)
    assert "sample 1" in title
    assert [panel.caption for panel in panels][1:] == ["a", "b"]
    assert panels[1].note == f"R² {picture.fixed(1.0, 2)}"
    np.testing.assert_array_equal(panels[0].image, panels[1].image)
    title, panels = picture.panels_of(run, ("a", "b"), guesses, levels, samples, 0, 99)
    assert "not among" in title
    assert panels == ()


def test_the_line_up_has_a_row_for_each_theory_and_the_share_of_each_sample():
    run = computed(pictures())
    samples = picture.samples_of(run, 2)
    ends = np.stack([run.x[-1, samples], run.x[-1, samples] + np.array([0.0, 1.0]).reshape(2, 1, 1, 1)])
    words, rows = picture.drives_of(run, ("a", "b"), ends, samples)
    assert "Median R²" in words
    assert [row.caption for row in rows] == ["D*", "a", "b"]
    one, mean = picture.fixed(1.0, 2), run.source.dataset.mean
    np.testing.assert_array_equal(rows[0].images, rows[1].images)
    assert rows[1].note == f"{one} ({one}; 2)"  # ties go to the first
    assert rows[1].shares == (f"R² {one}, ",) * 2
    own = run.x[-1, samples[1]]
    share = 1 - own.size / np.square(own - mean).sum()
    assert rows[2].shares == (f"R² {one}, ", f"R² {picture.fixed(share, 2)}, ")
    points = computed(moons())
    words, rows = picture.drives_of(points, ("a",), points.x[-1:], np.arange(points.x.shape[1]))
    assert rows == ()
    assert f"a {one} ({one}; {points.x.shape[1]})" in words


@pytest.mark.parametrize(("change", "words"), [({"label": 1}, "one class"), ({}, "")])
def test_why_a_run_is_not_compared(change, words):
    run = computed(moons())
    run.settings = replace(run.settings, **change)
    assert words in picture.undefined(run)
    assert bool(picture.undefined(run)) == bool(words)


def test_what_data_lack_is_left_out():
    bare = replace(moons().dataset, labels=None, label_names=None)
    assert [asked.name for asked in picture.line_up(bare)] == ["optimal", "gaussian", "bandwidth", "nearest"]
    assert {"local", "wiener-local"} <= {asked.name for asked in picture.line_up(pictures().dataset)}
