"""Where a network was taught, in the theories room: what the engine measures, and what is shown beside what."""

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
from app.rooms.theories.messages import TaughtTask
from app.rooms.theories.taught_picture import caption_of, now_of, plots_of, taught_undefined
from geomodel.experiments import underfitting

ROW = next(row for row in ROOMS if row.name == "theories")
SETTINGS = replace(TOY, count=3, driver="gaussian")


def task_of(run, **more):
    given = {"task_id": 5, "settings": SETTINGS, "x": run.x[:3], "sigmas": tuple(run.sigmas[:3]), "count": 7}
    return TaughtTask(**given | {"unseen": ""} | more)


def test_the_engine_gives_the_library_s_numbers_with_points_of_another_seed(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    found = bench.handle(task_of(run)).result
    data, other = (gm.datasets.load("two-moons", count=60, seed=seed) for seed in (0, 1))
    model, optimal = gm.theories.build("gaussian", data), gm.OptimalDenoiser(data.points)
    wanted = underfitting(model, optimal, data, run.x[:3], run.sigmas[:3], 7, unseen=other)
    for name in ("supervision", "extrapolation", "unseen", "shell_supervision", "shell_extrapolation", "shell_unseen"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-9)


def test_a_file_takes_the_place_of_another_seed_and_must_fit(bench, tmp_path):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    path = tmp_path / "held-out.npy"
    np.save(path, gm.datasets.load("two-moons", count=60).points)
    found = bench.handle(task_of(run, unseen=str(path))).result
    np.testing.assert_allclose(found.unseen, found.supervision)  # these are the data themselves
    np.save(path, np.zeros((4, 3)))
    ended = bench.handle(task_of(run, unseen=str(path)))
    assert ended.message == "The unseen data have the shape (4, 3); the run has (2,)."
    ended = bench.handle(task_of(run, unseen=str(tmp_path / "gone.npy")))
    assert ended.result is None
    assert ended.message


def test_a_cancel_stops_it(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    task = task_of(run)
    bench.worker.submit(Cancel(5))
    assert bench.handle(task) == TaskEnded(task)


def found_of(run, unseen=None):
    data = run.source.dataset
    model, optimal = (lambda x, sigma: x * 0), gm.OptimalDenoiser(data.points)
    return underfitting(model, optimal, data, run.x[[0, 2]], run.sigmas[[0, 2]], 5, unseen=unseen)


def test_differences_stand_beside_shell_ratios():
    run = computed(moons(), replace(TOY, driver="gaussian"))
    levels, found = np.array([0, 2]), found_of(run)
    difference, shell = plots_of(run, found, levels)
    assert [curve.label for curve in difference.curves] == ["noisy data", "this run"]
    np.testing.assert_array_equal(difference.curves[1].values[:, 0], found.extrapolation)
    np.testing.assert_array_equal(shell.curves[0].values[:, 0], found.shell_supervision)
    with_unseen = found_of(run, moons().dataset.points + 1)
    assert [len(plot.curves) for plot in plots_of(run, with_unseen, levels)] == [3, 3]
    assert "on unseen data" in now_of(with_unseen, levels, 0)
    assert f"σ {run.sigmas[2]:.3g}" in now_of(found, levels, 4)  # the last level that was measured
    assert caption_of(run, np.arange(1), 5, "") == (
        "Gaussian D against D* at 1 sample of the run, at 5 noisy points y + σz of the data. Dotted: noisy data"
    )


@pytest.mark.parametrize(("driver", "words"), [("optimal", "D* drives this run"), ("gaussian", "")])
def test_d_star_has_no_distance_from_itself(driver, words):
    why = taught_undefined(computed(moons(), replace(TOY, driver=driver)))
    assert words in why
    assert bool(why) == bool(words)


def test_a_file_is_asked_for_and_one_that_does_not_fit_is_forgotten(qtbot, monkeypatch):
    stage = Offstage()
    asked, begun = [], []
    services = replace(stage.services, ask_open=lambda *arguments: asked.append(arguments[-1]))
    monkeypatch.setattr(stage, "services", services)
    room = stage.room(ROW)
    room.view.show()
    run = computed(moons(), replace(TOY, driver="gaussian"))
    services.state.add_run(run)
    services.state.select(run_id=run.id)
    monkeypatch.setattr(services.player, "begin", lambda task, name="": begun.append(task))
    room.view.taught._unseen.click()
    asked[0]("/somewhere/held-out.npy")
    assert begun[-1].unseen == "/somewhere/held-out.npy"
    room._taught._work._happened(TaskEnded(begun[-1], message="It does not fit."))
    assert room.picture().taught.words == "It does not fit."
    room.handlers()["theories_taught"]()
    assert begun[-1].unseen == ""
    room._taught._work._happened(
        TaskEnded(
            begun[-1],
            underfitting(
                lambda x, sigma: x * 0,
                gm.OptimalDenoiser(run.source.dataset.points),
                run.source.dataset,
                begun[-1].x,
                begun[-1].sigmas,
                4,
            ),
        )
    )
    assert "Where the network was taught: Gaussian D against D*" in room.view.describe()
    assert "and of another seed" in room.picture().taught.caption
    room.release()


def test_images_have_no_other_seed():
    run = computed(pictures(), replace(TOY, driver="gaussian"))
    assert taught_undefined(run) == ""
