"""The hand-over in the theories room: what the engine computes, what is picked, and what is shown."""

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
from app.rooms.theories.hand_over_picture import caption_of, ends_of, plot_of
from app.rooms.theories.messages import Asked, HandOverTask
from geomodel.experiments import hand_over
from geomodel.number_text import fixed

ROW = next(row for row in ROOMS if row.name == "theories")
SETTINGS = replace(TOY, count=3)


def task_of(run, **more):
    given = {"task_id": 5, "settings": SETTINGS, "theory": Asked("Gaussian", "gaussian"), "reverse": False}
    return HandOverTask(**given | {"x": run.x[0], "sigmas": tuple(run.sigmas), "at": (0, 3, 4)} | more)


@pytest.mark.parametrize("reverse", [False, True])
def test_the_engine_gives_the_library_s_ends(bench, reverse):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    found = bench.handle(task_of(run, reverse=reverse)).result
    data = gm.datasets.load("two-moons", count=60)
    model, other = gm.OptimalDenoiser(data.points), gm.theories.build("gaussian", data)
    wanted = hand_over(model, other, run.x[0], run.sigmas, (0, 3, 4), reverse=reverse)
    np.testing.assert_allclose(found.ends, wanted.ends, rtol=1e-12)
    assert not found.ends.flags.writeable


def test_a_cancel_stops_it_and_what_does_not_fit_is_said(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    task = task_of(run)
    bench.worker.submit(Cancel(5))
    assert bench.handle(task) == TaskEnded(task)
    ended = bench.handle(task_of(run, theory=Asked("Patches", "local", (("patch", 3),))))
    assert "is for images" in ended.message


def found_of(run, samples, at=(0, 2, 4), shift=0.5):
    """A hand-over with made-up denoisers: their ends differ by shifts."""

    def model(x, sigma):
        return x * 0

    def other(x, sigma):
        return x * 0 + shift

    return hand_over(model, other, np.asarray(run.x[0, samples], np.float64), run.sigmas, at)


def test_the_curve_stands_beside_that_of_two_samples():
    run = computed(moons())
    found = found_of(run, np.arange(3))
    plot = plot_of(run, found, np.array([0, 2, 4]), "Gaussian", False)
    curve, control = plot.curves
    np.testing.assert_array_equal(curve.values[:, 0], found.distance)
    np.testing.assert_array_equal(control.values, found.between)
    assert curve.label == "Gaussian above, D* below"
    assert "Two samples end" in caption_of(run, found)
    alone = found_of(run, np.arange(1))
    assert len(plot_of(run, alone, np.array([0, 2, 4]), "Gaussian", True).curves) == 1
    assert caption_of(run, alone) == "1 sample, 5 Euler steps"


def test_ends_of_images_stand_side_by_side():
    run = computed(pictures())
    found = found_of(run, np.arange(2))
    title, panels, scatter = ends_of(run, found, np.arange(2), 1, 1, "Gaussian", False)
    assert scatter is None
    sigma = fixed(float(run.sigmas[2]), 3)
    assert [panel.caption for panel in panels] == ["D*", f"D* after σ {sigma}", "Gaussian to the end"]
    assert f"Gaussian down to σ {sigma}, then D*" in title
    assert len(ends_of(run, found, np.arange(2), 1, 1, "Gaussian", True)[1]) == 2
    title, panels, scatter = ends_of(run, found, np.arange(2), 1, 7, "Gaussian", False)
    assert "not among" in title
    assert (panels, scatter) == ((), None)


def test_ends_of_points_lie_over_the_data():
    run = computed(moons())
    found = found_of(run, np.arange(3))
    _, panels, scatter = ends_of(run, found, np.arange(3), 2, 1, "Gaussian", False)
    assert panels == ()
    np.testing.assert_allclose(scatter.end, found.own[1])
    np.testing.assert_allclose(scatter.same, found.ends[2, 1:2])
    np.testing.assert_allclose(scatter.other, found.ends[-1, 1:2])
    assert len(ends_of(run, found, np.arange(3), 2, 1, "Gaussian", True)[2].other) == 0


def test_a_level_is_picked_on_the_slider_and_on_the_plot_and_results_are_kept_by_theory(qtbot, monkeypatch):
    stage = Offstage()
    room = stage.room(ROW)
    room.view.resize(700, 900)
    room.view.show()
    run = computed(moons())
    stage.services.state.add_run(run)
    stage.services.state.select(run_id=run.id)
    begun = []
    monkeypatch.setattr(stage.services.player, "begin", lambda task, name="": begun.append(task))
    room.handlers()["theories_hand_over"]()
    room.handlers()["theories_hand_over"]()  # while it is under way, nothing begins
    (task,) = begun
    assert task.theory.title == "Gaussian"
    room._hand_over._work._happened(TaskEnded(task, found_of(run, np.arange(4), task.at)))
    part = room.view.hand_over
    assert room.picture().hand_over.at == len(task.at) // 2
    part._slider.setValue(1)  # as a key does
    assert room.picture().hand_over.index == task.at[1]
    part._cell.picked.emit(task.at[3])
    assert (part._slider.value(), room.picture().hand_over.at) == (3, 3)
    assert "Hand-over, Gaussian above, D* below" in room.view.describe()
    part.theory_picked.emit("D*")
    assert room.picture().hand_over.plot is None
    part.turned.emit(True)
    room.handlers()["theories_hand_over"]()
    assert (begun[-1].theory.title, begun[-1].reverse) == ("D*", True)
    room._hand_over._work._happened(TaskEnded(begun[-1], message="The denoiser returned NaN."))
    assert room.picture().hand_over.words == "The denoiser returned NaN."
    part.turned.emit(False)
    part.theory_picked.emit("Gaussian")
    assert room.picture().hand_over.at == 3
    stage.services.state.remove_run(run.id)
    room.refresh()
    assert room._hand_over._known == {}
    room.release()
